"""Which windows a reference is made from, and those that a window is compared with where that moves.

A moving reference is founded once: the windows that the first asked one would be compared with are surveyed,
so that there are bins, which all later windows share. Counted by the clocks of the zone: a day that lasts
23 hours is a day before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Calendar, Granularity, Window

_WEEK = timedelta(days=7)


def initial_windows(monitor: Monitor, asked: Sequence[Window]) -> list[Window]:
    """The windows that the reference of these windows is made from, ascending, none of them excluded.

    Raises:
        ConfigError: ``reference.exclude`` leaves none, or the range holds no whole window.
    """
    reference = monitor.reference
    windows = _fixed(monitor) if reference.window is not None else _moving(monitor, asked)
    remaining = not_excluded(monitor, windows)
    if not remaining:
        raise _nothing_left(monitor, asked[0])
    return remaining


def windows_before(monitor: Monitor, window: Window) -> list[Window]:
    """The windows that ``window`` is compared with by ``trailing`` or ``same_weekday``, ascending.

    None of them is excluded; whether they are published, and under an alert, is for others to say. Empty for
    the other kinds of references.
    """
    reference, calendar = monitor.reference, monitor.calendar
    found: list[Window] = []
    if reference.trailing is not None:
        start = _earlier(calendar, window, reference.trailing)
        found = [before for before in calendar.tiling(start, window.start) if before.start >= start]
    elif reference.same_weekday is not None:
        weeks = reference.same_weekday // _WEEK
        found = [calendar.containing(_earlier(calendar, window, _WEEK * n)) for n in range(weeks, 0, -1)]
    return not_excluded(monitor, found)


def same_time_before(monitor: Monitor, window: Window) -> list[Window]:
    """The windows at the same time of all the days that ``same_weekday`` reaches back, ascending.

    How much clean windows differ from those of their weekday is learned from all weekdays: the eight weeks of
    one alone tell too little of it.
    """
    weeks = (monitor.reference.same_weekday or timedelta(0)) // _WEEK
    calendar = monitor.calendar
    found = [
        calendar.containing(_earlier(calendar, window, timedelta(days=n))) for n in range(7 * weeks, 0, -1)
    ]
    return not_excluded(monitor, found)


def not_excluded(monitor: Monitor, windows: Sequence[Window]) -> list[Window]:
    """The windows that no interval of ``reference.exclude`` touches."""
    return [
        window
        for window in windows
        if not any(window.start < end and window.end > start for start, end in monitor.reference.exclude)
    ]


def _moving(monitor: Monitor, asked: Sequence[Window]) -> list[Window]:
    if monitor.reference.model_version is not None:
        return list(asked)
    before = windows_before(monitor, asked[0])
    if monitor.reference.same_weekday is None or not before:
        return before
    # The windows after the first one ask for other weekdays: nobody else would profile these.
    tiling = monitor.calendar.tiling(before[0].start, asked[0].start)
    return not_excluded(monitor, [window for window in tiling if window.start >= before[0].start])


def fixed_windows(monitor: Monitor) -> list[Window]:
    """The windows of ``reference.window`` that none of ``reference.exclude`` touches; none without it."""
    return not_excluded(monitor, _fixed(monitor))


def _fixed(monitor: Monitor) -> list[Window]:
    """The whole windows within ``reference.window``."""
    if monitor.reference.window is None:
        return []
    start, end = monitor.reference.window
    tiling = monitor.calendar.tiling(start, end)
    return [window for window in tiling if window.start >= start and window.end <= end]


def _nothing_left(monitor: Monitor, first: Window) -> ConfigError:
    reference, name = monitor.reference, monitor.monitor
    if reference.window is not None:
        start, end = reference.window
        return ConfigError(
            f"{name}: reference.window from {start:%Y-%m-%d} to {end:%Y-%m-%d} holds no whole "
            f"{monitor.granularity.value} outside reference.exclude: make it longer"
        )
    return ConfigError(
        f"{name}: reference.exclude leaves nothing of the {reference.kind} reference of the window from "
        f"{first.start:%Y-%m-%d %H:%M} UTC: exclude less, or begin at a later window"
    )


def _earlier(calendar: Calendar, window: Window, by: timedelta) -> datetime:
    """The instant that lies ``by`` before the window's start: its days by the clock, its hours elapsed."""
    days = timedelta(days=by.days)
    if calendar.granularity is not Granularity.HOUR:
        first = date.fromisoformat(calendar.label(window))
        return calendar.start_of_day(first - days) - (by - days)
    local = window.start.astimezone(ZoneInfo(calendar.zone))
    shown = local.replace(tzinfo=None, fold=0) - days
    return calendar.at_clock(shown, second=bool(local.fold)) - (by - days)
