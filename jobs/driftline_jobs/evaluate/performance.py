"""How well the model did, by labels: figures of many cells, and the verdicts on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from driftline_jobs.detection.limits import PERFORMANCE_FLOORS, base_metric, no_limit
from driftline_jobs.detection.verdicts import Verdicts
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.judged import judge_performance
from driftline_jobs.evaluate.outcomes import stack_binary, stack_multiclass
from driftline_jobs.evaluate.regression import stack_regression
from driftline_jobs.metrics.binary import binary_performance
from driftline_jobs.metrics.figures import Status
from driftline_jobs.metrics.multiclass import multiclass_performance
from driftline_jobs.metrics.performance import Performance
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.metrics.regression import regression_performance
from driftline_jobs.tasks.binary import BinaryOutcomes, BinaryTask
from driftline_jobs.tasks.multiclass import MulticlassOutcomes, MulticlassTask
from driftline_jobs.tasks.outcomes import Outcomes, Task
from driftline_jobs.tasks.regression import RegressionOutcomes, RegressionTask
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.monitor import Monitor

REALIZED = "realized"
_NO_LIMIT = "no limit: a model that has learned nothing would do as well by this figure as the reference did"
FigureKey = tuple[str, str | None]
"""Metric, and the class it is about if it is about one."""

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


def measure_performance(outcomes: Sequence[Outcomes], task: Task) -> dict[FigureKey, Performance]:
    """Every figure of the task, (cells,) each."""
    if isinstance(task, BinaryTask):
        binary = [outcome for outcome in outcomes if isinstance(outcome, BinaryOutcomes)]
        figures = binary_performance(stack_binary(binary, task))
        return {(metric, None): figure for metric, figure in figures.items()}
    if isinstance(task, RegressionTask):
        regression = [outcome for outcome in outcomes if isinstance(outcome, RegressionOutcomes)]
        figures = regression_performance(stack_regression(regression))
        return {(metric, None): figure for metric, figure in figures.items()}
    if not isinstance(task, MulticlassTask):
        raise TypeError(f"no figures are known for {type(task).__name__}")
    several = [outcome for outcome in outcomes if isinstance(outcome, MulticlassOutcomes)]
    found = multiclass_performance(stack_multiclass(several, task))
    overall = {(metric, None): figure for metric, figure in found.overall.items()}
    return overall | by_class(found.per_class, task)


def by_class(figures: Mapping[str, Performance], task: MulticlassTask) -> dict[FigureKey, Performance]:
    """Figures (cells, classes) as one (cells,) per class."""
    return {
        (metric, name): _of_class(figure, at)
        for metric, figure in figures.items()
        for at, name in enumerate(task.names[: figure.value.shape[-1]])
    }


def _of_class(figure: Performance, at: int) -> Performance:
    return Performance(**{item.name: getattr(figure, item.name)[..., at] for item in fields(figure)})


@dataclass(frozen=True)
class JudgedPerformance:
    """Figures (cells,) now and in the reference, the verdicts on those that have a limit, and why there is no
    figure or no limit."""

    now: Figures
    then: Figures
    verdicts: Mapping[FigureKey, Verdicts]
    reasons: Mapping[FigureKey, Sequence[str | None]]


def judged_performance(
    monitor: Monitor, cells: Sequence[PerformanceCell], task: Task, usual: Usual
) -> JudgedPerformance:
    """Measure the cells and the same in the reference; ``usual`` judges both by what was learned."""
    nothing = task.nothing()
    now = _with_reasons(measure_performance([cell.outcome for cell in cells], task), cells)
    then = measure_performance([cell.reference or nothing for cell in cells], task)
    verdicts = judge_performance(
        monitor.alerts.rules, now, then, [cell.cell for cell in cells], usual(now, then)
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


def _are_probabilities(outcome: Outcomes, task: Task) -> bool:
    if not isinstance(outcome, BinaryOutcomes | MulticlassOutcomes):
        return False
    if not isinstance(task, BinaryTask | MulticlassTask) or task.scale is ScoreScale.UNBOUNDED:
        return False
    return outcome.no_probabilities == 0


def _scores_of(scores: ScoreLabelCounts, at: int) -> ScoreLabelCounts:
    return ScoreLabelCounts(scores.pos[:, at], scores.neg[:, at], scores.score_sums[:, at])


def curve_counts(
    cells: Sequence[PerformanceCell], task: Task
) -> tuple[list[MeasuredCell], list[tuple[str | None, ScoreLabelCounts]]]:
    """The cells whose scores are probabilities; and for each class with a score, how their rows lie by it."""
    honest = [cell for cell in cells if _are_probabilities(cell.outcome, task)]
    outcomes = [cell.outcome for cell in honest]
    curves: list[tuple[str | None, ScoreLabelCounts]] = []
    if isinstance(task, BinaryTask):
        scores = stack_binary([o for o in outcomes if isinstance(o, BinaryOutcomes)], task).scores
        curves = [(None, scores)] if scores is not None else []
    elif isinstance(task, MulticlassTask):
        several = [o for o in outcomes if isinstance(o, MulticlassOutcomes)]
        scores = stack_multiclass(several, task).scores
        if scores is not None:
            curves = [(name, _scores_of(scores, at)) for at, name in enumerate(task.names[: len(task.bins)])]
    return [cell.cell for cell in honest], curves


def _reasons(
    metric: str, figure: Performance, before: Performance, verdict: Verdicts | None
) -> list[str | None]:
    """Why there is no figure; or, of one that is better on one side, why there is no limit."""
    reasons = figure.reasons()
    if base_metric(metric) not in PERFORMANCE_FLOORS:
        return reasons
    open_ = figure.ok if verdict is None else figure.ok & np.isnan(verdict.threshold)
    free = open_ & no_limit(metric, figure, before)
    vague = open_ & before.ok & ~(np.isfinite(before.ci_low) & np.isfinite(before.ci_high))
    why = np.where(free, _NO_LIMIT, np.where(vague, _NO_INTERVAL, ""))
    return [
        "; ".join(filter(None, (reason, more))) or None
        for more, reason in zip(why.tolist(), reasons, strict=True)
    ]
