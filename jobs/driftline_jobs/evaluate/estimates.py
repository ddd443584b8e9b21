"""Estimated performance, which needs no labels, and how far off it was once they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from driftline_jobs.evaluate.outcomes import learned_scores, scored_rows
from driftline_jobs.evaluate.performance import FigureKey, JudgedPerformance, PerformanceCell, by_class
from driftline_jobs.evaluate.regression import stack_regression_bins
from driftline_jobs.metrics.estimate import (
    calibrate_scores,
    estimate_binary,
    estimate_error,
    estimate_multiclass,
)
from driftline_jobs.metrics.estimate_regression import estimate_regression, loss_by_bin
from driftline_jobs.metrics.figures import Status
from driftline_jobs.metrics.performance import Performance, absent
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.tasks.binary import BinaryOutcomes, BinaryTask
from driftline_jobs.tasks.multiclass import MulticlassOutcomes, MulticlassTask
from driftline_jobs.tasks.outcomes import Outcomes, Task
from driftline_jobs.tasks.regression import RegressionOutcomes, RegressionTask
from driftline_schemas.metrics import PERFORMANCE
from driftline_schemas.monitor import Monitor

ESTIMATED, ERROR = "estimated", "estimate_error"


@dataclass(frozen=True)
class EstimatedFigure:
    """One figure of some cells, without labels or, as ``kind`` says, the error that it had.

    ``reference_value`` and ``is_final`` have one value per cell, or are None where the kind has none.
    """

    key: FigureKey
    kind: str
    figure: Performance
    cells: Sequence[PerformanceCell]
    reference_value: Sequence[float | None] | None = None
    is_final: Sequence[bool] | None = None


def estimates(
    monitor: Monitor, cells: Sequence[PerformanceCell], task: Task, realized: JudgedPerformance
) -> Iterator[EstimatedFigure]:
    """The estimate of every figure of every whole window; and where there are labels too, its error.

    Nothing is estimated of a model that gives neither a score nor a number.
    """
    wholes = [at for at, cell in enumerate(cells) if cell.cell.cell == WHOLE]
    groups: dict[int, list[int]] = {}
    for at in wholes:
        groups.setdefault(id(cells[at].reference), []).append(at)
    for places in groups.values():
        chosen = [cells[at] for at in places]
        estimated = estimate_performance(
            [cell.outcome for cell in chosen], cells[places[0]].reference, task, monitor
        )
        for key, figure in estimated.items():
            then = _at(realized.then[key], places).published("value") if key in realized.then else None
            yield EstimatedFigure(key, ESTIMATED, figure, chosen, reference_value=then)
            if key not in realized.now:
                continue
            labels = _at(realized.now[key], places)
            both = np.flatnonzero(labels.ok & figure.ok).tolist()
            if both:
                labelled = [chosen[at] for at in both]
                error = estimate_error(_at(labels, both), _at(figure, both))
                final = [cell.is_final for cell in labelled]
                yield EstimatedFigure(key, ERROR, error, labelled, is_final=final)


def estimate_performance(
    outcomes: Sequence[Outcomes], reference: Outcomes | None, task: Task, monitor: Monitor
) -> dict[FigureKey, Performance]:
    """Every figure that can be estimated, (cells,) each, from what the labels of the reference teach."""
    found: dict[FigureKey, Performance] | None = None
    if isinstance(task, BinaryTask):
        if task.bins is None:
            return {}
        found = _binary(outcomes, reference, task)
    elif isinstance(task, MulticlassTask):
        if not task.bins:
            return {}
        found = _multiclass(outcomes, reference, task)
    elif isinstance(task, RegressionTask):
        found = _regression(outcomes, reference, task)
    if found is None:
        nothing = absent(Status.NO_REFERENCE_LABELS, (len(outcomes),))
        return {(metric, None): nothing for metric in PERFORMANCE[monitor.task]}
    return found


def _binary(
    outcomes: Sequence[Outcomes], reference: Outcomes | None, task: BinaryTask
) -> dict[FigureKey, Performance] | None:
    if not isinstance(reference, BinaryOutcomes) or task.bins is None:
        return None
    scores = learned_scores(reference, task)
    calibration = None if scores is None else calibrate_scores(scores)
    if calibration is None:
        return None
    binary = [outcome for outcome in outcomes if isinstance(outcome, BinaryOutcomes)]
    figures = estimate_binary(calibration, scored_rows(binary, task))
    return {(metric, None): figure for metric, figure in figures.items()}


def _multiclass(
    outcomes: Sequence[Outcomes], reference: Outcomes | None, task: MulticlassTask
) -> dict[FigureKey, Performance] | None:
    if not isinstance(reference, MulticlassOutcomes):
        return None
    scores = learned_scores(reference, task)
    calibration = None if scores is None else calibrate_scores(scores)
    if calibration is None:
        return None
    several = [outcome for outcome in outcomes if isinstance(outcome, MulticlassOutcomes)]
    overall, per_class = estimate_multiclass(calibration, scored_rows(several, task))
    return {(metric, None): figure for metric, figure in overall.items()} | by_class(per_class, task)


def _regression(
    outcomes: Sequence[Outcomes], reference: Outcomes | None, task: RegressionTask
) -> dict[FigureKey, Performance] | None:
    if not isinstance(reference, RegressionOutcomes):
        return None
    learned = loss_by_bin(stack_regression_bins(reference))
    if learned is None:
        return None
    several = [outcome for outcome in outcomes if isinstance(outcome, RegressionOutcomes)]
    counts = np.array([outcome.predicted for outcome in several], np.int64)
    figures = estimate_regression(learned, counts.reshape(len(several), task.bins.bins))
    return {(metric, None): figure for metric, figure in figures.items()}


def _at(figure: Performance, places: Sequence[int]) -> Performance:
    return figure.at(np.asarray(places, np.intp))
