"""The schedule's intervals are the monitor's windows, in every zone, and come after the delay."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from tests.dags.in_airflow import in_airflow

# One process for all cases: most of its time is spent on starting Airflow.
INTERVALS = """
from datetime import datetime, timedelta
from airflow.sdk.timezone import coerce_datetime
from airflow.timetables.base import TimeRestriction
from driftline_airflow.timetable import WindowTimetable
answer = []
for granularity, zone, start in {cases!r}:
    timetable = WindowTimetable(granularity, zone, timedelta(hours=2))
    timetable = WindowTimetable.deserialize(timetable.serialize())
    earliest = coerce_datetime(datetime.fromisoformat(start))
    within = TimeRestriction(earliest=earliest, latest=None, catchup=True)
    intervals, last = [], None
    for _ in range(2):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=within)
        last = info.data_interval
        intervals.append([last.start.isoformat(), last.end.isoformat(), info.run_after.isoformat()])
    answer.append(intervals)
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


def test_intervals_follow_the_clock_of_the_zone(tmp_path: Path) -> None:
    found = in_airflow(tmp_path, INTERVALS.format(cases=[case[:3] for case in CASES]))
    for intervals, (granularity, zone, _, bounds) in zip(found, CASES, strict=True):
        assert [interval[:2] for interval in intervals] == [bounds[:2], bounds[1:]], (granularity, zone)
        for _, end, run_after in intervals:
            late = datetime.fromisoformat(run_after) - datetime.fromisoformat(end)
            assert late == timedelta(hours=2)


NEWEST = """
from datetime import datetime, timedelta
from unittest import mock
from airflow.sdk.timezone import coerce_datetime
from airflow.timetables.base import DataInterval, TimeRestriction
import driftline_airflow.timetable as module
from driftline_airflow.timetable import WindowTimetable
moment = lambda text: coerce_datetime(datetime.fromisoformat(text + "+00:00"))
within = TimeRestriction(earliest=moment("2000-01-01T00:00"), latest=None, catchup=False)
answer = []
for now, last, _ in {cases!r}:
    interval = DataInterval(moment(last[0]), moment(last[1])) if last else None
    with mock.patch.object(module, "utcnow", return_value=moment(now)):
        info = WindowTimetable("day", "UTC", timedelta(hours=2)).next_dagrun_info(
            last_automated_data_interval=interval, restriction=within
        )
    answer.append(info.data_interval.start.date().isoformat())
"""

NEWEST_CASES = [
    ("2013-07-03T01:59", None, "2013-07-01"),  # the 2nd has ended, its delay has not passed
    ("2013-07-03T02:00", None, "2013-07-02"),
    ("2013-07-03T02:00", ("2013-07-02T00:00", "2013-07-03T00:00"), "2013-07-03"),
    ("2013-07-09T02:00", ("2013-07-02T00:00", "2013-07-03T00:00"), "2013-07-08"),  # paused for days
    # Hours so far, days from now on: a day that begins with an hour that was run would have its id.
    ("2013-07-02T06:00", ("2013-07-02T00:00", "2013-07-02T01:00"), "2013-07-03"),
]


def test_without_a_start_only_the_newest_window_is_run(tmp_path: Path) -> None:
    found = in_airflow(tmp_path, NEWEST.format(cases=NEWEST_CASES))
    assert found == [expected for _, _, expected in NEWEST_CASES]
