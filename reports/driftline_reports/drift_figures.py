"""The drift figures of one column: which it is told by, how far it moved, and all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from driftline_reports import formats, glossary
from driftline_reports.context import Cited, Context, column_condition
from driftline_reports.names import visible
from driftline_reports.queries import Query, select
from driftline_reports.view_model import DriftFigure

Row = Mapping[str, Any]

# The usual reading of PSI (0.1, 0.25) as Jensen-Shannon distances: JS² is about PSI / (8 ln 2).
_MODERATE: Final = 0.134
_LARGE: Final = 0.212
_UNCALIBRATED: Final = 0.5

_COLUMNS: Final = (
    "column_name", "comparison", "metric", "value", "value_debiased", "lower_bound", "upper_bound", "p_value",
    "q_value", "threshold", "threshold_source", "drifted", "n_current", "n_reference", "status", "reason",
)  # fmt: skip


def of_reference(rows: Sequence[Row]) -> list[Row]:
    """The rows against the reference."""
    return [row for row in rows if row["comparison"] == "reference"]


def has_drifted(rows: Sequence[Row]) -> bool:
    """Whether any figure that decides says so."""
    return any(row["drifted"] for row in of_reference(rows))


def lead_of(rows: Sequence[Row]) -> Row | None:
    """The figure a column is told by: of those that decide the one farthest beyond its limit.

    What a column does in this window says more than what it has summed up to.
    """
    known = [row for row in of_reference(rows) if row["value"] is not None]
    deciding = [row for row in known if row["drifted"] is not None]
    if deciding:

        def weight(row: Row) -> tuple[bool, bool, float, bool]:
            own = row["metric"] != glossary.SUSTAINED
            return bool(row["drifted"]), own, _excess(row), row["metric"] == "psi"

        return max(deciding, key=weight)
    order = list(glossary.drift_terms())
    ranked = sorted(
        known, key=lambda row: order.index(row["metric"]) if row["metric"] in order else len(order)
    )
    return ranked[0] if ranked else None


def _excess(row: Row) -> float:
    value, limit = row["value"], row["threshold"]
    return abs(value) / abs(limit) if limit and value is not None else 0.0


def effect_of(rows: Sequence[Row]) -> float:
    """How far the column moved, 0 to 1: the Jensen-Shannon distance, or what comes nearest to it."""
    values = {row["metric"]: row["value"] for row in of_reference(rows) if row["value"] is not None}
    for metric in ("js_distance", "tvd", "ks", "l_infinity"):
        if metric in values:
            return float(min(max(values[metric], 0.0), 1.0))
    psi = max(float(values.get("psi", 0.0)), 0.0)
    return float(min((psi / 5.545) ** 0.5, 1.0))


def effect_word(effect: float) -> str:
    """The usual reading of an effect."""
    return "large" if effect >= _LARGE else "moderate" if effect >= _MODERATE else "small"


def score_of(column: str, rows: Sequence[Row], weights: Mapping[str, float]) -> float:
    """Effect times certainty times importance (``weights``, by column), each between 0 and 1."""
    certainties = [
        1.0 - (row["q_value"] if row["q_value"] is not None else row["p_value"])
        for row in of_reference(rows)
        if row["drifted"] is not None and (row["q_value"] is not None or row["p_value"] is not None)
    ]
    heaviest = max(weights.values(), default=0.0)
    # A column without a weight (the score, a label) is nobody's input: it counts in full.
    weight = max(weights[column] / heaviest, 0.02) if heaviest > 0 and column in weights else 1.0
    return effect_of(rows) * max(certainties, default=_UNCALIBRATED) * weight


def figures_of(
    rows: Sequence[Row], context: Context, column: str, queries: list[Query] | None = None
) -> tuple[DriftFigure, ...]:
    """Every figure against the reference, and the deciding ones against the window before."""
    query = context.book.add(
        select(
            "current_drift_metrics",
            _COLUMNS[1:],
            [*context.here(), column_condition(column)],
            "comparison, metric",
        ),
        ("comparison", "metric"),
    )
    if queries is not None:
        queries.append(query)
    order = {metric: n for n, metric in enumerate(glossary.drift_terms())}
    ranked = sorted(of_reference(rows), key=lambda row: (order.get(row["metric"], len(order)), row["metric"]))
    return tuple(figure_of(row, Cited(row, query)) for row in ranked)


def figure_of(row: Row, cite: Cited) -> DriftFigure:
    """One figure as the page has it."""
    term = glossary.drift(row["metric"])
    bounds = None
    if row["lower_bound"] is not None and row["upper_bound"] is not None:
        bounds = (cite("lower_bound", term.write), cite("upper_bound", term.write))
    certainty = "q_value" if row["q_value"] is not None else "p_value"
    return DriftFigure(
        metric=row["metric"],
        title=term.title,
        value=cite("value", term.write),
        beyond_chance=cite("value_debiased", term.write),
        bounds=bounds,
        threshold=cite("threshold", term.write),
        source=glossary.source(row["threshold_source"]),
        certainty=cite(certainty, formats.probability),
        drifted=row["drifted"],
        uncounted=row["drifted"] is False and _excess(row) > 1.0,
        reason=reason_of(row),
    )


def reason_of(row: Row) -> str:
    """Why a figure is not to be had, or what is to be said of it."""
    if row["reason"]:
        return visible(row["reason"], 240)
    return "" if row["value"] is not None else glossary.words(row["status"])
