"""Estimated performance: rows of ``performance_metrics`` that need no labels, and how far off they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from driftline_jobs.evaluate.cells import common
from driftline_jobs.evaluate.outcomes import learned_scores, scored_rows
from driftline_jobs.evaluate.performance import FigureKey, PerformanceCell, add_figure, by_class
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
from driftline_schemas.rows import TableBuilder

ESTIMATED, ERROR = "estimated", "estimate_error"


def add_estimates(
    table: TableBuilder,
    monitor: Monitor,
    cells: Sequence[PerformanceCell],
    task: Task,
    realized: Mapping[FigureKey, Performance],
    reference: Mapping[FigureKey, Performance],
) -> None:
    """Append the estimate of every figure of every whole window; and where there are labels too, its error.

    Nothing is estimated of a model that gives neither a score nor a number.

    Args:
        realized, reference: figures (cells,) by the labels of the window and of the reference.
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
        shared = common(monitor.monitor, [cell.cell for cell in chosen])
        for key, figure in estimated.items():
            then = _at(reference[key], places).published("value") if key in reference else None
            add_figure(table, shared, key, ESTIMATED, figure, chosen, reference_value=then)
            if key not in realized:
                continue
            labels = _at(realized[key], places)
            both = np.flatnonzero(labels.ok & figure.ok).tolist()
            if both:
                few = [chosen[at] for at in both]
                error = estimate_error(_at(labels, both), _at(figure, both))
                final = [cell.is_final for cell in few]
                add_figure(
                    table,
                    common(monitor.monitor, [cell.cell for cell in few]),
                    key,
                    ERROR,
                    error,
                    few,
                    is_final=final,
                )


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
