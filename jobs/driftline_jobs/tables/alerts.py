"""``alerts``: one row per alert and window in which it is open or ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import pyarrow as pa

from driftline_jobs.detection.alerts import Alert, Place, Severity, State, Topic, alert_id, severity
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, Row, place_of, rows_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.window import Window


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert in one window, as the table has it: what is published is compared with what ought to be."""

    alert_id: str
    column_name: str
    metric: str
    model_version: str
    segment: str
    segment_value: str
    severity: str
    state: str
    first_window: datetime
    last_window: datetime
    evidence: str

    @classmethod
    def of(cls, alert: Alert) -> AlertRow:
        """The row of an alert."""
        return cls(
            alert.alert_id,
            alert.place.column,
            alert.metric,
            alert.place.model_version,
            alert.place.segment,
            alert.place.segment_value,
            alert.severity.value,
            alert.state.value,
            alert.first_window,
            alert.last_window,
            canonical_json(dict(alert.evidence)),
        )

    def alert(self, monitor: str) -> Alert:
        """The alert as the fold goes on with it, with no quiet window since.

        What it is about is part of its id, and its greatest strength at least what its severity takes.
        """
        evidence = json.loads(self.evidence)
        place = Place(self.column_name, self.model_version, self.segment, self.segment_value)
        topic = next(
            topic
            for topic in Topic
            if alert_id(monitor, place, topic, self.metric, self.first_window) == self.alert_id
        )
        windows, strength = int(evidence["windows"]), float(evidence["strength"])
        peaks = (max(strength, least) for least in (0.0, 2.0, 4.0))
        return Alert(
            alert_id=self.alert_id,
            place=place,
            topic=topic,
            metric=self.metric,
            severity=Severity(self.severity),
            state=State(self.state),
            first_window=self.first_window,
            last_window=self.last_window,
            windows=windows,
            quiet=0,
            peak=next((peak for peak in peaks if severity(peak, windows) == self.severity), strength),
            evidence=evidence,
        )

    @classmethod
    def read(cls, row: dict[str, Any]) -> AlertRow:
        """A row as the store gives it."""
        return cls(**{name: row[name] for name in cls.__slots__})


# An alert is under way where the window that was judged last says so: one that is not in it has ended, as
# where bins were renewed.
_LATEST = (
    "SELECT a.alert_id, a.monitor, a.window_start, a.column_name, a.metric, a.segment, a.segment_value, "
    "a.severity, CASE WHEN a.window_start = j.newest THEN a.state ELSE 'resolved' END AS state, "
    "a.first_window, a.last_window, a.evidence FROM current_alerts a "
    "JOIN (SELECT monitor, alert_id, max(window_start) AS newest FROM current_alerts "
    "GROUP BY monitor, alert_id) n "
    "ON n.monitor = a.monitor AND n.alert_id = a.alert_id AND n.newest = a.window_start "
    "JOIN (SELECT monitor, granularity, max(window_start) AS newest FROM current_runs "
    "WHERE part = 'judgement' GROUP BY monitor, granularity) j "
    "ON j.monitor = a.monitor AND j.granularity = a.granularity "
    "ORDER BY a.monitor, a.last_window DESC, a.first_window, a.alert_id"
)
_SINCE = f"SELECT * FROM current_alerts WHERE {PLACE} AND window_start >= $3 ORDER BY window_start, alert_id"  # noqa: S608


def add_alerts(
    table: TableBuilder, monitor: str, window: Window, run_id: str, alerts: Sequence[AlertRow]
) -> None:
    """Append the alerts of one window."""
    table.add(
        len(alerts),
        monitor=monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        run_id=run_id,
        **{name: [getattr(alert, name) for alert in alerts] for name in AlertRow.__slots__},
    )


def published_alerts(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> dict[datetime, list[AlertRow]]:
    """The alerts as they are published, by the start of their window."""
    found: dict[datetime, list[AlertRow]] = {}
    granularity = monitor.granularity.value
    rows = store.current("alerts", monitor.monitor, start=start, end=end, granularity=granularity)
    for row in rows.to_pylist():
        found.setdefault(row["window_start"], []).append(AlertRow.read(row))
    return {start: sorted(alerts, key=attrgetter("alert_id")) for start, alerts in found.items()}


def latest(store: Store) -> list[Row]:
    """Every alert of every monitor once, as it stands."""
    return rows_of(store, _LATEST, [])


def monitor_of(store: Store, alert_id: str) -> str | None:
    """Whose alert it is; None if there is no such alert."""
    rows = rows_of(store, "SELECT DISTINCT monitor FROM alerts WHERE alert_id = $1", [alert_id])
    return rows[0]["monitor"] if rows else None


def standing(store: Store, monitor: Monitor, since: datetime) -> pa.Table:
    """The alerts of the windows from ``since`` on."""
    return store.execute_read(_SINCE, [*place_of(monitor), since])
