"""Dates, times and timestamps as numbers and as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftline_jobs.profiles.columns.arrays import codes, numbers

MOMENTS = [datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC), datetime(1961, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_timestamps(unit: str, zone: str | None) -> None:
    moments = [m.replace(tzinfo=None) for m in MOMENTS] if zone is None else MOMENTS
    array = pa.array(moments, pa.timestamp(unit, zone))
    assert numbers(array).values.tolist() == [m.timestamp() for m in MOMENTS]
    expected = [pd.Timestamp(m).tz_convert(zone) for m in MOMENTS]
    assert codes(array).texts == [str(moment) for moment in expected]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (pa.array([10**7], pa.int32()).view(pa.date32()), "29349-01-26"),
        (pa.array([864 * 10**12], pa.int64()).view(pa.date64()), "29349-01-26"),
        (pa.array([253_402_300_800], pa.timestamp("s")), "10000-01-01 00:00:00"),
        (pa.array([253_402_300_800_000], pa.timestamp("ms", "Asia/Tokyo")), "10000-01-01 00:00:00.000+00:00"),
        (pa.array([-62_167_219_200_000_000], pa.timestamp("us")), "0000-01-01 00:00:00.000000"),
        (pa.array([1], pa.time64("ns")), "00:00:00.000000001"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_text_of_what_python_cannot_hold(array: pa.Array, text: str) -> None:
    values = pa.concat_arrays([array, array, pa.nulls(1, array.type)])
    coded = codes(values)
    assert coded.texts == [text]
    assert coded.valid is not None
    assert coded.valid.tolist() == [True, True, False]


def test_such_values_among_others() -> None:
    array = pa.array([0, 2**62], pa.timestamp("us"))
    assert codes(array).texts[0] == str(datetime(1970, 1, 1))  # noqa: DTZ001  naive as the column is
    assert numbers(array).values.tolist() == [0.0, 2**62 / 1e6]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_day(unit: str) -> None:
    kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    array = pa.array([time(1, 2, 3), None, time(23)], kind)
    found = numbers(array)
    assert found.values[[0, 2]].tolist() == [3723.0, 82800.0]
    assert found.valid is not None
    assert found.valid.tolist() == [True, False, True]
    assert [text for text in codes(array).texts if text] == ["01:02:03", "23:00:00"]


def test_dates() -> None:
    days = [date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)]
    for kind in (pa.date32(), pa.date64()):
        array = pa.array(days, kind)
        expected = (np.array(days, "datetime64[D]").astype(np.int64) * 86400.0).tolist()
        assert numbers(array).values.tolist() == expected
        assert codes(array).texts == [str(day) for day in days]
