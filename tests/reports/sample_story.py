"""What is made up: a monitor of flights, its columns, and when what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from driftline_schemas.monitor import Monitor

FIRST_NAMES = (
    "humidity", "carrier", "precip", "departure_hour", "origin", "visibility", "wind_speed", "distance",
    "air_temperature", "pressure", "is_weekend", "dest", "scheduled_at", "seats", "late_probability", "late",
)  # fmt: skip
KINDS = {
    "carrier": "categorical",
    "origin": "categorical",
    "dest": "categorical",
    "is_weekend": "boolean",
    "scheduled_at": "datetime",
    "late_probability": "score",
    "late": "prediction",
}
VALUES = {
    "carrier": (
        "UA",
        "B6",
        "EV",
        "DL",
        "AA",
        "MQ",
        "US",
        "9E",
        "WN",
        "VX",
        "FL",
        "AS",
        "F9",
        "YV",
        "HA",
        "OO",
    ),
    "origin": ("EWR", "JFK", "LGA"),
    "dest": tuple(f"D{n:02d}" for n in range(40)),
    "is_weekend": ("false", "true"),
    "late": ("0", "1"),
}


@dataclass(frozen=True)
class Sample:
    """What to make up. Figures of columns ``drifted`` jump in the last ``days_off`` windows."""

    seed: int = 7
    columns: Sequence[str] = ()
    count: int = 16
    windows: int = 90
    drifted: int = 4
    days_off: int = 6
    start: datetime = datetime(2013, 9, 28, tzinfo=UTC)
    labels: bool = True
    final: bool = True
    estimated: bool = True
    reference: bool = True
    rows: int = 924
    calibrated: bool = True
    worse: bool = True
    monitor: Mapping[str, Any] = field(default_factory=dict)


def monitor(**changes: Any) -> Monitor:
    """A monitor of flights."""
    given: dict[str, Any] = {
        "monitor": "flight_delay",
        "description": "Will this flight arrive more than 15 minutes late?",
        "owner": "ml-platform@example.com",
        "task": "binary_classification",
        "logs": {
            "uri": "s3://serving-logs/flight_delay/",
            "timestamp": "requested_at",
            "prediction_id": "request_id",
            "prediction": "late",
            "score": "late_probability",
            "model_version": "model_version",
        },
        "labels": {
            "uri": "s3://labels/flight_delay/",
            "prediction_id": "request_id",
            "label": "arrived_late",
            "mature_after": "7d",
        },
        "segments": ["origin", ["origin", "carrier"]],
        "reference": {"window": ["2013-03-01", "2013-04-01"]},
    }
    given |= changes
    return Monitor.model_validate({key: value for key, value in given.items() if value is not None})
