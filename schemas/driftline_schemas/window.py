"""Windows of time: half-open, in UTC, with bounds that follow the calendar of one zone.

A day is what the clocks of the zone call a day: it lasts 23 or 25 hours when they change, and starts late
when they skip midnight. Weeks are ISO weeks. Hours are counted from the start of their day in elapsed
time, so the hour that clocks show twice is two windows, and no hour crosses midnight, in zones with half
hours too. Hence finer windows nest in coarser ones by construction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
YEARS = range(1678, 2262)
"""What a timestamp of nanoseconds can hold, with a year to spare on both sides."""
_MACHINE_ZONES = {"localtime", "posixrules", "Factory"}
"""Listed as zones, but another one on each machine."""
_PERIOD = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.0+)?)?)?"
    r"(?P<offset>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


def to_us(instant: datetime) -> int:
    """Microseconds from 1970-01-01 UTC to ``instant`` (aware), exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The instant, in UTC, that lies ``microseconds`` after 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


FIRST_US, END_US = (to_us(datetime(year, 1, 1, tzinfo=UTC)) for year in (YEARS.start, YEARS.stop))
"""The times that windows can hold, half-open, in microseconds since 1970-01-01 UTC."""


class Granularity(StrEnum):
    """How long a window is, by the calendar."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def nests_in(self, coarser: Granularity) -> bool:
        """Whether every window of this granularity lies in one window of ``coarser``."""
        return coarser in _HOLDERS[self]


_HOLDERS = {
    Granularity.HOUR: frozenset(Granularity),
    Granularity.DAY: frozenset(Granularity) - {Granularity.HOUR},
    Granularity.WEEK: frozenset({Granularity.WEEK}),
    Granularity.MONTH: frozenset({Granularity.MONTH}),
}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The instants ``start <= t < end``, both in UTC. Raises ValueError for naive or reversed bounds."""

    start: datetime
    end: datetime
    granularity: Granularity

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            bound: datetime = getattr(self, name)
            if bound.tzinfo is None:
                raise ValueError(f"a window's {name} needs a zone, {bound.isoformat()} has none")
            object.__setattr__(self, name, bound.astimezone(UTC))
        if self.start >= self.end:
            raise ValueError(f"a window cannot end at {self.end} when it starts at {self.start}")

    @property
    def start_us(self) -> int:
        """The start in microseconds since 1970-01-01 UTC."""
        return to_us(self.start)

    @property
    def end_us(self) -> int:
        """The end in microseconds since 1970-01-01 UTC."""
        return to_us(self.end)


_STARTS: dict[tuple[str, date], datetime] = {}
_MOST_STARTS = 1 << 16
"""A history of years is asked for the same days again and again."""


class Calendar:
    """The windows of one granularity in one IANA zone: they cover all time and never overlap.

    Raises ConfigError for a zone that is not known.
    """

    def __init__(self, granularity: Granularity, zone: str = "UTC") -> None:
        self.granularity = Granularity(granularity)
        self.zone = zone
        self._zone = load_zone(zone)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and (self.granularity, self.zone) == (
            other.granularity,
            other.zone,
        )

    def __hash__(self) -> int:
        return hash((self.granularity, self.zone))

    def __repr__(self) -> str:
        return f"Calendar({self.granularity.value!r}, {self.zone!r})"

    def containing(self, instant: datetime) -> Window:
        """The window that holds ``instant`` (aware; ValueError if naive)."""
        if instant.tzinfo is None:
            raise ValueError(f"an instant needs a zone, {instant.isoformat()} has none")
        instant = instant.astimezone(UTC)
        first = self._date_containing(instant)
        start, end = self.start_of_day(first), self.start_of_day(self._step(first))
        if self.granularity is Granularity.HOUR:
            start += (instant - start) // _HOUR * _HOUR
            end = min(start + _HOUR, end)
        return Window(start, end, self.granularity)

    def previous(self, window: Window) -> Window:
        """The window that ends where ``window`` starts."""
        return self.containing(window.start - _MICROSECOND)

    def following(self, window: Window) -> Window:
        """The window that starts where ``window`` ends."""
        return self.containing(window.end)

    def between(self, first: Window, last: Window) -> list[Window]:
        """Every window from ``first`` to ``last``, both included; none when ``last`` is the earlier."""
        return self.tiling(first.start, last.end)

    def tiling(self, start: datetime, end: datetime) -> list[Window]:
        """Every window that overlaps ``start <= t < end``, in order."""
        windows: list[Window] = []
        if start >= end:
            return windows
        window = self.containing(start)
        while window.start < end:
            windows.append(window)
            window = self.following(window)
        return windows

    def starts_us(self, start: datetime, end: datetime) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Bounds, in microseconds since 1970-01-01 UTC, of the windows that overlap ``start <= t < end``.

        One more than there are windows: all their starts, then the end of the last. Row ``t`` lies in window
        ``np.searchsorted(bounds, t, side="right") - 1``. Raises ValueError when ``start >= end``.
        """
        import numpy as np

        windows = self.tiling(start, end)
        if not windows:
            raise ValueError(f"no window lies between {start} and {end}")
        return np.array([*(window.start_us for window in windows), windows[-1].end_us], np.int64)

    def label(self, window: Window) -> str:
        """What ``parse`` reads as ``window``: ``2013-07-01``, for an hour ``2013-07-01T05``.

        The clock of the zone is meant; the UTC offset is added where it alone tells two hours apart.
        """
        local = window.start.astimezone(self._zone)
        if self.granularity is not Granularity.HOUR:
            # A day that starts late because clocks skip midnight is still called by its date.
            return self._date_containing(window.start).isoformat()
        text = local.strftime("%Y-%m-%dT%H" if local.minute == 0 else "%Y-%m-%dT%H:%M")
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return text + local.strftime("%z") if twice else text

    def parse(self, period: str) -> Window:
        """The window that starts at ``period``: ``2013-07-01``, ``2013-07-01T05``, with or without an offset.

        Without an offset the clock of the zone is meant. Raises ConfigError for any other form, for a time
        that is not on a bound, and for an hour that the clock shows twice.
        """
        text = period.strip()
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"the period {text[:40]!r} is not understood: "
                "write a day as 2013-07-01, an hour as 2013-07-01T05"
            )
        try:
            starts = self._instants(match)
        except ValueError as error:
            raise ConfigError(f"the period {text!r} is no moment of the calendar: {error}") from error
        windows = [self.containing(start) for start in starts]
        on_bound = [window for window, start in zip(windows, starts, strict=True) if window.start == start]
        if len(on_bound) == 1:
            return on_bound[0]
        if on_bound:
            choices = " or ".join(self.label(window) for window in on_bound)
            raise ConfigError(f"clocks in {self.zone} show {text} twice: say which is meant, {choices}")
        after = self.following(windows[0])
        raise ConfigError(
            f"no {self.granularity.value} window starts at {text} ({self.zone}): "
            f"the nearest start at {self.label(windows[0])} and {self.label(after)}"
        )

    def at_clock(self, shown: datetime, *, second: bool = False) -> datetime:
        """When (in UTC) the clock of the zone shows ``shown`` (naive), of two times the first or the second.

        A time that clocks skip is read as if they had not been changed yet.
        """
        return shown.replace(tzinfo=self._zone, fold=int(second)).astimezone(UTC)

    def start_of_day(self, day: date) -> datetime:
        """The first instant of ``day`` in the zone, as UTC: later than midnight where clocks skip it."""
        known = _STARTS.get((self.zone, day))
        if known is None:
            known = self._start_of_day(day)
            if len(_STARTS) < _MOST_STARTS:
                _STARTS[self.zone, day] = known
        return known

    def _start_of_day(self, day: date) -> datetime:
        midnight = datetime.combine(day, time())
        first, second = self.at_clock(midnight), self.at_clock(midnight, second=True)
        if first <= second:
            return first
        # Clocks skip midnight: read with the offsets from before and after the gap, it brackets the jump.
        while first - second > _MICROSECOND:
            middle = second + (first - second) // 2
            if middle.astimezone(self._zone).date() < day:
                second = middle
            else:
                first = middle
        return first

    def _instants(self, match: re.Match[str]) -> list[datetime]:
        """The instants that a period may mean: two when the clock of the zone shows it twice.

        A date or a time that clocks skip is on no bound: an instant just after where it would be stands
        for it, so that the message can name the neighbours.
        """
        day = date.fromisoformat(match["day"])
        if day.year not in YEARS:
            raise ValueError(f"years go from {YEARS.start} to {YEARS.stop - 1}")
        clock = "".join(f":{int(match[part] or 0):02}" for part in ("hour", "minute", "second"))[1:]
        wall = datetime.fromisoformat(f"{day.isoformat()}T{clock}{match['offset'] or ''}")
        if wall.tzinfo is not None:
            return [wall.astimezone(UTC)]
        if match["hour"] is None or (self.granularity is not Granularity.HOUR and wall.time() == time()):
            start = self.start_of_day(day)
            return [start if start.astimezone(self._zone).date() == day else start + _MICROSECOND]
        instants = {self.at_clock(wall), self.at_clock(wall, second=True)}
        shown = sorted(t for t in instants if t.astimezone(self._zone).replace(tzinfo=None) == wall)
        return shown or [max(instants) + _MICROSECOND]

    def _date_containing(self, instant: datetime) -> date:
        """The first date of the window (for hours: of the day) that holds ``instant``."""
        day = instant.astimezone(self._zone).date()
        # Clocks set back across midnight show yesterday's date again after today has begun.
        if instant >= self.start_of_day(day + _DAY):
            day += _DAY
        if self.granularity is Granularity.WEEK:
            return day - timedelta(days=day.weekday())
        if self.granularity is Granularity.MONTH:
            return day.replace(day=1)
        return day

    def _step(self, first: date) -> date:
        """The first date of the next window."""
        if self.granularity is Granularity.WEEK:
            return first + timedelta(days=7)
        if self.granularity is Granularity.MONTH:
            return (first + timedelta(days=31)).replace(day=1)
        return first + _DAY


@lru_cache(maxsize=64)
def load_zone(name: str) -> ZoneInfo:
    """The zone called ``name`` in the IANA database. Raises ConfigError, with the nearest name."""
    import difflib
    from zoneinfo import available_timezones

    # Asking ZoneInfo alone would let through files of the system that are no zones by name.
    known = {"UTC"} if name == "UTC" else available_timezones() - _MACHINE_ZONES
    if name in known:
        return ZoneInfo(name)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f": did you mean {near[0]!r}?" if near else ", which has names such as Europe/Berlin"
    raise ConfigError(f"{name[:60]!r} is not a zone of the IANA database{hint}")
