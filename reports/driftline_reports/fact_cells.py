"""The same facts of a column now and usually, for two cells of a table."""

from __future__ import annotations

from typing import Final

from driftline_reports import formats
from driftline_reports.facts import LISTED, ColumnFacts, most_shifted, share, writer
from driftline_reports.view_model import Name, Part, Sentence

# Missing values are worth a word where their share has moved by so much.
_TELLING: Final = 0.01


def side_by_side(now: ColumnFacts, usual: ColumnFacts | None) -> tuple[Sentence, Sentence]:
    """The same facts of both, for two cells of a table: usually, and now."""
    if now.sensitive or usual is None:
        return (() if usual is None else _missing_cell(usual)), _missing_cell(now)
    value = None
    if not now.ordered and now.top and usual.top:
        value = most_shifted(now, usual)[0]
    shift = abs((now.missing or 0.0) - (usual.missing or 0.0)) >= _TELLING
    return _cell(usual, value, missing=shift), _cell(now, value, missing=shift)


def _cell(facts: ColumnFacts, value: str | None, *, missing: bool) -> Sentence:
    parts: list[Part] = []
    if facts.empty:
        return ("empty",)
    if facts.ordered:
        write = writer(facts)
        low, high = facts.figure("p05", write), facts.figure("p95", write)
        parts += [facts.figure("p50", write), " (", low, "–", high, ")"]
    elif value is not None and facts.top:
        known = dict(facts.top)
        below = formats.percent(0.0 if len(facts.top) < LISTED else facts.top[-1][1])
        few = below if len(facts.top) < LISTED else f"under {below}"
        parts += [Name(value), f" {formats.percent(known[value]) if value in known else few}"]
    missing_here = _missing_cell(facts) if missing or not parts else ()
    return (*parts, *([", "] if parts and missing_here else []), *missing_here)


def _missing_cell(facts: ColumnFacts) -> Sentence:
    if not facts.missing:
        return ()
    return (share(facts), " missing")
