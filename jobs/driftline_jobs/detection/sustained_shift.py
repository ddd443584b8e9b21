"""Small shifts that last: evidence summed over windows.

The window test forgets; a shift too small for it may last for weeks. The Shiryaev-Roberts e-detector (Shin,
Ramdas, Rinaldo: E-detectors, 2023) starts a bet on a lasting shift in every window and sums what the bets
have won: M_t = (M_{t-1} + 1) e_t with E[e_t] = 1 while nothing has happened. Alarming at c, it runs at least
c windows on average before a false alarm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.metrics.figures import BoolArray, FloatArray

SHIFTS = (0.5, 1.0, 2.0)
"""Shifts of z that are bet on, in equal parts."""
_MOST = 8.0
# Beyond z = 8 the tail of a distribution learned from some dozens of windows means nothing.


def e_value(z: FloatArray | float) -> FloatArray:
    """(...,) mean over ``SHIFTS`` of exp(d z - d²/2): 1 on average for standard normal z."""
    shifts = np.array(SHIFTS)
    bets: FloatArray = np.exp(np.multiply.outer(np.asarray(z), shifts) - shifts**2 / 2.0).mean(-1)
    return bets


def detect(z: FloatArray, limit: float) -> FloatArray:
    """(..., W) what the bets have won after each window, at most ``limit``: an alarm where it is reached.

    Args:
        z: (..., W) normal quantiles of 1 - p, in window order. NaN, a window that was not judged, changes
            nothing.
        limit: the alarm's c. More than that is not kept, so that an alarm ends soon after its shift.
    """
    won = np.zeros(z.shape[:-1])
    course = np.empty(z.shape)
    for at in range(z.shape[-1]):
        known = np.isfinite(z[..., at])
        bet = (won + 1.0) * e_value(np.where(known, np.minimum(z[..., at], _MOST), 0.0))
        won = np.where(known, np.minimum(bet, limit), won)
        course[..., at] = won
    return course


def limit_for(rate: float, columns: int) -> float:
    """The c at which any of several detectors alarms in a clean window at a chance of at most ``rate``."""
    return max(columns, 1) / rate


@dataclass(frozen=True, slots=True)
class Course:
    """What a detector made of one column's windows.

    Attributes:
        z: (W,) how far each window lies out; NaN where it was not judged.
        won: (W,) what the bets have won; an alarm where it has reached the limit.
        alarm: (W,).
        since: (W,) for an alarm the window from which the evidence has grown (since when it has not fallen
            below where it began, as in Page's CUSUM); -1 elsewhere.
    """

    z: FloatArray
    won: FloatArray
    alarm: BoolArray
    since: np.ndarray[tuple[int], np.dtype[np.int64]]


def follow(
    calibration: Calibration,
    statistic: Statistic,
    limit: float,
    *,
    labels: Sequence[str] | None = None,
    reported: BoolArray | None = None,
) -> Course:
    """Follow one column over its windows.

    Each z is that of the window among the reference's windows *and the clean ones judged before it*. Held
    against the reference alone, all of them would share the error of its K windows, and the sum would take
    it for a shift; learning on, they are independent of each other (recursive residuals: Brown, Durbin,
    Evans, JRSS B 1975). Windows under an alarm, and those that the window test reported, teach nothing.

    Args:
        statistic: of W windows in order; NaN where there is none.
        labels: (W,) calendar labels of the calibration's level.
        reported: (W,) what the window test reported.
    """
    return _follow(calibration, _transformed(calibration, statistic, labels), limit, labels, reported)


def follow_p_values(
    calibration: Calibration,
    p_values: FloatArray,
    limit: float,
    *,
    labels: Sequence[str] | None = None,
    reported: BoolArray | None = None,
) -> Course:
    """The same from the p-values (W,) that the calibration has given the windows; NaN where there is none."""
    return _follow(calibration, calibration.behind(p_values, labels), limit, labels, reported)


def _follow(
    calibration: Calibration,
    transformed: FloatArray,
    limit: float,
    labels: Sequence[str] | None,
    reported: BoolArray | None,
) -> Course:
    count = len(transformed)
    groups = {g.label: [g.count, g.mean] for g in (*calibration.groups, calibration.whole)}
    # residuals around the groups' means, and around the common mean for labels the reference has not
    spread = {True: calibration.deviation**2 * calibration.degrees}
    spread[False] = calibration.whole_deviation**2 * calibration.whole_degrees
    degrees = {True: calibration.degrees, False: calibration.whole_degrees}
    z, won = np.full(count, np.nan), np.zeros(count)
    since = np.full(count, -1, np.int64)
    sum_won, began, risen = 0.0, -1, 0.0
    for at in range(count):
        y = transformed[at]
        if not math.isfinite(y):
            won[at] = sum_won
            continue
        label = labels[at] if labels is not None else NO_LABEL
        group, _, _ = calibration.group_of(label)
        own = group in calibration.groups
        size, mean = groups[group.label]
        residual = (y - mean) / math.sqrt(1.0 + 1.0 / size)
        p = float(scipy.special.stdtr(degrees[own], -residual / math.sqrt(spread[own] / degrees[own])))
        z[at] = min(-float(scipy.special.ndtri(p)) if p > 0.0 else _MOST, _MOST)
        bet = float(e_value(z[at]))
        if risen <= 0.0:
            began = at
        risen = max(risen, 0.0) + math.log(bet)
        sum_won = min((sum_won + 1.0) * bet, limit)
        won[at] = sum_won
        if sum_won >= limit:
            since[at] = began
        elif reported is None or not reported[at]:
            groups[group.label] = [size + 1.0, mean + (y - mean) / (size + 1.0)]
            spread[own] += residual**2
            degrees[own] += 1.0
    return Course(z=z, won=won, alarm=won >= limit, since=since)


def _transformed(calibration: Calibration, statistic: Statistic, labels: Sequence[str] | None) -> FloatArray:
    """(W,) each window on its own group's scale."""
    names = np.array(labels if labels is not None else [NO_LABEL] * len(statistic.value), dtype=np.str_)
    result = np.full(len(names), np.nan)
    for label in np.unique(names):
        group, _, _ = calibration.group_of(str(label))
        where = names == label
        result[where] = calibration.transformed(statistic, group)[where]
    return np.where(np.isfinite(statistic.value), result, np.nan)
