"""Rows picked out of the tables: the one place of this package that knows about Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from driftline_schemas.window import to_us

Row = dict[str, Any]
# Arrow has no types to check against: a mask or a column of a table.
Column: TypeAlias = Any
Mask: TypeAlias = Any
POOLED = "pooled_performance_metrics"
"""The rows of ``performance_metrics`` that are about several windows together."""
_WHOLE = ("model_version", "segment", "segment_value")


class Selection:
    """The tables of one monitor and granularity, asked for rows by the values of their columns.

    ``performance_metrics`` has the windows' own figures alone; those of several windows are in ``POOLED``.
    """

    def __init__(self, tables: Mapping[str, pa.Table], monitor: str, granularity: str) -> None:
        self._tables = {name: _plain(table, monitor, granularity) for name, table in tables.items()}
        figures = self._tables.get("performance_metrics")
        if figures is not None and "windows" in figures.column_names:
            several = pc.or_(
                pc.greater(pc.fill_null(figures["windows"], 1), 1), pc.equal(figures["kind"], "sustained")
            )
            self._tables["performance_metrics"] = figures.filter(pc.invert(several))
            self._tables[POOLED] = figures.filter(several)
        self._parts: dict[tuple[str, datetime | None, bool], pa.Table] = {}

    def part(self, name: str, *, window: datetime | None = None, whole: bool = False) -> pa.Table | None:
        """The rows of a window, of the whole (no version, no segment), or both; kept for when asked again."""
        key = (name, window, whole)
        if key in self._parts:
            return self._parts[key]
        table = self._tables.get(name)
        if table is None or not len(table):
            return None
        if window is not None:
            # Windows first: of a long history one window is little.
            mask = pc.equal(table["window_start"], pa.scalar(window, table.schema.field("window_start").type))
            table = table.filter(mask)
        if whole:
            table = table.filter(_all(pc.equal(table[column], "*") for column in _WHOLE))
        self._parts[key] = table
        return table

    def rows(
        self,
        name: str,
        *,
        window: datetime | None = None,
        whole: bool = False,
        columns: Sequence[str] | None = None,
        **equal: str | bool,
    ) -> list[Row]:
        """Rows as dictionaries, where every column named in ``equal`` holds that value."""
        table = self.part(name, window=window, whole=whole)
        if table is None:
            return []
        for column, value in equal.items():
            if column not in table.column_names:
                return []
            table = table.filter(pc.equal(table[column], value))
        if columns is not None:
            table = table.select([column for column in columns if column in table.column_names])
        rows: list[Row] = table.to_pylist()
        return rows

    def lists(
        self, name: str, columns: Sequence[str], mask: Callable[[pa.Table], Mask], *, whole: bool = True
    ) -> dict[str, list[Any]]:
        """Columns as lists, of the rows of all windows for which ``mask`` says so; times in microseconds.

        For long histories: ten times as fast as a dictionary for each row.
        """
        table = self.part(name, whole=whole)
        if table is None:
            return {column: [] for column in columns}
        table = table.filter(mask(table)).select(list(columns))
        return {column: _numbers(table[column]).to_pylist() for column in columns}


def _plain(table: pa.Table, monitor: str, granularity: str) -> pa.Table:
    """The monitor's rows with every timestamp in UTC microseconds and every text a plain text."""
    for column, value in (("monitor", monitor), ("granularity", granularity)):
        if column in table.column_names:
            table = table.filter(pc.equal(table[column], value))
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        elif pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("us", field.type.tz))
            column = (
                column.cast(pa.timestamp("us", "UTC")) if field.type.tz else pc.assume_timezone(column, "UTC")
            )
        else:
            continue
        table = table.set_column(position, field.name, column)
    return table


def _numbers(column: Column) -> Column:
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _all(masks: Iterable[Mask]) -> Mask:
    combined = None
    for mask in masks:
        combined = mask if combined is None else pc.and_(combined, mask)
    return combined


def newest(rows: Iterable[Row], by: str) -> Row | None:
    """The row with the latest ``by``; rows without one come before all others."""
    latest: Row | None = None
    for row in rows:
        if latest is None or _moment(row.get(by)) >= _moment(latest.get(by)):
            latest = row
    return latest


def _moment(value: datetime | None) -> int:
    return to_us(value) if value is not None else to_us(datetime.min.replace(tzinfo=UTC))
