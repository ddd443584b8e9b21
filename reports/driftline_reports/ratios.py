"""Ratios in words: "a twelfth", "3 times"."""

from __future__ import annotations

import math
from typing import Final

from driftline_reports import formats

_PARTS: Final = (
    *("half", "a third", "a quarter", "a fifth", "a sixth", "a seventh"),
    *("an eighth", "a ninth", "a tenth", "an eleventh", "a twelfth"),
)
_ROUND_PARTS: Final = {100: "a hundredth", 1000: "a thousandth", 1_000_000: "a millionth"}
_MOST_TIMES: Final = 1_000_000


def ratio(value: float) -> str:
    """A ratio in words, as "fell to a twelfth" or "rose to 3 times" needs it; empty if it is no great one.

    Words are within 6 % of the ratio, and those of multiples above ten have two digits.
    """
    if not math.isfinite(value) or value <= 0 or 2 / 3 < value < 1.5:
        return ""
    if value < 1:
        return _part(1 / value)
    nearest = round(value)
    if nearest == 2 and abs(value - 2) <= 0.12:
        return "double"
    if value >= _MOST_TIMES:
        return "more than a million times"
    if value >= 10:
        return f"{formats.number(float(f'{value:.1e}'), 2)} times"
    return f"{nearest if abs(value - nearest) <= 0.06 * value else round(value, 1)} times"


def _part(times: float) -> str:
    """One in ``times``, a number above one."""
    if abs(times - 1.5) <= 0.05:
        return "two thirds"
    nearest = round(times)
    if nearest - 2 < len(_PARTS) and nearest >= 2 and abs(times - nearest) <= 0.06 * times:
        return _PARTS[nearest - 2]
    for round_number, words in _ROUND_PARTS.items():
        if abs(times - round_number) <= 0.06 * round_number:
            return words
    if times >= _MOST_TIMES:
        return "less than a millionth"
    if times < 10:
        return formats.percent(float(f"{1 / times:.1e}"))
    return f"one part in {formats.number(float(f'{times:.1e}'), 2)}"
