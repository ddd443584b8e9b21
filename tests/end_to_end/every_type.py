"""Columns of every Arrow type that a log may have, with what their values are as plain numbers or texts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa

FIRST_DATE = date(2020, 2, 27)
PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True)
class Kind:
    """A type of column.

    Attributes:
        name: what it is called in tests, and as a column.
        made: an array of this type from whole numbers from 0 to 99, None for null.
        kind: ``column_kind`` in the tables.
        number, text: what such a number is in a column of this type: as a figure, and as a category.
        times: whether it can say when rows are from.
    """

    name: str
    made: Callable[[Sequence[int | None]], pa.Array]
    kind: str
    number: Callable[[int], float] = float
    text: Callable[[int], str] = str
    times: bool = False


def _mapped(function: Callable[[int], object], arrow_type: pa.DataType) -> Callable[..., pa.Array]:
    return lambda numbers: pa.array([None if n is None else function(n) for n in numbers], arrow_type)


def _letters(number: int) -> str:
    return f"é{number:02d}"


def _sixteen(number: int) -> bytes:
    return bytes([200, number]) + bytes(14)


def _uuid(number: int) -> str:
    return str(uuid.UUID(bytes=_sixteen(number)))


def _whole(arrow_type: pa.DataType) -> Kind:
    return Kind(str(arrow_type), _mapped(int, arrow_type), "numeric")


def _halves(arrow_type: pa.DataType) -> Kind:
    def text(number: int) -> str:
        return f"{number / 2:g}"

    return Kind(str(arrow_type), _mapped(lambda n: n / 2, arrow_type), "numeric", lambda n: n / 2, text)


def _decimals(arrow_type: pa.DataType) -> Kind:
    made = _mapped(lambda n: Decimal(n) / 4, arrow_type)
    return Kind(str(arrow_type), made, "numeric", lambda n: n / 4, lambda n: f"{n / 4:g}")


def _texts(arrow_type: pa.DataType) -> Kind:
    return Kind(str(arrow_type), _mapped(_letters, arrow_type), "categorical", text=_letters, times=True)


def _bytes(arrow_type: pa.DataType) -> Kind:
    made = _mapped(lambda n: _letters(n).encode(), arrow_type)
    return Kind(str(arrow_type), made, "categorical", text=_letters, times=True)


def _coded(kind: Kind) -> Kind:
    def made(numbers: Sequence[int | None]) -> pa.Array:
        return kind.made(numbers).dictionary_encode()

    return Kind(f"dictionary of {kind.name}", made, kind.kind, kind.number, kind.text, kind.times)


def _moment(number: int) -> datetime:
    return datetime.combine(FIRST_DATE, time(13, 30), UTC) + timedelta(days=number)


def _dates(arrow_type: pa.DataType) -> Kind:
    def seconds(number: int) -> float:
        return (FIRST_DATE - date(1970, 1, 1)).days * 86400.0 + number * 86400.0

    def day(number: int) -> date:
        return FIRST_DATE + timedelta(days=number)

    return Kind(str(arrow_type), _mapped(day, arrow_type), "datetime", seconds, lambda n: str(day(n)), True)


def _clock(number: int) -> time:
    return time(number // 60, number % 60, 7)


def _clocks(arrow_type: pa.DataType) -> Kind:
    made = _mapped(_clock, arrow_type)
    return Kind(str(arrow_type), made, "datetime", lambda n: n * 60.0 + 7.0, lambda n: str(_clock(n)))


def _timestamps(unit: str, zone: str | None) -> Kind:
    arrow_type = pa.timestamp(unit, zone)

    def shown(number: int) -> str:
        moment = _moment(number)
        return str(moment.replace(tzinfo=None) if zone is None else moment.astimezone(ZoneInfo(zone)))

    made = _mapped(lambda n: _moment(n).replace(tzinfo=None if zone is None else UTC), arrow_type)
    return Kind(str(arrow_type), made, "datetime", lambda n: _moment(n).timestamp(), shown, times=True)


def _durations(unit: str) -> Kind:
    arrow_type = pa.duration(unit)

    def made(numbers: Sequence[int | None]) -> pa.Array:
        ticks = [None if n is None else n * PER_SECOND[unit] for n in numbers]
        return pa.array(ticks, pa.int64()).view(arrow_type)

    return Kind(str(arrow_type), made, "numeric")


def _extension(arrow_type: pa.DataType, kind: Kind, column_kind: str | None = None) -> Kind:
    def made(numbers: Sequence[int | None]) -> pa.Array:
        return pa.ExtensionArray.from_storage(arrow_type, kind.made(numbers).cast(arrow_type.storage_type))

    return Kind(str(arrow_type.extension_name), made, column_kind or kind.kind, kind.number, kind.text)


def _truth(number: int) -> str:
    return "true" if number % 2 else "false"


_STRINGS = _texts(pa.string())
_SIXTEEN = Kind("bytes of 16", _mapped(_sixteen, pa.binary(16)), "categorical", text=_uuid)
_FOUR = Kind(
    "bytes of 4",
    _mapped(lambda n: b"\xff\x00\x01" + bytes([n]), pa.binary(4)),
    "categorical",
    text=lambda n: f"ff0001{n:02x}",
)
_DECIMALS = (pa.decimal32(9, 2), pa.decimal64(12, 2), pa.decimal128(30, 2), pa.decimal256(60, 2))
_BOOLEANS = Kind("bool", _mapped(lambda n: bool(n % 2), pa.bool_()), "boolean", text=_truth)

KINDS = (
    *(_whole(t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())),
    *(_whole(t) for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
    *(_halves(t) for t in (pa.float16(), pa.float32(), pa.float64())),
    *(_decimals(t) for t in _DECIMALS),
    _BOOLEANS,
    _extension(pa.bool8(), Kind("", _mapped(lambda n: n % 2, pa.int8()), "boolean", text=_truth)),
    *(_texts(t) for t in (pa.large_string(), pa.string_view())),
    _STRINGS,
    *(_bytes(t) for t in (pa.binary(), pa.large_binary(), pa.binary_view())),
    _FOUR,
    _SIXTEEN,
    _extension(pa.uuid(), _SIXTEEN),
    _extension(pa.json_(), _STRINGS),
    *(_coded(k) for k in (_STRINGS, _bytes(pa.binary()), _whole(pa.int64()), _texts(pa.large_string()))),
    *(_dates(t) for t in (pa.date32(), pa.date64())),
    *(_clocks(t) for t in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))),
    *(_timestamps(unit, None) for unit in PER_SECOND),
    *(_timestamps(unit, "Asia/Kolkata") for unit in PER_SECOND),
    *(_durations(unit) for unit in PER_SECOND),
)
"""Every admitted type but null, which has no values."""
