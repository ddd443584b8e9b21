"""Rows of ``alerts``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftline_jobs.detection.alerts import Alert, Place, Severity, State, Topic, alert_id, severity
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
