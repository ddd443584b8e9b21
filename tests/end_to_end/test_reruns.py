"""The same tables by every way: again, in any order, as one range, on more threads, merged from days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, assert_same_tables, day, normalised

from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.state import merge
from driftline_jobs.stores import open_store
from driftline_jobs.tasks.binary import BinaryOutcomes
from driftline_jobs.tasks.stored import read_outcomes

LAST = 13


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """A fortnight with drift, two versions, segments, corrected labels, and a day without objects."""
    bench.overrides = {
        "segments": ["city", ["city", "version"]],
        "labels": {"timestamp": "labelled", "mature_after": "2d", "catch_up": "3d"},
    }
    for number in range(LAST + 1):
        if number == 9:
            continue
        made = bench.rows(number)
        if number >= 6:
            made["amount"] = pa.array(made["amount"].to_numpy() * 1.5)
            made["version"] = pa.array(["v1", "v2"] * (len(made["id"]) // 2))
        bench.write(number, made)
        stamp = pa.array([day(number + 1)] * len(made["id"]), pa.timestamp("us", "UTC"))
        bench.write_labels(number, made, labelled=stamp)
        # corrections, of which some come in time and others long after the labels may still touch the day
        few = {name: values.slice(0, 40) for name, values in made.items()}
        few["truth"] = pa.array(1 - few["truth"].to_numpy())
        arrived = number + (2 if number % 2 else 6)
        later = pa.array([day(arrived)] * 40, pa.timestamp("us", "UTC"))
        bench.write_labels(number, few, arrived=arrived, labelled=later)
    return bench


def _tables(bench: Bench) -> dict[str, pd.DataFrame]:
    with open_store(bench.store_url) as store:
        return normalised(store)


def test_the_same_run_twice_gives_the_same_rows(busy: Bench) -> None:
    busy.run(4, LAST)
    once = _tables(busy)
    busy.run(4, LAST)
    assert_same_tables(_tables(busy), once)


@pytest.mark.slow
def test_single_runs_in_any_order_give_what_one_range_gives(busy: Bench) -> None:
    busy.run(4, LAST)
    ranged = _tables(busy)
    assert len(ranged["alerts"])
    busy.store_name = "single.duckdb"
    for number in np.random.default_rng(7).permutation(np.arange(4, LAST + 1)).tolist():
        busy.run(number)
    assert_same_tables(_tables(busy), ranged)


def test_one_thread_gives_what_two_give(busy: Bench) -> None:
    busy.run(4, LAST, threads=2)
    two = _tables(busy)
    busy.store_name = "one.duckdb"
    busy.run(4, LAST, threads=1)
    assert_same_tables(_tables(busy), two)


def test_a_week_is_the_merge_of_its_days(tmp_path: Path) -> None:
    days = Bench(tmp_path, store_name="days.duckdb")
    days.overrides = {"segments": ["city"], "reference": {"window": ["2024-01-01", "2024-01-15"]}}
    for number in range(21):
        made = days.rows(number)
        days.write(number, made)
        days.write_labels(number, made)
    days.run(14, 20)
    with open_store(days.store_url) as store:
        daily_profiles = store.current("profiles", "bench").to_pandas()
    daily = _tables(days)
    weeks = Bench(tmp_path, store_name="weeks.duckdb")
    weeks.overrides = {**days.overrides, "granularity": "week", "base": "day"}
    weeks.run(14)
    weekly = _tables(weeks)

    assert list(weekly["binnings"]["binning_id"]) == list(daily["binnings"]["binning_id"])
    place = ["column_name", "base_start", "model_version", "segment", "segment_value"]
    pd.testing.assert_frame_equal(
        weekly["profiles"][[*place, "state"]].sort_values(place, ignore_index=True),
        daily["profiles"][[*place, "state"]].sort_values(place, ignore_index=True),
    )
    # and what is said of the week is said of the merge
    whole = daily_profiles.query("segment == '*' and model_version == '*'")
    for name, states in whole.groupby("column_name")["state"]:
        if name == "*":
            outcomes = [read_outcomes(state) for state in states]
            total = outcomes[0].merged(outcomes)
            accuracy = weeks.performance(14, "accuracy")
            assert isinstance(total, BinaryOutcomes)
            true_neg, _, _, true_pos = total.confusion
            assert accuracy["value"] == (true_neg + true_pos) / accuracy["n"]
            continue
        merged = merge([decode(state) for state in states])
        assert encode(merged) == encode(merge([decode(state) for state in reversed(list(states))]))
        assert weeks.described(14, str(name))["count"] == merged.rows
    counted = weeks.current("profile_metrics", 14, column_name="*")
    assert counted[counted["segment"] == "city"]["count"].sum() == 7 * 120
    rows = [days.rows(number)["amount"].to_numpy() for number in range(14, 21)]
    assert weeks.described(14, "amount")["mean"] == pytest.approx(np.concatenate(rows).mean(), rel=1e-8)


def test_a_gap_is_compared_with_no_previous_window(busy: Bench) -> None:
    busy.run(4, 6)
    busy.run(8, 8)
    lonely = busy.drift(8, "amount", "psi", "previous")
    assert lonely["status"] == "no_reference"
    busy.run(7, 7)
    assert busy.drift(8, "amount", "psi", "previous")["status"] == "ok"
