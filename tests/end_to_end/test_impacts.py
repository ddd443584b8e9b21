"""Impacts through the command: against rows weighted by the true density ratio, and by kinds of reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, day

DAILY = 25_000
SHIFTS = {8: 0.3, 9: 1.0}


def simulated(bench: Bench, number: int, shift: float = 0.0, rows: int = DAILY) -> Columns:
    """x1 makes the score, with something that nobody sees; x2 has no part in it. Labels follow the score."""
    random = np.random.default_rng([17, number])
    x1, x2 = random.normal(shift, 1.0, rows), random.normal(shift, 1.0, rows)
    spread = 0.3 + 2.0 / (1 + np.exp(-2 * x1))  # the larger x1, the better a model can rank
    score = 1 / (1 + np.exp(-(x1 - 1.0 + spread * random.normal(0.0, 1.0, rows))))
    truth = (random.random(rows) < score).astype(np.int8)
    said = (score >= 0.5).astype(np.int8)
    return bench.rows(
        number,
        rows,
        amount=None,
        city=None,
        version=None,
        x1=x1,
        x2=x2,
        score=score,
        truth=truth,
        **{"class": said},
    )


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, dict[int, Columns]]:
    """200,000 rows of reference over eight days, and two days on which both columns have moved."""
    bench = Bench(tmp_path_factory.mktemp("shifted"), {"logs": {"model_version": None}})
    bench.overrides["reference"] = {"window": [f"{day(0):%Y-%m-%d}", f"{day(8):%Y-%m-%d}"]}
    written = {}
    for number in range(10):
        rows = DAILY
        written[number] = simulated(bench, number, SHIFTS.get(number, 0.0), rows)
        bench.write(number, written[number])
        bench.write_labels(number, written[number])
    bench.run(8, 9)
    return bench, written


def impact(bench: Bench, number: int, column: str, metric: str) -> dict[str, Any]:
    (row,) = bench.current("impacts", number, column_name=column, metric=metric).to_dict("records")
    return {str(name): value for name, value in row.items()}


@pytest.mark.parametrize(("number", "shift"), SHIFTS.items())
def test_the_impact_is_that_of_rows_weighted_by_the_true_density_ratio(
    shifted: tuple[Bench, dict[int, Columns]], number: int, shift: float
) -> None:
    bench, written = shifted
    x1, score, truth = (
        np.concatenate([np.asarray(written[at][name]) for at in range(8)])
        for name in ("x1", "score", "truth")
    )
    ratio = np.exp(shift * x1 - shift**2 / 2)
    mean, auc = impact(bench, number, "x1", "mean_score"), impact(bench, number, "x1", "roc_auc")
    assert len(x1) == 200_000
    assert mean["n"] == auc["n"] == 200_000
    assert mean["reference_value"] == pytest.approx(score.mean(), abs=1e-4)
    assert mean["reference_stddev"] == pytest.approx(score.std(), rel=0.01)
    assert auc["reference_value"] == pytest.approx(roc_auc_score(truth, score), abs=3e-4)
    assert mean["value"] == pytest.approx(np.average(score, weights=ratio) - score.mean(), rel=0.05)
    expected = roc_auc_score(truth, score, sample_weight=ratio) - roc_auc_score(truth, score)
    assert auc["value"] == pytest.approx(expected, abs=0.003)
    assert abs(mean["value"]) > mean["noise"]
    # by far finer bins than the product's
    group = (np.argsort(np.argsort(x1)) * 1000) // len(x1)
    by_group = np.bincount(group, score) / np.bincount(group)
    assert mean["importance"] == pytest.approx(by_group[group].var() / score.var(), abs=0.01)


@pytest.mark.parametrize("number", SHIFTS)
def test_that_of_a_column_which_the_score_ignores_is_noise(
    shifted: tuple[Bench, dict[int, Columns]], number: int
) -> None:
    bench, _ = shifted
    assert impact(bench, number, "x2", "mean_score")["importance"] < 0.001
    for metric in ("mean_score", "positive_rate", "roc_auc", "accuracy", "log_loss"):
        found = impact(bench, number, "x2", metric)
        assert abs(found["value"]) < found["noise"], metric
    for metric in ("mean_score", "positive_rate", "roc_auc"):
        found = impact(bench, number, "x1", metric)
        assert abs(found["value"]) > 2 * found["noise"], metric


def weighed(bench: Bench, number: int) -> dict[tuple[str, str, str | None], float | None]:
    rows = bench.current("impacts", number).to_dict("records")
    return {
        (row["column_name"], row["metric"], row["class_label"] or None): None
        if np.isnan(row["value"])
        else row["value"]
        for row in rows
    }


def test_a_moving_reference_is_weighed_by_the_rows_of_the_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"reference": {"trailing": "4d", "window": None}})
    bench.days(0, 6)
    bench.run(4, 6)
    (first,) = bench.query("SELECT reference_id FROM reference_sets WHERE by_score IS NOT NULL")
    rows = bench.query("SELECT DISTINCT window_start, reference_id FROM current_impacts")
    assert {row["reference_id"] for row in rows} == {first["reference_id"]}
    assert {row["window_start"] for row in rows} == {day(4), day(5), day(6)}
    fixed = Bench(tmp_path)
    fixed.store_name = "fixed.duckdb"
    fixed.run(4, 6)
    assert weighed(fixed, 5) == weighed(bench, 5)


def test_a_window_of_the_reference_itself_has_impacts(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.reference()
    bench.run(0, 1)
    found = impact(bench, 1, "city", "mean_score")
    assert abs(found["value"]) <= found["noise"]


def test_values_that_the_reference_does_not_know_say_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.reference()
    half = ["Bergen", "Oslo"] * (ROWS // 2)
    for number, cities in ((4, ["Oslo"] * ROWS), (5, half), (6, [None] * ROWS)):
        bench.write(number, bench.rows(number, city=pa.array(cities, pa.string())))
    bench.run(4, 6)
    for number in (4, 6):
        unknown = impact(bench, number, "city", "mean_score")
        assert np.isnan(unknown["value"])
        assert unknown["unknown_share"] == 1.0
        assert unknown["status"] == "unknown_values"
        assert "next to no row of the reference" in unknown["reason"]
    known = impact(bench, 5, "city", "mean_score")
    assert known["unknown_share"] == 0.5
    assert known["status"] == "ok"
    assert np.isfinite(known["value"])


def test_an_older_store_says_what_to_do(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.reference()
    bench.days(4, 5)
    bench.run(4)
    with duckdb.connect(str(bench.root / bench.store_name)) as store:
        store.execute("UPDATE reference_sets SET by_score = NULL")
    bench.run(5)
    (row,) = bench.current("impacts", 5).to_dict("records")
    assert (row["column_name"], row["metric"], row["status"]) == ("*", "mean_score", "not_by_score")
    assert "driftline rebase" in row["reason"]


def as_multiclass(bench: Bench) -> None:
    bench.overrides |= {
        "task": "multiclass_classification",
        "logs": {"score": {"0": "none", "1": "score"}, "prediction": "class"},
    }


def as_regression(bench: Bench) -> None:
    bench.overrides |= {"task": "regression", "logs": {"score": None, "prediction": "score"}}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            as_multiclass,
            {("mean_score", "0"), ("mean_score", "1"), ("roc_auc_macro", None), ("accuracy", None)},
        ),
        (
            as_regression,
            {("mean_prediction", None), ("mae", None), ("rmse", None), ("bias", None), ("r2", None)},
        ),
    ],
)
def test_other_tasks(
    tmp_path: Path, task: Callable[[Bench], None], expected: set[tuple[str, str | None]]
) -> None:
    bench = Bench(tmp_path)
    task(bench)
    for number in range(REFERENCE_DAYS + 1):
        made = bench.rows(number)
        score = np.asarray(made["score"])
        made |= {"none": 1 - score, "amount": pa.array(100 * score + np.arange(ROWS) % 7)}
        if task is as_multiclass:
            made["class"] = pa.array(np.asarray(made["class"]).astype(str))
        if number == REFERENCE_DAYS:
            made["amount"] = pa.array(np.asarray(made["amount"])[np.argsort(score)][ROWS // 2 :].repeat(2))
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(REFERENCE_DAYS)
    found = weighed(bench, REFERENCE_DAYS)
    assert expected <= {(metric, of_class) for column, metric, of_class in found if column == "amount"}
    mean = "mean_prediction" if task is as_regression else "mean_score"
    own = None if task is as_regression else "1"
    assert (found["amount", mean, own] or 0.0) > 0.1
    if task is as_multiclass:
        assert found["amount", mean, "0"] == pytest.approx(-(found["amount", mean, "1"] or 0.0), abs=1e-3)
    else:
        row = impact(bench, REFERENCE_DAYS, "amount", "mae")
        assert row["n"] == REFERENCE_DAYS * ROWS


def test_without_labels_the_mean_score_is_still_weighed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"labels": None})
    bench.reference(truth=None)
    bench.days(4, 4, truth=None)
    bench.run(4)
    assert {metric for _, metric, _ in weighed(bench, 4)} == {"mean_score"}
