"""Dates in the names of folders: which are taken for one, and which interval they mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from driftline_jobs.sources.listing.folders import Span, folder_interval


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


DAY = (utc(2013, 7, 1), utc(2013, 7, 2))
HOUR = (utc(2013, 7, 1, 5), utc(2013, 7, 1, 6))
MONTH = (utc(2013, 7, 1), utc(2013, 8, 1))


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ("dt=2013-07-01", DAY),
        ("date=2013-07-01", DAY),
        ("ds=20130701", DAY),
        ("DS=2013_07_01", DAY),
        ("event_date=2013-07-01", DAY),
        ("partition_date=2013-07-01", DAY),
        ("day=2013-07-01", DAY),
        ("dt=2013-07-01 05%3A00%3A00", DAY),
        ("year=2013/month=07/day=01", DAY),
        ("year=2013/month=7/day=1", DAY),
        ("y=2013/m=07/d=01", DAY),
        ("day=01/month=07/year=2013", DAY),
        ("region=eu/year=2013/month=07/model=b/day=01", DAY),
        ("2013/07/01", DAY),
        ("eu/2013/07/01/part", DAY),
        ("2013-07-01", DAY),
        ("2013/07/01/05", DAY),
        ("dt=2013-07-01/hour=05", HOUR),
        ("dt=2013-07-01/hr=5", HOUR),
        ("dt=2013-07-01-05", HOUR),
        ("dt=2013-07-01T05", HOUR),
        ("dt=2013070105", HOUR),
        ("year=2013/month=07/day=01/hour=05", HOUR),
        ("2013/07/01/hour=05", HOUR),
        ("dt=2013-07", MONTH),
        ("month=2013-07", MONTH),
        ("ds=201307", MONTH),
        ("year=2013/month=07", MONTH),
        ("year=2013/month=12", (utc(2013, 12, 1), utc(2014, 1, 1))),
    ],
)
def test_dated_folders(folders: str, expected: tuple[datetime, datetime]) -> None:
    assert folder_interval(folders.split("/"), "UTC") == expected


@pytest.mark.parametrize(
    "folders",
    [
        "",
        "region=eu",
        "birth_date=2013-07-01",
        "load_date=2013-07-01",
        "model=2013-07-01",
        "year=2013",
        "month=07/day=01",
        "day=01",
        "hour=05",
        "2013",
        "2013/07",
        "20130701",
        "2013/7/1",
        "v1/07/01",
        "dt=__HIVE_DEFAULT_PARTITION__",
        "dt=",
        "dt=2013-07-32",
        "dt=2013-02-30",
        "dt=2013-13-01",
        "dt=2013-07-0٣",
        "dt=0000-01-01",
        "dt=9999-12-31",
        "dt=2013-07-01T00:00:00Z",
        "dt=2013-07-01/hour=24",
        "dt=2013-07-01/date=2013-07-02",
        "2013/07/01/dt=2013-07-02",
        "year=13/month=07/day=01",
    ],
)
def test_what_is_no_date_says_nothing(folders: str) -> None:
    assert folder_interval(folders.split("/"), "UTC") is None


def test_a_day_is_that_of_the_monitors_zone() -> None:
    assert folder_interval(["dt=2013-03-10"], "America/New_York") == (
        utc(2013, 3, 10, 5),
        utc(2013, 3, 11, 4),
    )


def test_an_hour_shown_twice_has_one_folder() -> None:
    # In New York, clocks showed 01:00 to 02:00 from 05:00 and again from 06:00 UTC.
    twice = folder_interval(["dt=2013-11-03", "hour=01"], "America/New_York")
    assert twice == (utc(2013, 11, 3, 5), utc(2013, 11, 3, 7))
    before = folder_interval(["dt=2013-11-03", "hour=00"], "America/New_York")
    assert before == (utc(2013, 11, 3, 4), utc(2013, 11, 3, 5))


def test_a_day_that_the_zone_lacks_says_nothing() -> None:
    assert folder_interval(["dt=2011-12-30"], "Pacific/Apia") is None


@pytest.mark.parametrize(
    ("start", "end", "lateness", "excluded"),
    [
        (utc(2013, 7, 2), utc(2013, 7, 3), timedelta(0), True),
        (utc(2013, 7, 2), utc(2013, 7, 3), timedelta(microseconds=1), False),
        (utc(2013, 6, 30), utc(2013, 7, 1), timedelta(0), True),
        (utc(2013, 6, 30), utc(2013, 7, 1), timedelta(hours=1), False),
        (utc(2013, 7, 1, 5), utc(2013, 7, 1, 6), timedelta(0), False),
        (utc(2013, 7, 5), utc(2013, 7, 6), timedelta(days=3), True),
        (utc(2013, 7, 5), utc(2013, 7, 6), timedelta(days=3, seconds=1), False),
    ],
)
def test_lateness_widens_a_folder(
    start: datetime, end: datetime, lateness: timedelta, *, excluded: bool
) -> None:
    assert Span(start, end, lateness).excludes(DAY) is excluded
    assert not Span(start, end, lateness).excludes(None)
