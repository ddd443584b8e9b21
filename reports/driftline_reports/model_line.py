"""How the model does, in one line: the figure, its interval, the usual band, several windows together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driftline_reports import formats, glossary
from driftline_reports.context import Cited, Context
from driftline_reports.performance import REALIZED
from driftline_reports.reference_words import noun
from driftline_reports.view_model import Part, Sentence
from driftline_reports.view_performance import Performance, PooledRow

Row = Mapping[str, Any]


def build(context: Context, lead: Row | None, performance: Performance) -> Sentence:
    """The line; ``lead`` is the figure that the model is told by."""
    if lead is None:
        return performance.absent or performance.labels
    term = glossary.performance(lead["metric"])
    cite = Cited(lead, performance.queries[0])
    parts: list[Part] = [f"{term.title} ", cite("value", term.write)]
    if lead["kind"] != REALIZED:
        parts.append(" by an estimate without labels")
    elif lead["ci_low"] is not None and lead["ci_high"] is not None:
        parts += [" (", cite("ci_low", term.write), "–", cite("ci_high", term.write), ")"]
    parts += _usual(context, lead, term, cite)
    if lead["kind"] == REALIZED and performance.provisional:
        parts.append("; provisional, labels are still to come")
    for row in performance.pooled:
        if row.title == term.title and row.windows == max(one.windows for one in performance.pooled):
            parts += ["; ", *_together(context, row)]
    return (*parts, ".")


def _usual(context: Context, lead: Row, term: glossary.Term, cite: Cited) -> list[Part]:
    reference = context.inputs.reference
    band = reference.performance.get(lead["metric"]) if reference else None
    if band is not None and lead["class_label"] is None:
        low, high = band
        usual = f"a usual {noun(context.window.granularity)} {term.write(low)}–{term.write(high)}"
        return [f", {usual}"]
    if lead["reference_value"] is not None:
        return [", in the reference ", cite("reference_value", term.write)]
    return []


def _together(context: Context, row: PooledRow) -> list[Part]:
    word = noun(context.window.granularity)
    parts: list[Part] = [f"{formats.count(row.windows)} {word}s together ", row.realized]
    if row.low.value is not None and row.high.value is not None:
        parts += [" (", row.low, "–", row.high, ")"]
    if row.reference.value is not None:
        parts += [", usually ", row.reference]
    if row.degraded:
        parts.append(", a loss")
    return parts
