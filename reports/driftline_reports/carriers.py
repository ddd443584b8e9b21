"""Which segments and versions carry a column's drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from driftline_reports import formats, glossary
from driftline_reports.context import Cited, Context, column_condition
from driftline_reports.queries import Query, select
from driftline_reports.selection import Mask
from driftline_reports.view_model import Carrier
from driftline_schemas.table_names import ALL

Row = Mapping[str, Any]
_MOST: Final = 4
_CELL: Final = ("model_version", "segment", "segment_value")


class Carriers:
    """The parts of the rows in which some columns drifted, read once for all of them."""

    def __init__(self, context: Context, columns: Sequence[str], leads: Mapping[str, Row]) -> None:
        self.columns = frozenset(columns)
        self._context = context
        self._leads = leads
        self._shares = self._rows("attributions", lambda table: pc.is_valid(table["share"]))
        self._drifted = self._rows("drift_metrics", _drifted_parts)

    def of(self, column: str) -> tuple[tuple[Carrier, ...], Query | None]:
        """The cells that carry most of the column's drift, and the query that lists them."""
        shares = self._shares.get(column, [])
        if shares:
            return self._by_share(column, shares)
        lead = self._leads.get(column)
        found = [row for row in self._drifted.get(column, []) if lead and row["metric"] == lead["metric"]]
        if not found or lead is None:
            return (), None
        query = self._query(
            "current_drift_metrics",
            column,
            ["value", "threshold", "n_current"],
            f"comparison = 'reference' and metric = '{lead['metric']}' and drifted",
            "value desc",
        )
        term = glossary.drift(lead["metric"])
        found.sort(key=lambda row: (-(row["value"] or 0.0), *(row[name] for name in _CELL)))
        made = []
        for row in found[:_MOST]:
            cite = self._cite(row, query)
            made.append(
                Carrier(
                    self._name(row), cite("value", term.write), term.title, cite("n_current", formats.count)
                )
            )
        return tuple(made), query

    def _by_share(self, column: str, rows: list[Row]) -> tuple[tuple[Carrier, ...], Query]:
        query = self._query(
            "current_attributions",
            column,
            ["metric", "share", "n"],
            "share is not null",
            "share desc",
            ("metric",),
        )
        rows.sort(key=lambda row: (-row["share"], *(row[name] for name in _CELL)))
        made = []
        for row in rows[:_MOST]:
            cite = self._cite(row, query)
            made.append(
                Carrier(self._name(row), cite("share", formats.percent), "share", cite("n", formats.count))
            )
        return tuple(made), query

    def _cite(self, row: Row, query: Query) -> Cited:
        return Cited(row, query, hide=self._context.names.hides(row["segment"], row["segment_value"]))

    def _name(self, row: Row) -> str:
        names = self._context.names
        parts = [] if row["segment"] == ALL else [names.segment(row["segment"], row["segment_value"])]
        if row["model_version"] != ALL:
            parts.append(f"version {names.value('', row['model_version'])}")
        return ", ".join(parts) or "all rows"

    def _query(
        self,
        table: str,
        column: str,
        columns: list[str],
        condition: str,
        order: str,
        keys: tuple[str, ...] = (),
    ) -> Query:
        context = self._context
        conditions = [*context.here(whole=False), column_condition(column), condition]
        conditions.append("(segment <> '*' or model_version <> '*')")
        return context.book.add(select(table, [*_CELL, *columns], conditions, order), (*_CELL, *keys))

    def _rows(self, name: str, mask: Callable[[pa.Table], Mask]) -> dict[str, list[Row]]:
        table = self._context.selection.part(name, window=self._context.window.start)
        if table is None or not self.columns:
            return {}
        chosen = pc.is_in(table["column_name"], pa.array(sorted(self.columns), pa.string()))
        parts = pc.or_(pc.not_equal(table["segment"], ALL), pc.not_equal(table["model_version"], ALL))
        table = table.filter(pc.and_(pc.and_(chosen, parts), mask(table)))
        rows: dict[str, list[Row]] = {}
        for row in table.to_pylist():
            rows.setdefault(row["column_name"], []).append(row)
        return rows


def _drifted_parts(table: pa.Table) -> Mask:
    return pc.and_(
        pc.equal(table["comparison"], "reference"), pc.fill_null(table["drifted"], fill_value=False)
    )
