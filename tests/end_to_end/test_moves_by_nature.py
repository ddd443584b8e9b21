"""Columns that no two windows share: recognised, reported once, and out of everything that decides."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, Columns, day

from driftline_jobs.metrics.nature import Nature
from driftline_jobs.reporting.report import write_report
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

REFERENCE, LAST = 16, 21
MOVING = ("batch", "dated", "ingested", "sequence", "trace")
WATCHED: dict[str, Any] = {
    "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE):%Y-%m-%d}"]},
    "alerts": {"min_rows": 10},
}
IGNORED: dict[str, Any] = {**WATCHED, "features": {"ignore": list(MOVING)}}


def rows_of(bench: Bench, number: int) -> Columns:
    """A day whose own columns vary a little more than its rows alone would, beside those that move."""
    random = np.random.default_rng([number, 13])
    made = bench.rows(number)
    times = made["at"].to_numpy() + (random.uniform(1, 60, ROWS) * 1e6).astype("timedelta64[us]")
    # what is made from what moves goes with it, and neither tells anything of the rest
    made["amount"] = pa.array(random.gamma(2.0, 10.0, ROWS) * np.exp(random.normal(0.0, 0.1)))
    made["weight"] = pa.array(0.1 * made["amount"].to_numpy() + random.normal(0.0, 1.0, ROWS))
    made["weekday"] = pa.array(np.full(ROWS, day(number).weekday()))
    made["batch"] = pa.array([f"batch {number}"] * ROWS)
    made["dated"] = pa.array([day(number).date()] * ROWS)
    made["ingested"] = pa.array(times, pa.timestamp("us", "UTC"))
    made["sequence"] = pa.array(np.arange(ROWS) + number * ROWS)
    made["trace"] = pa.array([f"{value:016x}" for value in random.integers(0, 2**62, ROWS)])
    return made


def write(bench: Bench, number: int, **columns: object) -> None:
    made = rows_of(bench, number) | columns
    bench.write(number, made)
    bench.write_labels(number, made)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, and a store with the tables of the days behind the reference."""
    bench = Bench(tmp_path_factory.mktemp("moving"), WATCHED)
    for number in range(LAST + 1):
        write(bench, number)
    bench.run(REFERENCE, LAST)
    return bench.root


@pytest.fixture
def bench(root: Path) -> Bench:
    """The bench of that run."""
    return Bench(root, WATCHED)


def decided(rows: pd.DataFrame) -> pd.DataFrame:
    """What decides, in an order of its own, without what tells runs and references apart."""
    kept = ["window_start", "column_name", "comparison", "metric", "value", "threshold", "p_value", "q_value"]
    keys = kept[:4]
    found = rows[(rows["model_version"] == "*") & (rows["segment"] == "*")]
    return found[[*kept, "drifted"]].sort_values(keys).reset_index(drop=True)


def test_they_are_one_alert_that_says_what_to_do(bench: Bench) -> None:
    alerts = bench.current("alerts").sort_values("window_start")
    assert alerts["window_start"].dt.day.tolist() == [day(n).day for n in range(REFERENCE, LAST + 1)]
    assert alerts["alert_id"].nunique() == 1
    assert set(alerts["column_name"]) == {"*"}
    assert set(alerts["severity"]) == {"low"}
    first = alerts["evidence"].iloc[0]
    assert f"each of {', '.join(MOVING[:-1])} and {MOVING[-1]} moves by nature" in first
    assert "list it under features.ignore" in first


def test_they_are_published_and_do_not_decide(bench: Bench) -> None:
    drift = bench.current("drift_metrics", comparison="reference")
    moving = drift[drift["column_name"].isin(MOVING)]
    assert set(moving["column_name"]) == set(MOVING)
    assert moving["drifted"].isna().all()
    assert moving["p_value"].isna().all()
    assert moving["threshold"].isna().all()
    assert moving.loc[moving["status"] == "ok", "reason"].str.startswith("moves by nature").all()
    last = bench.drift(LAST, "batch", "unseen_fraction")
    assert (last["value"], last["status"]) == (1.0, "ok")
    checks = bench.current("quality_metrics", LAST)
    of_them = checks[checks["column_name"].isin(MOVING)]
    assert {"null_fraction", "minimum", "maximum", "unseen_fraction"} <= set(of_them["check_name"])
    assert of_them["passed"].isna().all()


def test_the_page_of_a_window_says_how_each_of_them_moves(bench: Bench, tmp_path: Path) -> None:
    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.containing(day(LAST))
    settings = Settings(store=bench.store_url, reports=str(tmp_path))
    page = Path(write_report(monitor, window, settings, generated_at=day(LAST + 1)).page).read_text("utf-8")
    assert "5 columns that move by nature</summary>" in page
    checks = bench.current("quality_metrics", LAST, check_name="moves_by_nature")
    told = dict(zip(checks["column_name"], map(json.loads, checks["expected"]), strict=True))
    assert told.pop("*") == 0
    assert told == {
        "batch": Nature.NEW_VALUES.words,
        "dated": Nature.TIME.words,
        "ingested": Nature.TIME.words,
        "sequence": Nature.GROWING.words,
        "trace": Nature.ID.words,
    }
    for words in told.values():
        assert f"<td>{words}</td>" in page


def test_all_else_is_judged_as_if_they_were_not_there(root: Path, bench: Bench) -> None:
    """Figures, p-values, q-values and the columns together, by a monitor that leaves them out."""
    without = Bench(root, IGNORED, store_name="ignored.duckdb")
    without.run(REFERENCE, LAST)
    assert not len(without.current("alerts"))
    drift = bench.current("drift_metrics")
    expected = decided(without.current("drift_metrics"))
    found = decided(drift[~drift["column_name"].isin(MOVING)])
    assert {"*", "amount", "weight"} <= set(expected["column_name"])
    assert {"gaussian_kl", "sustained_shift"} <= set(expected["metric"])
    pd.testing.assert_frame_equal(found, expected)


def test_columns_that_vary_or_come_again_are_not_among_them(bench: Bench) -> None:
    checks = bench.current("quality_metrics", LAST, check_name="moves_by_nature")
    assert set(checks["column_name"]) == {"*", *MOVING}
    assert bench.one("quality_metrics", LAST, check_name="moves_by_nature", column_name="*")["value"] == 5.0


def test_what_is_wrong_with_the_data_is_an_alert_of_its_own(root: Path) -> None:
    """A column gone, half of another missing, and few rows: none hides behind the advice that lasts."""
    broken = Bench(root, WATCHED, store_name="broken.duckdb")
    made = rows_of(broken, LAST + 1)
    few = {name: values.take(pa.array(range(0, ROWS, 4))) for name, values in made.items()}
    few["weight"] = pa.array([None if n % 2 else 1.0 for n in range(ROWS // 4)])
    del few["sequence"]
    broken.write(LAST + 1, few)
    broken.write_labels(LAST + 1, few)
    broken.run(LAST, LAST + 1)
    alerts = broken.current("alerts", LAST + 1)
    found = dict(zip(alerts["metric"], alerts["evidence"], strict=True))
    assert "moves by nature" in found["moves_by_nature"]
    assert "the log fails a check: rows 30" in found["rows"]
    assert "weight fails a check: null_fraction 0.5" in found["null_fraction"]
    assert "sequence fails a check: missing_column" in found["missing_column"]


def test_a_rule_that_names_one_decides(root: Path) -> None:
    rules = [{"metric": "psi", "column": "batch", "above": 1.0}, {"metric": "psi", "above": 5.0}]
    ruled = Bench(root, {**WATCHED, "alerts": {"min_rows": 10, "rules": rules}}, store_name="ruled.duckdb")
    ruled.run(LAST)
    batch = ruled.drift(LAST, "batch", "psi")
    assert (batch["drifted"], batch["threshold"]) == (True, 1.0)
    trace = ruled.drift(LAST, "sequence", "psi")
    assert trace["value"] > 5.0
    assert trace["drifted"] is None


def test_a_store_that_does_not_know_yet_recognises_them_again(root: Path, bench: Bench) -> None:
    shutil.copyfile(root / bench.store_name, root / "older.duckdb")
    older = Bench(root, WATCHED, store_name="older.duckdb")
    with duckdb.connect(root / older.store_name) as connection:
        connection.execute("DELETE FROM calibrations WHERE statistic = 'moves_by_nature'")
    older.run(LAST)
    checks = older.current("quality_metrics", LAST, check_name="moves_by_nature")
    assert set(checks["column_name"]) == {"*", *MOVING}


@pytest.mark.parametrize(("kind", "length"), [("trailing", "14d"), ("same_weekday", 2)])
def test_they_are_recognised_where_the_reference_moves(root: Path, kind: str, length: object) -> None:
    reference = {"window": None, kind: length}
    moving = Bench(root, {**WATCHED, "reference": reference}, store_name=f"{kind}.duckdb")
    moving.run(REFERENCE, LAST)
    alerts = moving.current("alerts")
    assert set(alerts["metric"]) == {"moves_by_nature"}
    assert alerts["alert_id"].nunique() == 1
    assert moving.drift(LAST, "batch", "psi")["drifted"] is None


def test_a_reference_of_few_windows_says_that_it_cannot_tell(tmp_path: Path) -> None:
    """Ids are known by their rows alone, what else moves is not."""
    short = Bench(tmp_path)
    for number in range(5):
        write(short, number)
    short.run(4)
    found = short.one("quality_metrics", 4, check_name="reference_windows")
    assert (found["value"], found["expected"], found["passed"]) == (4.0, "8", None)
    named = short.current("quality_metrics", 4, check_name="moves_by_nature")
    assert set(named["column_name"]) == {"*", "trace"}
    assert short.drift(4, "batch", "psi")["drifted"]
