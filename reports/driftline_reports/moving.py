"""Columns that move by nature, as the checks of a window have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from driftline_reports import formats
from driftline_reports.context import Context
from driftline_reports.names import visible
from driftline_reports.view_model import Moving, Name, Part, Sentence
from driftline_schemas.metrics import MOVES_BY_NATURE, REFERENCE_WINDOWS
from driftline_schemas.table_names import ALL

CHECKS = frozenset({MOVES_BY_NATURE, REFERENCE_WINDOWS})


def columns(context: Context) -> dict[str, str]:
    """The columns, by their names in the tables, with what can be seen of how they move."""
    return {
        row["column_name"]: _text(row["expected"])
        for row in _rows(context)
        if row["check_name"] == MOVES_BY_NATURE and row["column_name"] != ALL
    }


def build(context: Context) -> Moving:
    """Which columns move by nature, and what that means; or that the reference is too short to tell."""
    names = tuple(Name(context.names.column(column)) for column in columns(context))
    named: Sentence = ()
    if names:
        parts: list[Part] = []
        for name in names:
            parts += [", " if parts else "", name]
        count = formats.plural(len(names), "column moves", "columns move")
        what = "it is not judged: list it" if len(names) == 1 else "they are not judged: list them"
        said = f"{count} by nature, so that no two windows are alike, and {what} under features.ignore: "
        named = (said, *parts, ".")
    short: Sentence = ()
    for row in _rows(context):
        if row["check_name"] == REFERENCE_WINDOWS and row["value"] is not None:
            windows = formats.plural(int(row["value"]), "window")
            said = (
                f"The reference has {windows}, and {_text(row['expected'])} are needed to recognise columns "
                "that move by nature (growing numbers, times of ingestion, one value a day): such columns "
                "are reported as drifted."
            )
            short = (said,)
    return Moving(names, named, short)


def _rows(context: Context) -> list[Mapping[str, Any]]:
    rows = context.selection.rows("quality_metrics", window=context.window.start, whole=True)
    return sorted((row for row in rows if row["check_name"] in CHECKS), key=lambda row: row["column_name"])


def _text(expected: str | None) -> str:
    try:
        found = json.loads(expected or '""')
    except ValueError:
        return ""
    return visible(str(found), 240)
