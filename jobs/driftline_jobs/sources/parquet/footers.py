"""Read the footers of Parquet objects: their schema, their row groups and the bounds of their timestamps.

Getting the bytes and making sense of them are kept apart: what cannot be fetched may be there later, what
cannot be understood never will, and only that object is set aside.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from driftline_jobs.profiles.columns.times import bounds_us, stored_as, unreadable
from driftline_jobs.sources.listing.objects import LogObject, relisted
from driftline_jobs.sources.listing.partitions import PathColumns, Served
from driftline_jobs.sources.parquet.conversion import as_parquet
from driftline_jobs.sources.parquet.footer_layout import FooterError, Layout, NotParquetError, Tail, read_tail
from driftline_jobs.sources.parquet.id_range import IdRange, id_range
from driftline_jobs.sources.parquet.object_schema import ObjectSchema
from driftline_jobs.storage.location import Location, claims_parquet
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.extensions import PARQUET
from driftline_schemas.serving_log import TimeColumn, flatten, leaf_position

_THREADS = 16


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group. ``min_us`` and ``max_us`` bound the timestamps, ``nulls`` counts the null ones, ``ids``
    bounds the prediction ids; None where the statistics do not tell (see ``times.bounds_us``)."""

    rows: int
    size_bytes: int
    min_us: int | None
    max_us: int | None
    nulls: int | None
    ids: IdRange | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """What one object says of itself. ``object`` is newer than the listed one if that was replaced;
    ``in_path`` are the values of those of its columns that only its path has."""

    object: LogObject
    schema: ObjectSchema
    row_groups: tuple[RowGroup, ...]
    in_path: Served = ()

    @property
    def rows(self) -> int:
        """All rows of the object."""
        return sum(group.rows for group in self.row_groups)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object that is set aside, and why; or passed over, if it neither claims to be Parquet nor is it."""

    object: LogObject
    reason: str
    rows: int | None = None
    is_passed_over: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What an object must hold to be read: a timestamp if one is named, and the ``required`` columns.

    ``path_columns`` says which columns count that only its path has; without it none do. ``prediction_id`` is
    the column whose bounds are wanted.
    """

    timestamp: TimeColumn | None
    required: tuple[str, ...] = ()
    path_columns: PathColumns | None = None
    prediction_id: str | None = None


KnownFooters = dict[LogObject, Footer]
"""By object as it was listed: what has another etag is another object."""


def read_footers(
    objects: Iterable[LogObject], location: Location, needs: Needs, known: KnownFooters | None = None
) -> list[Footer | Refusal]:
    """The footer of each object, in their order; those that are ``known``, with the same needs, are not read
    again, and those that are read are known then.

    Raises a DriftlineError when the location itself fails.
    """
    objects = list(objects)
    known = {} if known is None else known
    schemas = _Schemas(needs)
    unread = [found for found in objects if found not in known]
    footers = _each(unread, location, lambda found: _read_footer(found, location, needs, schemas))
    read = dict(zip(unread, footers, strict=True))
    known.update((found, footer) for found, footer in read.items() if isinstance(footer, Footer))
    return [read[found] if found in read else known[found] for found in objects]


def _each(
    objects: Sequence[LogObject], location: Location, read: Callable[[LogObject], Footer | Refusal]
) -> list[Footer | Refusal]:
    if not location.is_remote:
        # a disk answers at once: threads would only wait for each other's turn in the interpreter
        return [read(found) for found in objects]
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            return list(threads.map(read, objects))
        except BaseException:
            # A server that does not answer would not answer for the other objects either.
            threads.shutdown(cancel_futures=True)
            raise


class _Schemas:
    """Most objects of a log share one schema: it is flattened once. Two threads may do it twice: no harm."""

    def __init__(self, needs: Needs) -> None:
        self._path_columns = needs.path_columns
        self._flat: dict[pa.Schema, ObjectSchema] = {}
        self._placed: dict[tuple[pa.Schema, tuple[str, ...], frozenset[str]], ObjectSchema] = {}

    def of(self, schema: pa.Schema, found: LogObject) -> tuple[ObjectSchema, Served]:
        """The columns of an object, and the values of those that only its path has."""
        if schema not in self._flat:
            columns, left_out = flatten(schema)
            self._flat[schema] = ObjectSchema({column.name: column for column in columns}, left_out)
        flat = self._flat[schema]
        if self._path_columns is None or not found.path_values:
            return flat, ()
        served, repeats = self._path_columns.missing_in(flat, found.path_values)
        names = tuple(name for name, _ in served)
        key = schema, names, repeats
        if key not in self._placed:
            self._placed[key] = self._path_columns.added(flat, names, repeats) if names or repeats else flat
        return self._placed[key], served


def _read_footer(found: LogObject, location: Location, needs: Needs, schemas: _Schemas) -> Footer | Refusal:
    tail = _tail(found, location)
    if tail is None:
        # Replaced while we were at it: what counts is what is there now, under its new etag.
        now = relisted(location, found)
        tail = None if now is None else _tail(now, location)
        if now is None or tail is None:
            return Refusal(found, "it vanished or changed while it was being read")
        found = now
    if isinstance(tail, FooterError):
        other = isinstance(tail, NotParquetError) and not claims_parquet(found.path)
        return Refusal(found, str(tail), is_passed_over=other)
    try:
        metadata = pq.ParquetFile(pa.BufferReader(tail.data)).metadata
        arrow_schema = metadata.schema.to_arrow_schema().remove_metadata()
        schema, in_path = schemas.of(arrow_schema, found)
        timestamp = _timestamp(metadata, arrow_schema, schema, needs)
        ids = _ids(arrow_schema, schema, needs)
        leaves = [place.leaf for place in (timestamp, ids) if place is not None]
        layout = Layout(tail.footer, tail.footer_start, metadata.num_columns, leaves)
        reason = _unfit(schema, needs)
        if reason:
            return Refusal(found, reason, metadata.num_rows)
        return Footer(found, schema, tuple(_row_groups(layout, timestamp, ids)), in_path)
    except FooterError as error:
        return Refusal(found, str(error))
    except (pa.ArrowException, OSError, ValueError, LookupError, RecursionError) as error:
        return Refusal(found, f"its Parquet footer cannot be read: {_one_line(error)}")


def _tail(found: LogObject, location: Location) -> Tail | FooterError | None:
    """The end of the object with the whole footer in it, why it has none, or None if it has changed."""
    try:
        if found.size_bytes == 0:
            return read_tail(lambda *_: b"", 0)
        if found.format != PARQUET:
            content = as_parquet(found, location)
            return read_tail(lambda size, start: content.slice(start, size).to_pybytes(), content.size)
        with location.open(found.path, found.size_bytes) as file:
            size = file.size()
            return None if size != found.size_bytes else read_tail(file.read_at, size)
    except FooterError as error:
        return error
    except UnreadableObjectError as error:
        return FooterError(error.reason)
    except FileNotFoundError:
        return None
    except UnicodeEncodeError:
        return FooterError("its name is not UTF-8")
    except ValueError as error:
        return FooterError(f"its name cannot be opened: {_one_line(error)}")
    except OSError as error:
        raise location.error(error, found.uri) from error


def _unfit(schema: ObjectSchema, needs: Needs) -> str | None:
    """Why an object of this schema cannot be read at all."""
    for name in needs.required:
        if name in schema.left_out:
            return f"its column {name!r} is {schema.left_out[name]}"
        if name not in schema.columns:
            return f"it has no column {name!r}{_nearest(name, schema)}"
    if needs.timestamp is None:
        return None
    name = needs.timestamp.name
    if name in schema.left_out:
        return f"its timestamp {name!r} is {schema.left_out[name]}"
    if name not in schema.columns:
        return f"it has no timestamp: no column {name!r}{_nearest(name, schema)}"
    return unreadable(schema.columns[name].type, needs.timestamp)


def _nearest(name: str, schema: ObjectSchema) -> str:
    near = difflib.get_close_matches(name, schema.columns, n=1)
    return f" (there is {near[0]!r})" if near else ""


@dataclass(frozen=True, slots=True)
class _Timestamp:
    """Where the timestamps lie among the leaf columns, and how their numbers become microseconds; None where
    nothing is said of their order."""

    leaf: int
    to_us: Callable[[float], int | None] | None


def _timestamp(
    metadata: pq.FileMetaData, arrow_schema: pa.Schema, schema: ObjectSchema, needs: Needs
) -> _Timestamp | None:
    """None where an object has none itself."""
    column = None if needs.timestamp is None else schema.columns.get(needs.timestamp.name)
    if column is None or needs.timestamp is None or column.name in schema.in_path:
        return None
    leaf = leaf_position(arrow_schema, column.path)
    return _Timestamp(leaf, stored_as(metadata.schema.column(leaf), column.type, needs.timestamp))


@dataclass(frozen=True, slots=True)
class _Ids:
    """Where the prediction ids lie among the leaf columns, and their type."""

    leaf: int
    type: pa.DataType


def _ids(arrow_schema: pa.Schema, schema: ObjectSchema, needs: Needs) -> _Ids | None:
    column = None if needs.prediction_id is None else schema.columns.get(needs.prediction_id)
    if column is None or column.name in schema.in_path:
        return None
    return _Ids(leaf_position(arrow_schema, column.path), column.type)


def _row_groups(layout: Layout, timestamp: _Timestamp | None, ids: _Ids | None) -> Iterator[RowGroup]:
    for index, (rows, size) in enumerate(zip(layout.rows, layout.sizes, strict=True)):
        bounds: tuple[int | None, int | None] = (None, None)
        nulls = None
        if timestamp is not None and timestamp.to_us is not None:
            found = layout.statistics(index, timestamp.leaf)
            bounds, nulls = bounds_us(found.minimum, found.maximum, timestamp.to_us), found.nulls
        between = None if ids is None else id_range(layout, index, ids.leaf, ids.type)
        yield RowGroup(rows, size, *bounds, nulls, between)


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
