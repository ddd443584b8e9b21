"""What a column looked like in the window: counts, moments and quantiles from its profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from driftline_reports import formats
from driftline_reports.clock import are_times_of_day, clock
from driftline_reports.context import Cited, Context, column_condition
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Figure
from driftline_schemas.column_kinds import Form, kind_spec

Row = Mapping[str, Any]

_COUNTS: Final = (
    ("Rows", "count"),
    ("Missing", "nulls"),
    ("NaN", "nans"),
    ("Infinite", "infinities"),
    ("Distinct", "distinct_count"),
)
_MOMENTS: Final = (
    ("Mean", "mean"),
    ("Std. deviation", "stddev"),
    ("Least", "min"),
    ("5%", "p05"),
    ("Median", "p50"),
    ("95%", "p95"),
    ("Greatest", "max"),
)


def profiles(context: Context) -> dict[str, Row]:
    """The profile of every column over the whole of this window."""
    rows = context.selection.rows("profile_metrics", window=context.window.start, whole=True)
    return {row["column_name"]: row for row in rows}


def facts(context: Context, column: str, profile: Row) -> tuple[tuple[tuple[str, Figure], ...], Query]:
    """Names and figures of a column's profile, and the query that returns them.

    A sensitive column's moments and quantiles are values in all but name: they stay out.
    """
    shown = list(_COUNTS)
    kind = kind_spec(profile["column_kind"])
    if not context.names.is_sensitive(column) and kind.form is Form.ORDERED:
        shown += _MOMENTS
    names = [name for _, name in shown]
    query = context.book.add(
        select("current_profile_metrics", names, [*context.here(), column_condition(column)])
    )
    cite = Cited(profile, query)
    made = []
    for title, name in shown:
        value = profile.get(name)
        if value is None or (name in {"nans", "infinities"} and not value):
            continue
        counted = (title, name) in _COUNTS
        text = f"{title} {kind.measured}" if kind.measured and not counted else title
        made.append((text, cite(name, formats.count if counted else _writer(profile, name))))
    return tuple(made), query


def times_of_day(profile: Row) -> bool:
    """Whether a column holds times of day, by what is the least and the greatest of them."""
    return kind_spec(profile["column_kind"]).times and are_times_of_day(
        (profile.get("min"), profile.get("max"))
    )


def time_of_day(value: float | None) -> str:
    """Seconds since midnight as 13:05:09."""
    return formats.ABSENT if value is None else clock(value)


def date(value: float | None) -> str:
    """Seconds since 1970-01-01 UTC as a date and a time; a number beyond the calendar stays a number."""
    if value is None:
        return formats.ABSENT
    try:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        return formats.number(value)


def _writer(profile: Row, name: str) -> Callable[[Any], str]:
    if not kind_spec(profile["column_kind"]).times:
        return formats.number
    if name == "stddev":
        return formats.seconds
    return time_of_day if times_of_day(profile) else date
