"""What a window and its reference lost, or what lies elsewhere than it counts, in sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from driftline_reports import formats
from driftline_reports.context import Cited, Context
from driftline_reports.queries import Query
from driftline_reports.view_model import Part, Sentence
from driftline_schemas.losses import (
    LABELS_PASSED_OVER,
    MOVED,
    PASSED_OVER,
    REFERENCE_FILLED,
    REFERENCE_OBJECTS,
    REFERENCE_ROWS,
    SET_ASIDE,
    counted,
)

Row = Mapping[str, Any]
_OPENINGS: Final = (
    ("Passed over: ", PASSED_OVER),
    ("Passed over among the labels: ", LABELS_PASSED_OVER),
    ("Set aside: ", SET_ASIDE),
    ("", MOVED),
)
CHECKS: Final = frozenset(
    {REFERENCE_FILLED, REFERENCE_OBJECTS, REFERENCE_ROWS, *(name for _, words in _OPENINGS for name in words)}
)


def build(context: Context, rows: list[Row], query: Query) -> tuple[Sentence, ...]:
    """A sentence for the reference, and one for each way to be lost; none where nothing is. ``rows`` are the
    window's checks, read by ``query``."""
    found = {row["check_name"]: row for row in rows if row["value"] is not None}
    sentences = [_reference(context, found, query)]
    for opening, words in _OPENINGS:
        parts: list[Part] = []
        for name in words:
            if name in found and found[name]["value"]:
                figure = Cited(found[name], query)("value", formats.count)
                parts += [", " if parts else opening, figure, " ", _of(words, found[name])]
        sentences.append((*parts, ".") if parts else ())
    return tuple(sentence for sentence in sentences if sentence)


def _of(words: dict[str, tuple[str, str]], row: Row) -> str:
    return counted(words, row["check_name"], int(row["value"]))


def _reference(context: Context, found: Mapping[str, Row], query: Query) -> Sentence:
    filled = found.get(REFERENCE_FILLED)
    expected = _whole(filled["expected"]) if filled else None
    lost: list[Part] = []
    for name, one, many in ((REFERENCE_OBJECTS, "object", "objects"), (REFERENCE_ROWS, "row", "rows")):
        if name in found and found[name]["value"]:
            figure = Cited(found[name], query)("value", formats.count)
            lost += [" and " if lost else "", figure, f" {one if found[name]['value'] == 1 else many}"]
    if filled is None or expected is None or filled["value"] >= expected:
        return ("Of the reference ", *lost, " could not be read.") if lost else ()
    of_all = f"of {formats.plural(expected, context.window.granularity.value)}"
    windows = Cited(filled, query)("value", lambda value: f"{formats.count(value)} {of_all}")
    share: Sentence = ("The reference has rows on ", windows)
    return (*share, "; ", *lost, " of it could not be read.") if lost else (*share, ".")


def _whole(text: str | None) -> int | None:
    try:
        expected = json.loads(text or "")
    except ValueError:
        return None
    return expected if isinstance(expected, int) else None
