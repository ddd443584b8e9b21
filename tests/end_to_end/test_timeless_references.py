"""A reference that is a data set without times, as training sets are: it has no windows to learn from."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import wasserstein_distance
from sklearn.metrics import accuracy_score, roc_auc_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns

from driftline_jobs.pipeline.request import SilentProgress
from driftline_jobs.pipeline.validate.check import check_log
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import load_monitor

DAY = 20
ELSEWHERE = {"reference": {"window": None, "uri": "training"}}
LIMITED = ("psi", "null_fraction_delta", "unseen_fraction")


@pytest.fixture
def training(bench: Bench) -> pd.DataFrame:
    """A monitor of one day, and its training set: labels, and neither times, ids nor versions."""
    bench.overrides = ELSEWHERE
    bench.days(DAY, DAY)
    made = rows_of(bench)
    bench.put(pa.table(made), "training/train.parquet")
    rows: pd.DataFrame = pa.table(made).to_pandas()
    return rows


def rows_of(bench: Bench) -> Columns:
    days = [bench.rows(number) for number in range(REFERENCE_DAYS)]
    left_out = {"at", "id", "version"}
    made = {name: pa.concat_arrays([day[name] for day in days]) for name in days[0] if name not in left_out}
    made["label"] = made.pop("truth")
    return made


def test_all_rows_of_a_training_set_are_one_reference(bench: Bench, training: pd.DataFrame) -> None:
    bench.run(DAY)
    now = bench.rows(DAY)
    row = bench.drift(DAY, "amount", "wasserstein")
    assert (row["n_reference"], row["n_current"]) == (REFERENCE_DAYS * ROWS, ROWS)
    exact = wasserstein_distance(now["amount"].to_numpy(), training["amount"])
    assert row["lower_bound"] <= exact <= row["upper_bound"]
    share = (training["city"] == "Bergen").mean() - (pd.Series(now["city"]) == "Bergen").mean()
    assert bench.drift(DAY, "city", "l_infinity")["value"] >= abs(share) - 1e-12
    accuracy, auc = bench.performance(DAY, "accuracy"), bench.performance(DAY, "roc_auc")
    assert accuracy["reference_value"] == accuracy_score(training["label"], training["class"])
    exact = roc_auc_score(training["label"], training["score"])
    assert auc["reference_value"] == pytest.approx(exact, abs=3e-4)
    (kept,) = bench.query("SELECT window_start, window_end, rows FROM reference_sets")
    assert kept == {"window_start": None, "window_end": None, "rows": len(training)}


def test_what_cannot_be_learned_falls_back_and_says_so(bench: Bench, training: pd.DataFrame) -> None:
    bench.run(DAY)
    assert len(training)
    judged = bench.current("drift_metrics", DAY, comparison="reference").dropna(subset=["drifted"])
    assert {"amount", "city", "score", "class", "label"} == set(judged["column_name"])
    assert set(judged["metric"]) == set(LIMITED)
    assert set(judged["threshold_source"]) == {"fixed_no_times"}
    assert bench.performance(DAY, "roc_auc")["threshold_source"] == "reference_interval"
    learned = bench.query(
        "SELECT DISTINCT k_windows, state FROM calibrations WHERE statistic <> 'moves_by_nature'"
    )
    assert [row["k_windows"] for row in learned] == [0]
    assert "have no times" in learned[0]["state"]


def test_nothing_is_said_of_how_many_rows_there_should_be(bench: Bench, training: pd.DataFrame) -> None:
    """A training set is as large as somebody made it, and ends at no time."""
    bench.run(DAY)
    assert len(training)
    rows, freshness = bench.check(DAY, "rows"), bench.check(DAY, "freshness")
    assert (rows["expected"], rows["passed"]) == (None, True)
    assert (freshness["expected"], freshness["passed"]) == (None, None)


def test_as_many_missing_values_as_in_training_are_usual(bench: Bench, training: pd.DataFrame) -> None:
    gaps = np.arange(len(training)) % 10 < 3
    made = rows_of(bench) | {"amount": pa.array(training["amount"], mask=gaps)}
    bench.put(pa.table(made), "training/train.parquet")
    few = np.arange(ROWS) % 10 < 3
    for number, missing in ((DAY, few), (DAY + 1, few | (np.arange(ROWS) % 10 == 5))):
        rows = bench.rows(number)
        bench.write(number, rows | {"amount": pa.array(rows["amount"].to_pylist(), mask=missing)})
    bench.run(DAY, DAY + 1)
    usual, more = (bench.check(number, "null_fraction", "amount") for number in (DAY, DAY + 1))
    assert json.loads(usual["expected"]) == pytest.approx(0.3 + 0.05)
    assert (usual["passed"], more["passed"]) == (True, False)
    assert (usual["value"], more["value"]) == (0.3, 0.4)


def test_it_is_said_with_every_run_and_by_validation(bench: Bench, training: pd.DataFrame) -> None:
    said: list[tuple[str, dict[str, Any]]] = []

    class Heard(SilentProgress):
        def event(self, name: str, **fields: object) -> None:
            said.append((name, fields))

    assert len(training)
    for _ in range(2):
        bench.run(DAY, progress=Heard())
    told = [fields for name, fields in said if name == "reference_without_times"]
    assert told == [{"uri": "training", "limits": "fixed sizes"}] * 2
    found = check_log(load_monitor(bench.monitor_file()), bench.root)
    (remark,) = found.remarks
    assert not remark.is_fault
    assert "no column 'at'" in remark.text
    assert found.reference is not None
    assert found.reference.remarks == ()  # what else a training set lacks does not matter


def test_where_some_objects_have_times_those_without_are_set_aside(
    bench: Bench, training: pd.DataFrame
) -> None:
    timed = [bench.rows(number) for number in range(2)]
    made: Columns = {name: pa.concat_arrays([day[name] for day in timed]) for name in timed[0]}
    made["label"] = made.pop("truth")
    bench.put(pa.table(made), "training/timed.parquet")
    bench.run(DAY)
    assert len(training)
    assert bench.drift(DAY, "amount", "ks")["n_reference"] == 2 * ROWS
    found = bench.query("SELECT state, reason FROM run_inputs WHERE role = 'reference' ORDER BY uri")
    assert [row["state"] for row in found] == ["read", "quarantined"]
    assert "no column 'at'" in found[1]["reason"]


def test_rows_without_a_time_among_others_stay_set_aside(bench: Bench, training: pd.DataFrame) -> None:
    assert len(training)
    made = rows_of(bench) | {"at": pa.nulls(REFERENCE_DAYS * ROWS, pa.timestamp("us"))}
    bench.put(pa.table(made), "training/train.parquet")
    with pytest.raises(DataError, match="no rows with a time"):
        bench.run(DAY)


def test_times_cannot_be_excluded_where_there_are_none(bench: Bench, training: pd.DataFrame) -> None:
    assert len(training)
    bench.overrides = {"reference": ELSEWHERE["reference"] | {"exclude": [["2024-01-02", "2024-01-03"]]}}
    with pytest.raises(ConfigError, match=r"reference\.exclude names times.* leave reference\.exclude out"):
        bench.run(DAY)
    with pytest.raises(ConfigError, match=r"reference\.exclude names times"):
        check_log(load_monitor(bench.monitor_file()), bench.root)


def test_a_training_set_gives_the_same_however_it_is_cut(bench: Bench, training: pd.DataFrame) -> None:
    bench.run(DAY)
    whole = figures(bench)
    table = pa.Table.from_pandas(training, preserve_index=False)
    (bench.root / "training" / "train.parquet").unlink()
    for part in range(3):
        bench.put(
            table.take(np.arange(part, len(training), 3)), f"training/part-{part}.parquet", row_group_size=50
        )
    bench.store_name = "other.duckdb"
    bench.run(DAY)
    pd.testing.assert_frame_equal(whole, figures(bench), check_exact=True)


def figures(bench: Bench) -> pd.DataFrame:
    found = bench.current("drift_metrics", DAY)
    found = found.drop(columns=["run_id", "reference_id"])
    return found.sort_values(["column_name", "comparison", "metric", "segment_value"], ignore_index=True)
