"""Why a figure moved: parts that add up, checked by swapping by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from driftline_jobs.metrics.attribution import attribute_auc, attribute_drift, attribute_ratio
from driftline_jobs.metrics.ranking import ScoreLabelCounts

RNG = np.random.default_rng


def test_mix_and_rate_by_hand() -> None:
    # accuracy .9 of 50 and .5 of 50, then .9 of 20 and .6 of 80
    found = attribute_ratio(
        np.array([18, 48]), np.array([20, 80]), np.array([45, 25]), np.array([50, 50]), np.array([20, 80])
    )
    whole = (0.66 + 0.70) / 2
    np.testing.assert_allclose(found.mix, [-0.3 * (0.9 - whole), 0.3 * (0.55 - whole)])
    np.testing.assert_allclose(found.rate, [0.0, 0.1 * 0.65], atol=1e-15)
    assert (found.mix + found.rate).sum() == pytest.approx(0.66 - 0.70)
    assert found.share.sum() == pytest.approx(1.0)
    assert found.n.tolist() == [20, 80]


def test_rates_are_shapley_values_of_two_players() -> None:
    rng = RNG(1)
    w0, w1 = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
    r0, r1 = rng.random(5), rng.random(5)
    found = attribute_ratio(w1 * r1, w1, w0 * r0, w0, w1 * 1000)
    # Shapley: the mean over both orders of swapping weights and rates
    mix = 0.5 * (((w1 - w0) * r0).sum() + ((w1 - w0) * r1).sum())
    rate = 0.5 * (((r1 - r0) * w0).sum() + ((r1 - r0) * w1).sum())
    assert found.mix.sum() == pytest.approx(mix)
    assert found.rate.sum() == pytest.approx(rate)


def test_a_value_on_one_side_only_is_all_mix_and_parts_still_add_up() -> None:
    found = attribute_ratio(
        np.array([8, 4, 0, 0]),
        np.array([10, 10, 0, 0]),
        np.array([9, 0, 3, 0]),
        np.array([10, 0, 10, 0]),
        np.array([10, 10, 0, 0]),
    )
    assert found.rate[1] == 0.0
    assert found.rate[2] == 0.0
    assert np.isnan(found.mix[3])
    assert np.nansum(found.mix + found.rate) == pytest.approx(12 / 20 - 12 / 20, abs=1e-15)
    assert np.isnan(found.share).all()  # nothing changed, so nothing is shared out


def test_an_empty_side_has_no_parts() -> None:
    zero = np.zeros(2)
    found = attribute_ratio(zero, zero, np.array([1, 2]), np.array([2, 2]), zero)
    assert np.isnan(found.share).all()
    assert np.isnan(found.mix).all()


def test_swapping_a_segment_for_the_auc() -> None:
    rng = RNG(2)

    def rows(gaps: list[float], sizes: list[int]) -> list[tuple[np.ndarray, np.ndarray]]:
        found = []
        for gap, size in zip(gaps, sizes, strict=True):
            labels = rng.random(size) < 0.4
            found.append((labels, np.round(rng.normal(size=size) + gap * labels, 1)))
        return found

    then, now = rows([2.0, 2.0, 1.0], [400, 300, 300]), rows([2.0, 0.2, 1.0], [400, 600, 300])
    values = np.unique(np.concatenate([s for _, s in then + now]))

    def binned(segments: list[tuple[np.ndarray, np.ndarray]]) -> ScoreLabelCounts:
        size = len(values)
        places = [(np.searchsorted(values, s), y) for y, s in segments]
        pos = np.stack([np.bincount(p[y], minlength=size) for p, y in places])
        neg = np.stack([np.bincount(p[~y], minlength=size) for p, y in places])
        return ScoreLabelCounts(pos, neg, np.zeros(pos.shape), tied=True)

    found = attribute_auc(binned(now), binned(then), np.array([True, True, False]))

    def auc(segments: list[tuple[np.ndarray, np.ndarray]]) -> float:
        return float(sk.roc_auc_score(*(np.concatenate(part) for part in zip(*segments, strict=True))))

    # the second segment had 300 rows, and has 600: each of the old ones counts twice
    swapped = [now[0], then[1], then[1], now[2]]
    assert found.rate[1] == pytest.approx(auc(now) - auc(swapped), abs=1e-12)
    assert found.rate[1] < -0.1
    assert abs(found.rate[0]) < 0.05
    assert np.isnan(found.rate[2])
    assert np.isnan(found.mix).all()


def test_drift_is_shared_out_in_full() -> None:
    rng = RNG(3)
    then = rng.integers(50, 200, (4, 10))
    now = then.copy()
    now[2] = now[2][::-1] * 3
    found = attribute_drift(now, then)
    p, q = now.sum(0) / now.sum(), then.sum(0) / then.sum()
    smoothed_p = (now.sum(0) + 0.5) / (now.sum() + 5)
    smoothed_q = (then.sum(0) + 0.5) / (then.sum() + 5)
    expected = ((p - q) * np.log(smoothed_p / smoothed_q)).sum()
    assert (found.mix + found.rate).sum() == pytest.approx(expected, rel=1e-12)
    assert int(np.argmax(found.share)) == 2
    assert found.share.sum() == pytest.approx(1.0)


def test_drift_that_comes_from_the_mix_alone() -> None:
    then = np.array([[90, 10], [10, 90]])
    now = np.array([[27, 3], [17, 153]])
    found = attribute_drift(now, then)
    np.testing.assert_allclose(found.rate, 0.0, atol=1e-15)
    assert found.mix.sum() > 0.1


def test_no_drift_has_no_shares() -> None:
    counts = np.array([[5, 5], [0, 0]])
    found = attribute_drift(counts, counts)
    assert np.isnan(found.share).all()
    assert np.isnan(found.mix[1])
