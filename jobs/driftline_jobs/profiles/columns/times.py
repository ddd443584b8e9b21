"""Columns of times as UTC microseconds, whatever they are stored as, and the bounds that footers give them.

Timestamps of any unit and zone, dates (midnight of the monitor's zone), ISO 8601 text and, if their unit is
known, numbers. Windows lie in the years of ``window.YEARS``: a time outside of them is none, and its row is
set aside. Nothing is multiplied before it is known to fit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as kind

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.octets import texts_of
from driftline_schemas.serving_log import TimeColumn, TimeUnit, is_text
from driftline_schemas.window import END_US, FIRST_US, Calendar, Granularity, to_us

NO_TIME = np.iinfo(np.int64).min
"""Stands for a timestamp that is null, cannot be read as one, or lies in no year that has windows."""
BEFORE_ALL, AFTER_ALL = FIRST_US - 1, END_US
"""What stands for the bounds of row groups that reach out of those years."""
_PER_US: dict[str, tuple[int, int]] = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
"""What to multiply and then to divide by to get microseconds."""
_DAY_US = 86_400_000_000
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
_DATE = r"^\d{4}-?\d{2}-?\d{2}$"
_UNITS: dict[str, TimeUnit] = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}


def unreadable(arrow_type: pa.DataType, column: TimeColumn) -> str | None:
    """Why values of ``arrow_type`` are no times, with the next step; None if they are."""
    if kind.is_dictionary(arrow_type):
        return unreadable(arrow_type.value_type, column)
    if is_text(arrow_type) or kind.is_timestamp(arrow_type) or kind.is_date(arrow_type):
        return None
    if not _is_number(arrow_type):
        return (
            f"its timestamp {column.name!r} is of type {arrow_type}: "
            "only timestamps, dates, ISO 8601 text and numbers are read"
        )
    if column.unit is None:
        return (
            f"its timestamp {column.name!r} is of type {arrow_type}: for numbers, "
            "say what they count with logs.timestamp_unit: s, ms, us or ns (since 1970-01-01 UTC)"
        )
    return None


def microseconds(array: pa.Array, column: TimeColumn) -> IntArray:
    """The times of an array that ``unreadable`` has nothing against, as int64 UTC microseconds (rows,).

    Finer units are floored. What is naive is UTC, but for dates. ``NO_TIME`` where there is no time.
    """
    if kind.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if is_text(array.type):
        return _within_years(parsed_texts(array, column.zone))
    if kind.is_date(array.type):
        return _within_years(_midnights(_days(array), column.zone), array)
    if kind.is_timestamp(array.type):
        ticks = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return _within_years(_scaled(ticks, array.type.unit), array)
    if column.unit is None:
        raise TypeError(f"{column.name} is of type {array.type} and has no unit")
    return _within_years(_scaled(_plain_numbers(array), column.unit), array)


def joined_int96(micros: pa.Array, seconds: pa.Array) -> pa.Array:
    """INT96 times of any day: what came in microseconds, which wrap around after 292,277 years, set right by
    the same in seconds. What 64 bits of microseconds cannot hold is held at their ends.

    Args:
        micros, seconds: the column decoded as ``timestamp[us]`` and as ``timestamp[s]``.
    """
    wrapped, whole = (
        array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False) for array in (micros, seconds)
    )
    limit = np.iinfo(np.int64).max // 1_000_000
    if not len(whole) or (-limit < int(whole.min()) and int(whole.max()) < limit):
        return micros
    clipped = np.where(
        whole >= limit, np.iinfo(np.int64).max, np.where(whole <= -limit, -limit * 1_000_000, wrapped)
    )
    mask = micros.is_null().to_numpy(zero_copy_only=False)
    return pa.array(clipped, pa.int64(), mask=mask).view(micros.type)


def stored_as(
    schema: pq.ColumnSchema, arrow_type: pa.DataType, column: TimeColumn
) -> Callable[[float], int | None] | None:
    """How the numbers that a footer gives as bounds become microseconds, floored as the rows themselves will
    be; None where they are none of times, or have no order."""
    if kind.is_date(arrow_type):
        return lambda day: int(_midnights(np.array([day]), column.zone)[0])
    if kind.is_timestamp(arrow_type):
        # INT96 has no logical type, and no order
        unit = _UNITS.get(json.loads(schema.logical_type.to_json()).get("timeUnit", ""))
    elif kind.is_integer(arrow_type) or kind.is_float32(arrow_type) or kind.is_float64(arrow_type):
        unit = column.unit
    else:
        unit = None
    if unit is None:
        return None
    times, per = _PER_US[unit]
    wrapped = 0
    if kind.is_unsigned_integer(arrow_type):  # stored with the bits of a signed one
        wrapped = 1 << (32 if arrow_type.bit_width <= 32 else 64)

    def converted(bound: float) -> int | None:
        if not isinstance(bound, float):
            return (bound + wrapped if bound < 0 else bound) * times // per
        scaled = bound * times / per
        return math.floor(scaled) if math.isfinite(scaled) else None

    return converted


def bounds_us(
    minimum: float | None, maximum: float | None, to_us: Callable[[float], int | None]
) -> tuple[int | None, int | None]:
    """The least and the greatest time of a row group, from what its footer says; None if that tells nothing.

    Bounds in years without windows come as ``BEFORE_ALL`` and ``AFTER_ALL``; if all times are in such years,
    as None.
    """
    if minimum is None or maximum is None:
        return None, None
    low, high = to_us(minimum), to_us(maximum)
    if low is None or high is None or low > high or high < FIRST_US or low >= END_US:
        return None, None
    return max(low, BEFORE_ALL), min(high, AFTER_ALL)


def _is_number(arrow_type: pa.DataType) -> bool:
    return bool(kind.is_integer(arrow_type) or kind.is_floating(arrow_type) or kind.is_decimal(arrow_type))


def _within_years(times: IntArray, array: pa.Array | None = None) -> IntArray:
    """The times with ``NO_TIME`` for those in no year with windows, and for the nulls of ``array``."""
    if not len(times):
        return times
    known = None
    if int(times.min()) < FIRST_US or int(times.max()) >= END_US:
        known = (times >= FIRST_US) & (times < END_US)
    if array is not None and array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        known = valid if known is None else known & valid
    return times if known is None else np.where(known, times, NO_TIME)


def _scaled(ticks: npt.NDArray[Any], unit: str) -> IntArray:
    """Counts of a unit as microseconds, floored; what is beyond the years with windows stays beyond them."""
    times, per = _PER_US[unit]
    if np.issubdtype(ticks.dtype, np.floating):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.floor(ticks.astype(np.float64) * times / per)
        inside = (scaled >= FIRST_US) & (scaled < END_US)
        return np.where(inside, np.where(inside, scaled, 0).astype(np.int64), NO_TIME)
    low, high = BEFORE_ALL * per // times - 1, AFTER_ALL * per // times + 1
    if len(ticks) and (int(ticks.min()) < low or int(ticks.max()) > high):
        limits = np.iinfo(ticks.dtype)
        ticks = np.clip(ticks, max(low, limits.min), min(high, limits.max))
    whole = ticks.astype(np.int64, copy=False)
    return whole // per if per > 1 else whole * times if times > 1 else whole


def _plain_numbers(array: pa.Array) -> npt.NDArray[Any]:
    """Numbers of any width, zero where there is none."""
    if kind.is_decimal(array.type):
        array = pc.cast(array, pa.float64())
    elif kind.is_float16(array.type):
        array = pc.cast(array, pa.float32())
    return np.asarray(array.fill_null(0).to_numpy(zero_copy_only=False))


def _days(array: pa.Array) -> IntArray:
    """Dates as days since 1970-01-01, zero where there is none."""
    if kind.is_date32(array.type):
        return np.asarray(array.view(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    return np.asarray(array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False) // _DAY_MS, np.int64)


def _midnights(days: IntArray, zone: str) -> IntArray:
    """When each day begins in the zone; what is beyond the years with windows stays beyond them."""
    if not len(days):
        return days
    first, last = BEFORE_ALL // _DAY_US - 1, AFTER_ALL // _DAY_US + 1
    clipped = np.clip(days, first, last)
    if zone == "UTC":
        return clipped * _DAY_US
    low = int(clipped.min())
    occurring = np.flatnonzero(np.bincount(clipped - low))
    starts = np.zeros(int(occurring[-1]) + 1, np.int64)
    starts[occurring] = [_midnight_us(low + day, zone) for day in occurring.tolist()]
    return starts.take(clipped - low)


@lru_cache(maxsize=1 << 16)
def _midnight_us(day: int, zone: str) -> int:
    return to_us(Calendar(Granularity.DAY, zone).start_of_day(_EPOCH + timedelta(days=day)))


def parsed_texts(array: pa.Array, zone: str) -> IntArray:
    """ISO 8601 texts as UTC microseconds, ``NO_TIME`` for other texts; a date is midnight of the zone."""
    import pandas as pd

    try:
        texts = array.to_pandas()
    except UnicodeDecodeError:
        texts = pd.Series(texts_of(array))
    # pandas parses value by value: one that is no time spoils none of the others
    parsed = pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601", cache=True)
    parsed = parsed.to_numpy("datetime64[us]")
    times = np.where(np.isnat(parsed), NO_TIME, parsed.view(np.int64))
    if zone == "UTC":
        return times
    is_date = pc.match_substring_regex(array, _DATE).fill_null(False).to_numpy(zero_copy_only=False)
    dates = np.flatnonzero(is_date & (times != NO_TIME))
    times[dates] = _midnights(times[dates] // _DAY_US, zone)
    return times
