"""``rebase``: a new reference from a window on, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import wasserstein_distance
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, assert_same_tables, day, normalised

from driftline_jobs.stores import open_store

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A reference and four days, two of them published."""
    made = Bench(tmp_path)
    made.reference()
    made.days(4, 7)
    made.run(4, 5)
    return made


def widen(bench: Bench) -> np.ndarray[Any, Any]:
    """Other amounts in the days of the reference; what they are now."""
    amounts = []
    for number in range(REFERENCE_DAYS):
        columns = bench.rows(number)
        columns["amount"] = pa.array(columns["amount"].to_numpy() * 3)
        bench.write(number, columns)
        amounts.append(columns["amount"].to_numpy())
    return np.concatenate(amounts)


def rebase(bench: Bench, invoke: Invoke, number: int, *more: str) -> tuple[int, str, str]:
    """Rebase from a day on."""
    period = f"{day(number):%Y-%m-%d}"
    return invoke("rebase", bench.monitor_file(), "--period", period, "--store", bench.store_url, *more)


def references(bench: Bench) -> list[dict[str, Any]]:
    """The references, in the order in which they were made."""
    return bench.query(
        "SELECT reference_id, effective_from, binning_id FROM reference_sets ORDER BY created_at"
    )


def runs(bench: Bench, part: str = "data") -> dict[int, str]:
    """The reference of the current run of each day."""
    rows = bench.current("runs", part=part)[["window_start", "reference_id"]].to_dict("records")
    return {(row["window_start"] - day(0)).days: row["reference_id"] for row in rows}


def test_windows_from_there_on_meet_the_log_as_it_is_now(bench: Bench, invoke: Invoke) -> None:
    amounts = widen(bench)
    status, out, _ = rebase(bench, invoke, 6)
    first, second = references(bench)
    assert (status, second["effective_from"]) == (0, day(6))
    assert second["binning_id"] != first["binning_id"]
    assert f"from 2024-01-07 on the reference is {second['reference_id']}, {4 * ROWS} rows, new bins" in out
    assert "rest on an earlier one" not in out

    bench.run(4, 7)  # one range over the seam
    old, new = first["reference_id"], second["reference_id"]
    for part in ("data", "performance", "judgement"):
        assert runs(bench, part) == {4: old, 5: old, 6: new, 7: new}
    expected = wasserstein_distance(bench.rows(6)["amount"].to_numpy(), amounts)
    assert bench.drift(6, "amount", "wasserstein")["value"] == pytest.approx(expected, rel=0.01)


def test_a_range_over_the_seam_and_single_runs_end_in_the_same_tables(bench: Bench, invoke: Invoke) -> None:
    widen(bench)
    rebase(bench, invoke, 6)
    bench.run(4, 7)
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    for number in (7, 4, 6, 5):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_what_is_published_stays_until_it_is_run_again(bench: Bench, invoke: Invoke) -> None:
    widen(bench)
    before = bench.current("drift_metrics")
    _, out, _ = rebase(bench, invoke, 4)
    assert "until they are run again: --period 2024-01-05 --to 2024-01-06" in out
    assert bench.current("drift_metrics").equals(before)


def test_late_labels_of_a_window_at_other_bins_bring_its_data_along(bench: Bench, invoke: Invoke) -> None:
    widen(bench)
    rebase(bench, invoke, 4)
    bench.write_labels(4, bench.rows(4), arrived=6)
    status, _, err = invoke("catch-up", bench.monitor_file(), "--store", bench.store_url)
    assert status == 0, err
    new = references(bench)[-1]["reference_id"]
    assert runs(bench, "data")[4] == runs(bench, "performance")[4] == new


def test_the_newest_rebase_counts_and_a_repeated_one_is_no_other(bench: Bench, invoke: Invoke) -> None:
    widen(bench)
    rebase(bench, invoke, 6)
    assert rebase(bench, invoke, 6)[0] == 0
    assert len(references(bench)) == 2
    rebase(bench, invoke, 5)  # later made, and for all of these windows
    bench.run(4, 7)
    first, _, third = (row["reference_id"] for row in references(bench))
    assert runs(bench) == {4: first, 5: third, 6: third, 7: third}


def test_a_moving_reference_is_founded_anew_before_the_window(tmp_path: Path, invoke: Invoke) -> None:
    bench = Bench(tmp_path)
    bench.overrides = {"reference": {"window": None, "trailing": "3d"}}
    bench.days(0, 9)
    bench.run(3)
    assert rebase(bench, invoke, 8)[0] == 0
    bench.run(3, 9)
    spans = bench.query(
        "SELECT DISTINCT s.window_start, s.window_end FROM reference_sets s "
        "JOIN runs r ON r.reference_id = s.reference_id WHERE r.part = 'data' ORDER BY s.window_start"
    )
    assert [(row["window_start"], row["window_end"]) for row in spans] == [
        (day(0), day(3)),
        (day(5), day(8)),
    ]
    bins = bench.current("runs", part="data").set_index("window_start")["binning_id"]
    assert bins[day(3)] == bins[day(7)] != bins[day(8)] == bins[day(9)]


def test_a_rebase_that_cannot_be(bench: Bench, invoke: Invoke) -> None:
    status, out, err = invoke("rebase", bench.monitor_file(), "--store", bench.store_url)
    assert (status, out) == (2, "")
    assert "--period" in err
    status, _, err = invoke(
        "rebase", bench.monitor_file(), "--period", "2024-01-07T05", "--store", bench.store_url
    )
    assert status == 2
    assert "no day window starts at 2024-01-07T05" in err
    for number in range(REFERENCE_DAYS):
        (bench.root / "logs" / f"dt={day(number):%Y-%m-%d}" / "part-0.parquet").unlink()
    status, _, err = rebase(bench, invoke, 6)
    assert status == 3
    assert "has no rows" in err
    assert len(references(bench)) == 1


def test_machines_are_told_as_an_event(bench: Bench, invoke: Invoke) -> None:
    status, out, err = rebase(bench, invoke, 6, "--log-format", "json")
    assert (status, out) == (0, "")
    event = json.loads(err.splitlines()[-1])
    assert (event["event"], event["monitor"], event["new_bins"]) == ("rebased", "bench", False)
    assert event["reference_id"] == references(bench)[-1]["reference_id"]


def age(bench: Bench) -> None:
    """Make the bins of the store, and what rests on them, those of an earlier format."""
    with duckdb.connect(str(bench.root / bench.store_name)) as store:
        (state,) = store.execute("SELECT state FROM binnings").fetchone() or ()
        content = json.loads(state) | {"format": 1}
        store.execute("UPDATE binnings SET binning_id = 'old', state = ?", [json.dumps(content).encode()])
        store.execute("UPDATE reference_sets SET reference_id = 'old', binning_id = 'old'")
        store.execute("UPDATE calibrations SET reference_id = 'old'")
        store.execute("UPDATE runs SET reference_id = 'old', binning_id = 'old'")


def test_bins_of_an_earlier_format_are_refused_until_a_rebase(bench: Bench, invoke: Invoke) -> None:
    age(bench)
    period, store = f"{day(6):%Y-%m-%d}", bench.store_url
    status, _, err = invoke("run", bench.monitor_file(), "--period", period, "--store", store)
    assert status == 3
    assert "a binning of format 1 was found" in err
    assert "`driftline rebase`" in err
    status, out, _ = rebase(bench, invoke, 6)
    assert status == 0
    assert "new bins" in out
    assert invoke("run", bench.monitor_file(), "--period", period, "--store", store)[0] == 0
    assert bench.described(6, "amount")["count"] == ROWS
