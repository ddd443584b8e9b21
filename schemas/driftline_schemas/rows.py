"""Rows of a summary table: built column by column, and checked once before they go to a store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline_schemas.table_definitions import Column, ColumnType, Table

NUL_STAND_IN = "␀"
"""What a NUL in a text becomes: Postgres cannot hold NUL, and both stores must hold the same."""
_FLUSH_ROWS = 1 << 16


def canonical_json(value: object) -> str:
    """``value`` as JSON with sorted keys and no spaces, so that equal values are equal texts.

    Raises ``ValueError`` on NaN and infinities, which JSON does not have.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class TableBuilder:
    """Collects rows of one table, a block at a time, without a Python object per row.

    ``add(n, **values)`` takes, per column, a scalar that holds for all ``n`` rows, or a list, tuple, ndarray
    or Arrow array of ``n``. A column that is not named is null. What is not a finite number must be ``None``
    (or masked): a NaN is refused. In a ``json`` column a text is taken for JSON as it is and anything else is
    written as JSON; a list is one value per row there too.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._columns: dict[str, list[Any]] = {column.name: [] for column in table.columns}
        self._json = frozenset(c.name for c in table.columns if c.type is ColumnType.JSON)
        self._pending = 0
        self._flushed: list[pa.Table] = []
        self._flushed_rows = 0

    def __len__(self) -> int:
        return self._flushed_rows + self._pending

    def add(self, n: int, /, **values: object) -> None:
        """Add ``n`` rows. Raises ``ValueError`` for an unknown column or a length other than ``n``."""
        if n < 0:
            raise ValueError(f"table {self.table.name}: cannot add {n} rows")
        unknown = values.keys() - self._columns.keys()
        if unknown:
            raise ValueError(f"table {self.table.name} has no column {', '.join(sorted(unknown))}")
        # Every value is laid out before the first column grows: a refused block leaves no torn row.
        blocks = {name: self._block(name, value, n) for name, value in values.items()}
        for name, column in self._columns.items():
            column.extend(blocks.get(name) or repeat(None, n))
        self._pending += n
        if self._pending >= _FLUSH_ROWS:
            self._flush()

    def extend(self, other: TableBuilder) -> None:
        """Add all rows of another builder of the same table."""
        if other.table.name != self.table.name:
            raise ValueError(f"rows of {other.table.name} are no rows of {self.table.name}")
        if self._pending:
            self._flush()
        rows = other.to_arrow()
        self._flushed.append(rows)
        self._flushed_rows += rows.num_rows

    def to_arrow(self) -> pa.Table:
        """All rows so far, checked (see ``conform``), in the table's Arrow schema."""
        if self._pending or not self._flushed:
            self._flush()
        return pa.concat_tables(self._flushed)

    def _block(self, name: str, value: object, n: int) -> Iterable[object]:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        if isinstance(value, np.ndarray | pa.Array | pa.ChunkedArray):
            if isinstance(value, np.ndarray) and value.ndim > 1:
                raise ValueError(f"column {name} of {self.table.name}: an array of {value.ndim} axes")
            value = value.tolist() if isinstance(value, np.ndarray) else value.to_pylist()
        if isinstance(value, list | tuple):
            if len(value) != n:
                raise ValueError(f"column {name} of {self.table.name}: {len(value)} values for {n} rows")
            return [_as_json(item) for item in value] if name in self._json else value
        if name in self._json:
            value = _as_json(value)
        if isinstance(value, np.generic):
            value = value.item()
        return repeat(value, n)

    def _flush(self) -> None:
        schema = self.table.arrow_schema()
        arrays = [self._array(field, self._columns[field.name]) for field in schema]
        self._flushed.append(conform(self.table, pa.table(arrays, schema=schema)))
        self._flushed_rows += self._pending
        self._pending = 0
        for column in self._columns.values():
            column.clear()

    def _array(self, field: pa.Field, values: list[Any]) -> pa.Array:
        try:
            return _typed(values, field.type)
        except UnicodeEncodeError:  # a lone surrogate, which is no text
            clean = [None if v is None else v.encode("utf-8", "replace").decode() for v in values]
            return pa.array(clean, field.type)
        except (pa.ArrowException, TypeError) as error:
            odd = next((v for v in values if not _fits(v, field.type)), None)
            shown = f"{odd!r:.200}" if not isinstance(odd, Enum) else repr(odd.value)
            raise ValueError(
                f"column {field.name} of {self.table.name} holds {field.type}, got {shown}: {error}"
            ) from error


def _as_json(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else canonical_json(value)


def _typed(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_integer(kind):
        # Told the type, Arrow would cut 1.5 down to 1 without a word; a cast refuses.
        return pa.array(values).cast(kind)
    return pa.array(values, kind)


def _fits(value: object, kind: pa.DataType) -> bool:
    try:
        _typed([value], kind)
    except (pa.ArrowException, TypeError):
        return False
    return True


def conform(table: Table, rows: pa.Table) -> pa.Table:
    """``rows`` in the order and types of ``table``, NUL replaced in texts; ``ValueError`` if they do not fit.

    They do not fit if a column is missing or too many, a value cannot be cast without loss, a column that
    must not be null is, a number is NaN or infinite, or a text is none of a closed set.
    """
    wanted = table.arrow_schema()
    missing = [name for name in wanted.names if name not in rows.column_names]
    extra = [name for name in rows.column_names if name not in wanted.names]
    if missing or extra or len(rows.column_names) != len(wanted.names):
        raise ValueError(f"rows of {table.name}: columns missing {missing}, unknown or twice {extra}")
    arrays = []
    for field in wanted:
        array = rows.column(field.name)
        if array.type != field.type:
            try:
                array = array.cast(field.type)
            except pa.ArrowException as error:
                raise ValueError(f"column {field.name} of {table.name}: {error}") from error
        arrays.append(_checked(table, table.column(field.name), array))
    return pa.table(arrays, schema=wanted)


def _checked(table: Table, column: Column, array: pa.ChunkedArray) -> pa.ChunkedArray:
    if not column.nullable and array.null_count:
        raise ValueError(
            f"column {column.name} of {table.name} must not be null: {array.null_count} rows are"
        )
    if column.type is ColumnType.NUMBER:
        if pc.all(pc.is_finite(array)).as_py() is False:
            raise ValueError(
                f"column {column.name} of {table.name} holds NaN or an infinity: "
                "a figure that cannot be had is null, and its status says why"
            )
    elif column.values:
        allowed = pa.array([*column.allowed, None], array.type)
        odd = array.filter(pc.invert(pc.is_in(array, value_set=allowed)))
        if len(odd):
            raise ValueError(
                f"column {column.name} of {table.name} holds {odd[0].as_py()!r:.200}, "
                f"which is none of {', '.join(column.allowed)}"
            )
    elif pa.types.is_string(array.type) and pc.any(pc.match_substring(array, "\0")).as_py():
        array = pc.replace_substring(array, pattern="\0", replacement=NUL_STAND_IN)
    return array
