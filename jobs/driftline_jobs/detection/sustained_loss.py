"""Small losses of performance that last: the e-detector of ``sustained_shift`` on the figures of windows.

Each window's figure is held against the reference's mean *and the windows before it that were like it*, by
its own certainty and by what windows differ by (``PerformanceCalibration``). Bets are on one direction, the
worse one. Every metric has a detector of its own; the chance of a false alarm is shared out among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy

from driftline_jobs.detection.limits import worse_side
from driftline_jobs.detection.performance import PerformanceCalibration, scaled, unscaled
from driftline_jobs.detection.sustained_shift import Bet
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import Performance

_MOST, _PLAIN, _LEAST_TAIL = 8.0, 3.0, 1e-300
# Beyond z = 8 the tail of a distribution learned from some dozens of windows means nothing; a window beyond 3
# teaches nothing of what is normal.


@dataclass(frozen=True, slots=True)
class Loss:
    """What the detector made of one window.

    Attributes:
        won: what the bets have won, at most the limit; alarm: whether it has reached that.
        mean: of the figures of the windows since the evidence has grown, on the metric's scale, weighted by
            their certainty; low, high: its 95 % interval; windows: how many these are; rows: how many rows
            they have.
        since: how the first of them is called.
    """

    won: float
    alarm: bool
    mean: float
    low: float
    high: float
    windows: int
    rows: int
    since: str


@dataclass(slots=True)
class _State:
    """The norm (its mean, and how much that rests on), and the windows since the bet began."""

    mean: float
    rests_on: float
    total: float = 0.0
    weight: float = 0.0
    windows: int = 0
    rows: int = 0


class LossDetector:
    """Follows one metric over the windows in their order.

    Args:
        limit: the evidence at which a bet alarms.
        state: what ``state`` was after the window before.
    """

    def __init__(
        self, learned: PerformanceCalibration, limit: float, state: Mapping[str, Any] | None = None
    ) -> None:
        self._learned = learned
        self._limit = limit
        norm, bet = (state["norm"], state["bet"]) if state else ({}, ())
        self._state = _State(**norm) if norm else _State(learned.mean, learned.error**-2)
        self._bet = Bet(limit, *bet)

    @property
    def state(self) -> dict[str, Any]:
        """What is known, as JSON values."""
        return {"norm": asdict(self._state), "bet": self._bet.state}

    def step(self, figure: Performance, label: str) -> Loss | None:
        """Go on to the window of this figure (1,), which is called ``label``; None if it has none."""
        of, state = self._learned, self._state
        y, own = (float(part[0]) for part in scaled(of.metric, figure))
        variance = of.deviation**2 + own**2
        if not (math.isfinite(y) and math.isfinite(variance) and variance > 0.0):
            return None
        t = worse_side(of.metric) * (y - state.mean) / math.sqrt(variance + 1.0 / state.rests_on)
        tail = max(float(scipy.special.stdtr(of.windows - 1.0, -abs(t))), _LEAST_TAIL)
        # of a sum over windows that are like those before them the root is allowed for (``sustained_shift``)
        z = math.copysign(min(-float(scipy.special.ndtri(tail)), _MOST), t) * of.dependence**-0.25
        if self._bet.risen <= 0.0:
            state.total, state.weight, state.windows, state.rows = 0.0, 0.0, 0, 0
        self._bet.take(z, label)
        state.total += y / variance
        state.weight += 1.0 / variance
        state.windows += 1
        state.rows += int(figure.n[0])
        alarm = self._bet.won >= self._limit
        if not alarm and abs(z) < _PLAIN:
            state.rests_on += 1.0 / variance
            state.mean += (y - state.mean) / variance / state.rests_on
        mean, half = state.total / state.weight, Z * math.sqrt(of.dependence / state.weight)
        ends = unscaled(of.metric, np.array([mean - half, mean, mean + half])).tolist()
        return Loss(
            self._bet.won, alarm, ends[1], ends[0], ends[2], state.windows, state.rows, self._bet.began
        )
