"""Multiclass figures against scikit-learn on the rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk
from tests.metrics.edges import Floats, score_edges

from driftline_jobs.metrics.binary import LossSums
from driftline_jobs.metrics.multiclass import (
    MulticlassCounts,
    MulticlassPerformance,
    multiclass_performance,
)
from driftline_jobs.metrics.ranking import ScoreLabelCounts

RNG = np.random.default_rng
Ints = npt.NDArray[np.int64]


def rows(seed: int, n: int = 4_000, classes: int = 4) -> tuple[Ints, Floats]:
    """Labels, and the true probabilities of their classes (n, classes)."""
    rng = RNG(seed)
    weights = rng.normal(size=(n, classes)) * 1.2 + np.log(np.arange(1, classes + 1))
    shares = np.exp(weights) / np.exp(weights).sum(1, keepdims=True)
    labels = (shares.cumsum(1) < rng.random(n)[:, None]).sum(1)
    return labels.astype(np.int64), shares


def counted(labels: Ints, shares: Floats) -> MulticlassCounts:
    n, classes = shares.shape
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, shares.argmax(1)), 1)
    edges = score_edges(shares.ravel())
    size = len(edges) + 1
    bins = np.searchsorted(edges, shares, side="right")
    own = labels[:, None] == np.arange(classes)

    def binned(weights: npt.NDArray[np.generic]) -> Floats:
        per_class = [np.bincount(bins[:, c], weights[:, c], size) for c in range(classes)]
        return np.stack(per_class).astype(np.float64)

    loss = -np.log(shares[np.arange(n), labels])
    squared = ((shares - own) ** 2).sum(1)
    return MulticlassCounts(
        confusion=confusion,
        scores=ScoreLabelCounts(binned(own), binned(~own), binned(shares)),
        losses=LossSums(np.asarray(n), *(np.asarray(x.sum()) for x in (loss, loss**2, squared, squared**2))),
    )


def test_figures_equal_scikit_learn() -> None:
    labels, shares = rows(1)
    predictions = shares.argmax(1)
    figures = multiclass_performance(counted(labels, shares))
    assert figures.overall["accuracy"].value == pytest.approx(sk.accuracy_score(labels, predictions))
    assert figures.overall["log_loss"].value == pytest.approx(sk.log_loss(labels, shares))
    assert figures.overall["brier"].value == pytest.approx(
        sk.brier_score_loss(labels, shares, scale_by_half=False)
    )
    for name, score in (
        ("precision", sk.precision_score),
        ("recall", sk.recall_score),
        ("f1", sk.f1_score),
    ):
        np.testing.assert_allclose(
            figures.per_class[name].value, score(labels, predictions, average=None), atol=1e-12
        )
        for average in ("macro", "weighted"):
            figure = figures.overall[f"{name}_{average}"]
            assert figure.value == pytest.approx(score(labels, predictions, average=average), abs=1e-12)
            assert figure.ci_low < figure.value < figure.ci_high
    for name, ranking in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        own = labels[:, None] == np.arange(4)
        expected = np.array([ranking(own[:, c], shares[:, c]) for c in range(4)])
        figure = figures.per_class[name]
        assert np.all(np.abs(figure.value - expected) <= figure.error_bound)
        for average, weight in (("macro", np.full(4, 0.25)), ("weighted", own.mean(0))):
            mean = figures.overall[f"{name}_{average}"]
            assert abs(mean.value - (weight * expected).sum()) <= mean.error_bound


def test_a_class_that_is_never_predicted_counts_as_zero_and_an_unheard_one_not_at_all() -> None:
    # three classes; the second is never predicted, the third never occurs
    figures = multiclass_performance(MulticlassCounts(np.array([[8, 0, 0], [2, 0, 0], [0, 0, 0]])))
    assert figures.per_class["precision"].status.tolist() == [
        "ok",
        "no_predicted_positives",
        "class_absent",
    ]
    assert figures.per_class["f1"].status.tolist() == ["ok", "ok", "class_absent"]
    labels, predictions = [0] * 8 + [1] * 2, [0] * 10
    assert figures.overall["precision_macro"].value == pytest.approx(
        sk.precision_score(labels, predictions, average="macro", zero_division=0)
    )
    assert figures.overall["f1_macro"].value == pytest.approx(
        sk.f1_score(labels, predictions, average="macro", zero_division=0)
    )


def test_trivial_is_the_commonest_class_even_below_half() -> None:
    figures = multiclass_performance(MulticlassCounts(np.diag([4, 3, 3])))
    assert figures.overall["accuracy"].trivial == pytest.approx(0.4)
    assert figures.per_class["recall"].published("trivial") == [1.0, 0.0, 0.0]
    assert figures.per_class["precision"].published("trivial") == [pytest.approx(0.4), None, None]
    dummy = sk.f1_score([0] * 4 + [1] * 3 + [2] * 3, [0] * 10, average="macro", zero_division=0)
    assert figures.overall["f1_macro"].trivial == pytest.approx(dummy)


@pytest.mark.parametrize("name", ["f1_macro", "f1_weighted", "precision_macro", "precision_weighted"])
def test_intervals_of_averages_are_those_of_a_bootstrap(name: str) -> None:
    labels, shares = rows(2)
    confusion = counted(labels, shares).confusion
    draws = RNG(3).multinomial(4_000, confusion.ravel() / 4_000, size=4_000).reshape(-1, 4, 4)
    again = multiclass_performance(MulticlassCounts(draws)).overall[name].value.std()
    figure = multiclass_performance(MulticlassCounts(confusion)).overall[name]
    assert (figure.ci_high - figure.ci_low) / 2 / 1.96 == pytest.approx(again, rel=0.05)


def test_base_windows_that_differ_widen_the_interval() -> None:
    rng = RNG(4)
    days = np.stack(
        [np.diag(rng.integers(20, 40, 3)) + rng.integers(0, 3 + 4 * day, (3, 3)) for day in range(10)]
    )
    whole = MulticlassCounts(days.sum(0))
    alone = multiclass_performance(whole).overall["f1_macro"]
    with_base = multiclass_performance(whole, MulticlassCounts(days)).overall["f1_macro"]
    assert with_base.value == alone.value
    assert with_base.ci_high - with_base.ci_low > 1.5 * (alone.ci_high - alone.ci_low)


def test_no_labels_give_no_figures() -> None:
    empty = ScoreLabelCounts(np.zeros((2, 5)), np.zeros((2, 5)), np.zeros((2, 5)))
    nought = np.asarray(0)
    figures: MulticlassPerformance = multiclass_performance(
        MulticlassCounts(np.zeros((2, 2), np.int64), empty, LossSums(nought, *[np.asarray(0.0)] * 4))
    )
    for name, figure in (figures.overall | figures.per_class).items():
        assert not figure.ok.any(), name
        assert None not in figure.reasons(), name


def test_windows_at_once_equal_windows_one_by_one() -> None:
    confusions = RNG(5).integers(0, 50, (4, 3, 3))
    together = multiclass_performance(MulticlassCounts(confusions))
    for i in range(4):
        alone = multiclass_performance(MulticlassCounts(confusions[i]))
        for name in alone.overall:
            for part in ("value", "ci_low", "ci_high", "trivial"):
                np.testing.assert_allclose(
                    getattr(together.overall[name], part)[i],
                    getattr(alone.overall[name], part),
                    rtol=1e-12,
                )
