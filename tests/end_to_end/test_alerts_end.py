"""An alert ends with what it was about: bins that were renewed, an ignored column, a monitor that goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, day

from driftline_jobs.cli.alerts import listed
from driftline_jobs.stores import open_store

FIRST = REFERENCE_DAYS
LATER = FIRST + 2


@pytest.fixture
def alerted(bench: Bench) -> Bench:
    """Two windows in which amounts are thrice what they were and one city is another, under alerts."""
    bench.overrides = {"labels": None}
    for number in range(LATER + 2):
        made = bench.rows(number)
        if number >= FIRST:
            made["amount"] = pa.array(made["amount"].to_numpy() * 3.0)
            made["city"] = pa.array(["Oslo"] * len(made["id"]))
        bench.write(number, made)
    bench.run(FIRST, FIRST + 1)
    return bench


def _open(bench: Bench) -> set[str]:
    with open_store(bench.store_url) as store:
        return {row["column_name"] for row in listed(store, None, every=False)}


def _events(bench: Bench, number: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in bench.current("alerts", number).to_dict("records"):
        found.setdefault(str(row["column_name"]), []).append(str(row["state"]))
    return found


def test_what_is_no_longer_so_ends_with_the_bins(alerted: Bench) -> None:
    assert {"amount", "city"} <= _open(alerted)
    alerted.overrides |= {"reference": {"window": [f"{day(FIRST):%Y-%m-%d}", f"{day(LATER):%Y-%m-%d}"]}}
    alerted.run(LATER)
    assert set(_events(alerted, LATER)["amount"]) == {"resolved"}
    assert set(_events(alerted, LATER)["city"]) == {"resolved"}
    assert not {"amount", "city"} & _open(alerted)
    alerted.run(LATER + 1)
    assert "amount" not in _events(alerted, LATER + 1)


def test_what_is_still_so_goes_on_as_the_same_alert(alerted: Bench) -> None:
    before = {
        row["column_name"]: row
        for row in alerted.current("alerts", FIRST + 1).to_dict("records")
        if "drifted" in row["evidence"]
    }
    alerted.overrides |= {"features": {"ignore": ["city"]}}
    alerted.run(LATER)
    (amount,) = (
        row
        for row in alerted.current("alerts", LATER).to_dict("records")
        if row["column_name"] == "amount" and "drifted" in row["evidence"]
    )
    assert amount["alert_id"] == before["amount"]["alert_id"]
    assert amount["first_window"] == before["amount"]["first_window"]
    evidence: dict[str, Any] = json.loads(amount["evidence"])
    assert evidence["windows"] == 3
    assert "city" not in _open(alerted)
    assert set(_events(alerted, LATER)["city"]) == {"resolved"}


def test_a_monitor_that_goes_takes_its_alerts_with_it(alerted: Bench) -> None:
    with open_store(alerted.store_url) as store:
        store.forget("bench")
    assert _open(alerted) == set()


def test_what_comes_back_after_new_bins_is_the_same_alert(bench: Bench) -> None:
    """It has ended, the reference is renewed, and it is there again two days later."""
    bench.overrides = {"labels": None}
    for number in range(FIRST + 8):
        made = bench.rows(number)
        if number in (FIRST, FIRST + 6):
            made["amount"] = pa.array(made["amount"].to_numpy() * 3.0)
        bench.write(number, made)
    bench.run(FIRST, FIRST + 4)
    (before,) = {row["alert_id"] for row in _of_amount(bench, FIRST)}
    assert {row["state"] for row in _of_amount(bench, FIRST + 3)} == {"resolved"}
    bench.overrides |= {"features": {"ignore": ["city"]}}
    bench.run(FIRST + 5, FIRST + 6)
    assert before in {row["alert_id"] for row in _of_amount(bench, FIRST + 6)}


def _of_amount(bench: Bench, number: int) -> list[Mapping[Any, Any]]:
    rows = bench.current("alerts", number, column_name="amount").to_dict("records")
    return [row for row in rows if "drifted" in row["evidence"]]
