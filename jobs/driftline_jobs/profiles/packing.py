"""Profiles, and parts of them, as bytes: compact, versioned, little-endian, the same on every machine.

    profile  = format:u8 form:u8 and what the form has (``kinds``)

Ascending indices are stored as their differences, counts and sums in the fewest bytes that hold them all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.distinct import REGISTERS, Registers
from driftline_jobs.profiles.kernels.sums import no_sums
from driftline_jobs.profiles.outer import NONE, Outer
from driftline_schemas.errors import DataError

FORMAT = 2
_PREFIX = struct.Struct("<BB")
_SUMS = struct.Struct("<IBB")
_OUTER = struct.Struct("<II")
_OUTER_SUM = struct.Struct("<HH")
_SPARSE_REGISTERS = REGISTERS // 3
_LENGTH = struct.Struct("<H")
_LIMB_BYTES = 6
_LOW_BYTES = 2 * _LIMB_BYTES


def framed(form: int, parts: Iterable[bytes]) -> bytes:
    """The bytes of a profile."""
    return b"".join([_PREFIX.pack(FORMAT, form), *parts])


def unframed(data: bytes) -> tuple[int, Reader]:
    """The form of a profile, and its parts. Raises DataError for another format."""
    version, form = _PREFIX.unpack_from(data)
    if version != FORMAT:
        raise DataError(
            f"a profile of format {version} was found, this version reads format {FORMAT}: "
            "run the version of driftline that wrote it, or run the window again"
        )
    return form, Reader(data, _PREFIX.size)


def steps(ascending: IntArray) -> bytes:
    """Ascending indices below 2**15 as their differences, two bytes each."""
    differences = ascending.astype("<i2")
    np.subtract(differences[1:], ascending[:-1].astype("<i2"), out=differences[1:])
    return _LENGTH.pack(len(differences)) + differences.tobytes()


def counts(several: IntArray, rows: int) -> bytes:
    """As many counts, none above ``rows``, as there are indices before them."""
    return several.astype(_width(rows)).tobytes()


def _width(largest: int) -> str:
    return "<i2" if largest < 1 << 15 else "<i4" if largest < 1 << 31 else "<i8"


def sums(limbs: IntArray) -> bytes:
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


def outer(values: Outer) -> list[bytes]:
    """Counts in 8 bytes, each sum in as many as it needs: few profiles have any."""
    parts = [_OUTER.pack(len(values.buckets), len(values.sums))]
    parts += [values.buckets.astype("<i4").tobytes(), values.counts.astype("<i8").tobytes()]
    for at, total in values.sums:
        content = total.to_bytes(total.bit_length() // 8 + 1, "little", signed=True)
        parts += [_OUTER_SUM.pack(at, len(content)), content]
    return parts


def registers(ranks: Registers) -> bytes:
    """Whole, or as (index, rank) pairs where few are set."""
    occupied = np.flatnonzero(ranks > 0)  # of booleans it takes a tenth of the time
    if len(occupied) < _SPARSE_REGISTERS:
        return steps(occupied) + ranks[occupied].tobytes()
    return _LENGTH.pack(REGISTERS) + ranks.tobytes()


class Reader:
    """Takes apart what the functions of this module have written, from ``offset`` on."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self._offset = offset

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The numbers of a struct."""
        values = layout.unpack_from(self._data, self._offset)
        self._offset += layout.size
        return values

    def take(self, length: int) -> bytes:
        """So many bytes. Raises ValueError where there are fewer."""
        if self._offset + length > len(self._data):
            raise ValueError(f"{length} bytes wanted at {self._offset}, {len(self._data)} there")
        taken = self._data[self._offset : self._offset + length]
        self._offset += length
        return taken

    def steps(self) -> IntArray:
        """The inverse of ``steps``."""
        (length,) = self.unpack(_LENGTH)
        return np.cumsum(np.frombuffer(self.take(2 * length), "<i2"), dtype=np.int64)

    def counts(self, length: int, rows: int) -> IntArray:
        """The inverse of ``counts``."""
        width = _width(rows)
        return np.frombuffer(self.take(int(width[-1]) * length), width).astype(np.int64)

    def sums(self) -> IntArray:
        """The inverse of ``sums``."""
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
        """The inverse of ``outer``."""
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

    def registers(self) -> Registers:
        """The inverse of ``registers``."""
        (length,) = self.unpack(_LENGTH)
        if length == REGISTERS:
            return np.frombuffer(self.take(REGISTERS), np.uint8).copy()
        self._offset -= _LENGTH.size
        occupied = self.steps()
        registers: Registers = np.zeros(REGISTERS, np.uint8)
        registers[occupied] = np.frombuffer(self.take(length), np.uint8)
        return registers
