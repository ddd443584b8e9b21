"""Binary figures against scikit-learn on the rows, their bounds and intervals, and what cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.metrics.edges import Floats, score_edges

from driftline_jobs.metrics.binary import (
    BINARY_METRICS,
    BinaryCounts,
    ConfusionCounts,
    LossSums,
    binary_performance,
)
from driftline_jobs.metrics.intervals import linear_half_width, wilson
from driftline_jobs.metrics.performance import Performance
from driftline_jobs.metrics.ranking import (
    ScoreLabelCounts,
    average_precision,
    calibration_curve,
    calibration_error,
    roc_auc,
)
from driftline_jobs.profiles.kinds.ordered import ordered_bins

RNG = np.random.default_rng
Labels = npt.NDArray[np.bool_]


def scored(rng: np.random.Generator, n: int, prevalence: float, gap: float = 1.5) -> tuple[Labels, Floats]:
    """Labels, and scores that are their true probabilities: normal log odds, ``gap`` apart."""
    labels = rng.random(n) < prevalence
    x = rng.normal(size=n) + gap * labels
    log_odds = np.log(prevalence / (1 - prevalence)) + gap * x - gap**2 / 2
    return labels, 1 / (1 + np.exp(-log_odds))


def by_bin(labels: Labels, scores: Floats, edges: Floats, *, tied: Any = False) -> ScoreLabelCounts:
    bins, size = np.searchsorted(edges, scores, side="right"), len(edges) + 1
    return ScoreLabelCounts(
        pos=np.bincount(bins[labels], minlength=size).astype(np.int64),
        neg=np.bincount(bins[~labels], minlength=size).astype(np.int64),
        score_sums=np.bincount(bins, weights=scores, minlength=size).astype(np.float64),
        tied=tied,
    )


def confused(labels: Labels, predictions: Labels) -> ConfusionCounts:
    return ConfusionCounts(
        *(
            np.asarray(np.count_nonzero((labels == label) & (predictions == prediction)))
            for label, prediction in ((True, True), (False, True), (True, False), (False, False))
        )
    )


def counted(labels: Labels, scores: Floats, edges: Floats) -> BinaryCounts:
    likelihood = np.where(labels, scores, 1 - scores)
    loss, squared = -np.log(likelihood), (scores - labels) ** 2
    return BinaryCounts(
        scores=by_bin(labels, scores, edges),
        confusion=confused(labels, scores >= 0.5),
        losses=LossSums(
            np.asarray(len(labels)),
            *(np.asarray(x.sum()) for x in (loss, loss**2, squared, squared**2)),
        ),
    )


def stacked(parts: Sequence[object], *names: str) -> dict[str, Any]:
    """The named arrays of several counts, along a new first axis."""
    return {name: np.stack([getattr(part, name) for part in parts]) for name in names}


def value(figure: Performance) -> float:
    return float(figure.value)


@pytest.mark.parametrize("prevalence", [0.3, 0.05])
def test_figures_equal_scikit_learn(prevalence: float) -> None:
    rng = RNG(1)
    labels, scores = scored(rng, 5_000, prevalence)
    figures = binary_performance(counted(labels, scores, score_edges(scores, 0.5)))
    assert tuple(figures) == BINARY_METRICS
    predictions = scores >= 0.5
    for name, expected in (
        ("accuracy", sk.accuracy_score(labels, predictions)),
        ("precision", sk.precision_score(labels, predictions)),
        ("recall", sk.recall_score(labels, predictions)),
        ("f1", sk.f1_score(labels, predictions)),
        ("log_loss", sk.log_loss(labels, scores)),
        ("brier", sk.brier_score_loss(labels, scores)),
        ("positive_rate", labels.mean()),
        ("roc_auc", sk.roc_auc_score(labels, scores)),
        ("average_precision", sk.average_precision_score(labels, scores)),
    ):
        figure = figures[name]
        assert abs(value(figure) - expected) <= float(figure.error_bound) + 1e-9, name
        assert float(figure.ci_low) < value(figure) < float(figure.ci_high), name
    exact = set(BINARY_METRICS) - {"roc_auc", "average_precision", "ece"}
    assert all(float(figures[name].error_bound) == 0 for name in exact)


def test_trivial_values_are_those_of_dummies() -> None:
    rng = RNG(2)
    labels, scores = scored(rng, 2_000, 0.7)
    figures = binary_performance(counted(labels, scores, score_edges(scores)))
    majority, share = np.ones(2_000), np.full(2_000, labels.mean())
    for name, expected in (
        ("accuracy", sk.accuracy_score(labels, majority)),
        ("precision", sk.precision_score(labels, majority)),
        ("recall", 1.0),
        ("f1", sk.f1_score(labels, majority)),
        ("log_loss", sk.log_loss(labels, share)),
        ("brier", sk.brier_score_loss(labels, share)),
        ("roc_auc", sk.roc_auc_score(labels, share)),
        ("average_precision", sk.average_precision_score(labels, share)),
        ("ece", 0.0),
    ):
        assert float(figures[name].trivial) == pytest.approx(expected, abs=1e-12), name
    rare = binary_performance(counted(~labels, 1 - scores, score_edges(scores)))
    assert rare["precision"].published("trivial") == [None]
    assert rare["recall"].published("trivial") == [0.0]


@pytest.mark.parametrize("seed", range(20))
def test_bounds_hold_for_tied_and_untied_scores(seed: int) -> None:
    rng = RNG(seed)
    labels, scores = scored(rng, 300, 0.2)
    if seed % 2:
        scores = np.round(scores, 1)
    edges = np.sort(rng.choice(np.unique(scores), 4, replace=False))
    counts = by_bin(labels, scores, edges)
    for figure, exact in (
        (roc_auc(counts), sk.roc_auc_score(labels, scores)),
        (average_precision(counts), sk.average_precision_score(labels, scores)),
    ):
        assert abs(value(figure) - exact) <= float(figure.error_bound) + 1e-12


def test_a_bin_per_score_is_exact() -> None:
    rng = RNG(3)
    labels, scores = scored(rng, 1_000, 0.3)
    scores = np.round(scores, 1)
    counts = by_bin(labels, scores, np.unique(scores)[1:], tied=True)
    for figure, exact in (
        (roc_auc(counts), sk.roc_auc_score(labels, scores)),
        (average_precision(counts), sk.average_precision_score(labels, scores)),
    ):
        assert value(figure) == pytest.approx(exact, abs=1e-12)
        assert figure.published("error_bound") == [0.0]


@pytest.mark.parametrize("values", [7, 50, 99, 200])
def test_scores_of_few_values_are_ranked_exactly(values: int) -> None:
    """The product's own bins, at a prevalence of 2 %, beside scikit-learn."""
    rng = RNG(values)
    scores = rng.integers(0, values, 20_000) / values
    labels = rng.random(20_000) < 0.04 * scores
    bins = ordered_bins("score", np.sort(scores), 0.5)
    edges = np.array(bins.edges)
    tied = np.zeros(bins.bins, np.bool_)
    tied[list(bins.single)] = True
    counts = by_bin(labels, scores, edges, tied=tied)
    for figure, exact in (
        (roc_auc(counts), sk.roc_auc_score(labels, scores)),
        (average_precision(counts), sk.average_precision_score(labels, scores)),
    ):
        assert value(figure) == pytest.approx(exact, abs=1e-12)
        assert figure.published("error_bound") == [0.0]


def test_average_precision_midway_by_hand() -> None:
    # One bin of one positive and one negative above one bin of one negative: 1 if it leads, 1/2 if not.
    figure = average_precision(
        ScoreLabelCounts(np.array([0, 1]), np.array([1, 1]), np.zeros(2)),
    )
    assert value(figure) == pytest.approx(0.75)
    assert float(figure.error_bound) == pytest.approx(0.25)


def test_delong_on_the_rows() -> None:
    rng = RNG(4)
    labels, scores = scored(rng, 400, 0.3)
    # every score its own bin: nothing is lost
    figure = roc_auc(by_bin(labels, scores, np.unique(scores)[1:]))
    pos, neg = scores[labels], scores[~labels]
    wins = (pos[:, None] > neg) + 0.5 * (pos[:, None] == neg)
    error = np.sqrt(wins.mean(1).var(ddof=1) / len(pos) + wins.mean(0).var(ddof=1) / len(neg))
    auc = wins.mean()
    half = stats.norm.ppf(0.975) * error / (auc * (1 - auc))
    expected = [1 / (1 + np.exp(-(np.log(auc / (1 - auc)) + side))) for side in (-half, half)]
    assert [float(figure.ci_low), float(figure.ci_high)] == pytest.approx(expected, rel=1e-9)


def test_wilson_equals_scipy() -> None:
    for k, n in ((0, 10), (3, 10), (10, 10), (250, 1000)):
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        low, high = wilson(k, n)
        assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert np.isnan(wilson(0, 0)).all()


def test_perfect_ranking_still_has_an_interval() -> None:
    counts = ScoreLabelCounts(np.array([0, 5]), np.array([20, 0]), np.zeros(2))
    for figure in (roc_auc(counts), average_precision(counts)):
        assert value(figure) == 1.0
        # five successes out of five, Clopper and Pearson
        expected = stats.binomtest(5, 5).proportion_ci(method="exact").low
        assert float(figure.ci_low) == pytest.approx(expected)
        assert float(figure.ci_high) == 1.0


def test_base_windows_that_differ_widen_what_rests_on_them() -> None:
    rng = RNG(5)
    edges = np.linspace(0.01, 0.99, 30)
    hours = []
    for hour in range(24):
        labels, scores = scored(rng, 200, 0.1 + 0.03 * hour, gap=0.3 + 0.1 * hour)
        hours.append((labels, scores))
    base_scores = [by_bin(*hour, edges) for hour in hours]
    base = ScoreLabelCounts(**stacked(base_scores, "pos", "neg", "score_sums"))
    whole = ScoreLabelCounts(base.pos.sum(0), base.neg.sum(0), base.score_sums.sum(0))
    alone, with_base = average_precision(whole), average_precision(whole, base)
    assert value(alone) == value(with_base)
    assert float(with_base.ci_high - with_base.ci_low) > 2 * float(alone.ci_high - alone.ci_low)

    base_confusion = [confused(labels, scores >= 0.5) for labels, scores in hours]
    names = ("true_pos", "false_pos", "false_neg", "true_neg")
    by_hour = ConfusionCounts(**stacked(base_confusion, *names))
    confusion = ConfusionCounts(*(getattr(by_hour, k).sum(0) for k in names))
    f1 = binary_performance(BinaryCounts(confusion=confusion))["f1"]
    f1_base = binary_performance(BinaryCounts(confusion=confusion), BinaryCounts(confusion=by_hour))["f1"]
    assert float(f1_base.ci_high - f1_base.ci_low) > 2 * float(f1.ci_high - f1.ci_low)


def test_too_few_base_windows_are_not_believed() -> None:
    counts, influence = np.array([30.0, 70.0]), np.array([0.007, -0.003])
    seven = np.stack([counts / 7] * 7)
    assert linear_half_width(counts, influence, seven) == linear_half_width(counts, influence)


def test_influence_gives_the_error_that_a_bootstrap_gives() -> None:
    rng = RNG(6)
    labels, scores = scored(rng, 2_000, 0.2)
    counts = by_bin(labels, scores, score_edges(scores))
    both = np.concatenate([counts.pos, counts.neg])
    draws = rng.multinomial(2_000, both / 2_000, size=4_000)
    size = len(counts.pos)
    again = average_precision(
        ScoreLabelCounts(draws[:, :size], draws[:, size:], np.zeros((4_000, size)))
    ).value.std()
    figure = average_precision(counts)
    mean = value(figure)
    logit = [np.log(x / (1 - x)) for x in (float(figure.ci_low), float(figure.ci_high))]
    error = (logit[1] - logit[0]) / 2 / stats.norm.ppf(0.975) * mean * (1 - mean)
    # 4,000 draws know their own deviation to 1.1 %
    assert error == pytest.approx(again, rel=0.05)


def test_calibration_of_a_perfect_model_is_about_zero_and_of_a_shifted_one_its_shift() -> None:
    rng = RNG(7)
    labels, scores = scored(rng, 20_000, 0.3)
    edges = score_edges(scores)
    perfect = calibration_error(by_bin(labels, scores, edges))
    assert value(perfect) < 0.01
    assert float(perfect.ci_low) == 0.0
    kept = scores < 0.9
    shifted = calibration_error(by_bin(labels[kept], scores[kept] + 0.1, edges))
    assert value(shifted) == pytest.approx(0.1, abs=0.01)
    assert float(shifted.ci_low) < 0.1 < float(shifted.ci_high)


def test_calibration_error_by_hand() -> None:
    # two groups of 10: mean scores .2 and .8, rates .3 and .4
    figure = calibration_error(ScoreLabelCounts(np.array([3, 4]), np.array([7, 6]), np.array([2.0, 8.0])))
    expected = 0.5 * (0.1**2 - 0.3 * 0.7 / 9) + 0.5 * (0.4**2 - 0.4 * 0.6 / 9)
    assert value(figure) == pytest.approx(np.sqrt(expected), abs=1e-12)


def test_calibration_curve_keeps_every_row() -> None:
    rng = RNG(8)
    labels, scores = scored(rng, 5_000, 0.3)
    curve = calibration_curve(by_bin(labels, scores, score_edges(scores)))
    assert curve.n.sum() == 5_000
    assert np.nansum(curve.rate * curve.n) == pytest.approx(labels.sum())
    assert np.nansum(curve.score * curve.n) == pytest.approx(scores.sum())
    assert np.all(np.diff(curve.score) > 0)
    assert curve.n.min() > 100


ONE = np.asarray(1)
NOUGHT = np.asarray(0)


@pytest.mark.parametrize(
    ("pos", "neg", "metric", "status"),
    [
        ([0, 0], [0, 0], "roc_auc", "no_scores"),
        ([0, 0], [0, 0], "ece", "no_scores"),
        ([3, 1], [0, 0], "roc_auc", "one_class"),
        ([0, 0], [3, 1], "roc_auc", "one_class"),
        ([0, 0], [3, 1], "average_precision", "no_positives"),
        ([3, 1], [0, 0], "average_precision", "ok"),
        ([1, 0], [0, 0], "ece", "too_few_rows"),
        ([1, 0], [0, 1], "roc_auc", "ok"),
    ],
)
def test_scores_that_give_no_figure_say_why(pos: list[int], neg: list[int], metric: str, status: str) -> None:
    counts = ScoreLabelCounts(np.array(pos), np.array(neg), np.zeros(2))
    figure = binary_performance(BinaryCounts(scores=counts))[metric]
    assert figure.status.tolist() == status
    assert figure.ok.all() == (status == "ok")
    assert (figure.published("value") == [None]) == (status != "ok")


@pytest.mark.parametrize(
    ("cells", "metric", "status"),
    [
        ((0, 0, 0, 0), "accuracy", "no_labels"),
        ((0, 0, 0, 0), "f1", "no_labels"),
        ((0, 0, 4, 5), "precision", "no_predicted_positives"),
        ((0, 3, 0, 5), "recall", "no_positives"),
        ((0, 0, 0, 5), "f1", "no_positives"),
        ((0, 3, 4, 5), "f1", "ok"),
    ],
)
def test_decisions_that_give_no_figure_say_why(
    cells: tuple[int, int, int, int], metric: str, status: str
) -> None:
    confusion = ConfusionCounts(*(np.asarray(cell) for cell in cells))
    figure = binary_performance(BinaryCounts(confusion=confusion))[metric]
    assert figure.status.tolist() == status
    assert figure.ok.all() == (status == "ok")


def test_what_the_log_has_not_is_named() -> None:
    figures = binary_performance(BinaryCounts(confusion=ConfusionCounts(ONE, ONE, ONE, ONE)))
    assert figures["roc_auc"].status.tolist() == "no_scores"
    assert figures["log_loss"].reasons() == ["no labelled row of the window has a score"]
    assert figures["accuracy"].ok.all()


def test_one_positive_has_a_figure_but_no_interval() -> None:
    figure = roc_auc(ScoreLabelCounts(np.array([0, 1]), np.array([5, 4]), np.zeros(2)))
    assert figure.ok.all()
    assert figure.published("ci_low") == [None]


def test_windows_at_once_equal_windows_one_by_one() -> None:
    rng = RNG(9)
    edges = np.linspace(0.02, 0.98, 40)
    windows = [counted(*scored(rng, 200 + 50 * i, 0.3), edges) for i in range(5)]
    together = binary_performance(
        BinaryCounts(
            scores=ScoreLabelCounts(**stacked([w.scores for w in windows], "pos", "neg", "score_sums")),
            confusion=ConfusionCounts(
                **stacked([w.confusion for w in windows], "true_pos", "false_pos", "false_neg", "true_neg")
            ),
            losses=LossSums(
                **stacked(
                    [w.losses for w in windows], "n", "log_loss", "log_loss_squares", "brier", "brier_squares"
                )
            ),
        )
    )
    for i, window in enumerate(windows):
        alone = binary_performance(window)
        for name in BINARY_METRICS:
            for part in ("value", "ci_low", "ci_high", "error_bound", "trivial"):
                expected = getattr(alone[name], part)
                np.testing.assert_allclose(getattr(together[name], part)[i], expected, rtol=1e-13)


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        ScoreLabelCounts(np.array([1, 2]), np.array([1]), np.zeros(2))
