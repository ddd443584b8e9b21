"""Times of day: columns of times that are no dates, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

DAY: Final = 86_400.0
_ROUND: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600)
_MOST_PLACES: Final = 5


def are_times_of_day(seconds: Iterable[float | None]) -> bool:
    """Whether what is known of a column of times is of seconds since midnight: all in the first day of 1970.

    A zero alone is the date that stands for none.
    """
    known = [value for value in seconds if value is not None]
    return bool(known) and min(known) >= 0.0 and 0.0 < max(known) < DAY


def clock(seconds: float) -> str:
    """Seconds since midnight as 13:05:09; what lies beyond the day as its nearest end."""
    whole = int(min(max(seconds, 0.0), DAY))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def round_places(low: float, high: float) -> Sequence[float]:
    """At most five or six round times of day between ``low`` and ``high``."""
    low, high = max(low, 0.0), min(high, DAY)
    step = next((step for step in _ROUND if (high - low) / step <= _MOST_PLACES), _ROUND[-1])
    first = int(-(-low // step))
    return [float(place * step) for place in range(first, int(high // step) + 1)]
