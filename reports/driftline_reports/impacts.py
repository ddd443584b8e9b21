"""What a column's change does to the model by itself, as the table ``impacts`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from driftline_reports import formats
from driftline_reports.context import Cited, Context
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Impact

Row = Mapping[str, Any]
SCORE: Final = {"mean_score": "mean score", "mean_prediction": "mean prediction"}
_KEYS: Final = ("column_name", "metric", "class_label")


def build(context: Context) -> tuple[dict[str, Impact], Query | None]:
    """The impact of each column on the mean score (or prediction), by its name in the tables, and the query.

    Of several classes the one that moves most beyond its noise.
    """
    rows = [
        row
        for row in context.selection.rows("impacts", window=context.window.start, whole=True)
        if row["metric"] in SCORE and row["value"] is not None
    ]
    if not rows:
        return {}, None
    keys = tuple(key for key in _KEYS if key in rows[0])
    conditions = [*context.here(), f"metric in ({', '.join(repr(name) for name in SCORE)})"]
    conditions.append("value is not null")
    columns = [*keys, "value", "reference_value", "noise", "importance"]
    query = context.book.add(select("current_impacts", columns, conditions, "abs(value) desc"), keys)
    found: dict[str, Row] = {}
    for row in rows:
        known = found.get(row["column_name"])
        if known is None or _weight(row) > _weight(known):
            found[row["column_name"]] = row
    return {column: _impact(row, Cited(row, query)) for column, row in found.items()}, query


def _weight(row: Row) -> float:
    value, noise = float(row["value"]), row["noise"]
    return abs(value) / float(noise) if noise else abs(value)


def _impact(row: Row, cite: Cited) -> Impact:
    noise, importance = row["noise"], row["importance"]
    return Impact(
        what=SCORE[row["metric"]],
        value=cite("value", _signed),
        usual=cite("reference_value", formats.number),
        matters=None if noise is None else abs(row["value"]) > noise,
        importance=None if importance is None else cite("importance", formats.percent),
        weight=0.0 if importance is None else max(float(importance), 0.0),
    )


def _signed(value: float | None) -> str:
    return formats.signed(value, 2)
