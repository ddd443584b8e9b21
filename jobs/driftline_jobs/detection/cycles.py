"""What windows are alike by the calendar: Mondays are held against Mondays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

NO_LABEL = ""
_MIN_IN_GROUP = 2
_MIN_PER_GROUP = 3
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SATURDAY = 5


def cycle_labels(start: datetime, granularity: str) -> tuple[str, ...]:
    """Labels of a window by its start in the monitor's zone, finest first; none for weeks and months.

    A day is its weekday, or else a day of the week or of the weekend. An hour is its hour of either kind of
    day, or else its hour.
    """
    kind = "weekend" if start.weekday() >= _SATURDAY else "week"
    if granularity == "day":
        return _DAYS[start.weekday()], kind
    if granularity == "hour":
        return f"{kind} {start.hour:02d}", f"{start.hour:02d}"
    return ()


def finest_level(labels: Sequence[Sequence[str]]) -> int | None:
    """The finest level of ``labels`` that groups the windows well enough; None if none does.

    Each group needs two windows, and there must be three times as many windows as groups: a group's mean
    costs one of them, and the spread is learned from the rest.
    """
    levels = min((len(several) for several in labels), default=0)
    for level in range(levels):
        groups = Counter(several[level] for several in labels)
        if (
            len(groups) > 1
            and min(groups.values()) >= _MIN_IN_GROUP
            and len(labels) >= _MIN_PER_GROUP * len(groups)
        ):
            return level
    return None
