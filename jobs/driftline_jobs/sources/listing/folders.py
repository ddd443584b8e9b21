"""Read the interval off the folders above an object, by any of the common ways to name them.

A wrong guess would hide rows, so only what is surely a date counts: hive keys that mean the time of an
event, ISO dates, and ``2013/07/01``. Every other folder says nothing, and its objects are always looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from urllib.parse import unquote

from driftline_schemas.window import YEARS, Calendar, Granularity

_DATE_KEYS = frozenset(
    {"dt", "ds", "date", "day", "datestr", "date_str", "datestamp", "datehour", "date_hour"}
    | {f"{of}_{kind}" for of in ("p", "part", "partition", "event", "log") for kind in ("date", "dt", "day")}
    | {f"{of}_date" for of in ("request", "requested", "serving", "prediction", "inference", "scoring")}
)
"""Keys that mean the day of the event. Not the day of loading: late rows lie far outside such a folder's."""
_PART_KEYS = {
    **dict.fromkeys(("year", "yyyy", "yy", "y"), "year"),
    **dict.fromkeys(("month", "mm", "m", "mon"), "month"),
    **dict.fromkeys(("day", "dd", "d"), "day"),
    **dict.fromkeys(("hour", "hh", "h", "hr"), "hour"),
}
_VALUE = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-_/]?)(?P<month>\d\d)"
    r"(?:(?P=sep)(?P<day>\d\d)"
    r"(?:(?:[-T _]|(?<=^\d{8}))(?P<hour>\d\d)(?P<clock>:\d\d(?::\d\d(?:\.\d+)?)?)?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_INTEGER = re.compile(r"\d+", re.ASCII)
_TIME_KEYS = frozenset(
    {"week", "wk", "ww", "quarter", "qtr", "minute", "min", "second", "dow", "doy", "ts", "timestamp", "time"}
)
"""Keys that say when, in numbers that are no part of a date."""
_ISO = re.compile(
    r"(?:19|20|21)\d\d(?:(?P<sep>[-_/])(?:0[1-9]|1[0-2])(?:(?P=sep)(?:0[1-9]|[12]\d|3[01])(?:[-T _].*)?)?"
    r"|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[-T _]?\d\d.*)?|-?W\d\d(?:-?[1-7])?)",
    re.ASCII,
)
"""What is a date, or begins with one, whatever it is the date of."""
_HOUR = timedelta(hours=1)

Interval = tuple[datetime, datetime]


def folder_interval(folders: Sequence[str], zone: str) -> Interval | None:
    """The half-open interval, in UTC, that ``folders`` (outermost first) name by the clock of ``zone``.

    None when they name none, or contradict each other.
    """
    return _folder_interval(tuple(folders), zone)


@lru_cache(maxsize=1 << 16)
def _folder_interval(folders: tuple[str, ...], zone: str) -> Interval | None:
    parts: dict[str, int] = {}
    for position, folder in enumerate(folders):
        for part, value in _named_by(folder, folders[position + 1 : position + 3]).items():
            if parts.setdefault(part, value) != value:
                return None
    # A year alone may be anything (the model year of a car): a month must come with it.
    if "year" not in parts or "month" not in parts or parts["year"] not in YEARS:
        return None
    try:
        return _interval(parts, Calendar(Granularity.DAY, zone))
    except ValueError:
        return None


def names_time(key: str, value: str) -> bool:
    """Whether a folder ``key=value`` says when something was, of the rows or of their writing: by the value
    alone where that is a date, or else by the key too."""
    key, value = _key(key), value.strip()
    if _ISO.fullmatch(value):
        return True
    if key in _DATE_KEYS or key in _PART_KEYS or key in _TIME_KEYS:
        return bool(_INTEGER.fullmatch(value) or _VALUE.fullmatch(value))
    return False


def _key(written: str) -> str:
    return written.strip().lower().lstrip("_")


def _named_by(folder: str, following: Sequence[str]) -> dict[str, int]:
    """The parts of a date that one folder names, with the two below it when they are 2013/07/01."""
    key, equals, escaped = folder.partition("=")
    if not equals:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", folder, re.ASCII):
            return _parts_of(folder)
        if len(following) == 2 and re.fullmatch(
            r"\d{4}/\d\d/\d\d", triple := "/".join((folder, *following)), re.ASCII
        ):
            return _parts_of(triple)
        return {}
    # Hive escapes colons and spaces the way URLs do.
    key, value = _key(key), unquote(escaped).strip()
    if key in _PART_KEYS and _NUMBER.fullmatch(value):
        return {_PART_KEYS[key]: int(value)}
    if key in _DATE_KEYS or key in _PART_KEYS:
        return _parts_of(value)
    return {}


def _parts_of(text: str) -> dict[str, int]:
    match = _VALUE.fullmatch(text)
    if match is None:
        return {}
    parts = {part: int(match[part]) for part in ("year", "month", "day") if match[part]}
    if match["hour"] and not match["clock"]:
        # With minutes it may be the start of a day or of a batch: the day is all that is sure.
        parts["hour"] = int(match["hour"])
    return parts


def _interval(parts: dict[str, int], calendar: Calendar) -> Interval | None:
    """Raises ValueError when the parts are no date."""
    if "day" not in parts:
        first = date(parts["year"], parts["month"], 1)
        start, end = first, (first + timedelta(days=31)).replace(day=1)
    else:
        start = date(parts["year"], parts["month"], parts["day"])
        end = start + timedelta(days=1)
        if "hour" in parts:
            shown = datetime.combine(start, time(parts["hour"]))
            # An hour that clocks show twice has one folder: it holds both.
            return calendar.at_clock(shown), calendar.at_clock(shown, second=True) + _HOUR
    interval = calendar.start_of_day(start), calendar.start_of_day(end)
    return interval if interval[0] < interval[1] else None


@dataclass(frozen=True, slots=True)
class Span:
    """The time whose rows are wanted, and how far from its folder's interval a row may lie."""

    start: datetime
    end: datetime
    lateness: timedelta

    def excludes(self, interval: Interval | None) -> bool:
        """Whether objects in a folder of this interval surely hold no wanted row."""
        if interval is None:
            return False
        # As differences: an interval that is widened could leave the years that a datetime can hold.
        return interval[0] - self.end >= self.lateness or self.start - interval[1] >= self.lateness

    def excludes_folder(self, folders: Sequence[str], zone: str) -> bool:
        """``excludes`` for the interval that ``folders`` name so far; what is below can but narrow it."""
        return self.excludes(folder_interval(folders, zone))
