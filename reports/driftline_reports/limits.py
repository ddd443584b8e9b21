"""Where the limits of the columns come from, and on which side of them a figure lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from driftline_reports import formats, glossary
from driftline_reports.context import Context
from driftline_reports.view_model import Sentence

Row = Mapping[str, Any]
_LEARNED: Final = frozenset({"calibrated", "calibrated_blocks"})
_FIXED: Final = "fixed_"
_WHY: Final = {
    "fixed_no_times": "the rows of the reference have no times, so it has no windows to learn from",
    "fixed_few_windows": "the reference has too few windows to learn from",
    "fixed_few_rows": "this window has fewer rows than alerts.min_rows ({min_rows})",
    "fixed_no_values": "this window or the reference has no value to learn from or to hold against it",
    "fixed_default": "the windows of the reference do not show how much it varies",
}


def of_columns(context: Context, rows: Sequence[Row]) -> Sentence:
    """How many columns have fixed limits, and why; nothing where none has.

    ``rows`` are the window's rows of ``drift_metrics``.
    """
    sources: dict[str, set[str]] = {}
    for row in rows:
        if row["comparison"] == "reference" and row["drifted"] is not None and row["threshold_source"]:
            sources.setdefault(row["column_name"], set()).add(row["threshold_source"])
    fixed = {
        column: reasons
        for column, found in sources.items()
        if not found & _LEARNED and (reasons := {one for one in found if one.startswith(_FIXED)})
    }
    if not fixed:
        return ()
    why = sorted({reason for reasons in fixed.values() for reason in reasons})
    said = formats.listing([_words(context, reason) for reason in why], len(why))
    count = (
        "The limits of all columns"
        if len(fixed) == len(sources)
        else f"The limits of {formats.plural(len(fixed), 'column')}"
    )
    return (f"{count} are fixed sizes, and none that were learned: {said}.",)


def any_learned(context: Context) -> bool:
    """Whether any limit of this window was learned from the reference."""
    selection, start = context.selection, context.window.start
    return any(
        row["threshold_source"] in _LEARNED
        for table in ("drift_metrics", "performance_metrics")
        for row in selection.rows(table, window=start, whole=True)
    )


def is_beyond(row: Row) -> bool:
    """Whether a performance figure lies on the worse side of its limit, whatever its interval says."""
    value, limit = row.get("value"), row.get("threshold")
    if value is None or limit is None:
        return False
    return bool(value > limit if glossary.lower_is_better(row["metric"]) else value < limit)


def _words(context: Context, source: str) -> str:
    known = _WHY.get(source) or glossary.words(source)
    return known.format(min_rows=formats.count(context.monitor.alerts.min_rows))
