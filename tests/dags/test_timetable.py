"""The schedule's intervals are the monitor's windows, in every zone, and come after the delay."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.dags.in_airflow import in_airflow

INTERVALS = """
from datetime import datetime, timedelta
from airflow.sdk.timezone import coerce_datetime
from airflow.timetables.base import TimeRestriction
from driftline_airflow.timetable import WindowTimetable
timetable = WindowTimetable({granularity!r}, {zone!r}, timedelta(hours=2))
timetable = WindowTimetable.deserialize(timetable.serialize())
within = TimeRestriction(
    earliest=coerce_datetime(datetime.fromisoformat({start!r})), latest=None, catchup=True
)
answer, last = [], None
for _ in range({count}):
    info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=within)
    last = info.data_interval
    answer.append([last.start.isoformat(), last.end.isoformat(), info.run_after.isoformat()])
"""

# The bounds of local days, by hand: 23 hours in Berlin as clocks go forward; no midnight in Beirut.
CASES = [
    (
        "day",
        "Europe/Berlin",
        "2013-03-30T00:00:00+01:00",
        ["2013-03-29T23:00:00+00:00", "2013-03-30T23:00:00+00:00", "2013-03-31T22:00:00+00:00"],
    ),
    (
        "day",
        "Asia/Beirut",
        "2013-03-30T00:00:00+02:00",
        ["2013-03-29T22:00:00+00:00", "2013-03-30T22:00:00+00:00", "2013-03-31T21:00:00+00:00"],
    ),
    (
        "hour",
        "Asia/Kolkata",
        "2013-07-01T00:00:00+05:30",
        ["2013-06-30T18:30:00+00:00", "2013-06-30T19:30:00+00:00", "2013-06-30T20:30:00+00:00"],
    ),
    (
        "week",
        "UTC",
        "2013-07-03T00:00:00+00:00",
        ["2013-07-08T00:00:00+00:00", "2013-07-15T00:00:00+00:00", "2013-07-22T00:00:00+00:00"],
    ),
    (
        "month",
        "UTC",
        "2013-01-31T00:00:00+00:00",
        ["2013-02-01T00:00:00+00:00", "2013-03-01T00:00:00+00:00", "2013-04-01T00:00:00+00:00"],
    ),
]


@pytest.mark.parametrize(("granularity", "zone", "start", "bounds"), CASES)
def test_intervals_follow_the_clock_of_the_zone(
    tmp_path: Path, granularity: str, zone: str, start: str, bounds: list[str]
) -> None:
    code = INTERVALS.format(granularity=granularity, zone=zone, start=start, count=2)
    intervals = in_airflow(tmp_path, code)
    assert [interval[:2] for interval in intervals] == [bounds[:2], bounds[1:]]
    for _, end, run_after in intervals:
        assert (datetime.fromisoformat(run_after) - datetime.fromisoformat(end)).total_seconds() == 7200


NEWEST = """
from datetime import datetime, timedelta
from unittest import mock
from airflow.sdk.timezone import coerce_datetime
from airflow.timetables.base import DataInterval, TimeRestriction
import driftline_airflow.timetable as module
from driftline_airflow.timetable import WindowTimetable
now = coerce_datetime(datetime.fromisoformat({now!r}))
long_ago = coerce_datetime(datetime.fromisoformat("2000-01-01T00:00:00+00:00"))
within = TimeRestriction(earliest=long_ago, latest=None, catchup=False)
last = DataInterval(*(coerce_datetime(datetime.fromisoformat(t)) for t in {last!r})) if {last!r} else None
with mock.patch.object(module, "utcnow", return_value=now):
    info = WindowTimetable("day", "UTC", timedelta(hours=2)).next_dagrun_info(
        last_automated_data_interval=last, restriction=within
    )
answer = info.data_interval.start.isoformat()
"""


@pytest.mark.parametrize(
    ("now", "last", "expected"),
    [
        ("2013-07-03T01:59:00+00:00", None, "2013-07-01"),  # the 2nd has ended, its delay has not passed
        ("2013-07-03T02:00:00+00:00", None, "2013-07-02"),
        ("2013-07-03T02:00:00+00:00", ("2013-07-02", "2013-07-03"), "2013-07-03"),
        ("2013-07-09T02:00:00+00:00", ("2013-07-02", "2013-07-03"), "2013-07-08"),  # paused for days
        # Hours until five, days from then on: the day that holds five began at an hour that has run.
        ("2013-07-02T06:00:00+00:00", ("2013-07-02T00:00", "2013-07-02T01:00"), "2013-07-03"),
    ],
)
def test_without_a_start_only_the_newest_window_is_run(
    tmp_path: Path, now: str, last: tuple[str, str] | None, expected: str
) -> None:
    aware = last and tuple(datetime.fromisoformat(t).replace(tzinfo=UTC).isoformat() for t in last)
    assert in_airflow(tmp_path, NEWEST.format(now=now, last=aware)) == f"{expected}T00:00:00+00:00"
