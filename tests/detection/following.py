"""The detector of sustained shifts over many windows, and its arithmetic once more over many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tests.detection.simulated import Floats

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.detection.sustained_shift import SHIFTS, Detector, Observed

Followed = tuple[Calibration, Floats]
"""One statistic over W windows on the scale of its calibration; NaN where a window was not judged."""


@dataclass(frozen=True)
class Course:
    """What a detector made of W windows; ``since`` is the number of a window, -1 where there is no alarm."""

    z: Floats
    won: Floats
    alarm: np.ndarray[tuple[int], np.dtype[np.bool_]]
    since: np.ndarray[tuple[int], np.dtype[np.int64]]


def of_statistic(calibration: Calibration, statistic: Statistic) -> Followed:
    """From the statistic of W windows in order; NaN where there is none."""
    return calibration, calibration.scaled(statistic)


def follow(statistics: Sequence[Followed], limit: float, reported: Sequence[bool] | None = None) -> Course:
    """A detector over W windows, taken up anew from its state in each."""
    names = ("mean_shift", "chi_squared")
    calibrations = {name: one for name, (one, _) in zip(names, statistics, strict=False)}
    count = len(statistics[0][1])
    course = Course(np.full(count, np.nan), np.zeros(count), np.zeros(count, np.bool_), np.full(count, -1))
    state = None
    for window in range(count):
        detector = Detector(calibrations, limit, state)
        observed = {
            name: Observed(float(values[window]))
            for name, (_, values) in zip(names, statistics, strict=False)
            if np.isfinite(values[window])
        }
        found = detector.step(observed, str(window), reported=bool(reported is not None and reported[window]))
        state = detector.state
        if found is None:
            course.won[window] = course.won[window - 1] if window else 0.0
            continue
        course.z[window], course.won[window], course.alarm[window] = found.z, found.won, found.alarm
        course.since[window] = -1 if found.since is None else int(found.since)
    return course


def winnings(z: Floats, limit: float) -> Floats:
    """(..., W) what bets on z (..., W) have won after each window, at most ``limit``."""
    shifts = np.array(SHIFTS)
    parts = np.zeros((*z.shape[:-1], len(shifts)))
    course = np.empty(z.shape)
    for at in range(z.shape[-1]):
        bets = np.exp(np.multiply.outer(z[..., at], shifts) - shifts**2 / 2.0)
        parts = (parts + 1.0) * bets
        parts *= np.minimum(1.0, 1.5 * limit / parts.mean(-1))[..., None]
        course[..., at] = np.minimum(parts.mean(-1), limit)
    return course
