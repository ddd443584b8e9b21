"""An example to copy: retrain a model when, and only when, labels confirm that it got worse.

Every publication of a monitor updates its asset and starts this DAG; most end at the first task. Paused until
somebody switches it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import DAG, Asset, task

MONITOR = "flight_delay"
CONFIRMED = "broken"
"""The verdict when a figure measured with labels is beyond its limit; `suspect` is an estimate without."""

published = Asset(name=f"driftline__{MONITOR}", uri=f"x-driftline://monitor/{MONITOR}")


@task.short_circuit
def degraded(triggering_asset_events: Mapping[Asset, Any]) -> bool:
    """Whether any of the windows that started this run is a confirmed degradation."""
    return any(event.extra.get("verdict") == CONFIRMED for event in triggering_asset_events[published])


@task
def retrain(triggering_asset_events: Mapping[Asset, Any]) -> list[str]:
    """Stands for your training: the windows to learn from."""
    return [event.extra["period"] for event in triggering_asset_events[published]]


with DAG(
    "driftline_example_retraining",
    schedule=[published],
    tags={"driftline", "example"},
    is_paused_upon_creation=True,
    doc_md=__doc__,
):
    degraded() >> retrain()
