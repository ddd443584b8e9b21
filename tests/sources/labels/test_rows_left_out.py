"""Rows that lack what a figure needs: which figures rest on them, by scikit-learn on the raw rows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from tests.tasks.outcome_rows import Floats, Ints, binary, bins_of, classes, figure, joined, several, value

from driftline_jobs.tasks.binary import BinaryOutcomes
from driftline_jobs.tasks.multiclass import MulticlassOutcomes
from driftline_jobs.tasks.scores import probabilities
from driftline_schemas.metrics import ScoreScale

N = 6000
RANKED = {"roc_auc": sk.roc_auc_score, "average_precision": sk.average_precision_score}
CALIBRATED = ("log_loss", "brier", "ece")
RNG = np.random.default_rng(5)
CHANCE: Floats = RNG.beta(1, 4, N)
TRUTH: Ints = (RNG.random(N) < CHANCE).astype(np.int64)
GUESS: Ints = (CHANCE > 0.3).astype(np.int64)


def near(
    outcome: object, task: object, metric: str, exact: float, rows: int, name: str | None = None
) -> None:
    """A ranking figure is within its own bound of the exact one."""
    found = figure(outcome, task, metric, name)
    assert abs(float(found.value[0]) - exact) <= float(found.error_bound[0]) + 1e-12
    assert float(found.error_bound[0]) < 0.01
    assert found.n[0] == rows


def exact(outcome: Any, task: Any, metric: str, right: float, rows: int, name: str | None = None) -> None:
    """Other figures are exact sums."""
    found, over = value(outcome, task, metric, name)
    assert found == pytest.approx(right, abs=1e-9), metric
    assert over == rows


@pytest.mark.parametrize(
    ("scores", "scale"),
    [
        (CHANCE * 100, ScoreScale.PROBABILITY),
        (np.log(CHANCE / (1 - CHANCE)), ScoreScale.PROBABILITY),
        (np.log(CHANCE / (1 - CHANCE)), ScoreScale.UNBOUNDED),
        (np.log(CHANCE / (1 - CHANCE)) * 1e6, ScoreScale.UNBOUNDED),
        (CHANCE * 300, ScoreScale.PERCENT),
        (np.where(np.arange(N) == 17, 1.5, CHANCE), ScoreScale.PROBABILITY),
    ],
)
def test_scores_that_are_no_probabilities_rank_all_rows_and_are_not_calibrated(
    scores: Floats, scale: ScoreScale
) -> None:
    outcome, task = binary(joined(classes(TRUTH), classes(GUESS), scores), bins_of(scores), scale)
    for metric, by_scikit_learn in RANKED.items():
        near(outcome, task, metric, by_scikit_learn(TRUTH, scores), N)
    exact(outcome, task, "accuracy", sk.accuracy_score(TRUTH, GUESS), N)
    for metric in CALIBRATED:
        found = figure(outcome, task, metric)
        assert np.isnan(found.value[0])
        assert found.status[0] == (
            "no_probabilities" if scale is ScoreScale.UNBOUNDED else "scores_out_of_range"
        )
        assert "score_scale" in str(found.reasons()[0])


def test_per_cent_are_rescaled() -> None:
    scores = CHANCE * 100
    outcome, task = binary(
        joined(classes(TRUTH), classes(GUESS), scores), bins_of(scores), ScoreScale.PERCENT
    )
    near(outcome, task, "roc_auc", sk.roc_auc_score(TRUTH, CHANCE), N)
    exact(outcome, task, "log_loss", sk.log_loss(TRUTH, CHANCE), N)
    exact(outcome, task, "brier", sk.brier_score_loss(TRUTH, CHANCE), N)
    plain, of_plain = binary(joined(classes(TRUTH), classes(GUESS), CHANCE), bins_of(CHANCE))
    assert value(outcome, task, "ece")[0] == pytest.approx(value(plain, of_plain, "ece")[0], abs=0.003)


def test_what_rounding_in_32_bits_leaves_is_a_probability() -> None:
    found, within = probabilities(np.array([-5e-7, 1.0000001, 1.00001, np.nan]), ScoreScale.PROBABILITY)
    assert found.tolist() == [0.0, 1.0, 1.0, 0.0]
    assert within.tolist() == [True, True, False, False]


def test_rows_without_a_score_count_in_what_needs_none() -> None:
    scores = np.where(np.arange(N) % 3 == 0, np.nan, CHANCE)
    outcome, task = binary(joined(classes(TRUTH), classes(GUESS), scores), bins_of(scores))
    there = np.isfinite(scores)
    assert (outcome.missing_scores, outcome.no_probabilities) == (N // 3, 0)
    near(outcome, task, "roc_auc", sk.roc_auc_score(TRUTH[there], scores[there]), there.sum())
    exact(outcome, task, "log_loss", sk.log_loss(TRUTH[there], scores[there]), there.sum())
    exact(outcome, task, "accuracy", sk.accuracy_score(TRUTH, GUESS), N)


def test_rows_without_a_predicted_class_count_in_what_needs_none() -> None:
    missing = np.arange(N) % 4 == 0
    outcome, task = binary(joined(classes(TRUTH), classes(GUESS, missing), CHANCE), bins_of(CHANCE))
    kept = ~missing
    exact(outcome, task, "accuracy", sk.accuracy_score(TRUTH[kept], GUESS[kept]), kept.sum())
    near(outcome, task, "roc_auc", sk.roc_auc_score(TRUTH, CHANCE), N)
    exact(outcome, task, "positive_rate", TRUTH.mean(), N)
    assert sum(outcome.scored_decided) == kept.sum()


def test_a_model_that_predicts_no_class_has_a_positive_rate_and_no_accuracy() -> None:
    nothing = np.ones(N, np.bool_)
    outcome, task = binary(
        joined(classes(TRUTH), classes(GUESS, nothing), CHANCE), bins_of(CHANCE), has_predictions=False
    )
    exact(outcome, task, "positive_rate", TRUTH.mean(), N)
    assert figure(outcome, task, "accuracy").status[0] == "no_predictions"


def test_classes_that_are_called_otherwise_than_the_positive_one_give_no_figure() -> None:
    """Nothing is positive, two other classes are there: every row would pass for a true negative."""
    names = np.array(["stay", "churn"])
    table = joined(classes(names[TRUTH]), classes(names[GUESS]), CHANCE)
    outcome, task = binary(table, bins_of(CHANCE))
    assert outcome.other_labels == {"churn": TRUTH.sum(), "stay": N - TRUTH.sum()}
    for metric in ("accuracy", "log_loss", "positive_rate", "roc_auc"):
        assert figure(outcome, task, metric).status[0] == "positive_absent"
    right, of_it = binary(table, bins_of(CHANCE), positive="churn", positive_prediction="churn")
    assert value(right, of_it, "accuracy")[0] == pytest.approx(sk.accuracy_score(TRUTH, GUESS))


def test_predictions_may_be_called_otherwise_than_labels() -> None:
    labels, predictions = np.array(["paid", "default"]), np.array(["approve", "reject"])
    table = joined(classes(labels[TRUTH]), classes(predictions[GUESS]), CHANCE)
    outcome, task = binary(table, bins_of(CHANCE), positive="default", positive_prediction="reject")
    assert value(outcome, task, "f1")[0] == pytest.approx(sk.f1_score(TRUTH, GUESS))
    assert sum(outcome.scored_positive) == GUESS.sum()


# -- several classes --------------------------------------------------------------------------------

NAMES = ("a", "b", "c")
SHARES: Floats = RNG.dirichlet([2.0, 1.5, 1.0], N)
LABEL: Ints = np.array([RNG.choice(3, p=share) for share in SHARES])
SAID: Ints = SHARES.argmax(1)
BINS = tuple(bins_of(SHARES[:, at]) for at in range(3))


def scores_of(shares: Floats) -> tuple[Floats, ...]:
    return tuple(np.ascontiguousarray(shares[:, at]) for at in range(3))


def test_a_class_ranks_every_row_that_has_its_own_score() -> None:
    shares = SHARES.copy()
    shares[::3, 1] = np.nan
    table = joined(classes(np.take(NAMES, LABEL)), classes(np.take(NAMES, SAID)), *scores_of(shares))
    outcome, task = several(table, NAMES, BINS, ScoreScale.PROBABILITY)
    full = np.isfinite(shares).all(1)
    near(outcome, task, "roc_auc", sk.roc_auc_score(LABEL == 0, shares[:, 0]), N, "a")
    near(outcome, task, "roc_auc", sk.roc_auc_score(LABEL[full] == 1, shares[full, 1]), full.sum(), "b")
    loss = sk.log_loss(LABEL[full], SHARES[full], labels=[0, 1, 2])
    exact(outcome, task, "log_loss", loss, full.sum())
    assert outcome.missing_scores == N - full.sum()


@pytest.mark.parametrize(
    ("scale", "status"),
    [(ScoreScale.PROBABILITY, "scores_out_of_range"), (ScoreScale.UNBOUNDED, "no_probabilities")],
)
def test_margins_of_several_classes_rank_and_are_not_calibrated(scale: ScoreScale, status: str) -> None:
    margins = np.log(SHARES)
    bins = tuple(bins_of(margins[:, at]) for at in range(3))
    table = joined(classes(np.take(NAMES, LABEL)), classes(np.take(NAMES, SAID)), *scores_of(margins))
    outcome, task = several(table, NAMES, bins, scale)
    for at, name in enumerate(NAMES):
        near(outcome, task, "roc_auc", sk.roc_auc_score(at == LABEL, margins[:, at]), N, name)
        assert figure(outcome, task, "ece", name).status[0] == status
    for metric in ("log_loss", "brier", "ece_macro", "ece_weighted"):
        assert figure(outcome, task, metric).status[0] == status
    exact(outcome, task, "accuracy", sk.accuracy_score(LABEL, SAID), N)


def test_per_cent_of_several_classes_are_rescaled() -> None:
    bins = tuple(bins_of(SHARES[:, at] * 100) for at in range(3))
    table = joined(classes(np.take(NAMES, LABEL)), classes(np.take(NAMES, SAID)), *scores_of(SHARES * 100))
    outcome, task = several(table, NAMES, bins, ScoreScale.PERCENT)
    assert value(outcome, task, "log_loss")[0] == pytest.approx(sk.log_loss(LABEL, SHARES), abs=1e-9)
    squared = ((SHARES - np.eye(3)[LABEL]) ** 2).sum(1).mean()
    assert value(outcome, task, "brier")[0] == pytest.approx(squared, abs=1e-9)


def test_labels_of_a_class_without_a_score_have_no_log_loss() -> None:
    names = np.take(NAMES, LABEL).astype(object)
    names[::50] = "d"
    table = joined(classes(names), classes(np.take(NAMES, SAID)), *scores_of(SHARES))
    outcome, task = several(table, NAMES, BINS, ScoreScale.PROBABILITY)
    assert figure(outcome, task, "log_loss").status[0] == "unscored_class"
    assert outcome.other_labels == {"d": N // 50}
    near(outcome, task, "roc_auc", sk.roc_auc_score(names == "a", SHARES[:, 0]), N, "a")


def test_a_class_may_be_called_like_the_word_for_all_others() -> None:
    names = ("a", "__other__", "c")
    label = np.take(names, LABEL).astype(object)
    label[:10] = "new"
    table = joined(classes(label), classes(np.take(names, SAID)), *scores_of(SHARES))
    outcome, task = several(table, names, BINS, ScoreScale.PROBABILITY)
    exact(outcome, task, "positive_rate", (label == "__other__").mean(), N, "\\__other__")
    exact(outcome, task, "positive_rate", 10 / N, N, "__other__")


def test_positive_rates_of_classes_are_of_all_labels() -> None:
    missing = np.arange(N) % 2 == 0
    table = joined(classes(np.take(NAMES, LABEL)), classes(np.take(NAMES, SAID), missing), *scores_of(SHARES))
    outcome, task = several(table, NAMES, BINS, ScoreScale.PROBABILITY)
    exact(outcome, task, "positive_rate", (LABEL == 1).mean(), N, name="b")
    assert value(outcome, task, "accuracy")[1] == N // 2


# -- merging, and older formats ---------------------------------------------------------------------


def test_any_split_of_the_rows_gives_the_same_bytes() -> None:
    scores = np.where(np.arange(N) % 7 == 0, np.nan, CHANCE * 3 - 1)
    labels = np.where(np.arange(N) % 5 == 0, [f"odd {n // 5 % 40}" for n in range(N)], TRUTH.astype(str))
    table = joined(classes(labels), classes(GUESS), scores)
    whole, task = binary(table, bins_of(scores))
    order = RNG.permutation(N)
    parts = [task.rows(table.take(order[at::11]), None).of(0, len(order[at::11])) for at in range(11)]
    merged = BinaryOutcomes.merged(RNG.permutation(np.array(parts, object)).tolist())
    assert merged.to_bytes() == whole.to_bytes()
    assert BinaryOutcomes.from_bytes(whole.to_bytes()) == whole
    assert len(whole.other_labels) == 16
    counted = {name: int((labels == name).sum()) for name in whole.other_labels}
    assert whole.other_labels == counted
    assert merged.without(parts[0]).labelled == N - parts[0].labelled
    again = BinaryOutcomes.merged([merged.without(parts[0]), parts[0]])
    assert again.to_bytes() == whole.to_bytes()


def test_binary_outcomes_of_the_first_format_are_read() -> None:
    """Written by the version before: 5 rows, of which one has no score, all with a predicted class."""
    old = {
        "format": 1,
        "task": "binary",
        "predictions": 6,
        "labelled": 5,
        "unscored": 1,
        "confusion": [2, 1, 0, 2],
        "positives": [0, 1],
        "negatives": [2, 1],
        "score_sums": [5, 7],
        "scored": [2, 3],
        "scored_positive": [0, 3],
        "scored_sums": [5, 9],
        "log_loss": 1,
        "log_loss_squares": 2,
        "brier": 3,
        "brier_squares": 4,
    }
    read = BinaryOutcomes.from_bytes(json.dumps(old).encode())
    assert (read.label_positives, read.missing_scores, read.no_probabilities) == (2, 1, 0)
    assert (read.rows_with_losses, read.scored_decided, read.brier_squares) == (4, [2, 3], 4)
    assert BinaryOutcomes.from_bytes(read.to_bytes()) == read


def test_multiclass_outcomes_of_the_first_format_are_read() -> None:
    old = {
        "format": 1,
        "task": "multiclass",
        "predictions": 4,
        "labelled": 3,
        "unscored": 0,
        "confusion": [1, 1, 0, 1],
        "positives": [2],
        "negatives": [1],
        "score_sums": [9],
        "scored": [4],
        "scored_predicted": [2],
        "scored_sums": [12],
        "log_loss": 1,
        "log_loss_squares": 2,
        "brier": 3,
        "brier_squares": 4,
    }
    read = MulticlassOutcomes.from_bytes(json.dumps(old).encode())
    assert (read.label_counts, read.other_labels, read.rows_with_losses) == ([2, 1], {}, 3)
