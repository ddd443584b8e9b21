"""Performance over several windows: figures of the last 7 and 28 together, and small losses that last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from driftline_jobs.detection.calibration import Uncalibrated
from driftline_jobs.detection.limits import margin, no_limit, spec_of, worse_side
from driftline_jobs.detection.performance import PerformanceCalibration
from driftline_jobs.detection.pooled import FLOOR, Learned, judge_pooled, learned_from, widened
from driftline_jobs.detection.sustained_loss import Loss, LossDetector
from driftline_jobs.detection.sustained_shift import limit_for
from driftline_jobs.detection.verdicts import OPEN, SUSTAINED, YES, Verdicts
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.metrics.performance import Performance
from driftline_jobs.tasks.base import AnyTask
from driftline_jobs.tasks.outcomes import Outcomes

SPANS = (7, 28)
"""Windows whose outcomes are merged; the longer is a multiple of the shorter."""
Figures = Mapping[str, Performance]
Row = dict[str, Any]


@dataclass(frozen=True)
class Pooled:
    """What several windows with labels come to together: how many were asked for, and the figures (1,) of
    each of those that have any."""

    span: int
    outcomes: Outcomes
    windows: Sequence[Figures]


class LastingFigures:
    """Rows of ``performance_metrics`` that are about more than their window, but for what says which it is.

    Args:
        reference: the outcomes of all of it.
    """

    def __init__(self, calibrations: Calibrations, task: AnyTask, reference: Outcomes) -> None:
        self._calibrations = calibrations
        self._task = task
        self._then = whole_figures(task, [reference])

    @cached_property
    def _followed(self) -> dict[str, PerformanceCalibration]:
        """By metric, where windows differ at all, and the reference does better than no model would."""
        return {
            metric: found
            for metric, then in self._then.items()
            if isinstance(found := self._calibrations.performance.get(metric), PerformanceCalibration)
            and not found.hits
            and not no_limit(metric, then, then)[0]
        }

    @cached_property
    def _limit(self) -> float:
        return limit_for(self._calibrations.loss_rate, len(self._followed))

    def detectors(self, states: Mapping[str, Mapping[str, Any]]) -> dict[str, LossDetector]:
        """By metric, as they were left."""
        return {
            metric: LossDetector(learned, self._limit, states.get(metric))
            for metric, learned in self._followed.items()
        }

    def pooled_rows(self, several: Sequence[Pooled], *, judges: bool) -> Iterator[Row]:
        """The figures of each of ``several``; ``judges``: whether the window may be held against them."""
        if not several:
            return
        figures = whole_figures(self._task, [one.outcomes for one in several])
        counts, now, learned = {}, {}, {}
        for metric, figure in figures.items():
            rows = [np.array([found[metric].n[0] for found in one.windows]) for one in several]
            counts[metric] = np.array([int((each > 0).sum()) for each in rows])
            squares = np.array([(each**2).sum() / max(each.sum(), 1.0) ** 2 for each in rows])
            one = learned[metric] = self._learned(metric, several[-1].windows)
            now[metric] = figure if isinstance(one, Uncalibrated) else widened(one, figure, squares)
        verdicts = self._judged(learned, now) if judges else {}
        spans, least = np.array([one.span for one in several]), self._calibrations.monitor.alerts.min_rows
        for metric, figure in now.items():
            verdict = verdicts.get(metric)
            if verdict is not None:
                verdict = verdict.only((figure.n >= least) & (2 * counts[metric] >= spans))
            for at, span in enumerate(spans.tolist()):
                yield self._pooled_row(metric, figure, at, verdict) | _of(span, int(counts[metric][at]))

    def _learned(self, metric: str, windows: Sequence[Figures]) -> Learned:
        found = self._calibrations.performance.get(metric)
        if isinstance(found, PerformanceCalibration):
            return found
        return learned_from(metric, self._then[metric], _stacked([one[metric] for one in windows]))

    def _judged(self, learned: Mapping[str, Learned], now: Figures) -> dict[str, Verdicts]:
        count = len(next(iter(now.values())).n)
        first = np.zeros(count, np.intp)
        then = {metric: self._then[metric].at(first) for metric in now}
        rate = self._calibrations.pooled_rate
        return judge_pooled(learned, now, then, np.zeros(count, np.int64), rate)

    def _pooled_row(self, metric: str, figure: Performance, at: int, verdict: Verdicts | None) -> Row:
        row: Row = {
            "metric": metric,
            "kind": "realized",
            "n": int(figure.n[at]),
            "reference_value": self._then[metric].published("value")[0],
            "trivial_value": figure.published("trivial")[at],
            "status": str(figure.status[at]),
            "reason": figure.reasons()[at],
        }
        row |= {name: figure.published(name)[at] for name in ("value", "ci_low", "ci_high", "error_bound")}
        if verdict is not None and verdict.exceeded[at] != OPEN:
            row |= {
                "threshold": float(verdict.threshold[at]),
                "threshold_source": str(verdict.source[at]),
                "degraded": bool(verdict.exceeded[at] == YES),
            }
        return row

    def loss_row(self, metric: str, loss: Loss) -> Row:
        """What a detector made of the window."""
        then, worse = self._then[metric], worse_side(metric)
        threshold = float((then.value + worse * FLOOR * margin(metric, then))[0])
        return {
            "metric": metric,
            "kind": SUSTAINED,
            "windows": loss.windows,
            "value": loss.mean,
            "ci_low": loss.low,
            "ci_high": loss.high,
            "n": loss.rows,
            "reference_value": float(then.value[0]),
            "threshold": threshold,
            "threshold_source": SUSTAINED,
            "degraded": loss.alarm and worse * (loss.mean - threshold) > 0.0,
            "status": "ok",
            "reason": f"since {loss.since}; evidence {loss.won:.3g}, {self._limit:.3g} is enough",
        }


def _of(span: int, count: int) -> Row:
    if count == span:
        return {"windows": span}
    return {"windows": span, "reason": f"of {count} of the {span} windows: the others have no labels for it"}


def whole_figures(task: AnyTask, outcomes: Sequence[Outcomes]) -> dict[str, Performance]:
    """The figures of the model as a whole that are better on one side."""
    return {
        metric: figure
        for (metric, name), figure in task.measure(outcomes).items()
        if name is None and spec_of(metric).judged
    }


def _stacked(figures: Sequence[Performance]) -> Performance:
    names = ("value", "ci_low", "ci_high", "error_bound", "n", "trivial", "status", "remark")
    return Performance(**{name: np.concatenate([getattr(one, name) for one in figures]) for name in names})
