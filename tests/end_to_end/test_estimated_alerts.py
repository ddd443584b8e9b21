"""A loss that is expected before labels come: it alarms, and labels that contradict it take it back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, Columns, day

REFERENCE = 14
ROWS = 400
TODAY = REFERENCE
NEXT = TODAY + 1


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A reference of two weeks, long enough to learn from."""
    bench.overrides = {
        "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE):%Y-%m-%d}"]},
        "alerts": {"min_rows": 100},
        "labels": {"mature_after": "3d", "catch_up": "30d"},
    }
    for number in range(REFERENCE):
        made = bench.rows(number, ROWS)
        bench.write(number, made)
        bench.write_labels(number, made)
    return bench


def blurred(bench: Bench, number: int, *, sure: bool) -> Columns:
    """A day whose scores say next to nothing; ``sure``: and whose labels go with them all the same."""
    random = np.random.default_rng([number, 3])
    score = np.round(random.beta(40, 60, ROWS), 3)
    truth = score > 0.4 if sure else random.random(ROWS) < score
    return bench.rows(
        number,
        ROWS,
        score=pa.array(score),
        truth=pa.array(truth.astype(np.int8)),
        **{"class": pa.array((score >= 0.5).astype(np.int8))},
    )


def alerts(bench: Bench, number: int, kind: str) -> list[dict[str, Any]]:
    rows: Any = bench.current("alerts", number).to_dict("records")
    return [row for row in rows if json.loads(row["evidence"])["kind"] == kind and row["state"] == "open"]


def test_a_loss_that_scores_foretell_alarms_before_labels_come(bench: Bench) -> None:
    bench.write(TODAY, blurred(bench, TODAY, sure=False))
    bench.run(TODAY, as_of=day(TODAY + 1))
    row = bench.performance(TODAY, "roc_auc", "estimated")
    assert row["degraded"]
    assert row["threshold_source"] == "calibrated"
    assert row["value"] < row["threshold"] < row["reference_value"]
    (alert,) = alerts(bench, TODAY, "estimated")
    assert "would be expected to do worse" in json.loads(alert["evidence"])["sentence"]
    assert not alerts(bench, TODAY, "realized")


def test_a_day_like_those_of_the_reference_is_quiet(bench: Bench) -> None:
    bench.write(TODAY, bench.rows(TODAY, ROWS))
    bench.run(TODAY, as_of=day(TODAY + 1))
    rows = bench.current("performance_metrics", TODAY, kind="estimated")
    assert (rows["degraded"].dropna() == False).all()  # noqa: E712
    assert len(rows["degraded"].dropna()) > 3
    assert not alerts(bench, TODAY, "estimated")


def test_labels_that_are_mature_take_it_back_and_silence_the_days_after(bench: Bench) -> None:
    made = {number: blurred(bench, number, sure=True) for number in (TODAY, NEXT)}
    for number, columns in made.items():
        bench.write(number, columns)
    bench.run(TODAY, NEXT, as_of=day(NEXT + 1))
    assert alerts(bench, TODAY, "estimated")
    assert alerts(bench, NEXT, "estimated")

    bench.write_labels(TODAY, made[TODAY])
    bench.run(TODAY, as_of=day(TODAY + 2))  # they are there, and not yet mature
    assert alerts(bench, TODAY, "estimated")
    bench.run(TODAY, as_of=day(TODAY + 5))
    row = bench.performance(TODAY, "roc_auc", "estimated")
    assert row["degraded"] is None
    assert row["value"] < row["threshold"]
    assert "labels" in row["reason"]
    assert bench.performance(TODAY, "roc_auc")["degraded"] == False  # noqa: E712
    assert not alerts(bench, TODAY, "estimated")
    assert bench.performance(NEXT, "roc_auc", "estimated")["degraded"]
    assert not alerts(bench, NEXT, "estimated")


def test_a_moving_reference_says_the_same(bench: Bench) -> None:
    bench.overrides |= {"reference": {"trailing": f"{REFERENCE}d", "window": None}}
    made = {number: blurred(bench, number, sure=True) for number in (TODAY, NEXT)}
    for number, columns in made.items():
        bench.write(number, columns)
    bench.run(8, NEXT, as_of=day(NEXT + 1))
    assert alerts(bench, TODAY, "estimated")
    for number, columns in made.items():
        bench.write_labels(number, columns)
    bench.run(TODAY, as_of=day(TODAY + 4))
    assert not alerts(bench, TODAY, "estimated")
    assert not alerts(bench, NEXT, "estimated")


def test_a_rule_may_be_about_the_estimate(bench: Bench) -> None:
    rules = [
        {"metric": "accuracy", "kind": "estimated", "below": 0.99},
        {"metric": "accuracy", "above": 0.999},
    ]
    bench.overrides["alerts"] = {"min_rows": 100, "rules": rules}
    bench.write(TODAY, bench.rows(TODAY, ROWS))
    bench.run(TODAY, as_of=day(TODAY + 1))
    row = bench.performance(TODAY, "accuracy", "estimated")
    assert (row["degraded"], row["threshold"], row["threshold_source"]) == (True, 0.99, "rule")
    assert bench.performance(TODAY, "accuracy")["threshold_source"] != "rule"
    (alert,) = alerts(bench, TODAY, "estimated")
    assert alert["metric"] == "accuracy"
