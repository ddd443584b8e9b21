"""The runs behind a page: what they read, under which configuration, at what cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from driftline_reports import formats
from driftline_reports.context import Cited, Context
from driftline_reports.glossary import words
from driftline_reports.names import visible
from driftline_reports.queries import literal, select
from driftline_reports.selection import newest
from driftline_reports.view_model import Input, Provenance, RunPart

Row = Mapping[str, Any]
_PARTS: Final = ("data", "performance", "judgement")
_MOST_INPUTS: Final = 40
# What could not be read comes first, what held no rows, or is no Parquet at all, last.
_ORDER: Final = {"quarantined": 0, "read": 1, "empty": 2}
_TEXTS: Final = (
    ("Run", "run_id"),
    ("Engine", "engine"),
    ("Code version", "code_version"),
    ("Configuration", "config_hash"),
    ("Reference", "reference_id"),
    ("Bins", "binning_id"),
)
_NUMBERS: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("Rows read", "rows_read", formats.count),
    ("Rows set aside", "rows_quarantined", formats.count),
    ("Read", "bytes_read", formats.size),
    ("Labels matched", "labels_matched", formats.count),
    ("Processor time", "cpu_seconds", formats.seconds),
    ("Elapsed", "wall_seconds", formats.seconds),
    ("Peak memory", "peak_memory_bytes", formats.size),
)
_INPUT_KEYS: Final = ("run_id", "role", "uri")


def current_runs(context: Context) -> dict[str, Row]:
    """The published run of each part of this window that no later one has replaced."""
    rows = context.selection.rows("runs", window=context.window.start, status="published")
    by_part: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row.get("superseded_at") is None:
            by_part.setdefault(row["part"], []).append(row)
    order = sorted(by_part, key=lambda part: (_PARTS.index(part) if part in _PARTS else len(_PARTS), part))
    return {part: run for part in order if (run := newest(by_part[part], "published_at")) is not None}


def build(context: Context) -> Provenance:
    """Runs and inputs of this window."""
    runs = current_runs(context)
    chosen = [
        "part",
        *(name for _, name in _TEXTS),
        "as_of",
        "published_at",
        *(name for _, name, _ in _NUMBERS),
    ]
    query = context.book.add(select("current_runs", chosen, context.here(whole=False), "part"), ("part",))
    if not runs:
        return Provenance(("No published run of this window is known.",), (), (), 0, (query,))
    parts = tuple(RunPart(words(part), _facts(context, row, Cited(row, query))) for part, row in runs.items())
    identities = [row["run_id"] for row in runs.values()]
    wanted = set(identities)
    inputs = [row for row in context.selection.rows("run_inputs") if row["run_id"] in wanted]
    inputs.sort(key=lambda row: (_ORDER.get(row["state"], 0), row["role"], row["uri"], row["run_id"]))
    columns = [*_INPUT_KEYS, "etag", "size_bytes", "rows", "rows_matched", "state", "reason"]
    among = f"run_id in ({', '.join(literal(identity) for identity in identities)})"
    input_query = context.book.add(select("current_run_inputs", columns, [among], "role, uri"), _INPUT_KEYS)
    made = tuple(_input(row, Cited(row, input_query)) for row in inputs[:_MOST_INPUTS])
    return Provenance((), parts, made, max(len(inputs) - _MOST_INPUTS, 0), (query, input_query))


def _facts(context: Context, row: Row, cite: Cited) -> tuple[tuple[str, Any], ...]:
    facts = [(title, cite(name, _text)) for title, name in _TEXTS if row.get(name) is not None]
    for title, name in (("Labels as of", "as_of"), ("Published", "published_at")):
        if row.get(name) is not None:
            facts.append((title, cite(name, lambda moment: formats.moment(moment, context.zone))))
    # of the performance part the objects with labels are counted: where the log has the labels there are none
    known = [(title, name, write) for title, name, write in _NUMBERS if row.get(name) is not None]
    facts += [(title, cite(name, write)) for title, name, write in known if name != "bytes_read" or row[name]]
    return tuple(facts)


def _text(value: object) -> str:
    return visible(str(value), 40)


def _input(row: Row, cite: Cited) -> Input:
    return Input(
        role=words(row["role"]),
        uri=visible(row["uri"], 160),
        etag=visible((row["etag"] or "").strip('"') or formats.ABSENT, 40),
        size=cite("size_bytes", formats.size),
        rows=cite("rows", formats.count),
        matched=cite("rows_matched", formats.count),
        state=words(row["state"]),
        reason=visible(row["reason"], 200) if row["reason"] else "",
    )
