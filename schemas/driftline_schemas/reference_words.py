"""What a monitor's windows are compared with, in words, from its file alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from driftline_schemas.monitor import Monitor

_DAY = timedelta(days=1)


def reference_in_words(monitor: Monitor) -> str:
    """For example: ``2013-03-01 to 2013-03-31``, or ``the 28 days before each window``."""
    reference, zone = monitor.reference, ZoneInfo(monitor.timezone)
    if reference.window is not None:
        words = _interval(*reference.window, zone)
    elif reference.uri is not None:
        words = f"the data set {reference.uri}"
    elif reference.trailing is not None:
        words = f"the {_length(reference.trailing)} before each window"
    elif reference.same_weekday is not None:
        weeks = reference.same_weekday // (7 * _DAY)
        words = f"the same weekday of the {weeks} weeks before"
    else:
        words = f"the same windows of version {reference.model_version}"
    without = " and ".join(_interval(*interval, zone) for interval in reference.exclude)
    return f"{words}, without {without}" if without else words


def _interval(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Whole days by their dates, the last one included."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() == last.time() == datetime.min.time():
        dates = [f"{first:%Y-%m-%d}", f"{last - _DAY:%Y-%m-%d}"]
        return " to ".join(dict.fromkeys(dates))
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def _length(span: timedelta) -> str:
    for unit, name in ((_DAY, "day"), (timedelta(hours=1), "hour")):
        if span >= unit and span % unit == timedelta(0):
            count = span // unit
            return f"{count} {name}{'s' * (count > 1)}"
    return f"{span // timedelta(minutes=1)} minutes"
