"""Incidents through the whole run: what happened, how bad it is, how it goes on, what a window stands at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench

from driftline_jobs.detection.causes import EMPTY, LOST

FIRST = REFERENCE_DAYS
FEED = [f"feed_{number}" for number in range(8)]


def level(bench: Bench, number: int) -> str:
    (row,) = bench.query(
        "SELECT level FROM window_levels WHERE window_start = "
        f"'{bench.current('runs', number)['window_start'].iloc[0].tz_localize(None)}'"
    )
    return str(row["level"])


def incidents(bench: Bench, number: int, **where: object) -> list[dict[str, Any]]:
    rows = bench.current("incidents", number, **where).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def feed(number: int, *, there: bool) -> dict[str, Any]:
    random = np.random.default_rng(number)
    return {
        name: pa.array(random.normal(size=ROWS)) if there else pa.array([None] * ROWS, pa.float64())
        for name in FEED
    }


@pytest.fixture
def outage(bench: Bench) -> Bench:
    """Eight columns are empty on two days, there for five, and empty again."""
    bench.overrides = {"owner": "ml-platform@example.com"}
    for number in range(FIRST + 10):
        gone = number - FIRST in {1, 2, 8}
        made = bench.rows(number, **feed(number, there=not gone))
        bench.write(number, made)
        bench.write_labels(number, made)
    return bench


def test_an_outage_from_its_first_day_to_its_return(outage: Bench) -> None:
    for number in range(FIRST, FIRST + 10):
        outage.run(number)
    (opened,) = incidents(outage, FIRST + 1, topic="data")
    # those first that the model uses most
    weight = outage.current("impacts", FIRST + 1, metric="mean_score").set_index("column_name")["importance"]
    first = ", ".join(weight[weight.index.str.startswith("feed_")].sort_values(ascending=False).index[:3])
    assert opened["headline"] == f"8 columns are empty in all 120 rows: {first} and 5 more"
    assert (opened["state"], opened["severity"], opened["certain"]) == ("new", "critical", True)
    assert (opened["cause"], opened["owner"]) == (EMPTY, "ml-platform@example.com")
    course = {
        number: [row["state"] for row in incidents(outage, number, incident_id=opened["incident_id"])]
        for number in range(FIRST, FIRST + 10)
    }
    assert course[FIRST] == course[FIRST + 7] == []
    assert course[FIRST + 2] == course[FIRST + 4] == ["ongoing"]
    assert course[FIRST + 5] == ["resolved"]
    assert course[FIRST + 8] == ["new"]
    assert course[FIRST + 9] == ["ongoing"]
    assert level(outage, FIRST + 1) == level(outage, FIRST + 8) == "faulty"
    assert level(outage, FIRST + 2) == level(outage, FIRST + 3) == "ongoing"
    assert level(outage, FIRST) == level(outage, FIRST + 6) == "calm"


@pytest.mark.parametrize("reference", [None, {"trailing": "4d"}])
def test_single_runs_and_a_range_give_the_same_incidents(
    outage: Bench, reference: dict[str, str] | None
) -> None:
    if reference:
        outage.overrides |= {"reference": {"window": None, **reference}}
    outage.run(FIRST, FIRST + 9)
    together = outage.current("incidents").drop(columns="run_id")
    assert len(together)
    outage.store_name = "singly.duckdb"
    for number in range(FIRST, FIRST + 10):
        outage.run(number)
    singly = outage.current("incidents").drop(columns="run_id")
    pd.testing.assert_frame_equal(together, singly, check_exact=True)


def test_a_loss_by_labels_is_broken_on_its_day(bench: Bench) -> None:
    bench.reference()
    bench.days(FIRST, FIRST)
    made = bench.rows(FIRST + 1)
    made["truth"] = pa.array(1 - made["truth"].to_numpy())
    bench.write(FIRST + 1, made)
    bench.write_labels(FIRST + 1, made)
    bench.run(FIRST, FIRST + 1)
    (found,) = incidents(bench, FIRST + 1, topic="performance")
    assert (found["state"], found["severity"], found["certain"]) == ("new", "critical", True)
    value = bench.performance(FIRST + 1, "roc_auc")
    assert found["headline"] == (
        f"ROC AUC fell to {value['value']:.3f}, {value['reference_value']:.3f} in the reference"
    )
    assert level(bench, FIRST + 1) == "broken"


def test_a_part_of_the_data_that_is_gone_is_told_by_its_name(bench: Bench) -> None:
    bench.overrides = {"labels": None}
    bench.reference()
    made = bench.rows(FIRST)
    made["city"] = pa.array(["Bergen", "Kyiv"] * (ROWS // 2))
    bench.write(FIRST, made)
    bench.run(FIRST)
    (found,) = incidents(bench, FIRST, topic="drift")
    assert (found["state"], found["severity"], found["cause"]) == ("new", "medium", LOST)
    assert found["headline"].startswith("city Lima is gone: usually ")
    assert level(bench, FIRST) == "changed"


@pytest.mark.parametrize("critical", [False, True])
def test_drift_of_a_column_the_model_does_not_use_is_low_unless_it_is_critical(
    bench: Bench, *, critical: bool
) -> None:
    features = {"critical": ["amount"]} if critical else {}
    bench.overrides = {"labels": None, "features": features}
    bench.reference()
    made = bench.rows(FIRST)
    made["amount"] = pa.array(made["amount"].to_numpy() * 3.0)
    bench.write(FIRST, made)
    bench.run(FIRST)
    (found,) = incidents(bench, FIRST, topic="drift")
    assert found["severity"] == ("medium" if critical else "low")
    assert level(bench, FIRST) == ("changed" if critical else "calm")
    bench.overrides = {"labels": None}
    bench.run(FIRST)
    assert len(bench.query("SELECT DISTINCT reference_id FROM runs WHERE reference_id IS NOT NULL")) == 1


def test_what_goes_on_under_new_bins_is_the_same_incident(bench: Bench) -> None:
    bench.overrides = {"labels": None}
    bench.reference()
    for number in range(FIRST, FIRST + 3):
        made = bench.rows(number, amount=pa.array([None] * ROWS, pa.float64()))
        bench.write(number, made)
    bench.run(FIRST, FIRST + 1)
    (before,) = incidents(bench, FIRST + 1, topic="data")
    bench.overrides |= {"features": {"ignore": ["city"]}}
    bench.run(FIRST + 2)
    (after,) = incidents(bench, FIRST + 2, topic="data")
    assert (after["incident_id"], after["state"]) == (before["incident_id"], "ongoing")
    assert after["first_window"] == before["first_window"]


def test_no_rows_is_one_incident_of_the_data(bench: Bench) -> None:
    bench.reference()
    bench.days(FIRST, FIRST)
    bench.run(FIRST, FIRST + 1)
    (found,) = incidents(bench, FIRST + 1)
    assert (found["headline"], found["cause"]) == ("No rows arrived", "no rows")
    assert (found["severity"], level(bench, FIRST + 1)) == ("critical", "faulty")
