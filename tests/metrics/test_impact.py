"""What the change of one column does, from counts: by hand, and by the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.metrics.impact import bin_weights, deviation, explained, is_known, mean_change

NO_WINDOWS = np.empty((0, 1), np.int64)


def weights_of(now: IntArray, then: IntArray, own: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    return bin_weights(now, then, is_known(then, NO_WINDOWS), np.zeros(1) if own is None else own)


def test_a_row_counts_as_often_as_its_bin_has_grown() -> None:
    weights, unknown = weights_of(np.array([[30, 10]]), np.array([50, 150]))
    assert weights[0] == pytest.approx([0.75 / 0.25, 0.25 / 0.75])
    assert unknown == [0.0]


def test_the_same_distribution_changes_nothing() -> None:
    then = np.array([100, 4, 300, 0, 96])
    weights, unknown = weights_of(2 * then[None], then)
    assert weights[0] == pytest.approx(np.ones(5))
    assert unknown == pytest.approx([0.008])


def test_what_the_reference_does_not_know_takes_its_mean() -> None:
    then = np.array([[100, 100], [0, 0], [10, 290]])  # by bin and score
    means = np.array([0.0, 1.0])
    weights, unknown = weights_of(np.array([[40, 20, 40]]), then.sum(-1))
    assert unknown == pytest.approx([0.2])
    usual = 390 / 500
    expected = 0.4 * 0.5 + 0.2 * usual + 0.4 * 290 / 300
    assert mean_change(weights, then, means) == pytest.approx([expected - usual])


def test_a_window_of_the_reference_is_held_against_the_rest_of_it() -> None:
    own, rest = np.array([60, 40]), np.array([200, 700])
    then = own + rest
    counts = np.stack([then // 4, then - then // 4], -1)
    weights, _ = weights_of(own[None], then, np.array([0.1]))
    shares = (weights * then).sum(0) / then.sum()
    assert shares == pytest.approx(then / 1000 + (own / 100 - rest / 900))
    inside = mean_change(weights, counts, np.array([0.0, 1.0]))
    assert inside == pytest.approx([0.0], abs=1e-12)


def test_where_there_is_nothing_to_weigh_by_there_is_no_weight() -> None:
    then = np.array([50, 50])
    weights, unknown = weights_of(np.array([[0, 0], [50, 50]]), then, np.array([0.0, 1.0]))
    assert np.isnan(weights).all()
    assert np.isnan(unknown).tolist() == [True, False]


def test_importance_is_the_share_of_the_variance_between_bins() -> None:
    random = np.random.default_rng(7)
    bins, scores = random.integers(0, 12, 5000), random.normal(0.0, 1.0, 5000)
    means = np.round(np.linspace(-3, 3, 61), 1)
    place = np.abs((scores + 0.3 * (bins % 3))[:, None] - means).argmin(1)
    counts = np.zeros((12, 61), np.int64)
    np.add.at(counts, (bins, place), 1)
    values = means[place]
    within = sum(((values[bins == b] - values[bins == b].mean()) ** 2).sum() for b in range(12))
    eta = 1 - within / ((values - values.mean()) ** 2).sum()
    between, total = explained(counts, means)
    assert between / total == pytest.approx(eta - 11 / (5000 - 12) * (1 - eta))
    assert total == pytest.approx(values.var())
    assert deviation(counts.sum(0), means) == pytest.approx(values.std())


def test_a_column_that_says_nothing_has_no_importance() -> None:
    random = np.random.default_rng(11)
    found = []
    for _ in range(50):
        counts = random.multinomial(400, np.full(200, 1 / 200)).reshape(20, 10)
        between, total = explained(counts, np.arange(10.0))
        found.append(between / total)
    assert np.mean(found) < 0.012  # without the correction, 19/399 = .048
    assert explained(np.array([[0, 0], [1, 0]]), np.arange(2.0)) == (0.0, 0.0)


def test_a_bin_that_one_day_has_met_is_not_known() -> None:
    by_day = np.full((8, 3), 50)
    by_day[1:, 1] = 0
    by_day[:, 2] = 1
    then = by_day.sum(0)
    assert is_known(then, by_day).tolist() == [True, False, False]
    assert is_known(then, by_day[:7]).tolist() == [True, True, False]  # too few days to tell
    by_day[2:4, 1] = 1
    assert is_known(then, by_day).tolist() == [True, True, False]
