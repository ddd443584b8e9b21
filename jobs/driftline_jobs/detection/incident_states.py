"""Incidents as plain JSON values, so that the fold over windows can go on from any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from driftline_jobs.detection.incident import Incident, State
from driftline_jobs.detection.problems import Severity, Topic

_TIMES = ("first_window", "last_window", "changed")


def to_json(incident: Incident) -> dict[str, Any]:
    """Plain JSON values, all there is of the incident."""
    times = {name: getattr(incident, name).isoformat() for name in _TIMES}
    lists = {name: list(getattr(incident, name)) for name in ("columns", "members", "norm")}
    return {**asdict(incident), **times, **lists}


def from_json(content: Mapping[str, Any]) -> Incident:
    """The inverse of ``to_json``."""
    return Incident(
        **{
            **content,
            **{name: datetime.fromisoformat(content[name]) for name in _TIMES},
            "columns": tuple(content["columns"]),
            "members": tuple(content["members"]),
            "norm": tuple(content.get("norm", ())),
            "topic": Topic(content["topic"]),
            "state": State(content["state"]),
            "severity": Severity(content["severity"]),
        }
    )
