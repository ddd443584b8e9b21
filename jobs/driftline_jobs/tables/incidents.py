"""``incidents``: one row per incident and window in which it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from driftline_jobs.detection.incident import Incident
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, Row, place_of, rows_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.table_names import ALL
from driftline_schemas.window import Window

_SHOWN = (
    "i.incident_id, i.monitor, i.granularity, i.window_start, i.severity, i.topic, i.certain, i.headline, "
    "i.cause, i.first_window, i.last_window, i.columns, i.alerts, i.impact, i.owner"
)
# An incident is under way where the window that was judged last says so: one that is not in it has ended, as
# where bins were renewed.
_LATEST = (
    f"SELECT {_SHOWN}, CASE WHEN i.window_start = j.newest THEN i.state ELSE 'resolved' END AS state "  # noqa: S608
    "FROM current_incidents i "
    "JOIN (SELECT monitor, incident_id, max(window_start) AS newest FROM current_incidents "
    "GROUP BY monitor, incident_id) n "
    "ON n.monitor = i.monitor AND n.incident_id = i.incident_id AND n.newest = i.window_start "
    "JOIN (SELECT monitor, granularity, max(window_start) AS newest FROM current_runs "
    "WHERE part = 'judgement' GROUP BY monitor, granularity) j "
    "ON j.monitor = i.monitor AND j.granularity = i.granularity "
    "ORDER BY i.monitor, CASE i.severity WHEN 'critical' THEN 1 WHEN 'high' THEN 2 WHEN 'medium' THEN 3 "
    "ELSE 4 END, i.last_window DESC, i.first_window, i.incident_id"
)
_COURSE = f"SELECT {_SHOWN}, i.state FROM current_incidents i WHERE i.incident_id = $1 ORDER BY window_start"  # noqa: S608
_SINCE = (
    f"SELECT * FROM current_incidents WHERE {PLACE} AND window_start >= $3 ORDER BY window_start, incident_id"  # noqa: S608
)


def add_incidents(
    table: TableBuilder, monitor: Monitor, window: Window, run_id: str, incidents: Sequence[Incident]
) -> None:
    """Append the incidents of one window."""
    table.add(
        len(incidents),
        monitor=monitor.monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        model_version=ALL,
        segment=ALL,
        segment_value=ALL,
        run_id=run_id,
        incident_id=[one.incident_id for one in incidents],
        state=[one.state.value for one in incidents],
        severity=[one.severity.value for one in incidents],
        topic=[one.topic.value for one in incidents],
        certain=[one.certain for one in incidents],
        headline=[one.headline for one in incidents],
        cause=[one.cause for one in incidents],
        first_window=[one.first_window for one in incidents],
        last_window=[one.last_window for one in incidents],
        columns=[canonical_json(list(one.columns)) for one in incidents],
        alerts=[canonical_json(list(one.alerts)) for one in incidents],
        impact=[one.impact for one in incidents],
        owner=monitor.owner or None,
        evidence=[canonical_json(_evidence(one)) for one in incidents],
    )


def _evidence(incident: Incident) -> dict[str, object]:
    return {
        **incident.leading,
        "changed": incident.changed.isoformat(),
        "said_impact": incident.said,
        "strength": incident.peak,
    }


def latest(store: Store) -> list[Row]:
    """Every incident of every monitor once, as it stands; the worst of each monitor first."""
    return rows_of(store, _LATEST, [])


def course(store: Store, incident_id: str) -> list[Row]:
    """How one incident stood, window by window."""
    return rows_of(store, _COURSE, [incident_id])


def standing(store: Store, monitor: Monitor, since: datetime) -> pa.Table:
    """The incidents of the windows from ``since`` on."""
    return store.execute_read(_SINCE, [*place_of(monitor), since])
