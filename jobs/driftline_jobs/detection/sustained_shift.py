"""Small shifts that last: evidence summed over windows.

The window test forgets; a shift too small for it may last for weeks. The Shiryaev-Roberts e-detector (Shin,
Ramdas, Rinaldo: E-detectors, 2023) starts a bet on a lasting shift in every window and sums what the bets
have won: M_t = (M_{t-1} + 1) e_t with E[e_t] = 1 while nothing has happened. Alarming at c, it runs at least
c windows on average before a false alarm.

What has a sign, such as a shift of the mean, is bet on in both directions: a small drift to one side adds up,
and swings to both do not. The bets on one column are shared out among its statistics and directions, so that
their mean is one bet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

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
        z: (W,) how far each window lies out by whichever of its statistics; NaN where it was not judged.
        won: (W,) what the bets have won; an alarm where it has reached the limit.
        alarm: (W,).
        since: (W,) for an alarm the window from which the evidence has grown (since when it has not fallen
            below where it began, as in Page's CUSUM); -1 elsewhere.
    """

    z: FloatArray
    won: FloatArray
    alarm: BoolArray
    since: np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Followed:
    """One statistic of a column over W windows.

    Attributes:
        transformed: (W,) on the scale of its calibration; NaN where a window was not judged.
        labels: (W,) calendar labels of the calibration's level; None if it has none.
    """

    calibration: Calibration
    transformed: FloatArray
    labels: Sequence[str] | None = None


def of_statistic(
    calibration: Calibration, statistic: Statistic, labels: Sequence[str] | None = None
) -> Followed:
    """From the statistic of W windows in order; NaN where there is none."""
    names = np.array(labels if labels is not None else [NO_LABEL] * len(statistic.value), dtype=np.str_)
    result = np.full(len(names), np.nan)
    for label in np.unique(names):
        group, _, _ = calibration.group_of(str(label))
        where = names == label
        result[where] = calibration.transformed(statistic, group)[where]
    return Followed(calibration, np.where(np.isfinite(statistic.value), result, np.nan), labels)


def of_p_values(
    calibration: Calibration, p_values: FloatArray, labels: Sequence[str] | None = None
) -> Followed:
    """From the p-values (W,) that the calibration has given the windows; NaN where there is none."""
    return Followed(calibration, calibration.behind(p_values, labels), labels)


def follow(statistics: Sequence[Followed], limit: float, reported: BoolArray | None = None) -> Course:
    """Follow one column over its windows.

    Each z is that of the window among the reference's windows *and the clean ones judged before it*. Held
    against the reference alone, all of them would share the error of its K windows, and the sum would take
    it for a shift; learning on, they are independent of each other (recursive residuals: Brown, Durbin,
    Evans, JRSS B 1975). Windows under an alarm, and those that the window test reported, teach nothing.

    Args:
        statistics: of the column, over the same windows.
        reported: (W,) what the window test reported.
    """
    count = len(statistics[0].transformed)
    norms = [_Norm(one.calibration) for one in statistics]
    sides = [(at, side) for at, one in enumerate(statistics) for side in _sides(one.calibration)]
    bets = [_Bet(len(sides) * limit) for _ in sides]
    z, won = np.full(count, np.nan), np.zeros(count)
    since = np.full(count, -1, np.int64)
    for window in range(count):
        found = [
            norm.z(float(one.transformed[window]), _label(one, window))
            for norm, one in zip(norms, statistics, strict=True)
        ]
        for (at, side), bet in zip(sides, bets, strict=True):
            far = found[at]
            if far is not None:
                bet.take(side * far, window)
                z[window] = np.fmax(z[window], side * far)
        won[window] = min(sum(bet.won for bet in bets) / len(bets), limit)
        if won[window] >= limit:
            since[window] = max(bets, key=lambda bet: bet.won).began
        elif reported is None or not reported[window]:
            for norm in norms:
                norm.learn()
    return Course(z=z, won=won, alarm=won >= limit, since=since)


def _sides(calibration: Calibration) -> tuple[float, ...]:
    return (1.0, -1.0) if calibration.signed else (1.0,)


def _label(one: Followed, window: int) -> str:
    return NO_LABEL if one.labels is None else one.labels[window]


class _Norm:
    """What is normal for one statistic, learned on from the reference."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._groups = {g.label: [g.count, g.mean] for g in (*calibration.groups, calibration.whole)}
        # residuals around the groups' means, and around the common mean for labels the reference has not
        self._spread = {
            True: calibration.deviation**2 * calibration.degrees,
            False: calibration.whole_deviation**2 * calibration.whole_degrees,
        }
        self._degrees = {True: calibration.degrees, False: calibration.whole_degrees}
        self._last: tuple[str, bool, float, float] | None = None
        # A sum over windows that are like the ones before them varies by (1 + ρ) / (1 - ρ) more. The root of
        # that is allowed for: with all of it nothing that lasts would be seen any more.
        self._alone = ((1.0 - calibration.persistence) / (1.0 + calibration.persistence)) ** 0.25

    def z(self, y: float, label: str) -> float | None:
        """How far a window lies out; None for one that was not judged."""
        self._last = None
        if not math.isfinite(y):
            return None
        group, _, _ = self._calibration.group_of(label)
        own = group in self._calibration.groups
        size, mean = self._groups[group.label]
        if self._calibration.signed and group.label == NO_LABEL:
            y *= math.sqrt(1.0 + 1.0 / group.count)  # its error has that of the reference in it
        residual = (y - mean) / math.sqrt(1.0 + 1.0 / size)
        self._last = (group.label, own, y, residual)
        degrees = self._degrees[own]
        t = residual / math.sqrt(self._spread[own] / degrees)
        tail = float(scipy.special.stdtr(degrees, -abs(t)))
        far = min(-float(scipy.special.ndtri(tail)), _MOST) if tail > 0.0 else _MOST
        return math.copysign(far * self._alone, t)

    def learn(self) -> None:
        """Count the window of the last ``z`` among those that are normal."""
        if self._last is None:
            return
        label, own, y, residual = self._last
        size, mean = self._groups[label]
        self._groups[label] = [size + 1.0, mean + (y - mean) / (size + 1.0)]
        self._spread[own] += residual**2
        self._degrees[own] += 1.0


@dataclass(slots=True)
class _Bet:
    """A bet on one direction of one statistic; more than ``most`` is not kept."""

    most: float
    won: float = 0.0
    began: int = -1
    _risen: float = field(default=0.0, repr=False)

    def take(self, z: float, window: int) -> None:
        bet = sum(math.exp(shift * z - 0.5 * shift**2) for shift in SHIFTS) / len(SHIFTS)
        if self._risen <= 0.0:
            self.began = window
        self._risen = max(self._risen, 0.0) + math.log(bet)
        self.won = min((self.won + 1.0) * bet, self.most)
