"""What stands in the window, new, ongoing, accepted: its incidents, or where there are none its alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from driftline_reports import alerts, formats
from driftline_reports.context import Context
from driftline_reports.glossary import words
from driftline_reports.names import visible
from driftline_reports.queries import Query, select
from driftline_reports.reference_words import noun
from driftline_reports.view_model import Matter, Name, Sentence, Standing
from driftline_schemas.table_names import ALL

Row = Mapping[str, Any]
NEW: Final = frozenset({"new", "escalated"})
QUIET: Final = frozenset({"acknowledged", "accepted"})
_SEVERITIES: Final = ("critical", "high", "medium", "low")
_MOST: Final = 12
_COLUMNS: Final = 6
_LONGEST: Final = 300
_INCIDENT: Final = (
    "incident_id", "state", "severity", "topic", "certain", "headline", "cause", "first_window",
    "last_window", "columns", "impact",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident of the window, as its row has it."""

    identity: str
    state: str
    severity: str
    topic: str
    certain: bool
    headline: str
    first: datetime
    columns: tuple[str, ...]

    @property
    def new(self) -> bool:
        """Whether it was opened, or got worse, in this window."""
        return self.state in NEW

    @property
    def under_way(self) -> bool:
        """Whether it counts for the level of the window."""
        return self.state in {*NEW, "ongoing"} and self.severity != "low"


def incidents(context: Context) -> list[Incident]:
    """The incidents of the window, the worst first: what is new before what is known, then by severity."""
    rows = context.selection.rows("incidents", window=context.window.start)
    return sorted(map(_incident, rows), key=_place)


def _incident(row: Row) -> Incident:
    return Incident(
        row["incident_id"],
        row["state"],
        row["severity"],
        row["topic"],
        bool(row["certain"]),
        visible(row["headline"] or "", _LONGEST),
        row["first_window"],
        _names(row["columns"]),
    )


def _place(one: Incident) -> tuple[bool, bool, int, bool, datetime, str]:
    severity = _SEVERITIES.index(one.severity) if one.severity in _SEVERITIES else len(_SEVERITIES)
    topic = one.topic == "drift"
    return not one.under_way, not one.new, severity, topic, one.first, one.identity


def _names(columns: str | None) -> tuple[str, ...]:
    try:
        found = json.loads(columns or "[]")
    except ValueError:
        return ()
    return tuple(str(name) for name in found) if isinstance(found, list) else ()


def build(context: Context, found: Sequence[Incident], anchors: Mapping[str, str]) -> Standing:
    """``found`` are the window's incidents, ``anchors`` where on the page a column is, by its shown name."""
    query = context.book.add(
        select("current_incidents", _INCIDENT, context.here(whole=False), "first_window"), ("incident_id",)
    )
    if not found:
        return _of_alerts(context, anchors, query)
    lines: dict[str, list[Matter]] = {"new": [], "ongoing": [], "accepted": [], "ended": []}
    for one in found:
        lines[_group(one)].append(_matter(context, one, anchors))
    return _standing(context, lines, query)


def _group(one: Incident) -> str:
    if one.state == "resolved":
        return "ended"
    if one.state in QUIET:
        return "accepted"
    return "new" if one.new else "ongoing"


def _standing(context: Context, lines: Mapping[str, list[Matter]], query: Query) -> Standing:
    shown = {group: tuple(found[:_MOST]) for group, found in lines.items()}
    more = sum(max(len(found) - _MOST, 0) for found in lines.values())
    return Standing(
        shown["new"],
        shown["ongoing"],
        shown["accepted"],
        shown["ended"],
        more,
        noun(context.window.granularity),
        (query,),
    )


def _matter(context: Context, one: Incident, anchors: Mapping[str, str]) -> Matter:
    shown = [context.names.column(column) for column in one.columns if column != ALL]
    return Matter(
        identity=visible(one.identity, 40),
        headline=(Name(one.headline),),
        severity=words(one.severity),
        state=words(one.state),
        since=since(context, one.first),
        columns=linked(shown, anchors),
        note=_action(context, one),
    )


def linked(shown: Sequence[str], anchors: Mapping[str, str]) -> tuple[Name, ...]:
    """The first of some columns, each with the place where the page tells of it."""
    names = [Name(name, f"#{anchors[name]}" if name in anchors else "") for name in shown[:_COLUMNS]]
    more = len(shown) - len(names)
    return tuple([*names, Name(f"and {more} more")] if more > 0 else names)


def since(context: Context, first: datetime) -> str:
    """Since when, and for how many windows: "since Wed 10 Apr 2013, 266 days"."""
    if first >= context.window.start:
        return "new"
    length = 1
    at, calendar = context.window, context.monitor.calendar
    while at.start > first and length < 1000:
        at, length = calendar.previous(at), length + 1
    counted = formats.plural(length, noun(context.window.granularity))
    return f"since {context.title(first)}, {counted}"


def _action(context: Context, one: Incident) -> str:
    """What somebody has done with it, the newest."""
    newest: Row | None = None
    for row in context.selection.rows("alert_actions"):
        if row.get("incident_id") == one.identity and (
            newest is None or row["acted_at"] >= newest["acted_at"]
        ):
            newest = row
    if newest is None:
        return ""
    done = {"acknowledge": "acknowledged", "accept": "accepted", "mute": "muted"}
    said = done.get(newest["action"], words(newest["action"]))
    comment = f": {visible(newest['comment'], 120)}" if newest["comment"] else ""
    return f"{said} by {visible(newest['actor'], 60)}{comment}"


def _of_alerts(context: Context, anchors: Mapping[str, str], query: Query) -> Standing:
    """The same from alerts alone: what a check or a metric says of several columns is one line."""
    kinds: dict[tuple[str, str, datetime], list[Row]] = {}
    for row in context.selection.rows("alerts", window=context.window.start):
        state = _state(context, row)
        # What opened together and is of one kind is one line; of what goes on, the kind alone counts.
        opened = row["first_window"] if state == "new" else context.window.start
        about = row["metric"] if row["column_name"] == ALL else "drift" if _of_drift(row) else row["metric"]
        kinds.setdefault((state, about, opened), []).append(row)
    lines: dict[str, list[Matter]] = {"new": [], "ongoing": [], "accepted": [], "ended": []}
    for (state, _, _), rows in sorted(kinds.items(), key=lambda one: (-len(one[1]), one[0])):
        lines[state].append(_kind(context, rows, anchors))
    return _standing(context, lines, query)


def _of_drift(row: Row) -> bool:
    try:
        return "threshold_source" in json.loads(row["evidence"] or "{}")
    except ValueError:
        return False


def _state(context: Context, row: Row) -> str:
    if row["state"] == "resolved":
        return "ended"
    if row["state"] == "acknowledged":
        return "accepted"
    return "new" if row["first_window"] >= context.window.start else "ongoing"


def _kind(context: Context, rows: Sequence[Row], anchors: Mapping[str, str]) -> Matter:
    told = [alerts.describe(row, context.names, context.title) for row in rows]
    columns = list(dict.fromkeys(row["column_name"] for row in rows if row["column_name"] != ALL))
    shown = [context.names.column(column) for column in columns]
    first = min(row["first_window"] for row in rows)
    headline: Sentence = (Name(told[0].subject), ": ", Name(told[0].metric))
    if len(columns) > 1:
        what = "changed" if _of_drift(rows[0]) else told[0].metric
        headline = (f"{formats.plural(len(columns), 'column')}: ", Name(what))
    elif len(told) > 1:
        headline = (*headline, f" and {formats.plural(len(told) - 1, 'more alert')}")
    since_when = since(context, first)
    return Matter(
        "", headline, words(rows[0]["severity"]), words(rows[0]["state"]), since_when, linked(shown, anchors)
    )
