"""What clean windows show of an impact."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from driftline_jobs.detection.impact import Chance, noise, with_chance
from driftline_jobs.metrics.impact import bin_weights, concentration, divergence


def test_noise_is_the_prediction_interval_of_one_more_window() -> None:
    values = np.random.default_rng(3).normal(0.1, 0.5, 12)
    half = scipy.stats.t(11).ppf(0.995) * values.std(ddof=1) * np.sqrt(1 + 1 / 12)
    assert noise(values[:, None]) == pytest.approx([abs(values.mean()) + half], rel=1e-9)


def test_of_two_windows_nothing_is_said() -> None:
    values = np.array([[1.0, 1.0], [2.0, np.nan], [3.0, 3.0]])
    found = noise(values)
    assert np.isfinite(found[0])
    assert np.isnan(found[1])
    assert np.isnan(noise(np.empty((0, 2)))).all()


def test_one_clean_window_in_a_hundred_is_beyond_it() -> None:
    values = np.random.default_rng(5).normal(0.0, 1.0, (29, 40_000))
    beyond = np.abs(values[-1]) > noise(values[:-1])
    # about zero the sure side of |mean| makes it somewhat less than one
    assert 0.004 < beyond.mean() < 0.011


def test_a_large_change_of_a_column_without_a_part_stays_within_the_noise_of_chance() -> None:
    random = np.random.default_rng(41)
    weights = np.array([0.2, 0.5, 1.0, 1.5, 1.8])  # of bins of equal size
    beyond = 0
    for _ in range(1000):
        scores, bins = random.beta(2, 5, 2000), random.integers(0, 5, 2000)
        change = np.average(scores, weights=weights[bins]) - scores.mean()
        chance = Chance(scores.std() / 2000**0.5)
        limit = with_chance(0.0, chance, float(((weights - 1) ** 2).mean()))
        beyond += limit is not None and abs(change) > limit
    assert 2 <= beyond <= 19  # ten expected


def test_a_bin_that_was_met_on_some_days_says_what_these_were_like() -> None:
    """Days differ by themselves, and the column is the same all day: only its days speak for a bin."""
    random = np.random.default_rng(43)
    beyond = without = 0
    for _ in range(1000):
        bin_of_day = random.integers(0, 5, 30)
        of_day = random.normal(0.3, 0.05, 30)
        scores = of_day[:, None] + random.normal(0.0, 0.1, (30, 100))
        by_window = 100 * (bin_of_day[:, None] == np.arange(5))
        then = by_window.sum(0)
        if then[0] == 0:
            continue
        weights, _ = bin_weights(np.array([[1000, 0, 0, 0, 0]]), then, then > 0, np.zeros(1))
        change = scores[bin_of_day == 0].mean() - scores.mean()
        chance = Chance(scores.std() / scores.size**0.5, float(scores.mean(1).std(ddof=1)))
        apart, alone = divergence(weights, then)[0], concentration(weights, by_window)[0]
        beyond += abs(change) > (with_chance(0.0, chance, apart, alone) or 0.0)
        without += abs(change) > (with_chance(0.0, chance, apart) or 0.0)
    assert beyond <= 19  # ten expected
    assert without > 200


def test_what_is_not_known_adds_no_noise() -> None:
    assert with_chance(None, Chance(0.1), 1.0) is None
    assert with_chance(0.3, Chance(0.4 / 2.5758293035489004), 1.0, 1.0) == pytest.approx(0.5)
    assert with_chance(0.3, Chance(float("nan")), 1.0) == 0.3
    assert with_chance(0.3, Chance(float("nan"), 0.2 / 2.5758293035489004), 1.0, 4.0) == pytest.approx(0.5)
