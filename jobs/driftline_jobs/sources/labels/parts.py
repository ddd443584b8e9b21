"""Rows of a join in parts by the hash of their id, aside on disk: each is joined alone, and fits into memory.

Ids that are the same but for how they are written have one hash (``loose``), so they are in one part.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.sources.labels.join_errors import spill_error

MOST_PARTS = 1 << 15
_ROWS_AT_ONCE, _MOST_ROWS_AT_ONCE = 1 << 17, 1 << 19
_ROWS_OF_A_PIECE = 1 << 10
_BYTES_AT_ONCE = 64 << 20
"""Rows wait for others until so many are parted together: pieces of few rows are mostly headers."""

_INLINE, _REFERENCE = 12, 16
"""DuckDB holds a text in 16 bytes if it is no longer than 12, and the rest of it apart."""
_BUILD_BYTES = 16
_MATCH_BYTES = 80
"""What the hash table takes for a prediction beside its columns, and what a label takes that is matched."""
_SPARE = 3
"""How many times what it needs a part is given: ids that repeat need more, and a part that spills is slow."""
_LABELS_EACH = 4
"""Labels of a prediction that are reckoned with: those of others are read, and not kept."""


def parts_needed(first: pa.RecordBatch, predictions: int, labels: int, memory_limit: int) -> int:
    """How many parts for so many rows of both sides, by what some predictions (``first``) take each."""
    row = sum(_bytes_of(column) for column in first.columns)
    build = _bytes_of(first.column("id")) + _BUILD_BYTES + 3 * 8  # window, time and number of the row
    needed = predictions * (row + build) + min(labels, _LABELS_EACH * predictions) * _MATCH_BYTES
    if needed <= memory_limit:
        return 1
    return int(min(-(-_SPARE * needed // memory_limit), MOST_PARTS))


def _bytes_of(column: pa.Array) -> float:
    """What DuckDB takes for a value, on average."""
    if pa.types.is_dictionary(column.type):
        return _REFERENCE
    if not pa.types.is_string(column.type):
        return float(column.type.bit_width) / 8
    lengths = pc.binary_length(column)
    apart = pc.sum(lengths.filter(pc.greater(lengths, _INLINE))).as_py() or 0
    return _REFERENCE + float(apart) / max(len(column), 1)


def part_of(batch: pa.RecordBatch, parts: int) -> IntArray:
    """(n,) the part of each row with ``id`` and ``loose``; rows with equal ids are in the same part."""
    ids = batch.column("id")
    part: IntArray = (np.asarray(batch.column("loose").to_numpy()) % np.uint64(parts)).astype(np.int64)
    if not ids.null_count:
        return part
    # rows without an id match nothing: any part will do, but not the same one for all of them
    return np.where(ids.is_null().to_numpy(zero_copy_only=False), np.arange(len(part)) % parts, part)


def parted(batch: pa.RecordBatch, parts: int) -> Iterator[tuple[int, pa.Buffer]]:
    """The rows of each part that has any, as an Arrow stream."""
    if batch.num_rows:
        yield from _pieces(batch, part_of(batch, parts), parts)


def _pieces(batch: pa.RecordBatch, part: IntArray, parts: int) -> Iterator[tuple[int, pa.Buffer]]:
    ordered = batch.take(pa.array(np.argsort(part.astype(np.uint16), kind="stable")))
    stops = np.cumsum(np.bincount(part, minlength=parts))
    for number in np.flatnonzero(np.diff(stops, prepend=0)).tolist():
        start = int(stops[number - 1]) if number else 0
        yield number, _stream(ordered.slice(start, int(stops[number]) - start))


def _stream(rows: pa.RecordBatch) -> pa.Buffer:
    # a stream carries whole dictionaries: those larger than the part itself would be sent over and over
    columns = [
        pc.cast(column, column.type.value_type).dictionary_encode()
        if pa.types.is_dictionary(column.type) and len(column.dictionary) > rows.num_rows
        else column
        for column in rows.columns
    ]
    rows = pa.record_batch(columns, schema=rows.schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_batch(rows)
    return sink.getvalue()


@dataclass
class RowsAside:
    """Rows of one side of a join in a file without a name, which goes with the process however it ends."""

    schema: pa.Schema
    parts: int
    folder: Path
    _waiting: list[tuple[pa.RecordBatch, IntArray]] = field(default_factory=list)
    _places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _rows: int = 0
    _bytes: int = 0
    _end: int = 0

    def __enter__(self) -> Self:
        try:
            # one file for all parts: file handles are few
            self._file = tempfile.TemporaryFile(dir=self.folder, buffering=0)
        except OSError as error:
            raise spill_error(error, self.folder.parent) from error
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows with the columns of ``schema``, ``id`` and ``loose``."""
        part = part_of(batch, self.parts)
        narrow = pa.record_batch([batch.column(name) for name in self.schema.names], schema=self.schema)
        self._waiting.append((narrow, part))
        self._rows += narrow.num_rows
        self._bytes += narrow.nbytes
        enough = min(max(_ROWS_AT_ONCE, self.parts * _ROWS_OF_A_PIECE), _MOST_ROWS_AT_ONCE)
        if self._rows >= enough or self._bytes >= _BYTES_AT_ONCE:
            self._write()

    def _write(self) -> None:
        if not self._rows:
            return
        table = pa.Table.from_batches([batch for batch, _ in self._waiting], self.schema)
        part = np.concatenate([part for _, part in self._waiting])
        self._waiting, self._rows, self._bytes = [], 0, 0
        start = 0
        for batch in table.unify_dictionaries().combine_chunks().to_batches():
            stop = start + batch.num_rows
            for number, piece in _pieces(batch, part[start:stop], self.parts):
                self._places.setdefault(number, []).append((self._end, piece.size))
                self._append(piece)
            start = stop

    def _append(self, piece: pa.Buffer) -> None:
        view = memoryview(piece)
        try:
            while view:
                written = os.pwrite(self._file.fileno(), view, self._end)
                view, self._end = view[written:], self._end + written
        except OSError as error:
            raise spill_error(error, self.folder.parent) from error

    def part(self, number: int) -> Iterator[pa.RecordBatch]:
        """The rows of a part, once all are added."""
        self._write()
        for start, size in self._places.get(number, ()):
            yield from pa.ipc.open_stream(os.pread(self._file.fileno(), size, start))
