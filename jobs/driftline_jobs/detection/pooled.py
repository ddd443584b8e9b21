"""Figures of several windows together: how sure they are, and whether they say that the model does worse.

The outcomes of windows are counts, so the figure of their sum is exact. Its interval is not that of as many
independent rows: windows differ from each other by more than sampling, and are like those before them. So
the variance between windows is added to that of sampling, Σ w² τ² (1 + ρ) / (1 - ρ), with w the windows'
shares of the rows, τ and ρ learned from the reference's windows (``PerformanceCalibration``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from driftline_jobs.detection.calibration import Uncalibrated
from driftline_jobs.detection.performance import (
    PerformanceCalibration,
    calibrate_performance,
    judge_performance,
    scaled,
    unscaled,
)
from driftline_jobs.detection.verdicts import Verdicts
from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import Performance

FLOOR = 0.5
"""Of a metric's margin: what lasts is worth a word at half of the loss of a single window."""
Learned = PerformanceCalibration | Uncalibrated


def widened(learned: PerformanceCalibration, figure: Performance, squares: FloatArray) -> Performance:
    """The figure (cells,) of several windows with an interval for the windows that there might have been.

    Args:
        squares: (cells,) Σ w², w being the share of each of the windows in the rows.
    """
    y, own = scaled(learned.metric, figure)
    between = learned.deviation**2 * learned.dependence * squares
    half = Z * np.sqrt(own**2 + between)
    with np.errstate(over="ignore", invalid="ignore"):
        ends = np.stack([unscaled(learned.metric, y - half), unscaled(learned.metric, y + half)])
    known = np.isfinite(y) & np.isfinite(half) & np.isfinite(figure.ci_low)
    low, high = np.fmin(ends.min(0), figure.ci_low), np.fmax(ends.max(0), figure.ci_high)
    return replace(
        figure,
        ci_low=np.where(known, low, figure.ci_low),
        ci_high=np.where(known, high, figure.ci_high),
    )


def learned_from(
    metric: str, reference: Performance, windows: Performance
) -> PerformanceCalibration | Uncalibrated:
    """Of a reference without windows enough: its own figure (1,), and the scatter of the windows (K,) that
    are judged. Its figure may be off by as much as one of them is."""
    found = calibrate_performance(metric, windows)
    if isinstance(found, Uncalibrated):
        return found
    mean, error = (float(part[0]) for part in scaled(metric, reference))
    if not (np.isfinite(mean) and np.isfinite(error)):
        return Uncalibrated(f"the reference has no {metric}, or nobody knows how sure it is")
    return replace(found, mean=mean, error=float(np.hypot(error, found.deviation)), hits=0.0)


def judge_pooled(
    learned: Mapping[str, Learned],
    now: Mapping[str, Performance],
    then: Mapping[str, Performance],
    family: IntArray,
    rate: float,
) -> dict[str, Verdicts]:
    """Verdicts on ``widened`` figures, as on those of single windows (``judge_performance``): what the
    windows differ by is in their intervals."""
    of_mean = {
        metric: replace(one, deviation=0.0, error=one.error * one.dependence**0.5)
        for metric, one in learned.items()
        if isinstance(one, PerformanceCalibration)
    }
    return judge_performance(of_mean, now, then, family, rate, FLOOR)
