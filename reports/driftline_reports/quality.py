"""The state of the data in the window: checks, volume, alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from driftline_reports import (
    alerts,
    clock,
    describe,
    formats,
    glossary,
    label_join,
    levels,
    losses,
    moving,
    muting,
    plots,
)
from driftline_reports.context import Cited, Context
from driftline_reports.glossary import words
from driftline_reports.names import WITHHELD, visible
from driftline_reports.queries import select
from driftline_reports.view_model import Alert, Check, Part, Quality, Sentence
from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.metrics import MOVES_BY_NATURE, TIME_OF_DAY
from driftline_schemas.table_names import ALL

Row = Mapping[str, Any]
_MOST_FAILED: Final = 40
_MOST_REPORTED: Final = 25
_MOST_ALERTS: Final = 20
_LARGEST_COUNT: Final = 1e15
_KEYS: Final = ("column_name", "check_name")
_NOTHING: Final = dict.fromkeys(("rows", "freshness"), "the reference has nothing to compare with")
# Checks whose figures are counts, shares or times: they tell nothing of a sensitive column's values.
_TELLS_NO_VALUE: Final = (
    "null",
    "nan",
    "inf",
    "fraction",
    "share",
    "count",
    "rows",
    "duplicate",
    "fresh",
    "type",
    "column",
)


def build(context: Context) -> Quality:
    """Checks that failed, what else was found, and every alert that touches the window."""
    rows = context.selection.rows("quality_metrics", window=context.window.start, whole=True)
    query = context.book.add(
        select(
            "current_quality_metrics",
            [*_KEYS, "value", "expected", "passed"],
            context.here(),
            ", ".join(_KEYS),
        ),
        _KEYS,
    )
    tally = context.book.add(tally_sql(context))
    dates = {
        name: describe.time_of_day if describe.times_of_day(row) else describe.date
        for name, row in describe.profiles(context).items()
        if row["column_kind"] is not None and kind_spec(row["column_kind"]).times
    }
    rows = sorted(rows, key=lambda row: (row["column_name"] != ALL, row["column_name"], row["check_name"]))
    failed = [row for row in rows if row["passed"] is False]
    reported = [
        row
        for row in rows
        if row["passed"] is None
        and row["value"] not in {None, 0.0}
        and row["check_name"] not in moving.CHECKS | losses.CHECKS
    ]
    judged = sum(row["passed"] is not None for row in rows)
    counts = Cited({"failed": len(failed), "checks": judged}, tally)
    summary: list[Part] = []
    if judged:
        summary = [
            counts("failed", formats.count),
            " of ",
            counts("checks", formats.count),
            " checks failed.",
        ]
    raised, more_alerts = _alerts(context)
    told = tuple(_check(context, row, Cited(row, query), dates) for row in failed[:_MOST_FAILED])
    return Quality(
        absent=() if rows else ("No check of the data was published for this window.",),
        summary=tuple(summary),
        failed=told,
        together=_together(told),
        more_failed=max(len(failed) - _MOST_FAILED, 0),
        reported=tuple(_check(context, row, Cited(row, query), dates) for row in reported[:_MOST_REPORTED]),
        more_reported=max(len(reported) - _MOST_REPORTED, 0),
        moving=moving.build(context),
        losses=losses.build(context, [row for row in rows if row["column_name"] == ALL], query),
        volume=_volume(context),
        alerts=raised,
        more_alerts=more_alerts,
        queries=(query, tally),
    )


def _together(failed: Sequence[Check]) -> tuple[tuple[Check, tuple[str, ...]], ...]:
    """Columns that fail the same check with the same figure are one line."""
    lines: dict[tuple[str, str], list[Check]] = {}
    for check in failed:
        lines.setdefault((check.title, check.value.text), []).append(check)
    return tuple((found[0], tuple(check.column for check in found)) for found in lines.values())


def tally_sql(context: Context) -> str:
    """How many checks there were, and how many failed."""
    columns = [
        "count(case when passed then null else 1 end) as failed",
        "count(*) as checks",
    ]
    return select("current_quality_metrics", columns, [*context.here(), "passed is not null"])


def _check(context: Context, row: Row, cite: Cited, dates: Mapping[str, glossary.Writer]) -> Check:
    column, name = row["column_name"], row["check_name"]
    hide = context.names.is_sensitive(column) and not any(word in name for word in _TELLS_NO_VALUE)
    is_time = column in dates and name in {"minimum", "maximum"}
    write = _time_writer(row, dates[column]) if is_time else _writer(name)
    value = cite("value", write)
    return Check(
        column=alerts.everything(name) if column == ALL else context.names.column(column),
        title=words(name),
        value=type(value)(WITHHELD) if hide else value,
        expected=WITHHELD
        if hide
        else label_join.expected(row) or _expected(row["expected"], write) or _NOTHING.get(name, ""),
        passed=row["passed"],
    )


def _time_writer(row: Row, write: glossary.Writer) -> glossary.Writer:
    """Times of day were such in the reference too, by its bounds: else they are dates of 1970."""
    bounds = [bound for bound in json.loads(row["expected"] or "[]") if bound is not None]
    was = all(-clock.DAY <= bound <= 2 * clock.DAY for bound in bounds)
    return write if was else describe.date


def _writer(check: str) -> glossary.Writer:
    if check == MOVES_BY_NATURE:
        return formats.count
    if check == TIME_OF_DAY:
        return lambda hours: formats.signed(hours, 2) + " h"
    words_of_it = set(check.split("_"))
    if words_of_it & {"fraction", "share", "coverage"}:
        return formats.percent
    if words_of_it & {"freshness", "seconds", "age"}:
        return formats.seconds
    return _whole_or_number


def _whole_or_number(value: float | None) -> str:
    """Most checks count: one object is 1, and not 1.00."""
    whole = value is not None and float(value).is_integer() and abs(value) < _LARGEST_COUNT
    return formats.count(value) if whole else formats.number(value)


def _expected(text: str | None, write: glossary.Writer) -> str:
    """What was expected: a number, a text, or bounds, of which either may be open."""
    if text is None:
        return ""
    try:
        expected = json.loads(text)
    except ValueError:
        return visible(text)
    if isinstance(expected, list) and len(expected) == 2 and all(_is_bound(bound) for bound in expected):
        low, high = expected
        if low is None or high is None:
            return f"at least {write(low)}" if high is None else f"at most {write(high)}"
        return f"{write(low)} to {write(high)}"
    if _is_bound(expected):
        return write(expected)
    return visible(expected if isinstance(expected, str) else text)


def _is_bound(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _volume(context: Context) -> plots.Volume | None:
    if len(context.starts) < 2:
        return None
    counts = context.along(levels.rows_read(context.selection))
    known = [count for count in counts if count is not None]
    if not known:
        return None
    now = "unknown" if counts[-1] is None else formats.count(counts[-1])
    summary = (
        f"Rows of each window: {now} now, between {formats.count(min(known))} and "
        f"{formats.count(max(known))} over {formats.plural(len(known), 'window')}"
    )
    return plots.Volume(context.times(), counts, summary)


def _alerts(context: Context) -> tuple[tuple[Alert, ...], int]:
    rows = context.selection.rows("alerts", window=context.window.start)
    rows.sort(key=lambda row: (row["state"] == "resolved", row["first_window"], row["alert_id"]))
    mutes = muting.muted_until(context.selection, context.inputs.generated_at)

    def until(alert_id: str) -> str:
        return formats.moment(mutes[alert_id], context.zone) if alert_id in mutes else ""

    made = (
        alerts.describe(row, context.names, context.title, until(row["alert_id"]))
        for row in rows[:_MOST_ALERTS]
    )
    return tuple(made), max(len(rows) - _MOST_ALERTS, 0)


def headline(quality: Quality) -> Sentence:
    """The failed checks in a few words."""
    named = [f"{check.title} ({check.column})" for check in quality.failed]
    return (formats.listing(named, 2),)
