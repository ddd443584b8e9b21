"""Profiles as bytes: compact, versioned, little-endian, the same on every machine.

    profile  = format:u8 kind:u8 header body registers
    header   = struct of the scalar counts

Ascending indices are stored as their differences, counts and sums in the fewest bytes that hold them all.
Registers of HyperLogLog are stored whole, or as (index, rank) pairs where few are set.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from driftline_jobs.profiles.distinct import REGISTERS, Registers
from driftline_jobs.profiles.kernels.sums import no_sums
from driftline_jobs.profiles.log_buckets import IntArray
from driftline_jobs.profiles.outer import NONE, Outer
from driftline_jobs.profiles.state import (
    CategoryProfile,
    OpenProfile,
    OrderedProfile,
    Profile,
    SettledProfile,
)
from driftline_schemas.errors import DataError

FORMAT = 2
_ORDERED, _CATEGORY, _OPEN = 1, 2, 3
_PREFIX = struct.Struct("<BB")
_ORDERED_HEADER = struct.Struct("<6q2d")
_CATEGORY_HEADER = struct.Struct("<2qI")
_SUMS = struct.Struct("<IBB")
_OUTER = struct.Struct("<II")
_OUTER_SUM = struct.Struct("<HH")
_OPEN_HEADER = struct.Struct("<2qB")
_PART = struct.Struct("<BI")
_UNSEEN = struct.Struct("<QqI")
_SPARSE_REGISTERS = REGISTERS // 3
_LENGTH = struct.Struct("<H")
_LIMB_BYTES = 6
_LOW_BYTES = 2 * _LIMB_BYTES


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
                    profile.minimum,
                    profile.maximum,
                ),
                _steps(profile.buckets),
                _counts(profile.bucket_counts, profile.rows),
                _sums(profile.sums),
                *_outer(profile.outer),
                _registers(profile.registers),
            ]
        )
    if isinstance(profile, OpenProfile):
        return b"".join(
            [
                _PREFIX.pack(FORMAT, _OPEN),
                _OPEN_HEADER.pack(profile.rows, profile.nulls, len(profile.parts)),
                *(_part(storage, profile.parts[storage]) for storage in sorted(profile.parts)),
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
        DataError: the bytes are no profile, or one of another format.
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
        rows, nulls, nans, below, above, zeros, minimum, maximum = reader.unpack(_ORDERED_HEADER)
        buckets = reader.steps()
        bucket_counts = reader.counts(len(buckets), rows)
        sums = reader.sums()
        outer = reader.outer()
        return OrderedProfile(
            rows, nulls, nans, below, above, zeros, minimum, maximum,
            buckets, bucket_counts, sums, outer, reader.registers(),
        )  # fmt: skip
    if kind == _OPEN:
        rows, nulls, parts = reader.unpack(_OPEN_HEADER)
        return OpenProfile(rows, nulls, dict(reader.part() for _ in range(parts)))
    rows, nulls, unseen_count = reader.unpack(_CATEGORY_HEADER)
    unseen = {}
    for _ in range(unseen_count):
        key, count, length = reader.unpack(_UNSEEN)
        unseen[key] = (reader.take(length).decode(), count)
    values = reader.steps()
    counts = reader.counts(len(values), rows)
    return CategoryProfile(rows, nulls, values, counts, unseen, reader.registers())


def _part(storage: str, profile: SettledProfile) -> bytes:
    name, content = storage.encode(), encode(profile)
    return _PART.pack(len(name), len(content)) + name + content


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


def _sums(limbs: IntArray) -> bytes:
    """The lower two limbs in 6 bytes each but for those that are zero in all sums, such as the last bits of
    short numbers; the third in the fewest bytes that hold it, none if it is zero."""
    low = _as_bytes(limbs)
    used = np.flatnonzero(low.any(axis=0))
    skipped = int(used[0]) if len(used) else _LOW_BYTES
    high = limbs[:, 2]
    largest = max(int(high.max()), -int(high.min()) - 1) if len(high) else 0
    width = int(_width(largest)[-1]) if high.any() else 0
    head = _SUMS.pack(len(limbs), skipped, width)
    return head + low[:, skipped:].tobytes() + (high.astype(f"<i{width}").tobytes() if width else b"")


def _as_bytes(limbs: IntArray) -> npt.NDArray[np.uint8]:
    """(bins, 12) the lower two limbs."""
    eight = limbs[:, :2].astype("<i8").view(np.uint8).reshape(len(limbs), 2, 8)
    return eight[:, :, :_LIMB_BYTES].reshape(len(limbs), _LOW_BYTES)


def _outer(outer: Outer) -> list[bytes]:
    """Counts in 8 bytes, each sum in as many as it needs: few profiles have any."""
    parts = [_OUTER.pack(len(outer.buckets), len(outer.sums))]
    parts += [outer.buckets.astype("<i4").tobytes(), outer.counts.astype("<i8").tobytes()]
    for at, total in outer.sums:
        content = total.to_bytes(total.bit_length() // 8 + 1, "little", signed=True)
        parts += [_OUTER_SUM.pack(at, len(content)), content]
    return parts


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

    def sums(self) -> IntArray:
        bins, skipped, width = self.unpack(_SUMS)
        low = np.zeros((bins, 2, 8), np.uint8)
        retained = _LOW_BYTES - skipped
        lower = np.zeros((bins, _LOW_BYTES), np.uint8)
        lower[:, skipped:] = np.frombuffer(self.take(bins * retained), np.uint8).reshape(bins, retained)
        low[:, :, :_LIMB_BYTES] = lower.reshape(bins, 2, _LIMB_BYTES)
        limbs = no_sums(bins)
        limbs[:, :2] = low.reshape(bins, 16).view("<i8")
        if width:
            limbs[:, 2] = np.frombuffer(self.take(bins * width), f"<i{width}")
        return limbs

    def outer(self) -> Outer:
        buckets, sums = self.unpack(_OUTER)
        if not buckets:
            return NONE
        numbers = np.frombuffer(self.take(4 * buckets), "<i4").astype(np.int64)
        counts = np.frombuffer(self.take(8 * buckets), "<i8").astype(np.int64)
        totals = []
        for _ in range(sums):
            at, length = self.unpack(_OUTER_SUM)
            totals.append((at, int.from_bytes(self.take(length), "little", signed=True)))
        return Outer(numbers, counts, tuple(totals))

    def part(self) -> tuple[str, SettledProfile]:
        named, size = self.unpack(_PART)
        storage, profile = self.take(named).decode(), decode(self.take(size))
        if isinstance(profile, OpenProfile):
            raise ValueError(f"a part of {storage} values is itself open")  # noqa: TRY004  not ours: the bytes'
        return storage, profile

    def registers(self) -> Registers:
        (length,) = self.unpack(_LENGTH)
        if length == REGISTERS:
            return np.frombuffer(self.take(REGISTERS), np.uint8).copy()
        self._offset -= _LENGTH.size
        occupied = self.steps()
        registers: Registers = np.zeros(REGISTERS, np.uint8)
        registers[occupied] = np.frombuffer(self.take(length), np.uint8)
        return registers
