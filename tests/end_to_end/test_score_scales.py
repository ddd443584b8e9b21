"""Scores that are no probabilities, through a whole run, against scikit-learn on the raw rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sk
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench

DAY = REFERENCE_DAYS
CALIBRATED = ("log_loss", "brier", "ece")


def scaled(bench: Bench, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Write all days; labels and scores of the last, as probabilities."""
    for number in range(DAY + 1):
        made = bench.rows(number)
        chance = np.clip(made["score"].to_numpy(), 0.01, 0.99)
        made["score"] = pa.array(chance * 100 if how == "percent" else np.log(chance / (1 - chance)))
        bench.write(number, made)
        bench.write_labels(number, made)
    return made["truth"].to_numpy(), chance


@pytest.mark.parametrize("how", ["percent", "logit"])
def test_without_a_scale_they_rank_and_are_reported(bench: Bench, how: str) -> None:
    truth, chance = scaled(bench, how)
    bench.run(DAY)
    auc = bench.performance(DAY, "roc_auc")
    assert auc["n"] == ROWS
    assert abs(auc["value"] - sk.roc_auc_score(truth, chance)) <= auc["error_bound"] + 1e-12
    assert auc["reference_value"] is not None
    for metric in CALIBRATED:
        for kind in ("realized", "estimated"):
            figure = bench.performance(DAY, metric, kind)
            assert np.isnan(figure["value"])
            assert figure["status"] == "scores_out_of_range"
    check = bench.check(DAY, "scores_out_of_range")
    assert not check["passed"]
    assert check["value"] > 0
    assert bench.check(DAY, "missing_score_fraction")["passed"]
    assert bench.current("performance_curves", DAY).empty


def test_per_cent_are_rescaled(bench: Bench) -> None:
    truth, chance = scaled(bench, "percent")
    bench.overrides = {"logs": {"score_scale": "percent"}}
    bench.run(DAY)
    for metric, right in (
        ("log_loss", sk.log_loss(truth, chance)),
        ("brier", sk.brier_score_loss(truth, chance)),
    ):
        assert bench.performance(DAY, metric)["value"] == pytest.approx(right, abs=1e-9)
        assert bench.performance(DAY, metric, "estimated")["status"] == "ok"
    assert bench.check(DAY, "scores_out_of_range")["passed"]
    assert len(bench.current("performance_curves", DAY, segment="*", model_version="*")) == 1


def test_margins_rank_without_a_failed_check(bench: Bench) -> None:
    truth, chance = scaled(bench, "logit")
    bench.overrides = {"logs": {"score_scale": "unbounded"}}
    bench.run(DAY)
    auc = bench.performance(DAY, "roc_auc")
    assert abs(auc["value"] - sk.roc_auc_score(truth, chance)) <= auc["error_bound"] + 1e-12
    for metric in CALIBRATED:
        assert bench.performance(DAY, metric)["status"] == "no_probabilities"
    quality = bench.current("quality_metrics", DAY)
    assert quality[quality["passed"].eq(False)].empty


def test_estimates_of_margins_are_those_of_their_probabilities(bench: Bench) -> None:
    """Only the order of scores counts for how often a row of some score is positive."""
    found = {}
    for how in ("percent", "logit"):
        mine = Bench(bench.root / how)
        mine.root.mkdir()
        mine.overrides = {"logs": {"score_scale": "percent" if how == "percent" else "unbounded"}}
        scaled(mine, how)
        mine.run(DAY)
        found[how] = [
            mine.performance(DAY, metric, "estimated")["value"]
            for metric in ("roc_auc", "average_precision", "accuracy", "f1")
        ]
    assert found["logit"] == pytest.approx(found["percent"], abs=0.02)


def test_a_model_without_predicted_classes_has_no_estimated_accuracy(bench: Bench) -> None:
    bench.overrides = {"logs": {"prediction": None}}
    for number in range(DAY + 1):
        made = bench.rows(number, ROWS, **{"class": None})
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(DAY)
    rows = bench.current("performance_metrics", DAY, kind="estimated", segment="*", model_version="*")
    assert set(rows["metric"]) == {
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier",
        "ece",
        "positive_rate",
    }
    assert rows["status"].eq("ok").all()
    truth = made["truth"].to_numpy()
    assert bench.performance(DAY, "positive_rate")["value"] == pytest.approx(truth.mean())
    assert bench.performance(DAY, "accuracy")["status"] == "no_predictions"
    drift = bench.drift(DAY, "label", "tvd")
    before = np.mean([bench.rows(number)["truth"].to_numpy().mean() for number in range(DAY)])
    assert drift["value"] == pytest.approx(abs(truth.mean() - before), abs=1e-12)
