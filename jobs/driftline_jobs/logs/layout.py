"""Where a Parquet object's footer lies, and what it says of row groups and column chunks (see ``thrift``)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from driftline_jobs.logs import thrift
from driftline_jobs.logs.thrift import IntArray

MAGIC, ENCRYPTED_MAGIC = b"PAR1", b"PARE"
TAIL = 64 * 1024
"""Bytes to read of an object's end: nearly always with the whole footer in them. As many as Arrow would."""
_TRAILER = 8
_WHY = {
    thrift.BROKEN: "its Parquet footer cannot be read: it breaks off, or says what no footer says",
    thrift.ENCRYPTED: "columns of it are encrypted",
    thrift.UNLIKE_SCHEMA: "its Parquet footer cannot be read: a row group has other columns than its schema",
    thrift.BEYOND_OBJECT: "its Parquet footer cannot be read: a column lies outside of the object",
}
_INT32, _INT64, _FLOAT, _DOUBLE = 1, 2, 4, 5
_FORMATS = {_INT32: "<i", _INT64: "<q", _FLOAT: "<f", _DOUBLE: "<d"}

ReadAt = Callable[[int, int], bytes]
"""So many bytes from there on."""


class FooterError(ValueError):
    """An object whose footer, or whose end, is not as it must be; says why."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an object: its last ``size_bytes``, and where in the object its footer begins."""

    data: pa.Buffer
    footer_start: int

    @property
    def footer(self) -> pa.Buffer:
        """The footer alone."""
        length = int.from_bytes(self.data[-_TRAILER:-4], "little")
        return self.data[len(self.data) - _TRAILER - length : len(self.data) - _TRAILER]


def read_tail(read_at: ReadAt, size: int) -> Tail:
    """The end of an object of ``size`` bytes, with its whole footer. Raises FooterError if it has none."""
    data = read_at(min(size, TAIL), max(size - TAIL, 0))
    length = _footer_length(data[-_TRAILER:], size) + _TRAILER
    if length > len(data):
        data = read_at(length, size - length)
    return Tail(pa.py_buffer(data), size - length)


def _footer_length(trailer: bytes, size: int) -> int:
    magic = trailer[4:]
    if len(trailer) < _TRAILER or magic not in {MAGIC, ENCRYPTED_MAGIC}:
        raise FooterError(
            f"it is not Parquet, or was cut off: it ends in {trailer[-4:]!r} instead of {MAGIC!r}"
        )
    if magic == ENCRYPTED_MAGIC:
        raise FooterError("its footer is encrypted")
    length = int.from_bytes(trailer[:4], "little")
    if length + _TRAILER > size - len(MAGIC):
        raise FooterError("it is not Parquet, or was cut off: its footer would be longer than the object")
    return length


@dataclass(frozen=True, slots=True)
class ChunkStatistics:
    """What a footer says of the values of a column chunk; None where it says nothing that can be relied on.

    ``minimum`` and ``maximum`` are the numbers as they are stored: of unsigned columns with the wrong sign.
    """

    nulls: int | None = None
    minimum: float | None = None
    maximum: float | None = None


class Layout:
    """The row groups of an object, and some of their column chunks."""

    def __init__(self, footer: pa.Buffer, footer_start: int, columns: int, leaves: Sequence[int]) -> None:
        """Keep the chunks of ``leaves``, positions among the object's ``columns`` leaf columns.

        Raises FooterError when the footer makes no sense, or a column of the object is encrypted.
        """
        slots = np.full(columns, -1, np.int64)
        slots[list(leaves)] = np.arange(len(leaves))
        self._footer = footer
        self._slots = slots
        found, self._groups, self._chunks, self._ordered = thrift.walk_footer(
            np.frombuffer(footer, np.uint8), footer_start, len(leaves), slots
        )
        if found != thrift.READ:
            raise FooterError(_WHY[found])

    @property
    def rows(self) -> list[int]:
        """Rows of each row group."""
        counts: list[int] = self._groups[:, thrift.ROWS].tolist()
        return counts

    @property
    def sizes(self) -> list[int]:
        """Bytes of each row group when decompressed."""
        sizes: list[int] = self._groups[:, thrift.SIZE].tolist()
        return sizes

    def places(self, row_groups: Iterable[int]) -> IntArray:
        """(chunks, 2) where the chunks of these row groups begin in the object, and how long they are."""
        kept = self._chunks[list(row_groups)][:, :, [thrift.START, thrift.LENGTH]]
        return kept.reshape(-1, 2)

    def statistics(self, row_group: int, leaf: int) -> ChunkStatistics:
        """What is said of the values of one of the kept chunks."""
        chunk = self._chunks[row_group, self._slots[leaf]]
        nulls = int(chunk[thrift.NULLS])
        low, high = thrift.OLD_MINIMUM, thrift.OLD_MAXIMUM
        if self._ordered[leaf] and chunk[thrift.MINIMUM] >= 0:
            low, high = thrift.MINIMUM, thrift.MAXIMUM
        minimum, maximum = self._number(chunk, low), self._number(chunk, high)
        if minimum is None or maximum is None or not minimum <= maximum:
            minimum = maximum = None
        return ChunkStatistics(None if nulls < 0 else nulls, minimum, maximum)

    def _number(self, chunk: IntArray, place: int) -> float | None:
        start, length = (int(number) for number in chunk[place : place + 2])
        form = _FORMATS.get(int(chunk[thrift.TYPE]))
        if form is None or start < 0 or length != struct.calcsize(form):
            return None
        number: float = struct.unpack(form, self._footer[start : start + length])[0]
        return number
