"""Small shifts that last: evidence summed over windows.

The window test forgets; a shift too small for it may last for weeks. The Shiryaev-Roberts e-detector (Shin,
Ramdas, Rinaldo: E-detectors, 2023) starts a bet on a lasting shift in every window and sums what the bets
have won: M_t = (M_{t-1} + 1) exp(d z - d²/2), whose factor is 1 on average while z is standard normal.
Alarming at c, it runs at least c windows on average before a false alarm; so does the mean of several sums.

What has a sign, such as a shift of the mean, is bet on in both directions: a small drift to one side adds up,
and swings to both do not. The bets on one column are shared out among its statistics and directions, so that
their mean is one bet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import scipy

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.followed import part_of

SHIFTS = (0.5, 1.0, 2.0)
"""Shifts of z that are bet on, in equal parts."""
_MOST = 8.0
# Beyond z = 8 the tail of a distribution learned from some dozens of windows means nothing.
SPARE = 1.5
"""Times the limit that are kept: with more an alarm would outlast its shift, with less that of a small shift
would end with every calm window."""
_SUSPECT, _LEAST_SUSPECT = 1.0 / 80.0, 100.0
# Learning on from windows that may be shifted makes the shift the norm, and one of a single z is never found.
# Without learning on the error of a short reference would be taken for a shift. An eightieth is between them:
# simulated over 28 windows of reference the run length is the promised one. (Learning from all windows it is
# twice that, which the detector has to spare, since its bets overshoot.) Where the limit is small, clean
# windows reach an eightieth of it in no time: at 1,000 four in five runs of 400 windows would alarm.
_DIGITS = 10


def limit_for(rate: float, columns: int) -> float:
    """The c at which any of several detectors alarms in a clean window at a chance of at most ``rate``."""
    return max(columns, 1) / rate


@dataclass(frozen=True, slots=True)
class Observed:
    """One statistic of a column in one window.

    Attributes:
        value: on the scale of its calibration.
        label: the window's calendar label of the calibration's level.
    """

    value: float
    label: str = NO_LABEL


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a detector makes of one window.

    Attributes:
        z: how far the window lies out by whichever of its statistics.
        won: what the bets have won; an ``alarm`` where it has reached the limit.
        since: for an alarm the window from which the evidence has grown (since when it has not fallen below
            where it began, as in Page's CUSUM).
    """

    z: float
    won: float
    alarm: bool = False
    since: str | None = None
    by: str | None = None
    sign: float | None = None


class Detector:
    """Follows one column, window after window.

    Each z is that of the window among the reference's windows *and the clean ones judged before it*. Held
    against the reference alone, all of them would share the error of its K windows, and the sum would take
    it for a shift; learning on, they are independent of each other (recursive residuals: Brown, Durbin,
    Evans, JRSS B 1975). Windows under an alarm, and those that the window test reported, teach nothing.

    What it knows has ten digits, whether it goes on or is taken up again.

    Args:
        calibrations: by statistic.
        limit: the alarm's c. More than that is not kept, so that an alarm ends soon after its shift.
        state: what an earlier one has left; of other statistics than these nothing is taken.
    """

    def __init__(
        self, calibrations: Mapping[str, Calibration], limit: float, state: Mapping[str, Any] | None = None
    ) -> None:
        known = state or {}
        self._limit = limit
        self._norms = {name: Norm(one, known.get(name, (None,))[0]) for name, one in calibrations.items()}
        parts = {name: part_of(name, calibrations) for name in calibrations}
        self._bets: dict[str, list[_Side]] = {}
        for name, one in calibrations.items():
            signs = (1.0, -1.0) if one.signed else (1.0,)
            part = parts[name] / sum(parts.values()) / len(signs)
            left = known.get(name, (None, [[], []]))[1]
            self._bets[name] = [
                _Side(sign, part, Bet(limit / part, *own)) for sign, own in zip(signs, left, strict=False)
            ]

    @property
    def state(self) -> dict[str, Any]:
        """What it knows, as JSON values."""
        return {
            name: [norm.state, [side.bet.state for side in self._bets[name]]]
            for name, norm in self._norms.items()
        }

    def step(
        self, observed: Mapping[str, Observed], window: str, *, reported: bool = False
    ) -> Evidence | None:
        """What the next window makes of the evidence; None for one in which nothing was observed.

        Args:
            observed: by statistic, those that the window has.
            window: how it is called.
            reported: whether the window test reported the column.
        """
        found = [(name, self._norms[name].z(observed[name])) for name in self._norms if name in observed]
        if not found:
            return None
        far = -math.inf
        for name, z in found:
            for side in self._bets[name]:
                side.bet.take(side.sign * z, window)
                far = max(far, side.sign * z)
        sides = [side for several in self._bets.values() for side in several]
        won = sum(side.part * side.bet.holds for side in sides)
        if won > SPARE * self._limit:
            for side in sides:
                side.bet.keep(SPARE * self._limit / won)
        if won >= self._limit:
            return self._alarm(far, self._limit)
        if not reported and won < max(_SUSPECT * self._limit, _LEAST_SUSPECT):
            for name, _ in found:
                self._norms[name].learn()
        return Evidence(far, won)

    def _alarm(self, far: float, won: float) -> Evidence:
        sides = [(side, name) for name, several in self._bets.items() for side in several]
        most, name = max(sides, key=lambda one: one[0].bet.risen)
        signed = self._norms[name].signed
        return Evidence(
            far, won, alarm=True, since=most.bet.began, by=name, sign=most.sign if signed else None
        )


class Norm:
    """What is normal for one statistic, learned on from the reference."""

    def __init__(self, calibration: Calibration, state: Sequence[Any] | None = None) -> None:
        self._calibration = calibration
        self._learned: dict[str, tuple[float, float]] = {}
        # residuals around the groups' means, and around the common mean for labels the reference has not
        self._around = {
            True: (calibration.deviation**2 * calibration.degrees, calibration.degrees),
            False: (calibration.whole_deviation**2 * calibration.whole_degrees, calibration.whole_degrees),
        }
        if state is not None:
            groups, own, whole = state
            self._learned = {label: tuple(group) for label, group in groups.items()}
            self._around = {True: tuple(own), False: tuple(whole)}
        self._last: tuple[str, bool, float, float] | None = None
        # A sum over windows that are like the ones before them varies by (1 + ρ) / (1 - ρ) more. The root of
        # that is allowed for: with all of it nothing that lasts would be seen any more.
        self._alone = ((1.0 - calibration.persistence) / (1.0 + calibration.persistence)) ** 0.25

    @property
    def signed(self) -> bool:
        """Whether the statistic has a sign."""
        return self._calibration.signed

    @property
    def state(self) -> list[Any]:
        """What was learned, as JSON values."""
        groups = {label: list(group) for label, group in self._learned.items()}
        return [groups, list(self._around[True]), list(self._around[False])]

    def z(self, observed: Observed) -> float:
        """How far a window lies out."""
        group, _, _ = self._calibration.group_of(observed.label)
        own = group in self._calibration.groups
        size, mean = self._learned.get(group.label, (group.count, group.mean))
        y = observed.value
        if self._calibration.signed and group.label == NO_LABEL:
            y *= math.sqrt(1.0 + 1.0 / group.count)  # its error has that of the reference in it
        residual = (y - mean) / math.sqrt(1.0 + 1.0 / size)
        self._last = (group.label, own, y, residual)
        spread, degrees = self._around[own]
        t = residual / math.sqrt(spread / degrees)
        tail = float(scipy.special.stdtr(degrees, -abs(t)))
        far = min(-float(scipy.special.ndtri(tail)), _MOST) if tail > 0.0 else _MOST
        return math.copysign(far * self._alone, t)

    def learn(self) -> None:
        """Count the window of the last ``z`` among those that are normal."""
        if self._last is None:
            return
        label, own, y, residual = self._last
        group, _, _ = self._calibration.group_of(label)
        size, mean = self._learned.get(label, (group.count, group.mean))
        self._learned[label] = (size + 1.0, _rounded(mean + (y - mean) / (size + 1.0)))
        spread, degrees = self._around[own]
        self._around[own] = (_rounded(spread + residual**2), degrees + 1.0)


@dataclass(frozen=True, slots=True)
class _Side:
    """One direction of one statistic, with its part of the column's bet."""

    sign: float
    part: float
    bet: Bet


class Bet:
    """A bet on one direction of one statistic, in equal parts on ``SHIFTS``: alarms where it has won
    ``most``; little more than that is kept (``SPARE``).

    Each part goes on by itself: on a small shift the part on a small one has won long before the mean of all
    parts, window by window, would have.
    """

    def __init__(
        self, most: float, parts: Sequence[float] = (0.0,) * len(SHIFTS), risen: float = 0.0, began: str = ""
    ) -> None:
        self._most = most
        self._parts, self.risen, self.began = list(parts), risen, began

    @property
    def won(self) -> float:
        """What it has won."""
        return min(self.holds, self._most)

    @property
    def holds(self) -> float:
        """The same with what it has to spare."""
        return sum(self._parts) / len(SHIFTS)

    @property
    def state(self) -> list[Any]:
        """What it has won, as JSON values."""
        return [self._parts, self.risen, self.began]

    def take(self, z: float, window: str) -> None:
        """Stake what was won on the next window."""
        if self.risen <= 0.0:
            self.began = window
        bets = [math.exp(shift * z - 0.5 * shift**2) for shift in SHIFTS]
        self.risen = _rounded(max(self.risen, 0.0) + math.log(sum(bets) / len(bets)))
        self._parts = [_rounded((won + 1.0) * bet) for won, bet in zip(self._parts, bets, strict=True)]
        if self.holds > SPARE * self._most:
            self.keep(SPARE * self._most / self.holds)

    def keep(self, share: float) -> None:
        """Let go of all but this share of what was won."""
        self._parts = [_rounded(won * share) for won in self._parts]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
