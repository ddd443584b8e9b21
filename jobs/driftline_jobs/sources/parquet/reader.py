"""Decode a split, one column at a time: memory is bound by one column of one split, and only the columns
that are asked for are ever decompressed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.plain import plain
from driftline_jobs.profiles.columns.times import joined_int96, microseconds
from driftline_jobs.sources.listing.partitions import constant
from driftline_jobs.sources.parquet.conversion import as_parquet
from driftline_jobs.sources.parquet.fetch import FetchedObject, chunk_spans
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.storage.object_store import RemoteObject
from driftline_schemas.errors import DriftlineError, TransientError, UnreadableObjectError
from driftline_schemas.extensions import PARQUET
from driftline_schemas.serving_log import LogColumn, TimeColumn, leaf_position

_READ_AT_ONCE = 1 << 20
"""Bytes of a local file: a column chunk read whole would be as much memory to come by as all its values."""
_COUNTED_AT_ONCE = 1 << 14
_READ_ERRORS = (OSError, ValueError, pa.ArrowException)


class SplitReader:
    """The columns of one split. Use as a context manager: it holds the object open.

    ``dictionaries`` names the text columns to be read as dictionaries: decoding those is several
    times faster than decoding strings, and everything downstream works on their indices. ``wanted`` names
    the columns that will be asked for, so that they can be fetched ahead from S3; by default all.

    What was read counts once the ``with`` block is left without an error: only then it is known that the
    object was the listed one from the first byte to the last.

    Raises:
        UnreadableObjectError: the object is damaged, or gone, or no longer the one that was listed.
        TransientError: its bytes could not be had.
        ConfigError: we may not read it.
    """

    def __init__(
        self,
        split: Split,
        columns: Iterable[LogColumn],
        dictionaries: Iterable[str] = (),
        *,
        wanted: Iterable[str] | None = None,
    ) -> None:
        self.split = split
        self._columns = {column.name: column for column in columns}
        self._in_path = dict(split.in_path)
        self._dictionaries = [
            ".".join(self._columns[name].path) for name in dictionaries if self._holds(name)
        ]
        self._wanted = self._columns.keys() if wanted is None else set(wanted)
        self._is_counted = False
        self._ahead: tuple[str, pa.Array] | None = None
        self._at_once: pa.Table | None = None
        self._fetched: FetchedObject | None = None
        self._source: object = None
        self._file: pq.ParquetFile | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self._opened()
        except pa.ArrowMemoryError:
            raise
        except _READ_ERRORS as error:
            meaning = self._meaning(error)
            self._close()
            raise meaning from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self._close()
        if kind is None:
            self._check_is_listed(self.split.location.etag_of(self.split.object.path))

    def _opened(self) -> pq.ParquetFile:
        split, location = self.split, self.split.location
        if split.object.format != PARQUET:
            self._check_is_listed(location.etag_of(split.object.path))
            return self._parquet(pa.BufferReader(as_parquet(split.object, location)))
        source = location.open(split.object.path, split.object.size_bytes)
        if not isinstance(source, RemoteObject):
            self._check_is_listed(location.etag_of(split.object.path))
            return self._parquet(source)
        self._fetched = FetchedObject(source)
        self._check_is_listed(source.entry.etag)
        tail = self._fetched.tail()
        file = self._parquet(self._fetched)
        paths = [column.path for name, column in self._columns.items() if name in self._wanted]
        self._fetched.fetch(chunk_spans(tail, file.metadata, split.row_groups, paths))
        return file

    def _parquet(self, source: object, int96: str = "us") -> pq.ParquetFile:
        self._source = source
        return pq.ParquetFile(
            source,
            read_dictionary=self._dictionaries,
            pre_buffer=False,
            buffer_size=0 if self.split.location.is_remote else _READ_AT_ONCE,
            coerce_int96_timestamp_unit=int96,
        )

    def _close(self) -> None:
        if self._file is not None:
            self._file.close(force=True)
        if self._fetched is not None:
            self._fetched.close()

    def _check_is_listed(self, etag: str | None) -> None:
        listed = self.split.object
        if etag is None:
            raise UnreadableObjectError(listed.uri, "it is gone since it was listed")
        if etag != listed.etag:
            reason = (
                f"it was replaced since it was listed (etag {listed.etag}, now {etag}): run the window again"
            )
            raise UnreadableObjectError(listed.uri, reason)

    def _meaning(self, error: Exception) -> DriftlineError:
        """What it means that reading failed: the object changed, is out of reach, or is bad."""
        listed, location = self.split.object, self.split.location
        try:
            self._check_is_listed(location.etag_of(listed.path))
        except DriftlineError as changed:
            return changed
        if self._fetched is not None:
            failure: Exception | None = self._fetched.failure
        elif location.is_remote:
            failure = error  # it did not even open
        else:
            failure = error if isinstance(error, OSError) and error.errno is not None else None
        if failure is not None:
            return location.error(failure, listed.uri)
        return UnreadableObjectError(listed.uri, _one_line(error))

    @property
    def parts(self) -> Sequence[Self]:
        """Itself: what is one split has no other parts."""
        return (self,)

    @property
    def rows(self) -> int:
        """Rows of the split: as many as its footer says, which is made sure of before it is relied on."""
        if not self._is_counted:
            own = sorted(filter(self._holds, self._columns), key=lambda name: name not in self._wanted)
            if own:
                self._ahead = own[0], self.column(own[0])
        return self.split.rows

    def group_rows(self) -> tuple[int, ...]:
        """The rows of each row group of the split, in their order."""
        metadata = self._opened_file().metadata
        return tuple(metadata.row_group(at).num_rows for at in self.split.row_groups)

    def _opened_file(self) -> pq.ParquetFile:
        if self._file is None:
            raise RuntimeError("a SplitReader is a context manager: read within its with block")
        return self._file

    def has(self, name: str) -> bool:
        """Whether this object, or its path, holds the column in the type that was agreed on."""
        return name in self._columns and name not in self.split.absent

    def unreadable(self, name: str) -> str | None:
        """The type of a column that this object has, but not as one that values could be read of."""
        return None if self.has(name) else self.split.unreadable.get(name)

    def _holds(self, name: str) -> bool:
        """Whether it is in the object itself, not just in its path."""
        return self.has(name) and name not in self._in_path

    def mean_bytes(self, name: str) -> int:
        """What a value of the column takes when decompressed, as the footer says; less than the value itself
        where values repeat. 0 of what is not in the object."""
        if not self._holds(name):
            return 0
        file = self._opened_file()
        at = leaf_position(file.schema_arrow, self._columns[name].path)
        chunks = [file.metadata.row_group(group).column(at) for group in self.split.row_groups]
        size = sum(chunk.total_uncompressed_size for chunk in chunks)
        return int(size // max(sum(chunk.num_values for chunk in chunks), 1))

    def column(self, name: str) -> pa.Array:
        """The whole column of the split as one array (rows,) of the types that ``plain`` leaves."""
        if name in self._in_path:
            return constant(self._in_path[name], self.rows)
        if self._ahead is not None and self._ahead[0] == name:
            array, self._ahead = self._ahead[1], None
            return array
        try:
            return self._decoded(self._columns[name])
        except pa.ArrowMemoryError as error:
            self._check_rows(name)
            raise TransientError(
                f"{self.split.object.uri}: there is no memory for {self.split.rows:,} rows of its column "
                f"{name}: set DRIFTLINE_THREADS lower, or write the object in smaller row groups"
            ) from error
        except _READ_ERRORS as error:
            raise self._meaning(error) from error

    def _check_rows(self, name: str) -> None:
        """There may be no memory for rows that the footer has made up: count them, a few at a time."""
        paths = [".".join(self._columns[name].path)]
        groups = list(self.split.row_groups)
        try:
            batches = self._opened_file().iter_batches(_COUNTED_AT_ONCE, groups, paths, use_threads=False)
            rows = sum(batch.num_rows for batch in batches)
        except pa.ArrowMemoryError:
            return
        except _READ_ERRORS as error:
            raise self._meaning(error) from error
        if rows != self.split.rows:
            raise UnreadableObjectError(self.split.object.uri, self._miscounted(rows))

    def _miscounted(self, rows: int) -> str:
        return f"it holds {rows:,} rows where its footer says {self.split.rows:,}"

    def _decoded(self, column: LogColumn) -> pa.Array:
        file = self._opened_file()
        array = self._read(file, column)
        if pa.types.is_timestamp(array.type) and _is_int96(file, column):
            seconds = self._parquet(self._source, int96="s")
            array = joined_int96(array, self._read(seconds, column))
        if len(array) != self.split.rows:
            raise pa.ArrowInvalid(self._miscounted(len(array)))
        self._is_counted = True
        return array

    def read_at_once(self, wanted: Iterable[str]) -> None:
        """Read these columns now, in one call: of a small split the calls take longer than the rows. Of
        several calls the first counts, if it had all of them."""
        own = (self._columns[name] for name in wanted if self._holds(name))
        names = [column.name for column in own if len(column.path) == 1]
        if self._at_once is not None and set(names) <= set(self._at_once.column_names):
            return
        groups = list(self.split.row_groups)
        try:
            self._at_once = self._opened_file().read_row_groups(groups, columns=names, use_threads=False)
        except pa.ArrowMemoryError:
            return  # column by column, it can be said which one there is no memory for
        except _READ_ERRORS as error:
            raise self._meaning(error) from error

    def _read(self, file: pq.ParquetFile, column: LogColumn) -> pa.Array:
        if self._at_once is not None and file is self._file and column.name in self._at_once.column_names:
            return _resolved(self._at_once, column)
        columns = [".".join(column.path)]
        groups = list(self.split.row_groups)
        # What a struct holds is refused as soon as it comes in several pieces, as dictionaries do.
        runs = [groups] if len(column.path) == 1 else [[group] for group in groups]
        tables = [file.read_row_groups(run, columns=columns, use_threads=False) for run in runs]
        return _resolved(pa.concat_tables(tables), column)

    def head(self, rows: int) -> dict[str, pa.Array]:
        """The first ``rows`` rows of every column that the object holds, without decoding the rest.

        Errors are those of ``column``.
        """
        names = [name for name in self._columns if self._holds(name)]
        try:
            batches = self._first_rows(rows, [".".join(self._columns[name].path) for name in names])
            found = {name: _resolved(batches, self._columns[name]) for name in names}
            count = batches.num_rows if names else min(rows, self.split.rows)
            in_path = {name: value for name, value in self._in_path.items() if self.has(name)}
            return found | {name: constant(value, count) for name, value in in_path.items()}
        except pa.ArrowMemoryError:
            raise
        except _READ_ERRORS as error:
            raise self._meaning(error) from error

    def _first_rows(self, rows: int, paths: list[str]) -> pa.Table:
        file = self._opened_file()
        found: list[pa.RecordBatch] = []
        for group in self.split.row_groups:
            lacking = rows - sum(batch.num_rows for batch in found)
            if lacking > 0:
                found += itertools.islice(file.iter_batches(lacking, [group], paths, use_threads=False), 1)
        return pa.Table.from_batches(found) if found else file.schema_arrow.empty_table()

    def timestamps(self, time: TimeColumn) -> IntArray:
        """The column as UTC microseconds (rows,), ``NO_TIME`` where there is none."""
        return microseconds(self.column(time.name), time)


def _resolved(table: pa.Table, column: LogColumn) -> pa.Array:
    """One column of what was read, as one plain array of its leaf."""
    data = table.column(column.path[0])  # by name: a dotted name may match a struct's field too
    for field in column.path[1:]:
        data = pc.struct_field(data, field)
    for chunk in data.chunks if pa.types.is_dictionary(data.type) else ():
        _check_indices(chunk)
    if data.num_chunks == 1:
        return plain(data.chunk(0))
    if data.num_chunks == 0:
        return plain(pa.array([], type=data.type))
    if pa.types.is_dictionary(data.type):
        data = data.unify_dictionaries()
    return plain(pa.concat_arrays(data.chunks))


def _is_int96(file: pq.ParquetFile, column: LogColumn) -> bool:
    leaf = file.metadata.schema.column(leaf_position(file.schema_arrow, column.path))
    return bool(leaf.physical_type == "INT96")


def _check_indices(array: pa.DictionaryArray) -> None:
    """Nothing holds the indices of a damaged file to its dictionary, and rows are counted by them."""
    ends = pc.min_max(array.indices).as_py()
    low, high = ends["min"], ends["max"]
    if high is not None and (low < 0 or high >= len(array.dictionary)):
        raise pa.ArrowInvalid(f"it holds an index beyond its dictionary of {len(array.dictionary)} values")


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
