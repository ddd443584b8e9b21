"""When in the day rows come: the mean direction on the clock (Fisher, Statistical Analysis of Circular Data).

A clock moved by an hour leaves the number of rows, and every column but its times, as they were. The mean of
the hours, each a direction, moves with it, whatever the shape of the day.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

DAY = 24.0
_LEAST_RESULTANT = 0.02
"""Rows that come evenly over the day have no mean hour."""


def mean_hour(rows: Mapping[int, int]) -> float | None:
    """The mean hour, from 0 to 24, of rows by the hour of the day (0 to 23) in which they come.

    None where there are none, or where they come as often in every hour.
    """
    total = sum(rows.values())
    if not total:
        return None
    across, along = _direction(rows)
    return None if math.hypot(across, along) < _LEAST_RESULTANT * total else _hour(across, along)


def mean_hour_of(hours: Iterable[float]) -> float:
    """The mean of several hours, from 0 to 24."""
    return _hour(*_direction(Counter(hours)))


def _direction(weights: Mapping[float, int] | Mapping[int, int]) -> tuple[float, float]:
    turns = [(2.0 * math.pi * hour / DAY, weight) for hour, weight in sorted(weights.items())]
    return sum(w * math.cos(turn) for turn, w in turns), sum(w * math.sin(turn) for turn, w in turns)


def _hour(across: float, along: float) -> float:
    return math.atan2(along, across) / (2.0 * math.pi) * DAY % DAY


def hours_between(hour: float, usual: float) -> float:
    """How many hours after the usual one an hour is, the shorter way round: -12 to 12."""
    return (hour - usual + DAY / 2.0) % DAY - DAY / 2.0
