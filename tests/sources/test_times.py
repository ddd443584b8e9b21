"""Times of every type that has them: as values, by the bounds of footers, and where they are no times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from tests.sources.conftest import ReadMonitor, WriteLog
from tests.sources.looking import DAY, ONE_DAY, list_objects, log, look

from driftline_jobs.profiles.columns.times import AFTER_ALL, BEFORE_ALL, NO_TIME, microseconds
from driftline_jobs.sources.parquet.footers import Footer, Needs, read_footers
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.storage.location import open_location
from driftline_schemas.serving_log import TimeColumn, TimeUnit
from driftline_schemas.window import to_us

MOMENTS = [datetime(2013, 7, 1, 5, 6, 7, tzinfo=UTC), datetime(1969, 12, 31, 23, tzinfo=UTC), None]
EXPECTED = [NO_TIME if moment is None else to_us(moment) for moment in MOMENTS]
SECONDS = [None if us == NO_TIME else us // 1_000_000 for us in EXPECTED]
FAR = 2**63 - 1
DAYS_IN_SECONDS = [1372636800 + 86_400 * day for day in range(10)]


def times(array: pa.Array, unit: TimeUnit | None = None, zone: str = "UTC") -> list[int]:
    found: list[int] = microseconds(array, TimeColumn("at", unit, zone)).tolist()
    return found


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_timestamps_of_any_unit_and_zone(unit: str, zone: str | None) -> None:
    moments = [m and m.replace(tzinfo=None) for m in MOMENTS] if zone is None else MOMENTS
    assert times(pa.array(moments, pa.timestamp(unit, zone)), zone="Asia/Kolkata") == EXPECTED


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 1000), ("us", 10**6), ("ns", 10**9)])
@pytest.mark.parametrize(
    "arrow_type",
    [pa.int64(), pa.float64(), pa.decimal128(30, 3), pa.dictionary(pa.int8(), pa.int64())],
    ids=str,
)
def test_numbers_by_their_unit(unit: TimeUnit, per_second: int, arrow_type: pa.DataType) -> None:
    counts = [None if second is None else second * per_second for second in SECONDS]
    array = pa.array(counts)
    array = (
        array.dictionary_encode()
        if pa.types.is_dictionary(arrow_type)
        else array.cast(arrow_type, safe=False)
    )
    assert times(array, unit) == EXPECTED


@pytest.mark.parametrize("arrow_type", [pa.uint32(), pa.int32(), pa.uint64(), pa.float32()], ids=str)
def test_numbers_of_any_width(arrow_type: pa.DataType) -> None:
    seconds = [2**24, 0, 2**30]
    assert times(pa.array(seconds).cast(arrow_type, safe=False), "s") == [
        second * 1_000_000 for second in seconds
    ]


def test_small_integers_are_times_as_well() -> None:
    assert times(pa.array([-3, 5], pa.int8()), "s") == [-3_000_000, 5_000_000]
    assert times(pa.array([3, 255], pa.uint8()), "ns") == [0, 0]


def test_a_fraction_of_a_second() -> None:
    assert times(pa.array([1.5, float("nan"), float("inf"), 1e300]), "s") == [1_500_000] + [NO_TIME] * 3


@pytest.mark.parametrize(
    ("array", "unit"),
    [
        *((pa.array([-FAR - 1, FAR], pa.timestamp(unit)), None) for unit in ("s", "ms", "us")),
        (pa.array([-FAR - 1, FAR], pa.timestamp("us", "UTC")), None),
        *((pa.array([-FAR - 1, FAR], pa.int64()), unit) for unit in ("s", "ms", "us")),
        (pa.array([2**64 - 1, 2**63], pa.uint64()), "ns"),
        (pa.array([2**63, 2**64 - 1], pa.uint64()), "s"),
        (pa.array([Decimal(10**30), Decimal(-(10**30))]), "ms"),
        (pa.array([date(1, 1, 1), date(9999, 12, 31)]), None),
        (pa.array([2**31 - 1, -(2**31)], pa.int32()).view(pa.date32()), None),
        (pa.array([FAR, -FAR - 1], pa.int64()).view(pa.date64()), None),
        (pa.array([datetime(year, 1, 1, tzinfo=UTC) for year in (1677, 2262)], pa.timestamp("us")), None),
        (pa.array(["9999-12-31T00:00:00Z", "yesterday"]), None),
        (pa.array(["0001-01-01", "10000-01-01"]), None),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else value,
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_what_lies_in_no_year_with_windows_is_no_time(
    array: pa.Array, unit: TimeUnit | None, zone: str
) -> None:
    assert times(array, unit, zone) == [NO_TIME, NO_TIME]


def test_the_first_and_the_last_time_of_all() -> None:
    ends = [datetime(1678, 1, 1, tzinfo=UTC), datetime(2261, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    assert times(pa.array(ends, pa.timestamp("us", "UTC"))) == [to_us(end) for end in ends]
    assert times(pa.array(ends, pa.timestamp("ns", "UTC"))) == [to_us(end) for end in ends]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "America/Havana"])
@pytest.mark.parametrize("arrow_type", [pa.date32(), pa.date64(), pa.string(), pa.large_string()], ids=str)
def test_a_date_is_midnight_of_the_zone(arrow_type: pa.DataType, zone: str) -> None:
    days = [date(2024, 3, 31), date(2024, 7, 1), date(2024, 12, 31), date(1969, 12, 31)]
    midnights = [pd.Timestamp(day).tz_localize(ZoneInfo(zone)) for day in days]
    expected = [int(moment.tz_convert("UTC").value // 1000) for moment in midnights]
    array = pa.array([str(day) for day in days]) if "string" in str(arrow_type) else pa.array(days)
    assert times(pa.concat_arrays([array.cast(arrow_type), pa.nulls(1, arrow_type)]), zone=zone) == [
        *expected,
        NO_TIME,
    ]


def test_a_day_begins_late_where_clocks_skip_midnight() -> None:
    # Cuba, 10 March 2024: from 23:59:59 to 01:00:00, that is 05:00 UTC
    expected = to_us(datetime(2024, 3, 10, 5, tzinfo=UTC))
    assert times(pa.array([date(2024, 3, 10)]), zone="America/Havana") == [expected]


def test_text_with_a_time_of_day_is_utc_in_every_zone() -> None:
    array = pa.array(["2024-07-01T00:00:00", "2024-07-01T02:00:00+02:00"])
    midnight = to_us(datetime(2024, 7, 1, tzinfo=UTC))
    assert times(array, zone="Europe/Berlin") == [midnight, midnight]


# -- the bounds of footers ---------------------------------------------------------------------------


Bounds = Callable[..., tuple[int | None, int | None, int | None]]


@pytest.fixture
def footer_bounds(write_log: WriteLog) -> Bounds:
    """The bounds of an object with one row group of these times, and how many are null."""

    def bounds(
        array: pa.Array, unit: TimeUnit | None = None, zone: str = "UTC"
    ) -> tuple[int | None, int | None, int | None]:
        location = open_location(str(write_log("a.parquet", pa.table({"at": array}))))
        (footer,) = read_footers(list_objects(location, "UTC"), location, Needs(TimeColumn("at", unit, zone)))
        assert isinstance(footer, Footer)
        (group,) = footer.row_groups
        return group.min_us, group.max_us, group.nulls

    return bounds


@pytest.mark.parametrize(
    ("array", "unit"),
    [
        *((pa.array(MOMENTS, pa.timestamp(unit, "UTC")), None) for unit in ("s", "ms", "us", "ns")),
        (pa.array([date(2024, 3, 31), None, date(2024, 7, 1)]), None),
        (pa.array([date(2024, 3, 31), None, date(2024, 7, 1)], pa.date64()), None),
        (pa.array(SECONDS), "s"),
        (pa.array([5, None, 2**30], pa.uint32()), "ms"),
        (pa.array([2**31, None, 2**32 - 1], pa.uint32()), "ms"),
        (pa.array([-5, None, 100], pa.int16()), "ns"),
        (pa.array([-1.5, None, 1e9]), "s"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else value,
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_the_bounds_of_a_footer_are_those_of_the_rows(
    footer_bounds: Bounds, array: pa.Array, unit: TimeUnit | None, zone: str
) -> None:
    rows = [moment for moment in times(array, unit, zone) if moment != NO_TIME]
    assert footer_bounds(array, unit, zone) == (min(rows), max(rows), array.null_count)


def test_bounds_in_years_without_windows_are_cut_off(footer_bounds: Bounds) -> None:
    inside = to_us(DAY)
    assert footer_bounds(pa.array([-FAR - 1, inside], pa.timestamp("us"))) == (BEFORE_ALL, inside, 0)
    assert footer_bounds(pa.array([inside, FAR], pa.timestamp("us"))) == (inside, AFTER_ALL, 0)
    assert footer_bounds(pa.array([-FAR, FAR], pa.timestamp("ms"))) == (BEFORE_ALL, AFTER_ALL, 0)
    assert footer_bounds(pa.array([date(1, 1, 1), date(2024, 1, 1)]))[0] == BEFORE_ALL
    assert footer_bounds(pa.array([2**64 - 1, 2**63], pa.uint64()), "s") == (None, None, 0)


def test_bounds_of_a_row_group_without_any_time_tell_nothing(footer_bounds: Bounds) -> None:
    assert footer_bounds(pa.array([-FAR - 1, -FAR], pa.timestamp("us"))) == (None, None, 0)
    assert footer_bounds(pa.array([FAR], pa.timestamp("ms"))) == (None, None, 0)
    assert footer_bounds(pa.array([None], pa.timestamp("ms"))) == (None, None, 1)
    assert footer_bounds(pa.array([1e308]), "s") == (None, None, 0)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (pa.array(DAYS_IN_SECONDS), "logs: {uri: logs, timestamp: at, score: p, timestamp_unit: s}"),
        (
            pa.array(DAYS_IN_SECONDS, pa.uint32()),
            "logs: {uri: l, timestamp: at, score: p, timestamp_unit: s}",
        ),
        (pa.array([day // 86_400 for day in DAYS_IN_SECONDS], pa.int32()).view(pa.date32()), "labels:"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_row_groups_are_left_out_by_them(
    write_log: WriteLog, monitor_with: ReadMonitor, values: pa.Array, line: str
) -> None:
    monitor = monitor_with(line)
    folder = write_log("a.parquet", log(rows=10).set_column(0, "at", values), row_group_size=1)
    (split,) = look(folder, monitor, DAY + 3 * ONE_DAY, DAY + 5 * ONE_DAY).splits
    assert split.row_groups == (3, 4)


# -- INT96 -------------------------------------------------------------------------------------------


def int96(write_log: WriteLog, monitor_with: ReadMonitor, values: pa.Array) -> pa.Array:
    table = log(rows=len(values)).append_column("until", values)
    folder = write_log("a.parquet", table, use_deprecated_int96_timestamps=True)
    inspected = look(folder, monitor_with())
    (split,) = inspected.splits
    with SplitReader(split, inspected.columns) as reader:
        return reader.column("until")


def test_int96_is_read_beyond_nanoseconds(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    values = pa.array(
        [
            datetime(9999, 12, 31, 1, 2, 3, 456789, tzinfo=UTC),
            None,
            *(datetime(year, 1, 1, tzinfo=UTC) for year in (1, 2027)),
        ],
        pa.timestamp("us"),
    )
    assert int96(write_log, monitor_with, values).equals(values)


def test_int96_beyond_microseconds_does_not_wrap_around(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    far = 300_000 * 365 * 86_400  # seconds: some 300,000 years, where microseconds of 64 bits wrap
    values = pa.array([far, None, 1372636800], pa.timestamp("s"))
    found = int96(write_log, monitor_with, values).view(pa.int64()).to_pylist()
    assert found == [FAR, None, 1372636800 * 1_000_000]
