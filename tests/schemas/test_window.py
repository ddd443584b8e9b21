"""Windows against pandas' calendars, and against the odd days of real zones worked out by hand."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline_schemas.errors import ConfigError
from driftline_schemas.window import Calendar, Granularity, Window, from_us, load_zone, to_us

HOUR, DAY, WEEK, MONTH = Granularity.HOUR, Granularity.DAY, Granularity.WEEK, Granularity.MONTH

ORDINARY_ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]
ODD_ZONES = ["America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "America/Havana", "Africa/Cairo"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("zone", ORDINARY_ZONES)
@pytest.mark.parametrize(("granularity", "frequency"), [(DAY, "D"), (WEEK, "W-MON"), (MONTH, "MS")])
def test_starts_equal_the_calendar_of_pandas(zone: str, granularity: Granularity, frequency: str) -> None:
    expected = pd.date_range("2012-12-01", "2014-02-01", freq=frequency, tz=zone)
    starts = Calendar(granularity, zone).starts_us(expected[0].to_pydatetime(), expected[-1].to_pydatetime())
    assert [from_us(int(start)) for start in starts] == [t.to_pydatetime().astimezone(UTC) for t in expected]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"])
def test_hours_are_hours_of_elapsed_time(zone: str) -> None:
    first = Calendar(DAY, zone).parse("2013-10-26").start
    starts = Calendar(HOUR, zone).starts_us(first, first + timedelta(days=3))
    assert set(np.diff(starts)) == {3_600_000_000}
    assert starts[0] == to_us(first)


@pytest.mark.parametrize(
    ("zone", "period", "hours"),
    [
        ("America/New_York", "2013-03-10", 23),
        ("America/New_York", "2013-11-03", 25),
        ("Europe/Berlin", "2013-03-31", 23),
        ("Europe/Berlin", "2013-10-27", 25),
        ("Australia/Lord_Howe", "2013-04-07", 24.5),
        ("Australia/Lord_Howe", "2013-10-06", 23.5),
        ("UTC", "2013-03-31", 24),
    ],
)
def test_a_day_lasts_as_long_as_its_clocks_say(zone: str, period: str, hours: float) -> None:
    day = Calendar(DAY, zone).parse(period)
    assert day.end - day.start == timedelta(hours=hours)
    assert len(Calendar(HOUR, zone).tiling(day.start, day.end)) == int(np.ceil(hours))


def test_no_hour_crosses_midnight() -> None:
    # Lord Howe's clocks went forward by half an hour: the last hour of that day is cut short.
    calendar = Calendar(HOUR, "Australia/Lord_Howe")
    last = calendar.containing(calendar.parse("2013-10-07").start - timedelta.resolution)
    assert last.end - last.start == timedelta(minutes=30)
    assert calendar.parse("2013-10-07T01").start - last.end == timedelta(hours=1)


def test_a_day_whose_midnight_is_skipped_starts_late() -> None:
    # Clocks in Sao Paulo went from 23:59:59 (UTC-3) to 01:00 (UTC-2).
    day = Calendar(DAY, "America/Sao_Paulo").parse("2017-10-15")
    assert (day.start, day.end) == (utc(2017, 10, 15, 3), utc(2017, 10, 16, 2))
    assert Calendar(DAY, "America/Sao_Paulo").label(day) == "2017-10-15"


def test_a_midnight_skipped_from_before_it_is_found_too() -> None:
    # Toronto, 1919: 23:30 became 00:30, so the day began half an hour after a midnight that never was.
    day = Calendar(DAY, "America/Toronto").parse("1919-03-31")
    assert day.start == utc(1919, 3, 31, 4, 30)


def test_a_midnight_shown_twice_starts_the_day_once() -> None:
    # Clocks in Havana went back from 01:00 to 00:00 at 05:00 UTC: midnight came at 04:00 and at 05:00 UTC.
    calendar = Calendar(DAY, "America/Havana")
    assert calendar.parse("2013-11-03").start == utc(2013, 11, 3, 4)
    # In St. John's they went back at 00:01, into yesterday, and the day had begun.
    calendar = Calendar(DAY, "America/St_Johns")
    assert calendar.parse("2006-10-29").start == utc(2006, 10, 29, 2, 30)
    assert calendar.containing(utc(2006, 10, 29, 3, 0)).start == utc(2006, 10, 29, 2, 30)


def test_a_day_that_a_zone_lacks_is_no_window() -> None:
    # Samoa went from December 29th to the 31st.
    calendar = Calendar(DAY, "Pacific/Apia")
    before = calendar.parse("2011-12-29")
    assert calendar.label(calendar.following(before)) == "2011-12-31"
    assert calendar.previous(calendar.following(before)) == before
    with pytest.raises(ConfigError, match=r"no day window starts at 2011-12-30 .*2011-12-31"):
        calendar.parse("2011-12-30")


def test_weeks_are_iso_weeks() -> None:
    # 2013-01-01 was a Tuesday of ISO week 2013-W01, which began on December 31st.
    week = Calendar(WEEK, "UTC").containing(utc(2013, 1, 1))
    assert (week.start, week.end) == (utc(2012, 12, 31), utc(2013, 1, 7))
    assert week.start.isocalendar()[:2] == (2013, 1)


def test_an_hour_in_a_half_hour_zone_starts_when_its_clocks_say() -> None:
    hour = Calendar(HOUR, "Asia/Kolkata").parse("2013-07-01T05")
    assert (hour.start, hour.end) == (utc(2013, 6, 30, 23, 30), utc(2013, 7, 1, 0, 30))


def test_an_hour_shown_twice_must_be_told_apart() -> None:
    calendar = Calendar(HOUR, "America/New_York")
    with pytest.raises(ConfigError, match=r"twice.*2013-11-03T01-0400 or 2013-11-03T01-0500"):
        calendar.parse("2013-11-03T01")
    first, second = calendar.parse("2013-11-03T01-0400"), calendar.parse("2013-11-03T01-05:00")
    assert (first.start, second.start) == (utc(2013, 11, 3, 5), utc(2013, 11, 3, 6))
    assert calendar.following(first) == second
    assert [calendar.label(window) for window in (first, second)] == [
        "2013-11-03T01-0400",
        "2013-11-03T01-0500",
    ]


def test_an_hour_that_is_skipped_is_refused_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match="2013-03-10T02"):
        Calendar(HOUR, "America/New_York").parse("2013-03-10T02")


@pytest.mark.parametrize(
    ("granularity", "zone", "period", "start"),
    [
        (DAY, "UTC", "2013-07-01", utc(2013, 7, 1)),
        (DAY, "UTC", "2013-07-01T00:00:00+00:00", utc(2013, 7, 1)),
        (DAY, "Europe/Berlin", "2013-07-01", utc(2013, 6, 30, 22)),
        (DAY, "Europe/Berlin", "2013-06-30T22:00:00Z", utc(2013, 6, 30, 22)),
        (HOUR, "UTC", "2013-07-01T05", utc(2013, 7, 1, 5)),
        (HOUR, "UTC", "2013-07-01 05:00", utc(2013, 7, 1, 5)),
        (HOUR, "UTC", "2013-07-01", utc(2013, 7, 1)),
        (WEEK, "UTC", "2013-07-01", utc(2013, 7, 1)),
        (MONTH, "America/New_York", "2013-07-01", utc(2013, 7, 1, 4)),
    ],
)
def test_periods(granularity: Granularity, zone: str, period: str, start: datetime) -> None:
    assert Calendar(granularity, zone).parse(period).start == start


@pytest.mark.parametrize(
    ("granularity", "period", "message"),
    [
        (WEEK, "2013-07-03", "2013-07-01 and 2013-07-08"),
        (MONTH, "2013-07-03", "2013-07-01 and 2013-08-01"),
        (DAY, "2013-07-01T05", "2013-07-01 and 2013-07-02"),
        (HOUR, "2013-07-01T05:30", "2013-07-01T05 and 2013-07-01T06"),
        (DAY, "2013-07-01T05:00:00Z", "2013-07-01 and 2013-07-02"),
        (DAY, "2013-02-30", "no moment of the calendar"),
        (DAY, "2013-07-01T24", "no moment of the calendar"),
        (DAY, "0001-01-01", "years go from"),
        (DAY, "9999-12-31", "years go from"),
        (DAY, "2013-7-1", "not understood"),
        (DAY, "2013-W27", "not understood"),
        (DAY, "yesterday", "not understood"),
        (DAY, "", "not understood"),
        (DAY, "٢٠١٣-٠٧-٠١", "not understood"),
    ],
)
def test_what_is_no_period_is_refused_with_the_way_out(
    granularity: Granularity, period: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Calendar(granularity, "UTC").parse(period)


def test_ranges_include_both_ends_and_go_forward_only() -> None:
    calendar = Calendar(DAY, "UTC")
    first, last = calendar.parse("2013-02-27"), calendar.parse("2013-03-02")
    assert [calendar.label(w) for w in calendar.between(first, last)] == [
        "2013-02-27",
        "2013-02-28",
        "2013-03-01",
        "2013-03-02",
    ]
    assert calendar.between(last, first) == []


def test_tiling_takes_every_window_that_overlaps() -> None:
    calendar = Calendar(DAY, "UTC")
    windows = calendar.tiling(utc(2013, 7, 1, 23), utc(2013, 7, 3))
    assert [w.start.day for w in windows] == [1, 2]
    assert calendar.tiling(utc(2013, 7, 1), utc(2013, 7, 1)) == []
    with pytest.raises(ValueError, match="no window"):
        calendar.starts_us(utc(2013, 7, 1), utc(2013, 7, 1))


def test_windows_are_held_in_utc_and_refuse_what_is_none() -> None:
    berlin = load_zone("Europe/Berlin")
    window = Window(datetime(2013, 7, 1, tzinfo=berlin), datetime(2013, 7, 2, tzinfo=berlin), DAY)
    assert window == Window(utc(2013, 6, 30, 22), utc(2013, 7, 1, 22), DAY)
    assert (window.start.tzinfo, window.start_us) == (UTC, 1372629600000000)
    with pytest.raises(ValueError, match="needs a zone"):
        Window(datetime(2013, 7, 1), utc(2013, 7, 2), DAY)  # noqa: DTZ001
    with pytest.raises(ValueError, match="cannot end"):
        Window(utc(2013, 7, 2), utc(2013, 7, 2), DAY)
    with pytest.raises(ValueError, match="needs a zone"):
        Calendar(DAY).containing(datetime(2013, 7, 1))  # noqa: DTZ001


def test_calendars_and_windows_pickle_and_compare() -> None:
    calendar = Calendar(DAY, "Europe/Berlin")
    window = calendar.parse("2013-07-01")
    assert pickle.loads(pickle.dumps((calendar, window))) == (calendar, window)  # noqa: S301
    assert hash(calendar) == hash(Calendar(DAY, "Europe/Berlin"))
    assert calendar != Calendar(DAY, "UTC")


def test_nesting() -> None:
    nests = {(a, b) for a in Granularity for b in Granularity if a.nests_in(b)}
    same = {(a, a) for a in Granularity}
    assert nests == same | {(HOUR, DAY), (HOUR, WEEK), (HOUR, MONTH), (DAY, WEEK), (DAY, MONTH)}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'"),
        ("localtime", "not a zone"),
        ("../etc/passwd", "not a zone"),
        ("", "not a zone"),
        ("\0", "not a zone"),
    ],
)
def test_zones_that_are_none(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Calendar(DAY, name)


@settings(deadline=None, database=None, max_examples=300)
@given(
    instant=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    granularity=st.sampled_from(Granularity),
    zone=st.sampled_from(ORDINARY_ZONES + ODD_ZONES),
)
def test_windows_cover_all_time_and_nest(instant: datetime, granularity: Granularity, zone: str) -> None:
    calendar = Calendar(granularity, zone)
    window = calendar.containing(instant)
    assert window.start <= instant < window.end
    assert calendar.previous(window).end == window.start
    assert calendar.following(window).start == window.end
    assert (
        calendar.containing(window.start) == window == calendar.containing(window.end - timedelta.resolution)
    )
    assert calendar.parse(calendar.label(window)) == window
    for coarser in Granularity:
        if granularity.nests_in(coarser):
            holder = Calendar(coarser, zone).containing(window.start)
            assert holder.start <= window.start
            assert window.end <= holder.end
