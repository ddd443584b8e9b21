"""Profiles as bytes: compact, versioned, little-endian, the same on every machine.

    profile  = format:u8 kind:u8 header body registers
    header   = struct of the scalar counts
    array    = item width:u8 (0 for none, 1, 2, 4, 8) length:u32 items

Ascending indices are stored as their differences, integers in the fewest bytes that hold the largest.
Registers of HyperLogLog are stored whole, or as (index, rank) pairs where few are set.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

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
_WIDTHS = ((1, 1 << 7), (2, 1 << 15), (4, 1 << 31))


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
                *_ascending(profile.buckets),
                *_integers(profile.bucket_counts),
                *_integers(profile.sums_high),
                *_integers(profile.sums_low),
                *_registers(profile.registers),
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
            *_ascending(profile.values),
            *_integers(profile.value_counts),
            *_registers(profile.registers),
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
        return OrderedProfile(
            rows, nulls, nans, below, above, zeros, beyond, minimum, maximum,
            buckets=np.cumsum(reader.integers()),
            bucket_counts=reader.integers(),
            sums_high=reader.integers(),
            sums_low=reader.integers(),
            registers=reader.registers(),
        )  # fmt: skip
    rows, nulls, unseen_count = reader.unpack(_CATEGORY_HEADER)
    unseen = {}
    for _ in range(unseen_count):
        key, count, length = reader.unpack(_UNSEEN)
        unseen[key] = (reader.take(length).decode(), count)
    return CategoryProfile(
        rows,
        nulls,
        values=np.cumsum(reader.integers()),
        value_counts=reader.integers(),
        unseen_values=unseen,
        registers=reader.registers(),
    )


def _ascending(values: IntArray) -> Iterator[bytes]:
    return _integers(np.diff(values, prepend=0) if len(values) else values)


def _integers(values: IntArray) -> Iterator[bytes]:
    if not len(values):
        yield _ARRAY.pack(0, 0)
        return
    largest = max(int(values.max()), -int(values.min()) - 1)
    width = next((width for width, limit in _WIDTHS if largest < limit), 8)
    yield _ARRAY.pack(width, len(values))
    yield values.astype(f"<i{width}").tobytes()


def _registers(registers: Registers) -> Iterator[bytes]:
    occupied = np.flatnonzero(registers)
    if len(occupied) < _SPARSE_REGISTERS:
        yield from _ascending(occupied)
        yield registers[occupied].tobytes()
    else:
        yield _ARRAY.pack(1, REGISTERS)
        yield registers.tobytes()


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

    def integers(self) -> IntArray:
        width, length = self.unpack(_ARRAY)
        if not length:
            return np.empty(0, np.int64)
        return np.frombuffer(self.take(width * length), f"<i{width}").astype(np.int64)

    def registers(self) -> Registers:
        width, length = self.unpack(_ARRAY)
        if length == REGISTERS and width == 1:
            return np.frombuffer(self.take(REGISTERS), np.uint8).copy()
        registers = np.zeros(REGISTERS, np.uint8)
        if length:
            occupied = np.cumsum(np.frombuffer(self.take(width * length), f"<i{width}").astype(np.int64))
            registers[occupied] = np.frombuffer(self.take(length), np.uint8)
        return registers
