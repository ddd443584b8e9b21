"""Performance without labels, and that of the tasks other than binary, from the log to the tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench

LATER = REFERENCE_DAYS
EXACT = 1e-9
CLASSES = ("cat", "dog", "owl")
Floats = npt.NDArray[np.float64]
MULTICLASS: dict[str, Any] = {
    "task": "multiclass_classification",
    "logs": {"score": {name: f"p_{name}" for name in CLASSES}},
}
REGRESSION: dict[str, Any] = {"task": "regression", "logs": {"score": None}}


def frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Columns as pandas sees them."""
    rows: pd.DataFrame = pa.table(columns).to_pandas()
    return rows


def concat(written: dict[int, dict[str, Any]]) -> pd.DataFrame:
    """The rows of several days."""
    return pd.concat([frame(columns) for columns in written.values()])


def shifted_scores(number: int) -> dict[str, Any]:
    """A day with other scores than those of the reference, and labels that go with them."""
    random = np.random.default_rng([number, 7])
    score = np.round(random.beta(3, 2, ROWS), 3)
    return {
        "score": pa.array(score),
        "class": pa.array((score >= 0.5).astype(np.int8)),
        "truth": pa.array((random.random(ROWS) < score).astype(np.int8)),
    }


def test_a_binary_model_is_estimated_from_its_scores(bench: Bench) -> None:
    """Against the same idea on raw rows: isotonic regression of labels on scores, and expectations by it."""
    reference = concat(bench.reference())
    day = bench.rows(LATER, **shifted_scores(LATER))
    bench.write(LATER, day)  # no labels
    bench.run(LATER)

    learned = IsotonicRegression(out_of_bounds="clip").fit(reference["score"], reference["truth"])
    rows = frame(day)
    chance = learned.predict(rows["score"])
    guess = rows["class"].to_numpy()
    expected = {
        "roc_auc": metrics.roc_auc_score(
            np.repeat([1, 0], ROWS), np.tile(rows["score"], 2), sample_weight=np.r_[chance, 1 - chance]
        ),
        "accuracy": np.mean(np.where(guess == 1, chance, 1 - chance)),
        "precision": chance[guess == 1].mean(),
        "recall": chance[guess == 1].sum() / chance.sum(),
        "brier": np.mean(chance * (1 - rows["score"]) ** 2 + (1 - chance) * rows["score"] ** 2),
    }
    for metric, value in expected.items():
        found = bench.performance(LATER, metric, "estimated")
        assert found["value"] == pytest.approx(value, abs=0.01), metric
        assert found["ci_low"] < found["value"] < found["ci_high"]
        assert found["n"] == ROWS
        assert found["degraded"] is None
    assert bench.performance(LATER, "accuracy")["status"] == "no_labels"
    assert not len(bench.current("performance_metrics", LATER, kind="estimate_error"))


def test_when_labels_arrive_the_error_of_the_estimate_is_a_figure(bench: Bench) -> None:
    bench.reference()
    bench.days(LATER, LATER)
    bench.run(LATER)
    for metric in ("roc_auc", "accuracy", "f1"):
        realized, estimated, error = (
            bench.performance(LATER, metric, kind) for kind in ("realized", "estimated", "estimate_error")
        )
        assert error["value"] == pytest.approx(estimated["value"] - realized["value"], abs=1e-12)
        assert error["ci_low"] < 0 < error["ci_high"]  # labels are as likely as the scores say


def test_a_reference_without_labels_says_why_there_is_no_estimate(bench: Bench) -> None:
    for number in range(REFERENCE_DAYS):
        bench.write(number, bench.rows(number))
    bench.days(LATER, LATER)
    bench.run(LATER)
    found = bench.performance(LATER, "roc_auc", "estimated")
    assert np.isnan(found["value"])
    assert found["status"] == "no_reference_labels"
    assert "no labels" in found["reason"]
    assert bench.performance(LATER, "roc_auc")["status"] == "ok"


def several_classes(number: int) -> dict[str, Any]:
    """Scores of three classes that sum to 1, and labels drawn by them."""
    random = np.random.default_rng([number, 3])
    chances = random.dirichlet([2.0, 1.0, 0.7], ROWS)
    label = (random.random((ROWS, 1)) > np.cumsum(chances, axis=1)).sum(axis=1).clip(max=2)
    return {
        **{f"p_{name}": pa.array(chances[:, at]) for at, name in enumerate(CLASSES)},
        "score": None,
        "class": pa.array([CLASSES[at] for at in chances.argmax(axis=1)]),
        "truth": pa.array([CLASSES[at] for at in label]),
    }


@pytest.fixture
def of(tmp_path: Path) -> Callable[[dict[str, Any], Callable[[int], dict[str, Any]]], tuple[Any, Any]]:
    """Run one day after the reference; the bench and the rows of that day."""

    def made(
        overrides: dict[str, Any], columns: Callable[[int], dict[str, Any]]
    ) -> tuple[Bench, pd.DataFrame]:
        bench = Bench(tmp_path, overrides=overrides)
        rows: dict[str, Any] = {}
        for number in range(LATER + 1):
            rows = bench.rows(number, **columns(number))
            bench.write(number, rows)
            bench.write_labels(number, rows)
        bench.run(LATER)
        return bench, frame(rows)

    return made


def test_several_classes_from_the_log_to_the_tables(of: Any) -> None:
    bench, rows = of(MULTICLASS, several_classes)
    truth, guess = rows["truth"], rows["class"]
    exact = {
        "accuracy": metrics.accuracy_score(truth, guess),
        "precision_macro": metrics.precision_score(truth, guess, average="macro"),
        "recall_weighted": metrics.recall_score(truth, guess, average="weighted"),
        "f1_macro": metrics.f1_score(truth, guess, average="macro"),
        "log_loss": metrics.log_loss(truth, rows[[f"p_{name}" for name in CLASSES]], labels=list(CLASSES)),
    }
    for metric, value in exact.items():
        assert bench.performance(LATER, metric)["value"] == pytest.approx(value, abs=EXACT), metric
    found = bench.current("performance_metrics", LATER, kind="realized", segment="*", model_version="*")
    by_class = found[found["class_label"].notna()].set_index(["metric", "class_label"])
    for name in CLASSES:
        mine = truth == name
        assert by_class.loc[("recall", name), "value"] == pytest.approx(
            metrics.recall_score(mine, guess == name), abs=EXACT
        )
        auc = by_class.loc[("roc_auc", name)]
        assert abs(auc["value"] - metrics.roc_auc_score(mine, rows[f"p_{name}"])) <= auc["error_bound"]
    # labels were drawn by the scores: the mean of the largest is the accuracy to be expected
    estimated = bench.performance(LATER, "accuracy", "estimated")
    expected = rows[[f"p_{name}" for name in CLASSES]].max(axis=1).mean()
    assert estimated["ci_low"] < expected < estimated["ci_high"]
    error = bench.performance(LATER, "accuracy", "estimate_error")
    assert error["value"] == pytest.approx(estimated["value"] - exact["accuracy"], abs=EXACT)


def numbers(number: int) -> dict[str, Any]:
    """A regression whose errors grow with its prediction."""
    random = np.random.default_rng([number, 4])
    predicted = random.gamma(4.0, 5.0, ROWS)
    return {
        "score": None,
        "class": pa.array(predicted),
        "truth": pa.array(predicted + random.normal(0.3, 0.05 * predicted + 0.5)),
    }


def test_a_regression_from_the_log_to_the_tables(of: Any) -> None:
    bench, rows = of(REGRESSION, numbers)
    truth, guess = rows["truth"], rows["class"]
    exact = {
        "mae": metrics.mean_absolute_error(truth, guess),
        "rmse": metrics.root_mean_squared_error(truth, guess),
        "mape": metrics.mean_absolute_percentage_error(truth, guess),
        "r2": metrics.r2_score(truth, guess),
        "bias": (guess - truth).mean(),
    }
    for metric, value in exact.items():
        assert bench.performance(LATER, metric)["value"] == pytest.approx(value, abs=EXACT), metric
    estimated = bench.performance(LATER, "mae", "estimated")
    deviation = 0.05 * guess + 0.5
    # E|N(0.3, s)|, the mean of a folded normal
    expected = metrics_of_folded_normal(0.3, deviation.to_numpy()).mean()
    assert estimated["ci_low"] < expected < estimated["ci_high"]
    assert estimated["value"] == pytest.approx(expected, rel=0.1)


def metrics_of_folded_normal(mean: float, deviation: Floats) -> Floats:
    """Mean of the absolute value of a normal variable."""
    from scipy.stats import foldnorm

    return np.asarray(foldnorm.mean(mean / deviation, scale=deviation), np.float64)


def test_labels_far_from_their_predictions_count_as_they_are(of: Any) -> None:
    """Predictions between 0 and 1, labels of up to some hundreds."""

    def far_off(number: int) -> dict[str, Any]:
        random = np.random.default_rng([number, 6])
        return {
            "score": None,
            "class": pa.array(random.random(ROWS)),
            "truth": pa.array(300.0 * random.random(ROWS)),
        }

    bench, rows = of(REGRESSION, far_off)
    truth, guess = rows["truth"], rows["class"]
    for metric, value in {
        "mae": metrics.mean_absolute_error(truth, guess),
        "rmse": metrics.root_mean_squared_error(truth, guess),
        "r2": metrics.r2_score(truth, guess),
    }.items():
        assert bench.performance(LATER, metric)["value"] == pytest.approx(value, rel=EXACT), metric
