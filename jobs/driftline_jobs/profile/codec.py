"""Profiles as bytes: compact, versioned, little-endian, the same on every machine.

    profile  = format:u8 kind:u8 header body registers
    header   = struct of the scalar counts

Ascending indices are stored as their differences, counts and sums in the fewest bytes that hold them all.
Registers of HyperLogLog are stored whole, or as (index, rank) pairs where few are set.
"""

from __future__ import annotations

import struct

import numpy as np

from driftline_jobs.profile.buckets import IntArray
from driftline_jobs.profile.distinct import REGISTERS, Registers
from driftline_jobs.profile.state import CategoryProfile, OrderedProfile, Profile
from driftline_schemas.errors import DataError

FORMAT = 1
_ORDERED, _CATEGORY = 1, 2
_PREFIX = struct.Struct("<BB")
_ORDERED_HEADER = struct.Struct("<7q2d")
_CATEGORY_HEADER = struct.Struct("<2qI")
_ARRAY = struct.Struct("<BI")
_UNSEEN = struct.Struct("<QqI")
_SPARSE_REGISTERS = REGISTERS // 3
_LENGTH = struct.Struct("<H")


def encode(profile: Profile) -> bytes:
    """The bytes of one profile; equal profiles give equal bytes."""
    if isinstance(profile, OrderedProfile):
        return b"".join(
            [
                _PREFIX.pack(FORMAT, _ORDERED),
                _ORDERED_HEADER.pack(
                    profile.rows,
                    profile.nulls,
                    profile.nans,
                    profile.below_infinity,
                    profile.above_infinity,
                    profile.zeros,
                    profile.beyond,
                    profile.minimum,
                    profile.maximum,
                ),
                _steps(profile.buckets),
                _counts(profile.bucket_counts, profile.rows),
                _limbs(profile.sums_high, profile.sums_low),
                _registers(profile.registers),
            ]
        )
    unseen = [
        _UNSEEN.pack(key, count, len(text.encode())) + text.encode()
        for key, (text, count) in sorted(profile.unseen_values.items())
    ]
    return b"".join(
        [
            _PREFIX.pack(FORMAT, _CATEGORY),
            _CATEGORY_HEADER.pack(profile.rows, profile.nulls, len(unseen)),
            *unseen,
            _steps(profile.values),
            _counts(profile.value_counts, profile.rows),
            _registers(profile.registers),
        ]
    )


def decode(data: bytes) -> Profile:
    """The profile behind ``data``.

    Raises:
        DataError: the bytes are no profile, or one of a newer format.
    """
    try:
        return _decode(data)
    except (struct.error, ValueError, IndexError) as error:
        raise DataError(f"a stored profile of {len(data)} bytes cannot be read: {error}") from error


def _decode(data: bytes) -> Profile:
    version, kind = _PREFIX.unpack_from(data)
    if version != FORMAT:
        raise DataError(
            f"a profile of format {version} was found, this version reads format {FORMAT}: "
            "run the version of driftline that wrote it, or run the window again"
        )
    reader = _Reader(data, _PREFIX.size)
    if kind == _ORDERED:
        rows, nulls, nans, below, above, zeros, beyond, minimum, maximum = reader.unpack(_ORDERED_HEADER)
        buckets = reader.steps()
        bucket_counts = reader.counts(len(buckets), rows)
        high, low = reader.limbs()
        registers = reader.registers()
        return OrderedProfile(
            rows, nulls, nans, below, above, zeros, beyond, minimum, maximum,
            buckets, bucket_counts, high, low, registers,
        )  # fmt: skip
    rows, nulls, unseen_count = reader.unpack(_CATEGORY_HEADER)
    unseen = {}
    for _ in range(unseen_count):
        key, count, length = reader.unpack(_UNSEEN)
        unseen[key] = (reader.take(length).decode(), count)
    values = reader.steps()
    counts = reader.counts(len(values), rows)
    return CategoryProfile(rows, nulls, values, counts, unseen, reader.registers())


def _steps(ascending: IntArray) -> bytes:
    """Ascending indices below 2**15 as their differences, two bytes each."""
    steps = ascending.astype("<i2")
    np.subtract(steps[1:], ascending[:-1].astype("<i2"), out=steps[1:])
    return _LENGTH.pack(len(steps)) + steps.tobytes()


def _counts(counts: IntArray, rows: int) -> bytes:
    """As many counts, none above ``rows``, as there are indices before them."""
    return counts.astype(_width(rows)).tobytes()


def _width(largest: int) -> str:
    return "<i2" if largest < 1 << 15 else "<i4" if largest < 1 << 31 else "<i8"


def _limbs(high: IntArray, low: IntArray) -> bytes:
    """High limbs in the fewest bytes that hold them all, low ones in four."""
    largest = max(int(high.max()), -int(high.min()) - 1) if len(high) else 0
    width = _width(largest)
    head = _ARRAY.pack(int(width[-1]), len(high))
    return head + high.astype(width).tobytes() + low.astype("<u4").tobytes()


def _registers(registers: Registers) -> bytes:
    occupied = np.flatnonzero(registers > 0)  # of booleans it takes a tenth of the time
    if len(occupied) < _SPARSE_REGISTERS:
        return _steps(occupied) + registers[occupied].tobytes()
    return _LENGTH.pack(REGISTERS) + registers.tobytes()


class _Reader:
    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self._offset = offset

    def unpack(self, layout: struct.Struct) -> tuple[int, ...]:
        values = layout.unpack_from(self._data, self._offset)
        self._offset += layout.size
        return values

    def take(self, length: int) -> bytes:
        if self._offset + length > len(self._data):
            raise ValueError(f"{length} bytes wanted at {self._offset}, {len(self._data)} there")
        taken = self._data[self._offset : self._offset + length]
        self._offset += length
        return taken

    def steps(self) -> IntArray:
        (length,) = self.unpack(_LENGTH)
        return np.cumsum(np.frombuffer(self.take(2 * length), "<i2"), dtype=np.int64)

    def counts(self, length: int, rows: int) -> IntArray:
        width = _width(rows)
        return np.frombuffer(self.take(int(width[-1]) * length), width).astype(np.int64)

    def limbs(self) -> tuple[IntArray, IntArray]:
        width, length = self.unpack(_ARRAY)
        high = np.frombuffer(self.take(width * length), f"<i{width}").astype(np.int64)
        return high, np.frombuffer(self.take(4 * length), "<u4").astype(np.int64)

    def registers(self) -> Registers:
        (length,) = self.unpack(_LENGTH)
        if length == REGISTERS:
            return np.frombuffer(self.take(REGISTERS), np.uint8).copy()
        self._offset -= _LENGTH.size
        occupied = self.steps()
        registers: Registers = np.zeros(REGISTERS, np.uint8)
        registers[occupied] = np.frombuffer(self.take(length), np.uint8)
        return registers
