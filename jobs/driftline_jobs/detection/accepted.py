"""What is the norm since a person accepted a change: how far the columns lie off in the windows since.

An accepted incident is silent until there are eight of these windows. From then on each is held against those
before it, in the logarithm of how many times its limit the worst figure is: Student's t, one-sided, with a
prediction for one more window (the calibration of single statistics, without their sampling term).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from driftline_jobs.detection.problems import Problem
from driftline_schemas.metrics import SUSTAINED_SHIFT

LEAST: Final = 8
"""Windows that make a norm."""
MOST: Final = 28
_LEVEL: Final = 1e-3
"""Chance that a window like the others lies beyond; it takes two in a row."""
_LEAST_SPREAD: Final = 0.05
"""Of the logarithm: who never varies by as much as that is not beyond the norm by a hundredth."""


def distance(problems: Iterable[Problem]) -> float | None:
    """How far off a window is; None without a figure of its own. Evidence that only ever grows is none."""
    strengths = [one.strength for one in problems if one.metric != SUSTAINED_SHIFT and one.strength > 0.0]
    return math.log(max(strengths)) if strengths else None


def beyond(norm: Sequence[float], now: float | None) -> bool:
    """Whether ``now`` lies beyond the ``distance`` of the windows since; never before there are enough."""
    if now is None or len(norm) < LEAST:
        return False
    from scipy import special

    count = len(norm)
    mean = math.fsum(norm) / count
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in norm) / (count - 1))
    reach = -float(special.stdtrit(count - 1.0, _LEVEL)) * math.sqrt(1.0 + 1.0 / count)
    return now > mean + reach * max(spread, _LEAST_SPREAD)


def followed(norm: Sequence[float], now: float | None) -> tuple[float, ...]:
    """The norm after one more window that was within it."""
    return tuple(norm) if now is None else (*norm, now)[-MOST:]
