"""Estimated performance against what labels show when they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk
from sklearn.isotonic import IsotonicRegression
from tests.metrics.edges import Floats, feature_edges, score_edges

from driftline_jobs.metrics.estimate import (
    ScoreCalibration,
    ScoredRows,
    calibrate_scores,
    estimate_binary,
    estimate_error,
)
from driftline_jobs.metrics.estimate_multiclass import estimate_multiclass
from driftline_jobs.metrics.estimate_regression import estimate_regression, loss_by_bin
from driftline_jobs.metrics.figures import Status
from driftline_jobs.metrics.performance import absent, performance
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.metrics.regression import RegressionSums, regression_performance

RNG = np.random.default_rng
Labels = npt.NDArray[np.bool_]
THRESHOLD = 0.5
EXACT: dict[str, Callable[[Labels, Floats], float]] = {
    "roc_auc": sk.roc_auc_score,
    "accuracy": lambda labels, scores: float(sk.accuracy_score(labels, scores >= THRESHOLD)),
    "f1": lambda labels, scores: float(sk.f1_score(labels, scores >= THRESHOLD)),
    "positive_rate": lambda labels, _: float(labels.mean()),
    "brier": sk.brier_score_loss,
}


def scored(rng: np.random.Generator, n: int, shift: float = 0.0) -> tuple[Labels, Floats]:
    """Scores that are too bold, and labels; ``shift`` moves the features, not what follows from them."""
    log_odds = rng.normal(-0.5 + shift, 1.2, n)
    return rng.random(n) < 1 / (1 + np.exp(-log_odds)), 1 / (1 + np.exp(-1.6 * log_odds))


def labelled(labels: Labels, scores: Floats, edges: Floats) -> ScoreLabelCounts:
    bins, size = np.searchsorted(edges, scores, side="right"), len(edges) + 1
    return ScoreLabelCounts(
        np.bincount(bins[labels], minlength=size),
        np.bincount(bins[~labels], minlength=size),
        np.bincount(bins, weights=scores, minlength=size).astype(np.float64),
    )


def unlabelled(scores: Floats, edges: Floats) -> ScoredRows:
    bins, size = np.searchsorted(edges, scores, side="right"), len(edges) + 1
    return ScoredRows(
        np.bincount(bins, minlength=size),
        np.bincount(bins, weights=scores, minlength=size).astype(np.float64),
        np.bincount(bins[scores >= THRESHOLD], minlength=size),
    )


def learned(counts: ScoreLabelCounts) -> ScoreCalibration:
    calibration = calibrate_scores(counts)
    assert calibration is not None
    return calibration


@pytest.mark.parametrize("shift", [0.0, 0.6, -0.8])
def test_estimates_are_what_labels_show(shift: float) -> None:
    rng = RNG(1)
    reference = scored(rng, 40_000)
    edges = score_edges(reference[1], THRESHOLD)
    labels, scores = scored(rng, 100_000, shift)
    estimated = estimate_binary(learned(labelled(*reference, edges)), unlabelled(scores, edges))
    predictions = scores >= THRESHOLD
    for name, exact, within in (
        ("roc_auc", sk.roc_auc_score(labels, scores), 0.01),
        ("average_precision", sk.average_precision_score(labels, scores), 0.015),
        ("accuracy", sk.accuracy_score(labels, predictions), 0.01),
        ("precision", sk.precision_score(labels, predictions), 0.015),
        ("recall", sk.recall_score(labels, predictions), 0.015),
        ("f1", sk.f1_score(labels, predictions), 0.015),
        ("log_loss", sk.log_loss(labels, scores), 0.02),
        ("brier", sk.brier_score_loss(labels, scores), 0.005),
        ("positive_rate", labels.mean(), 0.01),
    ):
        figure = estimated[name]
        assert float(figure.value) == pytest.approx(exact, abs=within), name
        assert float(figure.ci_low) <= float(figure.value) <= float(figure.ci_high)


def test_rows_without_a_predicted_class_are_no_negatives() -> None:
    rng = RNG(7)
    reference = scored(rng, 40_000)
    edges = score_edges(reference[1], THRESHOLD)
    labels, scores = scored(rng, 60_000)
    decided = rng.random(60_000) < 0.6
    bins, size = np.searchsorted(edges, scores, side="right"), len(edges) + 1
    every = unlabelled(scores, edges)
    rows = ScoredRows(
        every.counts,
        every.score_sums,
        predicted=np.bincount(bins[decided & (scores >= THRESHOLD)], minlength=size),
        decided=np.bincount(bins[decided], minlength=size),
    )
    calibration = learned(labelled(*reference, edges))
    estimated = estimate_binary(calibration, rows)
    exact = sk.recall_score(labels[decided], scores[decided] >= THRESHOLD)
    assert float(estimated["recall"].value) == pytest.approx(exact, abs=0.015)
    assert round(float(estimated["recall"].n)) == decided.sum()
    assert float(estimated["positive_rate"].value) == pytest.approx(labels.mean(), abs=0.01)
    assert round(float(estimated["positive_rate"].n)) == len(labels)
    nothing = estimate_binary(
        calibration, replace(rows, predicted=0 * every.counts, decided=0 * every.counts)
    )
    assert str(nothing["accuracy"].status) == Status.NO_PREDICTIONS


def test_scores_that_are_no_probabilities_have_no_estimated_losses() -> None:
    rng = RNG(8)
    reference = scored(rng, 20_000)
    edges = score_edges(reference[1], THRESHOLD)
    rows = replace(unlabelled(scored(rng, 5_000)[1], edges), status=np.asarray(Status.OUT_OF_RANGE.value))
    estimated = estimate_binary(learned(labelled(*reference, edges)), rows)
    for name, figure in estimated.items():
        beyond = name in {"log_loss", "brier", "ece"}
        assert str(figure.status) == (Status.OUT_OF_RANGE if beyond else Status.OK), name
        assert np.isnan(figure.value) == beyond


def test_it_cannot_see_concept_drift() -> None:
    rng = RNG(2)
    reference = scored(rng, 20_000)
    edges = score_edges(reference[1], THRESHOLD)
    labels, scores = scored(rng, 20_000)
    estimated = estimate_binary(learned(labelled(*reference, edges)), unlabelled(scores, edges))["accuracy"]
    turned = sk.accuracy_score(~labels, scores >= THRESHOLD)
    assert float(estimated.ci_low) > turned + 0.2


@pytest.mark.slow
def test_intervals_hold_what_labels_show() -> None:
    """References of 4,000 rows, windows of 2,000: the truth for the window's rows lies in the interval in
    90 % of 200 runs or more. Both sources of error are in play: either alone would cover less.
    """
    rng = RNG(3)
    covered = dict.fromkeys(EXACT, 0)
    for run in range(200):
        reference = scored(rng, 4_000)
        edges = score_edges(reference[1], THRESHOLD)
        labels, scores = scored(rng, 2_000, 0.3)
        calibration = calibrate_scores(labelled(*reference, edges), seed=run)
        assert calibration is not None
        figures = estimate_binary(calibration, unlabelled(scores, edges))
        for name, exact in EXACT.items():
            figure = figures[name]
            covered[name] += float(figure.ci_low) <= exact(labels, scores) <= float(figure.ci_high)
    assert min(covered.values()) >= 180, covered


def test_label_rates_are_isotonic_regression_on_the_bins() -> None:
    counts = ScoreLabelCounts(
        np.array([1, 5, 0, 2, 9]), np.array([9, 5, 0, 8, 1]), np.array([1.0, 3.0, 0.0, 5.0, 9.0])
    )
    calibration = learned(counts)
    fitted = IsotonicRegression().fit([0.1, 0.3, 0.5, 0.9], [0.1, 0.5, 0.2, 0.9], sample_weight=[10] * 4)
    occupied = [0, 1, 3, 4]
    np.testing.assert_allclose(calibration.probability[occupied], fitted.predict([0.1, 0.3, 0.5, 0.9]))
    assert 0.35 <= calibration.probability[2] <= 0.35 + 1e-9  # between two neighbours of equal rate
    assert np.all(np.diff(calibration.draws, axis=-1) >= 0)


def test_expected_positives_of_the_reference_are_its_positives() -> None:
    reference = scored(RNG(4), 5_000)
    edges = score_edges(reference[1])
    estimated = estimate_binary(learned(labelled(*reference, edges)), unlabelled(reference[1], edges))
    assert float(estimated["positive_rate"].value) == pytest.approx(reference[0].mean(), rel=1e-9)


def test_without_labels_nothing_can_be_learned() -> None:
    nothing = np.zeros(4, np.int64)
    assert calibrate_scores(ScoreLabelCounts(nothing, nothing, np.zeros(4))) is None


def test_a_reference_of_one_class_gives_statuses_and_no_nan() -> None:
    calibration = learned(ScoreLabelCounts(np.zeros(3), np.array([5, 5, 5]), np.array([1.0, 2.0, 4.0])))
    estimated = estimate_binary(calibration, ScoredRows(np.array([2, 2, 2]), np.array([0.4, 0.8, 1.6])))
    assert estimated["roc_auc"].status.tolist() == "one_class"
    assert estimated["roc_auc"].published("value") == [None]
    assert estimated["positive_rate"].published("value") == [0.0]


def test_an_empty_window_gives_no_estimate() -> None:
    calibration = learned(ScoreLabelCounts(np.array([1, 5]), np.array([5, 1]), np.array([1.0, 5.0])))
    nothing = np.zeros((2, 2), np.int64)
    for name, figure in estimate_binary(calibration, ScoredRows(nothing, np.zeros((2, 2)), nothing)).items():
        assert not figure.ok.any(), name
        assert None not in figure.reasons()


def test_windows_at_once_equal_windows_one_by_one() -> None:
    rng = RNG(5)
    reference = scored(rng, 5_000)
    edges = score_edges(reference[1], THRESHOLD)
    calibration = learned(labelled(*reference, edges))
    windows = [unlabelled(scored(rng, 500 + 100 * i)[1], edges) for i in range(3)]
    predicted = [w.predicted for w in windows if w.predicted is not None]
    together = estimate_binary(
        calibration,
        ScoredRows(
            np.stack([w.counts for w in windows]).astype(np.int64),
            np.stack([w.score_sums for w in windows]),
            np.stack(predicted).astype(np.int64),
        ),
    )
    for i, window in enumerate(windows):
        for name, figure in estimate_binary(calibration, window).items():
            np.testing.assert_allclose(together[name].value[i], figure.value, rtol=1e-12)
            np.testing.assert_allclose(together[name].ci_low[i], figure.ci_low, rtol=1e-9)


def test_several_classes_against_the_rest() -> None:
    rng = RNG(6)

    def rows(n: int, shift: float) -> tuple[npt.NDArray[np.int64], Floats]:
        weights = rng.normal(size=(n, 3)) * 1.3 + np.array([0.0, shift, 0.3])
        shares = np.exp(weights) / np.exp(weights).sum(1, keepdims=True)
        return (shares.cumsum(1) < rng.random(n)[:, None]).sum(1), shares

    labels, shares = rows(40_000, 0.0)
    edges = score_edges(shares.ravel())
    size = len(edges) + 1

    def per_class(bins: npt.NDArray[np.int64], weights: npt.NDArray[np.generic]) -> Floats:
        columns = [np.bincount(bins[:, c], weights[:, c], size) for c in range(3)]
        return np.stack(columns).astype(np.float64)

    bins, own = np.searchsorted(edges, shares, side="right"), labels[:, None] == np.arange(3)
    calibration = learned(
        ScoreLabelCounts(per_class(bins, own), per_class(bins, ~own), per_class(bins, shares))
    )
    labels, shares = rows(60_000, 0.8)
    bins = np.searchsorted(edges, shares, side="right")
    predictions = shares.argmax(1)
    chosen = predictions[:, None] == np.arange(3)
    overall, by_class = estimate_multiclass(
        calibration,
        ScoredRows(per_class(bins, np.ones(shares.shape)), per_class(bins, shares), per_class(bins, chosen)),
    )
    for name, exact in (
        ("accuracy", sk.accuracy_score(labels, predictions)),
        ("f1_macro", sk.f1_score(labels, predictions, average="macro")),
        ("precision_weighted", sk.precision_score(labels, predictions, average="weighted")),
        ("roc_auc_macro", sk.roc_auc_score(labels, shares, multi_class="ovr")),
    ):
        assert float(overall[name].value) == pytest.approx(exact, abs=0.015), name
    assert by_class["recall"].value == pytest.approx(
        sk.recall_score(labels, predictions, average=None), abs=0.02
    )


def predicted(rng: np.random.Generator, n: int, shift: float) -> tuple[Floats, Floats]:
    """Predictions, and labels whose error grows with the prediction."""
    prediction = rng.normal(10 + shift, 3, n)
    return prediction, prediction + rng.normal(0.5, 0.5 + 0.2 * np.abs(prediction))


def sums_by_bin(prediction: Floats, label: Floats, edges: Floats) -> RegressionSums:
    bins, error = np.searchsorted(edges, prediction, side="right"), prediction - label

    def total(x: Floats) -> Floats:
        return np.bincount(bins, weights=x, minlength=len(edges) + 1).astype(np.float64)

    one, relative = np.ones(len(label)), np.abs(error / label)
    return RegressionSums(
        n=total(one).astype(np.int64),
        error=total(error),
        absolute=total(np.abs(error)),
        squares=total(error**2),
        fourths=total(error**4),
        nonzero=total(one).astype(np.int64),
        relative=total(relative),
        relative_squares=total(relative**2),
        labels=total(label),
        label_squares=total(label**2),
    )


@pytest.mark.parametrize("shift", [0.0, 3.0, -3.0])
def test_regression_losses_are_reweighted(shift: float) -> None:
    rng = RNG(7)
    reference = predicted(rng, 50_000, 0.0)
    edges = feature_edges(reference[0])
    prediction, label = predicted(rng, 50_000, shift)
    counts = np.bincount(np.searchsorted(edges, prediction, side="right"), minlength=len(edges) + 1)
    losses = loss_by_bin(sums_by_bin(*reference, edges))
    assert losses is not None
    estimated = estimate_regression(losses, counts)
    for name, exact, within in (
        ("mae", sk.mean_absolute_error(label, prediction), 0.03),
        ("rmse", sk.root_mean_squared_error(label, prediction), 0.03),
        ("r2", sk.r2_score(label, prediction), 0.05),
    ):
        figure = estimated[name]
        assert float(figure.value) == pytest.approx(exact, rel=within), name
        assert float(figure.ci_low) < float(figure.value) < float(figure.ci_high)
    assert float(estimated["bias"].value) == pytest.approx((prediction - label).mean(), abs=0.05)


def test_on_the_reference_itself_the_estimate_is_exact() -> None:
    reference = predicted(RNG(8), 5_000, 0.0)
    edges = feature_edges(reference[0])
    sums = sums_by_bin(*reference, edges)
    losses = loss_by_bin(sums)
    assert losses is not None
    estimated = estimate_regression(losses, sums.n)
    whole = RegressionSums(
        **{
            name: getattr(sums, name).sum()
            for name in (
                "n", "error", "absolute", "squares", "fourths", "nonzero", "relative",
                "relative_squares", "labels", "label_squares",
            )
        }
    )  # fmt: skip
    for name, figure in regression_performance(whole).items():
        assert float(estimated[name].value) == pytest.approx(float(figure.value), rel=1e-9), name
        assert estimated[name].ci_low <= figure.ci_low


def test_no_labels_or_no_rows_give_no_regression_estimate() -> None:
    empty = sums_by_bin(np.array([]), np.array([]), np.array([9.0, 11.0]))
    assert loss_by_bin(empty) is None
    losses = loss_by_bin(sums_by_bin(*predicted(RNG(9), 100, 0.0), np.array([9.0, 11.0])))
    assert losses is not None
    for figure in estimate_regression(losses, np.zeros(3, np.int64)).values():
        assert not figure.ok.any()


def test_the_error_of_an_estimate_is_a_figure_with_an_interval() -> None:
    ok = np.array(["ok"])
    realized = performance(np.array([0.80]), ok, 500, interval=(np.array([0.77]), np.array([0.83])))
    estimated = performance(np.array([0.85]), ok, 900, interval=(np.array([0.81]), np.array([0.89])))
    error = estimate_error(realized, estimated)
    assert error.value == pytest.approx([0.05])
    assert error.ci_low == pytest.approx([0.05 - 0.05])
    assert error.n.tolist() == [500]
    missing = estimate_error(absent(Status.NO_LABELS, (1,)), estimated)
    assert missing.status.tolist() == ["no_labels"]
    assert missing.published("value") == [None]


def test_the_losses_of_several_classes_are_estimated_over_all_of_them() -> None:
    """Where scores are the chances themselves, against the losses that labels drawn by them would have."""
    rng = np.random.default_rng(9)
    chances = rng.dirichlet([2.0, 1.0, 0.7], 60_000)
    label = (rng.random((60_000, 1)) > np.cumsum(chances, 1)).sum(1).clip(max=2)
    edges = np.linspace(0, 1, 101)[1:-1]

    def counted(rows: slice) -> tuple[ScoreLabelCounts, ScoredRows]:
        pos, neg, sums = np.zeros((3, 3, 100))
        for k in range(3):
            score, hit = chances[rows, k], label[rows] == k
            place = np.searchsorted(edges, score, "right")
            pos[k] = np.bincount(place[hit], minlength=100)
            neg[k] = np.bincount(place[~hit], minlength=100)
            sums[k] = np.bincount(place, weights=score, minlength=100)
        return ScoreLabelCounts(pos, neg, sums), ScoredRows(pos + neg, sums)

    reference, _ = counted(slice(0, 40_000))
    _, now = counted(slice(40_000, None))
    calibration = calibrate_scores(reference)
    assert calibration is not None
    overall, _ = estimate_multiclass(calibration, now)
    rows = chances[40_000:]
    expected = {
        "log_loss": -(rows * np.log(rows)).sum(1).mean(),
        "brier": (1.0 - (rows**2).sum(1)).mean(),
    }
    for name, value in expected.items():
        assert float(overall[name].value) == pytest.approx(value, rel=0.02), name
        low, high = float(overall[name].ci_low), float(overall[name].ci_high)
        drawn = (
            sk.log_loss(label[40_000:], rows)
            if name == "log_loss"
            else (((rows - np.eye(3)[label[40_000:]]) ** 2).sum(1).mean())
        )
        assert low < drawn < high, name
        assert float(overall[name].trivial) > value
