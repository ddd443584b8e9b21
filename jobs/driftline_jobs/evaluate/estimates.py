"""Estimated performance, which needs no labels, and how far off it was once they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from driftline_jobs.detection.verdicts import NO, YES, Verdicts
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.judged import judge_estimates
from driftline_jobs.evaluate.performance import JudgedPerformance, PerformanceCell
from driftline_jobs.metrics.estimate import estimate_error
from driftline_jobs.metrics.figures import BoolArray, Status
from driftline_jobs.metrics.performance import FigureKey, Performance, absent
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.tasks.base import AnyTask

ESTIMATED, ERROR = "estimated", "estimate_error"


@dataclass(frozen=True)
class EstimatedFigure:
    """One figure of some cells, without labels or, as ``kind`` says, the error that it had.

    ``reference_value`` and ``is_final`` have one value per cell, or are None where the kind has none; so have
    ``verdict`` and ``contradicted``: whether mature labels say that the model has not become worse.
    """

    key: FigureKey
    kind: str
    figure: Performance
    cells: Sequence[PerformanceCell]
    reference_value: Sequence[float | None] | None = None
    is_final: Sequence[bool] | None = None
    verdict: Verdicts | None = None
    contradicted: BoolArray | None = None


def estimates(
    cells: Sequence[PerformanceCell], task: AnyTask, realized: JudgedPerformance, calibrations: Calibrations
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
        estimated = task.estimate([cell.outcome for cell in chosen], cells[places[0]].reference)
        if estimated is None:
            nothing = absent(Status.NO_REFERENCE_LABELS, (len(chosen),))
            names = [name for name in task.spec.metric_names if name not in task.spec.never_estimated]
            estimated = {(name, None): nothing for name in names}
        verdicts = _judged(chosen, estimated, realized, places, calibrations)
        for key, figure in estimated.items():
            then = _at(realized.then[key], places).published("value") if key in realized.then else None
            verdict = verdicts.get(key)
            against = None if verdict is None else _contradicted(verdict, realized, key, cells, places)
            yield EstimatedFigure(key, ESTIMATED, figure, chosen, then, None, verdict, against)
            if key not in realized.now:
                continue
            labels = _at(realized.now[key], places)
            both = np.flatnonzero(labels.ok & figure.ok).tolist()
            if both:
                labelled = [chosen[at] for at in both]
                error = estimate_error(_at(labels, both), _at(figure, both))
                final = [cell.is_final for cell in labelled]
                yield EstimatedFigure(key, ERROR, error, labelled, is_final=final)


def _judged(
    cells: Sequence[PerformanceCell],
    estimated: Mapping[FigureKey, Performance],
    realized: JudgedPerformance,
    places: Sequence[int],
    calibrations: Calibrations,
) -> Mapping[FigureKey, Verdicts]:
    alerts = calibrations.monitor.alerts
    then = {key: _at(figure, places) for key, figure in realized.then.items() if key in estimated}
    tested = np.array([cell.outcome.predictions >= alerts.min_rows for cell in cells], np.bool_)
    known = {key: figure for key, figure in estimated.items() if key in then}
    usual = calibrations.judge_estimates(known, then, tested)
    rules = [rule for rule in alerts.rules if rule.kind == ESTIMATED]
    return judge_estimates(rules, estimated, [cell.cell for cell in cells], usual)


def _contradicted(
    verdict: Verdicts,
    realized: JudgedPerformance,
    key: FigureKey,
    cells: Sequence[PerformanceCell],
    places: Sequence[int],
) -> BoolArray:
    """(cells,) where the estimate is worse than it may be, and the figure by mature labels is not."""
    by_labels = realized.verdicts.get(key)
    if by_labels is None:
        return np.zeros(len(places), np.bool_)
    final = np.array([cells[at].is_final for at in places], np.bool_)
    found: BoolArray = (verdict.exceeded == YES) & final & (by_labels.exceeded[list(places)] == NO)
    return found


def _at(figure: Performance, places: Sequence[int]) -> Performance:
    return figure.at(np.asarray(places, np.intp))
