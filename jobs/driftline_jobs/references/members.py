"""Which windows each column of a moving reference is made of.

A window that fired in a column stays out of that column's reference, and of no other's: a reference that
followed a change would soon find nothing wrong with it. The place of what stays out is taken by the newest
clean windows before, so that a reference neither shrinks nor loses its calibration; and where there are not
enough of these, by those that fired longest ago.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from driftline_jobs.references.windows import not_excluded, same_time_before, windows_before
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

LEAST = 8
"""Windows that a reference has whatever fired: fewer tell too little."""
OUTCOMES = "*outcomes"
"""Stands for the outcomes among the columns: no column of a log has this name in the tables."""


@dataclass
class Fired:
    """What fired in which window: by its start the columns, with ``OUTCOMES`` for the model's figures."""

    columns: dict[datetime, frozenset[str]] = field(default_factory=dict)
    wholly: set[datetime] = field(default_factory=set)

    def in_window(self, window: Window, column: str) -> bool:
        """Whether a column did, or the window as a whole is not what it seems (a copy of another one)."""
        return window.start in self.wholly or column in self.columns.get(window.start, ())

    def any_of(self, windows: Sequence[Window]) -> frozenset[str]:
        """The columns that fired in any of the windows."""
        return frozenset().union(*(self.columns.get(window.start, ()) for window in windows))


@dataclass(frozen=True)
class Members:
    """The windows of a reference, ascending, each with the columns that it counts for.

    Attributes:
        pool: those that clean windows are learned from, where that is not the reference itself; they too.
        filling: those of the windows that are there for some columns alone, in the place of windows in which
            these fired: of how many rows come, they tell nothing.
    """

    windows: Mapping[Window, frozenset[str]]
    pool: Mapping[Window, frozenset[str]] = field(default_factory=dict)
    filling: frozenset[Window] = frozenset()


def members_of(
    monitor: Monitor,
    window: Window,
    columns: Collection[str],
    with_rows: Sequence[Window],
    fired: Fired,
) -> Members:
    """The windows that ``window`` is compared with by ``trailing`` or ``same_weekday``.

    Args:
        columns: all that are watched, and ``OUTCOMES``.
        with_rows: the windows that there are profiles of and that are not empty, ascending.
        fired: what fired in those before it.
    """
    there = [before for before in windows_before(monitor, window) if _is_among(before, with_rows)]
    lacking = any(one.start in fired.columns or one.start in fired.wholly for one in there)
    earlier = list(_earlier(monitor, window, with_rows)) if lacking else []
    chosen = _chosen(there, earlier, fired, columns)
    filling = frozenset(chosen).difference(_members(there, earlier, fired, ""))
    if monitor.reference.same_weekday is None:
        return Members(chosen, filling=filling)
    around = [before for before in same_time_before(monitor, window) if _is_among(before, with_rows)]
    return Members(chosen, _chosen(around, [], fired, columns), filling)


def _is_among(window: Window, windows: Sequence[Window]) -> bool:
    """Whether it is one of these, ascending: there may be years of them."""
    at = bisect_left(windows, window)
    return at < len(windows) and windows[at] == window


def _chosen(
    there: Sequence[Window], earlier: Sequence[Window], fired: Fired, columns: Collection[str]
) -> dict[Window, frozenset[str]]:
    """``there`` without what fired, filled up from ``earlier``, the newest first."""
    usual = _members(there, earlier, fired, "")  # of the columns that fired in none of them
    touched = fired.any_of([*there, *usual]).intersection(columns)
    members = {column: frozenset(_members(there, earlier, fired, column)) for column in sorted(touched)}
    every, left = frozenset(usual), frozenset(columns) - touched
    return {
        window: frozenset(column for column, several in members.items() if window in several)
        | (left if window in every else frozenset())
        for window in sorted(every.union(*members.values()))
    }


def _members(there: Sequence[Window], earlier: Sequence[Window], fired: Fired, column: str) -> list[Window]:
    clean = [window for window in there if not fired.in_window(window, column)]
    for window in earlier:
        if len(clean) >= len(there):
            break
        if not fired.in_window(window, column):
            clean.append(window)
    taken, least = set(clean), min(LEAST, len(there))
    back = [window for window in there if window not in taken]
    return clean + back[: max(least - len(clean), 0)]


def _earlier(monitor: Monitor, window: Window, with_rows: Sequence[Window]) -> Iterator[Window]:
    """Windows before those that ``window`` asks for, of the same kind, the newest first."""
    asked = windows_before(monitor, window)
    first = asked[0].start if asked else window.start
    alike = _weekday(monitor, window) if monitor.reference.same_weekday is not None else None
    for before in reversed(not_excluded(monitor, [one for one in with_rows if one.start < first])):
        if alike is None or _weekday(monitor, before) == alike:
            yield before


def _weekday(monitor: Monitor, window: Window) -> tuple[int, timedelta]:
    local = window.start.astimezone(ZoneInfo(monitor.timezone))
    return local.weekday(), timedelta(hours=local.hour, minutes=local.minute)
