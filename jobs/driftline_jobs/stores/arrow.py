"""Values on their way in and out of a store: the same types and texts, whichever store it is."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from driftline_schemas.rows import NUL_STAND_IN

_INSTANT = pa.timestamp("us", "UTC")


def parameter(value: object) -> object:
    """A query's parameter as the rows have it: NUL replaced. ``ValueError`` for a time without a zone."""
    if isinstance(value, str):
        # A plain str also of an enumeration: drivers look at the exact type.
        return str.__str__(value).replace("\0", NUL_STAND_IN)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be looked up: {value}")
    return value


def from_store(answer: pa.Table) -> pa.Table:
    """``answer`` with instants as ``timestamp[us, UTC]``, exact numerics as float64, texts as ``string``."""
    fields = [pa.field(field.name, _type(field.type), field.nullable) for field in answer.schema]
    columns = [
        _plain(column).cast(field.type) if column.type != field.type else column
        for column, field in zip(answer.columns, fields, strict=True)
    ]
    return pa.table(columns, schema=pa.schema(fields))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The storage of an extension type (Postgres' numeric arrives as text in one)."""
    if isinstance(column.type, pa.BaseExtensionType):
        return pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return column


def _type(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        return pa.float64() if getattr(kind, "type_name", "") == "numeric" else kind.storage_type
    if pa.types.is_timestamp(kind):
        return _INSTANT
    if pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind):
        return pa.binary()
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _type(field.type)) for field in kind])
    return kind
