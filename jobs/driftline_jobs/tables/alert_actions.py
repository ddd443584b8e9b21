"""``alert_actions``: one row per action of a person on an alert; never changed."""

from __future__ import annotations

import pyarrow as pa

from driftline_jobs.detection.incident import Action, State
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import Row, rows_of
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables

_ACKNOWLEDGED = "SELECT alert_id FROM alert_actions WHERE monitor = $1 AND action = 'acknowledge'"
_ALL = "SELECT * FROM alert_actions WHERE monitor = $1 ORDER BY acted_at, alert_id"
_ON_INCIDENTS = (
    "SELECT incident_id, action, window_start FROM alert_actions WHERE monitor = $1 "
    "AND incident_id IS NOT NULL AND action IN ('acknowledge', 'accept') ORDER BY acted_at, incident_id"
)
_SAID = (
    "SELECT incident_id, action, window_start FROM alert_actions WHERE incident_id IS NOT NULL "
    "AND action IN ('acknowledge', 'accept') ORDER BY acted_at"
)
_OF_INCIDENT = (
    "SELECT acted_at, action, actor, until, comment, window_start FROM alert_actions "
    "WHERE incident_id = $1 ORDER BY acted_at"
)
_STATES = {"acknowledge": State.ACKNOWLEDGED, "accept": State.ACCEPTED}
_COUNT = "SELECT count(*) AS actions FROM alert_actions WHERE monitor = $1"


def act(store: Store, **columns: object) -> None:
    """Note an action: a value for each column of the table."""
    rows = TableBuilder(load_tables()["alert_actions"])
    rows.add(1, **columns)
    store.put_once("alert_actions", rows.to_arrow())


def acknowledged(store: Store, monitor: str) -> frozenset[str]:
    """Ids of the alerts that somebody has seen."""
    return frozenset(row["alert_id"] for row in rows_of(store, _ACKNOWLEDGED, [monitor]))


def said(store: Store) -> list[Row]:
    """What was acknowledged or accepted of all incidents, the oldest first."""
    return rows_of(store, _SAID, [])


def of_incident(store: Store, incident_id: str) -> list[Row]:
    """What people did with an incident, the oldest first."""
    return rows_of(store, _OF_INCIDENT, [incident_id])


def on_incidents(store: Store, monitor: str) -> list[Action]:
    """What people said of incidents, in the order in which they did; mutes say nothing of the incident."""
    return [
        Action(row["incident_id"], _STATES[row["action"]], row["window_start"])
        for row in rows_of(store, _ON_INCIDENTS, [monitor])
    ]


def actions(store: Store, monitor: str) -> pa.Table:
    """All actions, the oldest first."""
    return store.execute_read(_ALL, [monitor])


def fingerprint(store: Store, monitor: str) -> int:
    """What changes whenever somebody acts."""
    (row,) = rows_of(store, _COUNT, [monitor])
    return int(row["actions"])
