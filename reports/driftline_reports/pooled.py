"""Figures of the outcomes of several windows together: small losses that last show there first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from driftline_reports import formats, glossary
from driftline_reports.context import Cited, Context
from driftline_reports.queries import Query, select
from driftline_reports.selection import POOLED
from driftline_reports.view_performance import PooledRow

Row = Mapping[str, Any]


def build(context: Context) -> tuple[tuple[PooledRow, ...], Query | None]:
    """The realized figures of several windows together that end with this one, by metric, and the query."""
    rows: Sequence[Row] = [
        row
        for row in context.selection.rows(POOLED, window=context.window.start, whole=True, kind="realized")
        if row["value"] is not None and row["class_label"] is None
    ]
    if not rows:
        return (), None
    columns = [
        "metric",
        "windows",
        "value",
        "ci_low",
        "ci_high",
        "reference_value",
        "threshold",
        "n",
        "degraded",
    ]
    conditions = [*context.here(), "windows > 1 and kind = 'realized' and class_label is null"]
    query = context.book.add(
        select("current_performance_metrics", columns, conditions, "metric, windows"), ("metric", "windows")
    )
    rows = sorted(rows, key=lambda row: (glossary.order_of_reading(row["metric"]), row["windows"]))
    return tuple(_row(row, Cited(row, query)) for row in rows), query


def _row(row: Row, cite: Cited) -> PooledRow:
    term = glossary.performance(row["metric"])
    return PooledRow(
        title=term.title,
        windows=int(row["windows"]),
        realized=cite("value", term.write),
        low=cite("ci_low", term.write),
        high=cite("ci_high", term.write),
        reference=cite("reference_value", term.write),
        threshold=cite("threshold", term.write),
        rows=cite("n", formats.count),
        degraded=row["degraded"],
    )
