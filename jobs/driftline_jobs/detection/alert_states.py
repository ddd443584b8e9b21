"""Alerts as plain JSON values, so that the fold over windows can go on from any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from driftline_jobs.detection.alerts import Alert, Place, Severity, State, Topic


def to_json(alert: Alert) -> dict[str, Any]:
    """Plain JSON values, all there is of the alert."""
    return {
        **asdict(alert),
        "first_window": alert.first_window.isoformat(),
        "last_window": alert.last_window.isoformat(),
        "evidence": dict(alert.evidence),
    }


def from_json(content: Mapping[str, Any]) -> Alert:
    """The inverse of ``to_json``."""
    return Alert(
        **{
            **content,
            "place": Place(**content["place"]),
            "topic": Topic(content["topic"]),
            "severity": Severity(content["severity"]),
            "state": State(content["state"]),
            "first_window": datetime.fromisoformat(content["first_window"]),
            "last_window": datetime.fromisoformat(content["last_window"]),
        }
    )
