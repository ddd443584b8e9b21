"""Outcomes whose rows count with weights, against scikit-learn's with the same weights."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)

from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.tasks.binary import BinaryTask
from driftline_jobs.tasks.regression import RegressionTask
from driftline_jobs.tasks.weighing import UNIT, Weighable

ROWS = 6000
WEIGHTS = np.array([0.25, 1.0, 2.5])
RANDOM = np.random.default_rng(23)
PART = RANDOM.integers(0, 3, ROWS)
TAKEN = WEIGHTS[PART]


def test_a_classifier() -> None:
    score = np.round(RANDOM.beta(2, 3, ROWS), 2)
    truth = (RANDOM.random(ROWS) < np.clip(score + 0.1 * (PART - 1), 0, 1)).astype(int)
    task = BinaryTask("1", "1", ordered_bins("score", np.sort(score)))
    said = (score >= 0.5).astype(int)
    parts = []
    for part in range(3):
        own = np.asarray(part == PART)
        table = pa.table(
            {
                "prediction": pa.array(said[own].astype(str)).dictionary_encode(),
                "label": pa.array(truth[own].astype(str)).dictionary_encode(),
                "score0": score[own],
            }
        )
        parts.append(task.rows(table, None).of(0, int(own.sum())))
    weighted = Weighable(parts).weighted(WEIGHTS)
    figures = {key[0]: figure.value[0] for key, figure in task.measure([weighted]).items()}
    assert weighted.labelled == pytest.approx(TAKEN.sum() * UNIT)
    assert figures["roc_auc"] == pytest.approx(roc_auc_score(truth, score, sample_weight=TAKEN), abs=1e-9)
    assert figures["accuracy"] == pytest.approx(accuracy_score(truth, said, sample_weight=TAKEN), abs=1e-9)
    clipped = np.clip(score, 1e-15, 1 - 1e-15)
    assert figures["log_loss"] == pytest.approx(log_loss(truth, clipped, sample_weight=TAKEN), abs=1e-6)
    assert figures["brier"] == pytest.approx(brier_score_loss(truth, score, sample_weight=TAKEN), abs=1e-8)
    assert figures["positive_rate"] == pytest.approx(np.average(truth, weights=TAKEN), abs=1e-9)
    assert sum(task.score_counts(parts[0])[None]) == (PART == 0).sum()


def test_a_regression() -> None:
    label = RANDOM.lognormal(3, 1, ROWS)
    predicted = label * RANDOM.lognormal(0.05, 0.2, ROWS)
    task = RegressionTask(ordered_bins("prediction", np.sort(predicted)))
    table = pa.table({"prediction": predicted, "label": label})
    parts = []
    for part in range(3):
        own = table.filter(pa.array(part == PART))
        parts.append(task.condensed(task.rows(own, None).of(0, own.num_rows)))
    weighted = Weighable(parts).weighted(WEIGHTS)
    figures = {key[0]: figure.value[0] for key, figure in task.measure([weighted]).items()}
    mae = mean_absolute_error(label, predicted, sample_weight=TAKEN)
    assert figures["mae"] == pytest.approx(mae, rel=1e-9)
    assert figures["r2"] == pytest.approx(r2_score(label, predicted, sample_weight=TAKEN), rel=1e-9)
    assert figures["bias"] == pytest.approx(np.average(predicted - label, weights=TAKEN), rel=1e-9)
    assert sum(task.score_counts(parts[1])[None]) == (PART == 1).sum()


def test_weights_of_one_change_nothing() -> None:
    score = RANDOM.random(500)
    task = BinaryTask("1", "1", ordered_bins("score", np.sort(score)))
    names = pa.array((RANDOM.random(500) < score).astype(int).astype(str)).dictionary_encode()
    whole = task.rows(pa.table({"prediction": names, "label": names, "score0": score}), None).of(0, 500)
    once, same = task.measure([whole]), task.measure([Weighable([whole]).weighted(np.ones(1))])
    for key in [("roc_auc", None), ("brier", None), ("accuracy", None)]:
        assert same[key].value == pytest.approx(once[key].value, rel=1e-12)
