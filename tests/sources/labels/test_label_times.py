"""When labels were made, and the first moment after that; expected moments by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from driftline_jobs.profiles.columns.times import NO_TIME
from driftline_jobs.sources.labels.times import times_and_ends
from driftline_schemas.serving_log import TimeColumn
from driftline_schemas.window import from_us

AT = datetime(2026, 1, 16, 9, 30, 15, 250_000)  # noqa: DTZ001 - naive, as columns are
OSLO = "Europe/Oslo"


def ends_of(array: pa.Array, column: TimeColumn | None = None) -> list[datetime]:
    times, ends = times_and_ends(array, column or TimeColumn("at"))
    return [from_us(end) for time, end in zip(times.tolist(), ends.tolist(), strict=True) if time != NO_TIME]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("unit", "length"),
    [("ms", timedelta(milliseconds=1)), ("us", timedelta(microseconds=1)), ("ns", timedelta(microseconds=1))],
)
def test_of_a_timestamp_it_is_its_unit(unit: str, length: timedelta) -> None:
    array = pa.array([AT, None], pa.timestamp(unit))
    assert ends_of(array) == [AT.replace(tzinfo=UTC) + length]


def test_of_timestamps_without_fractions_it_is_the_second() -> None:
    array = pa.array(
        [AT.replace(microsecond=0), None, AT.replace(hour=0, minute=0, second=0, microsecond=0)],
        pa.timestamp("us"),
    )
    assert ends_of(array) == [at(2026, 1, 16, 9, 30, 16), at(2026, 1, 16, 0, 0, 1)]


def test_of_a_date_it_is_the_day_in_the_zone() -> None:
    days = pa.array(
        [date(2026, 3, 28), None, date(2026, 3, 29)], pa.date32()
    )  # clocks go forward on the 29th
    zoned = TimeColumn("at", zone=OSLO)
    expected = [at(2026, 3, 28, 23), at(2026, 3, 29, 22)]
    assert ends_of(days, zoned) == expected
    assert ends_of(days.cast(pa.string()), zoned) == expected
    assert ends_of(days.cast(pa.string()).dictionary_encode(), zoned) == expected


def test_of_text_it_is_what_is_written() -> None:
    written = [
        "2026-01-16T09:30",
        "2026-01-16 09:30:15",
        "2026-01-16T09:30:15Z",
        "2026-01-16T09:30:15.250+00:00",
        "-",
    ]
    assert ends_of(pa.array(written)) == [
        at(2026, 1, 16, 9, 31),
        at(2026, 1, 16, 9, 30, 16),
        at(2026, 1, 16, 9, 30, 16),
        at(2026, 1, 16, 9, 30, 15, 251_000),
    ]


def test_of_numbers_it_is_their_unit() -> None:
    millis = pa.array([1_768_555_815_250, None], pa.int64())
    assert ends_of(millis, TimeColumn("at", "ms")) == [at(2026, 1, 16, 9, 30, 15, 251_000)]
