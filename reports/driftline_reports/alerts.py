"""Alerts in words, for the page and for the index."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from driftline_reports import formats, glossary
from driftline_reports.glossary import words
from driftline_reports.names import Names, visible
from driftline_reports.view_model import Alert
from driftline_schemas.metrics import CHECKS_OF_COLUMNS, REFERENCE_OUTDATED
from driftline_schemas.table_names import ALL
from driftline_schemas.task_specs import performance_spec

Row = Mapping[str, Any]
_LONGEST: Final = 260


def describe(row: Row, names: Names, title: Callable[[datetime], str], muted: str = "") -> Alert:
    """One row of ``alerts``; ``title`` names the window that starts at a moment."""
    subject = everything(row["metric"]) if row["column_name"] == ALL else names.column(row["column_name"])
    if row["segment"] != ALL:
        subject += f", {names.segment(row['segment'], row['segment_value'])}"
    if row["model_version"] != ALL:
        subject += f", version {names.value('', row['model_version'])}"
    columns = (row["column_name"], *names.segment_columns(row["segment"]))
    # Evidence may hold a value; where one must not be seen, none of it is.
    hide = any(names.is_sensitive(column) for column in columns)
    found = _read(row["evidence"])
    leading = found.get("metric")
    return Alert(
        subject=subject,
        # what is told of is not always what the alert was opened by
        metric=_metric_title(leading if isinstance(leading, str) else row["metric"]),
        severity=words(row["severity"]),
        state=words(row["state"]),
        first=title(row["first_window"]),
        last=title(row["last_window"]),
        evidence="" if hide else _evidence(found),
        muted=muted,
        carried=row["last_window"] < row["window_start"],
    )


def everything(metric: str) -> str:
    """What a metric or a check without a column is about."""
    if metric in CHECKS_OF_COLUMNS:
        return "the columns"
    if metric == REFERENCE_OUTDATED:
        return "the reference"
    if performance_spec(metric) is not None:
        return "the model"
    return "the columns together" if metric in glossary.drift_terms() else "the rows"


def _metric_title(metric: str) -> str:
    if metric in glossary.drift_terms():
        return glossary.drift(metric).title
    term = glossary.performance(metric)
    return term.title if metric in glossary.performance_terms() else words(term.title)


def _read(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _evidence(found: Mapping[str, Any]) -> str:
    """The evidence's sentence; without one its plain entries, figures and short texts, at most six."""
    if isinstance(found.get("sentence"), str):
        return visible(found["sentence"], _LONGEST)
    parts = []
    for key, value in found.items():
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float):
            parts.append(f"{words(key)} {formats.number(float(value))}")
        elif isinstance(value, str) and value:
            parts.append(f"{words(key)} {visible(value)}")
    return ", ".join(parts[:6])
