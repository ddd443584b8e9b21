"""When a label was made, and the first moment after that: a date is a whole day, a second a whole second."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kind

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.times import NO_TIME, microseconds
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_schemas.serving_log import TimeColumn, is_text
from driftline_schemas.window import Calendar, Granularity, from_us, to_us

_UNITS_US: dict[str, int] = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 1}
_DAY, _MINUTE = "2026-01-16", "2026-01-16T09:30"
"""The longest texts that say no more than a day, and a minute."""


def label_times(reader: SplitReader, time: TimeColumn | None) -> tuple[pa.Array, pa.Array]:
    """The times of a split's labels, and the first moments after them, as UTC microseconds; null where a
    label has none, or one in no year that has windows.

    A prediction of the same day, or the same second, may well be older than a label whose time says no more:
    of such a label only the end tells that it is the older one.
    """
    if time is None or not reader.has(time.name):
        return pa.nulls(reader.rows, pa.int64()), pa.nulls(reader.rows, pa.int64())
    times, ends = times_and_ends(reader.column(time.name), time)
    none = times == NO_TIME
    return pa.array(times, mask=none), pa.array(ends, mask=none)


def times_and_ends(array: pa.Array, time: TimeColumn) -> tuple[IntArray, IntArray]:
    """(rows,) both of a column, ``NO_TIME`` and anything where there is no time."""
    times = microseconds(array, time)
    return times, times + _lengths(array, times, time)


def _lengths(array: pa.Array, times: IntArray, time: TimeColumn) -> IntArray | int:
    """How long what is written of each time lasts."""
    if kind.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if is_text(array.type):
        return _of_texts(array, times, time.zone)
    if kind.is_date(array.type):
        return _of_days(times, time.zone)
    # Parquet keeps whole seconds as milliseconds of which none has any
    whole = not (times[times != NO_TIME] % _UNITS_US["s"]).any()
    if whole:
        return _UNITS_US["s"]
    return _UNITS_US[array.type.unit if kind.is_timestamp(array.type) else time.unit or "us"]


def _of_texts(array: pa.Array, times: IntArray, zone: str) -> IntArray:
    written = pc.utf8_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    has_fraction = pc.match_substring(array, ".").fill_null(False).to_numpy(zero_copy_only=False)
    lengths: IntArray = np.select(
        [written <= len(_MINUTE), has_fraction],
        [np.int64(60 * _UNITS_US["s"]), np.int64(_UNITS_US["ms"])],
        np.int64(_UNITS_US["s"]),
    )
    is_date = written <= len(_DAY)
    if is_date.any():
        lengths[is_date] = _of_days(times[is_date], zone)
    return lengths


def _of_days(times: IntArray, zone: str) -> IntArray:
    """Of midnights in the zone, how long their days last."""
    calendar = Calendar(Granularity.DAY, zone)
    days, place = np.unique(times, return_inverse=True)
    lengths = [
        0 if day == NO_TIME else to_us(calendar.containing(from_us(day)).end) - day for day in days.tolist()
    ]
    return np.asarray(np.array(lengths, np.int64).take(place), np.int64)
