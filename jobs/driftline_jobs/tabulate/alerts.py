"""Rows of ``alerts``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftline_jobs.judge.alerts import Alert
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
