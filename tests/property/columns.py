"""Columns of every Arrow type that a log may have, with values and nulls in many patterns.

The truth of a column is not read back from anything: it is what the values were made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Random = np.random.Generator
Valid = npt.NDArray[np.bool_]

NUMERIC, DATETIME, CATEGORICAL, BOOLEAN = "numeric", "datetime", "categorical", "boolean"
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_WORDS = ("alder", "birch", "", " ", "ash; DROP", "ёлка", "1", "true", "null")


@dataclass(frozen=True)
class Truth:
    """What a column of a day holds: ``values`` (rows,) of which those not ``valid`` say nothing.

    Numbers, booleans and times (as seconds) are float64; all others are texts, or bytes.
    """

    values: npt.NDArray[Any]
    valid: Valid

    @property
    def present(self) -> npt.NDArray[Any]:
        """The values that are there."""
        return self.values[self.valid]


@dataclass(frozen=True)
class Day:
    """A day of the log: its number, how many rows it has, and whether it is one of the reference's."""

    number: int
    rows: int
    is_reference: bool


@dataclass(frozen=True)
class ColumnShape:
    """A column's Arrow type by its name in ``TYPES``, and by what patterns it is filled."""

    type: str
    values: str
    nulls: str

    @property
    def kind(self) -> str:
        """How the column is to be watched."""
        return _kind(TYPES[self.type])

    def on(self, day: Day, random: Random) -> tuple[pa.Array, Truth]:
        """A day's values as Arrow has them, and what they are."""
        valid = NULLS[self.nulls](random, day)
        arrow_type = TYPES[self.type]
        if pa.types.is_null(arrow_type):
            return pa.nulls(day.rows), Truth(np.zeros(day.rows), np.zeros(day.rows, np.bool_))
        array, values = _filled(arrow_type, self.values, random, day.rows, valid)
        return array, Truth(values, valid)


def _no_nulls(_random: Random, day: Day) -> Valid:
    return np.ones(day.rows, np.bool_)


def _some(random: Random, day: Day) -> Valid:
    return random.random(day.rows) < 0.7


def _nearly_all(_random: Random, day: Day) -> Valid:
    return np.asarray(np.arange(day.rows) == day.rows // 2, np.bool_)


def _all_in_window(_random: Random, day: Day) -> Valid:
    return np.full(day.rows, day.is_reference)


def _all_in_reference(_random: Random, day: Day) -> Valid:
    return np.full(day.rows, not day.is_reference)


def _all_on_first_day(_random: Random, day: Day) -> Valid:
    return np.full(day.rows, day.number > 0)


NULLS = {
    "none": _no_nulls,
    "some": _some,
    "nearly all": _nearly_all,
    "all in the window": _all_in_window,
    "all in the reference": _all_in_reference,
    "all on the first day": _all_on_first_day,
}

TYPES: dict[str, pa.DataType] = {
    **{f"int{width}": pa.type_for_alias(f"int{width}") for width in (8, 16, 32, 64)},
    **{f"uint{width}": pa.type_for_alias(f"uint{width}") for width in (8, 16, 32, 64)},
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "decimal32": pa.decimal32(7, 2),
    "decimal64": pa.decimal64(15, 2),
    "decimal128": pa.decimal128(20, 2),
    "decimal256": pa.decimal256(40, 2),
    "bool": pa.bool_(),
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "binary_view": pa.binary_view(),
    "fixed_size_binary": pa.binary(4),
    "uuid": pa.uuid(),
    "dictionary of strings": pa.dictionary(pa.int8(), pa.string()),
    "dictionary of large strings": pa.dictionary(pa.int32(), pa.large_string()),
    "dictionary of integers": pa.dictionary(pa.int16(), pa.int64()),
    "date32": pa.date32(),
    "date64": pa.date64(),
    "time32[s]": pa.time32("s"),
    "time32[ms]": pa.time32("ms"),
    "time64[us]": pa.time64("us"),
    "time64[ns]": pa.time64("ns"),
    **{f"timestamp[{unit}]": pa.timestamp(unit) for unit in _PER_SECOND},
    "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
    "timestamp[ns, Europe/Oslo]": pa.timestamp("ns", "Europe/Oslo"),
    **{f"duration[{unit}]": pa.duration(unit) for unit in _PER_SECOND},
    "null": pa.null(),
}
"""Every type of the contract. Structs are made of these, INT96 is a way to write timestamps."""

VALUES = ("spread", "few", "zeros", "constant", "tail", "negative")


def _kind(arrow_type: pa.DataType) -> str:
    if pa.types.is_dictionary(arrow_type):
        return _kind(arrow_type.value_type)
    if pa.types.is_boolean(arrow_type):
        return BOOLEAN
    if pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type) or pa.types.is_time(arrow_type):
        return DATETIME
    is_number = pa.types.is_integer(arrow_type) or pa.types.is_floating(arrow_type)
    if is_number or pa.types.is_decimal(arrow_type) or pa.types.is_duration(arrow_type):
        return NUMERIC
    return CATEGORICAL


def _filled(
    arrow_type: pa.DataType, pattern: str, random: Random, rows: int, valid: Valid
) -> tuple[pa.Array, npt.NDArray[Any]]:
    """An array, null where not ``valid``, and its values."""
    if pa.types.is_dictionary(arrow_type):
        plain, values = _filled(arrow_type.value_type, pattern, random, rows, valid)
        return plain.dictionary_encode().cast(arrow_type), values
    kind = _kind(arrow_type)
    if kind == BOOLEAN:
        flags = random.random(rows) < (1.0 if pattern == "constant" else 0.3)
        return pa.array(flags, mask=~valid), flags.astype(np.float64)
    if kind == CATEGORICAL:
        return _texts(arrow_type, pattern, random, rows, valid)
    numbers = _numbers(pattern, random, rows)
    if pa.types.is_floating(arrow_type):
        width = arrow_type.to_pandas_dtype()
        floats: npt.NDArray[Any] = np.clip(numbers, -6e4, 6e4).astype(width)
        if pattern == "tail":
            floats[:3] = [np.nan, np.inf, -np.inf]
        return pa.array(floats, arrow_type, mask=~valid), floats.astype(np.float64)
    if pa.types.is_decimal(arrow_type):
        cents = np.clip(numbers * 100, -(10**6), 10**6).astype(np.int64).tolist()
        amounts = [Decimal(each).scaleb(-2) for each in cents]
        return _masked(amounts, arrow_type, valid), np.array([float(amount) for amount in amounts])
    if pa.types.is_integer(arrow_type):
        ends = np.iinfo(arrow_type.to_pandas_dtype())
        whole = np.clip(np.round(numbers), max(ends.min, -(2**40)), min(ends.max, 2**40)).astype(np.int64)
        if pattern == "tail":
            return _masked([ends.max, ends.min, *whole.tolist()[2:]], arrow_type, valid), np.array(
                [float(ends.max), float(ends.min), *whole.astype(np.float64)[2:]]
            )
        return _masked(whole.tolist(), arrow_type, valid), whole.astype(np.float64)
    return _temporal(arrow_type, numbers, valid)


def _temporal(
    arrow_type: pa.DataType, numbers: npt.NDArray[np.float64], valid: Valid
) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """Times and durations; their truth is in seconds, since 1970 or since midnight."""
    if pa.types.is_date(arrow_type):
        days = np.round(np.clip(numbers, -20_000, 100_000)).astype(np.int64)
        ticks = days if pa.types.is_date32(arrow_type) else days * 86_400_000
        width = pa.int32() if pa.types.is_date32(arrow_type) else pa.int64()
        return _masked(ticks.tolist(), width, valid).cast(arrow_type), np.asarray(days * 86_400.0, np.float64)
    per_second = _PER_SECOND[arrow_type.unit]
    if pa.types.is_time(arrow_type):
        seconds = np.abs(numbers) % 86_400
        width = pa.int32() if pa.types.is_time32(arrow_type) else pa.int64()
    else:
        seconds = np.clip(numbers, -(10**9), 10**9)
        width = pa.int64()
    ticks = np.floor(seconds * per_second).astype(np.int64)
    return _masked(ticks.tolist(), width, valid).cast(arrow_type), (ticks / per_second).astype(np.float64)


def _numbers(pattern: str, random: Random, rows: int) -> npt.NDArray[np.float64]:
    match pattern:
        case "spread":
            return random.normal(50, 20, rows)
        case "few":
            return random.integers(0, 5, rows).astype(np.float64)
        case "zeros":
            return np.where(random.random(rows) < 0.8, 0.0, random.exponential(10, rows))
        case "constant":
            return np.full(rows, 7.0)
        case "tail":
            return random.lognormal(0, 3, rows)
        case _:
            return -random.lognormal(0, 1, rows)


def _texts(
    arrow_type: pa.DataType, pattern: str, random: Random, rows: int, valid: Valid
) -> tuple[pa.Array, npt.NDArray[Any]]:
    few = _WORDS[:1] if pattern == "constant" else _WORDS[:3] if pattern == "few" else _WORDS
    if pa.types.is_fixed_size_binary(arrow_type) or isinstance(arrow_type, pa.UuidType):
        width = 16 if isinstance(arrow_type, pa.UuidType) else arrow_type.byte_width
        choices: list[Any] = [word.encode().ljust(width, b"_")[:width] for word in few]
    elif pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        choices = list(few)
    else:
        is_text = pa.types.is_string_view(arrow_type)
        choices = list(few) if is_text else [word.encode() for word in few]
    chosen = [choices[at] for at in random.integers(0, len(choices), rows)]
    if isinstance(arrow_type, pa.UuidType):
        storage = _masked(chosen, pa.binary(16), valid)
        array = pa.array(storage, arrow_type)
    else:
        array = _masked(chosen, arrow_type, valid)
    values = np.empty(rows, object)
    values[:] = chosen
    return array, values


def _masked(values: Sequence[Any], arrow_type: pa.DataType, valid: Valid) -> pa.Array:
    kept = [value if there else None for value, there in zip(values, valid.tolist(), strict=True)]
    return pa.array(kept, arrow_type)
