"""Where a Parquet object's footer lies, and what it says of row groups and column chunks (see ``thrift``)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.storage.location import MAGIC, TAIL

ENCRYPTED_MAGIC = b"PARE"
_TRAILER = 8
_WHY = {
    "broken": "its Parquet footer cannot be read: it breaks off, or says what no footer says",
    "encrypted": "columns of it are encrypted",
    "unlike schema": "its Parquet footer cannot be read: a row group has other columns than its schema",
    "beyond object": "its Parquet footer cannot be read: a column lies outside of the object",
}
_INT32, _INT64, _FLOAT, _DOUBLE, _BYTE_ARRAY = 1, 2, 4, 5, 6
_FORMATS = {_INT32: "<i", _INT64: "<q", _FLOAT: "<f", _DOUBLE: "<d"}

ReadAt = Callable[[int, int], bytes]
"""So many bytes from there on."""


class FooterError(ValueError):
    """An object whose footer, or whose end, is not as it must be; says why.

    Ends as: the object is set aside and counted, with this reason in `run_inputs`.
    """


class NotParquetError(FooterError):
    """An object that neither begins nor ends like Parquet.

    Ends as: the object is passed over and counted, or set aside where its name says that it is Parquet.
    """


@dataclass(frozen=True, slots=True)
class Tail:
    """The last bytes of an object, its footer among them, and where in the object that begins."""

    data: pa.Buffer
    footer_start: int

    @property
    def footer(self) -> pa.Buffer:
        """The footer alone."""
        length = int.from_bytes(self.data[-_TRAILER:-4], "little")
        return self.data[len(self.data) - _TRAILER - length : len(self.data) - _TRAILER]


def read_tail(read_at: ReadAt, size: int) -> Tail:
    """The end of an object of ``size`` bytes, with its whole footer. Raises FooterError if it has none."""
    if size == 0:
        raise NotParquetError("it is not Parquet: it holds no bytes")
    data = read_at(min(size, TAIL), max(size - TAIL, 0))
    magic = data[-len(MAGIC) :]
    if magic == ENCRYPTED_MAGIC:
        raise FooterError("its footer is encrypted")
    if magic != MAGIC or size < _TRAILER:
        begin = data[: len(MAGIC)] if size <= TAIL else bytes(read_at(len(MAGIC), 0))
        if begin not in (MAGIC, ENCRYPTED_MAGIC):
            raise NotParquetError(f"it is not Parquet: it begins with {begin!r} and ends in {magic!r}")
        raise FooterError(f"it was cut off, or is being written: it ends in {magic!r}, not in {MAGIC!r}")
    length = int.from_bytes(data[-_TRAILER : -len(MAGIC)], "little") + _TRAILER
    if length > size - len(MAGIC):
        raise FooterError("it was cut off, or is no Parquet: its footer would be longer than the object")
    if length > len(data):
        data = read_at(length, size - length)
    return Tail(pa.py_buffer(data), size - length)


@dataclass(frozen=True, slots=True)
class ChunkStatistics:
    """What a footer says of the values of a column chunk; None where it says nothing that can be relied on.

    ``minimum`` and ``maximum`` are the numbers as they are stored: of unsigned columns with the wrong sign.
    """

    nulls: int | None = None
    minimum: float | None = None
    maximum: float | None = None


class Layout:
    """The row groups of an object, and some of their column chunks.

    Attributes:
        rows: how many each row group has.
        sizes: bytes of each row group when decompressed.
    """

    def __init__(self, footer: pa.Buffer, footer_start: int, columns: int, leaves: Sequence[int]) -> None:
        """Keep the chunks of ``leaves``, positions among the object's ``columns`` leaf columns.

        Raises FooterError when the footer makes no sense, or a column of the object is encrypted.
        """
        # Only now: who reads no footer does not wait for the compiler.
        from driftline_jobs.sources.parquet import footer_walk as thrift

        slots = np.full(columns, -1, np.int64)
        slots[list(leaves)] = np.arange(len(leaves))
        found, groups, chunks, ordered = thrift.walk_footer(
            np.frombuffer(footer, np.uint8), footer_start, len(leaves), slots
        )
        if found != thrift.READ:
            raise FooterError(_WHY[thrift.ENDS[found]])
        self.rows: list[int] = groups[:, thrift.ROWS].tolist()
        self.sizes: list[int] = groups[:, thrift.SIZE].tolist()
        self._footer = footer
        self._slots = slots
        self._places = chunks[:, :, [thrift.START, thrift.LENGTH]]
        self._types, self._nulls = chunks[:, :, thrift.TYPE], chunks[:, :, thrift.NULLS]
        newer = chunks[:, :, thrift.MINIMUM : thrift.OLD_MINIMUM]
        use_newer = ordered[list(leaves)][:, np.newaxis] & (newer[:, :, :1] >= 0)
        self._newer = use_newer[:, :, 0]
        self._bounds = np.where(use_newer, newer, chunks[:, :, thrift.OLD_MINIMUM :])

    def places(self, row_groups: Iterable[int]) -> IntArray:
        """(chunks, 2) where the kept chunks of these row groups begin in the object, and their lengths."""
        return self._places[list(row_groups)].reshape(-1, 2)

    def statistics(self, row_group: int, leaf: int) -> ChunkStatistics:
        """What is said of the values of one of the kept chunks."""
        chunk = row_group, self._slots[leaf]
        nulls = int(self._nulls[chunk])
        form = _FORMATS.get(int(self._types[chunk]))
        low_start, low_length, high_start, high_length = self._bounds[chunk].tolist()
        minimum, maximum = (
            self._number(form, low_start, low_length),
            self._number(form, high_start, high_length),
        )
        if minimum is None or maximum is None or not minimum <= maximum:
            minimum = maximum = None
        return ChunkStatistics(None if nulls < 0 else nulls, minimum, maximum)

    def octets(self, row_group: int, leaf: int) -> tuple[bytes, bytes] | None:
        """Bounds of the values of a chunk of texts, in the order of their bytes: long ones may be cut short,
        and still are bounds. Older writers kept texts in an order of their own, so that theirs are none."""
        chunk = row_group, self._slots[leaf]
        low_start, low_length, high_start, high_length = self._bounds[chunk].tolist()
        if int(self._types[chunk]) != _BYTE_ARRAY or not self._newer[chunk] or min(low_start, high_start) < 0:
            return None
        low, high = (
            self._footer[start : start + length].to_pybytes()
            for start, length in ((low_start, low_length), (high_start, high_length))
        )
        return (low, high) if low <= high else None

    def _number(self, form: str | None, start: int, length: int) -> float | None:
        if form is None or start < 0 or length != struct.calcsize(form):
            return None
        number: float = struct.unpack(form, self._footer[start : start + length])[0]
        return number
