"""Chance in words: how often it alone would do as much, on windows on which nothing is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

CERTAIN: Final = "practically certain"
_CERTAIN_FROM: Final = timedelta(days=36525)
"""Of what chance does less than once in a century nobody has to think."""
_UNITS: Final = (
    ("years", timedelta(days=365.25), 2.0),
    ("months", timedelta(days=365.25 / 12), 4.0),
    ("days", timedelta(days=1), 2.0),
    ("hours", timedelta(hours=1), 0.0),
)
"""The longest in which there are at least so many; other units say less."""


def chance(probability: float | None, window: timedelta) -> str:
    """For example ``once in about 40 days by chance``, for 1/40 and windows of a day.

    ``probability`` is that a window on which nothing is wrong shows as much; with a q-value, the expected
    number of such findings among all that were looked at. None is nothing to say.
    """
    if probability is None:
        return ""
    if probability >= 0.5:
        return "no more than chance does"
    if probability * (_CERTAIN_FROM / window) < 1:
        return CERTAIN
    apart = window / probability
    name, unit, _ = next(one for one in _UNITS if apart >= one[2] * one[1])
    return f"once in about {float(f'{apart / unit:.2g}'):.10g} {name} by chance"
