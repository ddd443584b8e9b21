"""A schedule whose data intervals are a monitor's windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.timezone import coerce_datetime, utcnow
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime

from driftline_schemas.window import Calendar, Granularity, Window


class WindowTimetable(Timetable):
    """One run per window of a calendar, ``delay`` after the window's end.

    A cron expression in a zone comes near, but knows neither the delay nor days whose midnight clocks skip,
    nor hours in zones with half hours; and a run must be about exactly one window.
    """

    def __init__(self, granularity: str, zone: str, delay: timedelta = timedelta(0)) -> None:
        self._calendar = Calendar(Granularity(granularity), zone)
        self._delay = delay
        late = f", {delay} after its end" if delay else ""
        self.description = f"Every {granularity} by the clock of {zone}{late}"

    @property
    def summary(self) -> str:
        """The schedule in a word or two, for lists."""
        return f"every {self._calendar.granularity.value}"

    def serialize(self) -> dict[str, Any]:
        """As Airflow keeps it."""
        return {
            "granularity": self._calendar.granularity.value,
            "zone": self._calendar.zone,
            "delay_seconds": self._delay.total_seconds(),
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> WindowTimetable:
        """The timetable that ``serialize`` described."""
        return cls(data["granularity"], data["zone"], timedelta(seconds=data["delay_seconds"]))

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """The last window that had ended by ``run_after``."""
        return _interval(self._calendar.previous(self._holding(run_after)))

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The window after the last one that was scheduled, within the DAG's start and end."""
        window = self._first(restriction.earliest)
        if not restriction.catchup:
            window = _later(window, self._newest(utcnow()))
        if last_automated_data_interval is not None:
            window = _later(window, self._after(last_automated_data_interval))
        if window is None or (restriction.latest is not None and window.start > restriction.latest):
            return None
        return DagRunInfo(
            run_after=coerce_datetime(window.end + self._delay), data_interval=_interval(window)
        )

    def _holding(self, moment: datetime) -> Window:
        # Airflow's times are pendulum's, whose differences do not behave like those of the standard library.
        return self._calendar.containing(datetime.fromtimestamp(moment.timestamp(), UTC))

    def _first(self, earliest: datetime | None) -> Window | None:
        """The first window that starts at ``earliest`` or later."""
        if earliest is None:
            return None
        window = self._holding(earliest)
        return window if window.start >= earliest else self._calendar.following(window)

    def _newest(self, now: datetime) -> Window:
        """The last window whose time to run has come."""
        return self._calendar.previous(self._holding(now - self._delay))

    def _after(self, last: DataInterval) -> Window:
        # After a change of granularity the window at the old one's end may start before it did: a run of the
        # same logical date would stop the scheduler.
        window = self._holding(last.end)
        return window if window.start > last.start else self._calendar.following(window)


def _later(one: Window | None, other: Window) -> Window:
    return other if one is None or one.start < other.start else one


def _interval(window: Window) -> DataInterval:
    return DataInterval(coerce_datetime(window.start), coerce_datetime(window.end))
