"""``messages``: one row per message, channel and incident it tells of; never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, Row, place_of, rows_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables

_TOLD = (
    "SELECT window_start, incident_id, change FROM messages "  # noqa: S608 - our words
    f"WHERE {PLACE} AND channel = $3 ORDER BY window_start, change, incident_id"
)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One incident of one message, as the table has it but for the moment it was sent."""

    monitor: str
    granularity: str
    window_start: datetime
    message_id: str
    incident_id: str
    change: str
    channel: str


def told(store: Store, monitor: Monitor, channel: str) -> list[Row]:
    """What was told of the monitor by one channel: window_start, incident_id and change."""
    return rows_of(store, _TOLD, [*place_of(monitor), channel])


def note(store: Store, rows: Sequence[MessageRow], sent_at: datetime) -> None:
    """Note what was sent, unless it is noted."""
    table = TableBuilder(load_tables()["messages"])
    table.add(
        len(rows),
        sent_at=sent_at,
        **{name: [getattr(row, name) for row in rows] for name in MessageRow.__slots__},
    )
    if rows:
        store.put_once("messages", table.to_arrow())
