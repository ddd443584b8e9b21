"""How well the model did, by labels: figures of many cells, and the verdicts on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftline_jobs.detection.limits import no_limit, spec_of
from driftline_jobs.detection.verdicts import Verdicts
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.judged import judge_performance
from driftline_jobs.metrics.figures import Status
from driftline_jobs.metrics.performance import FigureKey, Performance
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.tasks.base import AnyTask
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.monitor import Monitor

REALIZED = "realized"
_NO_LIMIT = "no limit: a model that has learned nothing would do as well by this figure as the reference did"
_NO_INTERVAL = "no limit: the reference's figure has no interval, so nobody knows how far it may be off"

Figures = Mapping[FigureKey, Performance]
Usual = Callable[[Figures, Figures], Mapping[FigureKey, Verdicts]]


@dataclass(frozen=True)
class PerformanceCell:
    """A cell with its outcomes, and those of the same cell in the reference where it has any.

    ``withheld`` says that its labels were left out, since ids repeat.
    """

    cell: MeasuredCell
    outcome: Outcomes
    reference: Outcomes | None
    is_final: bool
    withheld: bool = False

    @property
    def coverage(self) -> float | None:
        """Share of the predictions that have a label."""
        return self.outcome.labelled / self.outcome.predictions if self.outcome.predictions else None


@dataclass(frozen=True)
class JudgedPerformance:
    """Figures (cells,) now and in the reference, the verdicts on those that have a limit, and why there is no
    figure or no limit."""

    now: Figures
    then: Figures
    verdicts: Mapping[FigureKey, Verdicts]
    reasons: Mapping[FigureKey, Sequence[str | None]]


def judged_performance(
    monitor: Monitor, cells: Sequence[PerformanceCell], task: AnyTask, usual: Usual
) -> JudgedPerformance:
    """Measure the cells and the same in the reference; ``usual`` judges both by what was learned."""
    nothing = task.nothing()
    now = _with_reasons(task.measure([cell.outcome for cell in cells]), cells)
    then = task.measure([cell.reference or nothing for cell in cells])
    verdicts = judge_performance(
        [rule for rule in monitor.alerts.rules if rule.kind == REALIZED],
        now,
        then,
        [cell.cell for cell in cells],
        usual(now, then),
    )
    reasons = {key: _reasons(key[0], figure, then[key], verdicts.get(key)) for key, figure in now.items()}
    return JudgedPerformance(now, then, verdicts, reasons)


def _with_reasons(figures: dict[FigureKey, Performance], cells: Sequence[PerformanceCell]) -> Figures:
    """The figures, with the reason for which those of some cells have no labels."""
    withheld = np.array([cell.withheld for cell in cells], np.bool_)
    if not withheld.any():
        return figures
    return {
        key: replace(figure, status=np.where(withheld, Status.IDS_REPEAT.value, figure.status))
        for key, figure in figures.items()
    }


def curve_counts(
    cells: Sequence[PerformanceCell], task: AnyTask
) -> tuple[list[MeasuredCell], dict[str | None, ScoreLabelCounts]]:
    """The cells whose scores are probabilities; and for each class with a score, how their rows lie by it."""
    honest = [cell for cell in cells if task.has_probabilities(cell.outcome)]
    return [cell.cell for cell in honest], task.scores([cell.outcome for cell in honest])


def _reasons(
    metric: str, figure: Performance, before: Performance, verdict: Verdicts | None
) -> list[str | None]:
    """Why there is no figure; or, of one that is better on one side, why there is no limit."""
    reasons = figure.reasons()
    if not spec_of(metric).judged:
        return reasons
    open_ = figure.ok if verdict is None else figure.ok & np.isnan(verdict.threshold)
    free = open_ & no_limit(metric, figure, before)
    vague = open_ & before.ok & ~(np.isfinite(before.ci_low) & np.isfinite(before.ci_high))
    why = np.where(free, _NO_LIMIT, np.where(vague, _NO_INTERVAL, ""))
    return [
        "; ".join(filter(None, (reason, more))) or None
        for more, reason in zip(why.tolist(), reasons, strict=True)
    ]
