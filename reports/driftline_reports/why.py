"""What explains a change of performance: mix and rate by segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from driftline_reports import formats, glossary, plots
from driftline_reports.context import Cited, Context
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Sentence
from driftline_reports.view_performance import Reason, Why
from driftline_schemas.task_specs import performance_spec

Row = Mapping[str, Any]
_MOST: Final = 10
_DRAWN: Final = 6
_KEYS: Final = ("model_version", "segment", "segment_value")


def build(context: Context, metric: str | None) -> Why:
    """The split of ``metric``'s change, or of the first that was split."""
    rows = context.selection.rows("attributions", window=context.window.start, column_name="*")
    metrics = sorted({row["metric"] for row in rows}, key=lambda name: (name != metric, name))
    rows = [row for row in rows if metrics and row["metric"] == metrics[0] and _moved(row) is not None]
    if not rows:
        return Why(_absent(context), "", True, (), 0, None, None)
    rows.sort(key=lambda row: (-abs(_moved(row) or 0.0), *(row[key] for key in _KEYS)))
    term = glossary.performance(metrics[0])
    query = _query(context, metrics[0])
    made = tuple(_reason(context, row, query, term) for row in rows[:_MOST])
    drawn = rows[:_DRAWN]
    split = plots.Split(
        labels=tuple(_name(context, row) for row in drawn),
        mix=tuple(float(row["mix"] or 0.0) for row in drawn),
        rate=tuple(float(row["rate"] or 0.0) for row in drawn),
        form="+.1%" if term.write is formats.percent else "+.2~r",
        summary=f"Mix and rate effects on {term.title}: "
        + "; ".join(f"{r.name} mix {r.mix.text}, rate {r.rate.text}" for r in made[:_DRAWN]),
    )
    spec = performance_spec(metrics[0])
    adds_up = spec is None or not spec.compares_rows
    return Why((), term.title, adds_up, made, max(len(rows) - _MOST, 0), split, query)


def _query(context: Context, metric: str) -> Query:
    conditions = [*context.here(whole=False), f"metric = '{metric}' and column_name = '*'"]
    columns = [*_KEYS, "mix", "rate", "share", "n"]
    return context.book.add(
        select("current_attributions", columns, conditions, "abs(coalesce(mix, 0) + coalesce(rate, 0)) desc"),
        _KEYS,
    )


def _moved(row: Row) -> float | None:
    if row["mix"] is None and row["rate"] is None:
        return None
    return float(row["mix"] or 0.0) + float(row["rate"] or 0.0)


def _name(context: Context, row: Row) -> str:
    name = context.names.segment(row["segment"], row["segment_value"])
    if row["model_version"] == "*":
        return name
    return f"{name}, version {context.names.value('', row['model_version'])}"


def _reason(context: Context, row: Row, query: Query, term: glossary.Term) -> Reason:
    cite = Cited(row, query, hide=context.names.hides(row["segment"], row["segment_value"]))
    write = formats.points if term.write is formats.percent else _signed
    return Reason(
        name=_name(context, row),
        mix=cite("mix", write),
        rate=cite("rate", write),
        share=cite("share", formats.percent),
        rows=cite("n", formats.count),
    )


def _signed(value: float | None) -> str:
    return formats.signed(value, 2)


def _absent(context: Context) -> Sentence:
    if not context.monitor.segments:
        return ("The monitor names no segments, so no change can be split by them.",)
    return ("No change of performance was split by segments in this window.",)
