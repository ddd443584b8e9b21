"""An example to copy: retrain a model when, and only when, labels have shown for a while that it got worse.

Every publication of a monitor updates its asset and starts this DAG; most end at the first task. It waits for
an incident of performance that is critical and has stood for three windows, and for data that is not damaged:
a model that learns from a fault learns the fault. Paused until somebody switches it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import DAG, Asset, task

MONITOR = "flight_delay"
LASTING = 3
"""Windows in which the incident must have stood: one bad day is no reason to train."""

published = Asset(name=f"driftline__{MONITOR}", uri=f"x-driftline://monitor/{MONITOR}")


def calls_for_training(found: Mapping[str, Any]) -> bool:
    """Whether a window, by the extra of the asset's event, is one to train after."""
    incidents = found.get("incidents") or []
    damaged = any(one["topic"] == "data" and one["severity"] in {"high", "critical"} for one in incidents)
    return not damaged and any(
        one["topic"] == "performance" and one["severity"] == "critical" and one["windows"] >= LASTING
        for one in incidents
    )


@task.short_circuit
def lost_for_a_while(triggering_asset_events: Mapping[Asset, Any]) -> bool:
    """Whether any of the windows that started this run calls for training."""
    return any(calls_for_training(event.extra) for event in triggering_asset_events[published])


@task
def retrain(triggering_asset_events: Mapping[Asset, Any]) -> dict[str, Any]:
    """Stands for your training. What it returns belongs into the model's registry: by run and reference the
    data that the decision rests on is found again, whatever was published since."""
    found = next(
        event.extra
        for event in reversed(list(triggering_asset_events[published]))
        if calls_for_training(event.extra)
    )
    return {
        "monitor": found["monitor"],
        "learn_until": found["window_end"],
        "incident": next(one["id"] for one in found["incidents"] if one["topic"] == "performance"),
        "snapshot": {"run_id": found["run_id"], "reference_id": found["reference_id"]},
    }


with DAG(
    "driftline_example_retraining",
    schedule=[published],
    tags={"driftline", "example"},
    is_paused_upon_creation=True,
    doc_md=__doc__,
):
    lost_for_a_while() >> retrain()
