"""Which changes of incidents are told of at once, and which of them were told before."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

import pyarrow as pa

from driftline_schemas.monitor_values import Severity

Row = Mapping[str, Any]

SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)
"""The mildest first."""
Happened = Literal["opened", "escalated", "resolved"]
_CHANGES: Final[Mapping[str, Happened]] = {"new": "opened", "escalated": "escalated", "resolved": "resolved"}
"""What the state of an incident in a window says has happened to it; other states go on silently."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an incident in a window; ``row`` is its row of ``incidents``."""

    incident_id: str
    change: Happened
    row: Row

    @property
    def worsens(self) -> bool:
        """Whether it is bad news."""
        return self.change != "resolved"


def worst_first(row: Row) -> tuple[int, bool, datetime, str]:
    """By severity, what is certain before what may be, and the oldest first."""
    return -SEVERITIES.index(row["severity"]), not row["certain"], row["first_window"], row["incident_id"]


def changes_of(rows: Iterable[Row], muted: Collection[str] = ()) -> list[Change]:
    """What happened in a window, by its rows of ``incidents``; bad news first, the worst first."""
    found = [
        Change(row["incident_id"], _CHANGES[row["state"]], row)
        for row in rows
        if row["state"] in _CHANGES and not is_muted(row, muted)
    ]
    return sorted(found, key=lambda change: (not change.worsens, worst_first(change.row)))


def at_once(changes: Iterable[Change], at_least: str, critical: Collection[str]) -> list[Change]:
    """Those that do not wait for the digest: of this severity or more, or about a critical column.

    What was seen in one window alone was over when it was told: its end is no news to anybody, unless it was
    critical.
    """
    least = SEVERITIES.index(at_least)
    return [
        change
        for change in changes
        if (
            SEVERITIES.index(change.row["severity"]) >= least
            or not set(critical).isdisjoint(columns_of(change.row))
        )
        and not _was_over(change)
    ]


def _was_over(change: Change) -> bool:
    row = change.row
    once = row["first_window"] == row["last_window"] < row["window_start"]
    return change.change == "resolved" and once and row["severity"] != SEVERITIES[-1]


def untold(changes: Iterable[Change], told: Sequence[Row], window_start: datetime) -> list[Change]:
    """Those that are news: ``told`` is what one channel has told, as ``tables.messages.told`` has it.

    A window has one message. What is found in it later waits for the digest, but for what is critical: a loss
    that late labels make sure is no news to wait with. A change that moved to another window, as a
    judgement on more labels may do, is not told again.
    """
    rows = [row for row in told if row["change"] != "digest"]
    exactly = {(row["incident_id"], row["change"]) for row in rows if row["window_start"] == window_start}
    last: dict[str, str] = {}
    for row in rows:  # by window; within one what begins precedes what ends, also by name
        if row["change"] in {"opened", "escalated", "resolved"}:
            last[row["incident_id"]] = "resolved" if row["change"] == "resolved" else "opened"
    fresh = [
        change
        for change in changes
        if (change.incident_id, change.change) not in exactly
        and last.get(change.incident_id) != change.change
        and (change.change != "resolved" or change.incident_id in last)  # nobody knows that it had begun
    ]
    if exactly:
        return [change for change in fresh if change.worsens and change.row["severity"] == SEVERITIES[-1]]
    return fresh


def muted_ids(actions: pa.Table, now: datetime) -> set[str]:
    """Ids of the incidents and alerts that are muted at ``now``, by rows of ``alert_actions``; of each the
    newest mute counts."""
    newest: dict[str, Row] = {}
    for row in actions.to_pylist():
        name = row.get("incident_id") or row["alert_id"]
        if name and row["action"] == "mute" and row["acted_at"] >= newest.get(name, row)["acted_at"]:
            newest[name] = row
    return {name for name, row in newest.items() if row["until"] is not None and row["until"] > now}


def is_muted(row: Row, muted: Collection[str]) -> bool:
    """Whether nobody is to be told of an incident: it is muted, or all of its alerts are, one by one."""
    alerts = json.loads(row.get("alerts") or "[]")
    return row["incident_id"] in muted or (bool(alerts) and set(alerts) <= set(muted))


def columns_of(row: Row) -> list[str]:
    """The columns of an incident, from its row."""
    columns: list[str] = json.loads(row["columns"] or "[]")
    return columns
