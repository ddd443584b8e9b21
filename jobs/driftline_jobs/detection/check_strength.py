"""How bad it is that a check of the log fails: how many times its limit the figure is."""

from __future__ import annotations

import math
from typing import NamedTuple

CERTAIN = frozenset({"missing_column", "changed_type"})
"""Checks whose failing is no matter of degree: what they are about is not there any more."""
_GONE = 4.0
"""A strength that makes an alert a high one at once."""
_MOST, _SURE = 100.0, 1000.0
"""Beyond so many times a limit there is no more and no less; and what is certain leads all the others."""


class Strength(NamedTuple):
    """How many times its limit a figure is (at least 1), and that limit; None where there is none to name."""

    times: float
    limit: float | None


def strength(check: str, value: float | None, expected: object) -> Strength:
    """Of a check that has failed, with what was ``expected``: a number, or the bounds (low, high).

    Rows are measured on a ratio scale: half as many are as far off as twice as many. Shares are times their
    limits. How far a single value lies out says little, so extremes are as strong as what just reaches them.
    """
    if value is None:
        return Strength(1.0, None)
    if check in CERTAIN:
        return Strength(_SURE, None)
    if isinstance(expected, list) and len(expected) == 2:
        low, high = expected
        if low is not None and high is not None:
            return _between(value, float(low), float(high))
        return Strength(1.0, float(high if low is None else low))
    if isinstance(expected, int | float) and not isinstance(expected, bool) and 0.0 < expected < value:
        all_of_them = _GONE if value >= 1.0 > expected else 1.0  # of a share
        return Strength(min(max(value / expected, all_of_them), _MOST), float(expected))
    return Strength(1.0, None)


def _between(value: float, low: float, high: float) -> Strength:
    limit = high if value > high else low
    if low < 0.0 < high:
        return Strength(min(max(value / limit, 1.0), _MOST), limit)
    if not 0.0 < low < high or value <= 0.0:
        return Strength(_GONE if value <= 0.0 else 1.0, limit)
    middle = 0.5 * (math.log(low) + math.log(high))
    return Strength(max(abs(math.log(value) - middle) / (math.log(high) - middle), 1.0), limit)
