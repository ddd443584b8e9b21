"""The share that has changed the most beside chance: by hand, and against a test of two proportions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from tests.detection.simulated import Floats, Ints, categories

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.column_tests import calibrate_column, compare_column, drift_of
from driftline_jobs.detection.resampling import leave_one_out
from driftline_jobs.metrics.largest_share import largest_share, share_shift


def test_it_is_the_largest_of_the_tests_of_two_proportions() -> None:
    now, then = np.array([130, 400, 470, 3]), np.array([1000, 4200, 4800, 0])
    found = largest_share(categories(now), categories(then))
    tables = [[[now[at], now.sum() - now[at]], [then[at], then.sum() - then[at]]] for at in range(3)]
    expected = [chi2_contingency(np.array(table), correction=False).statistic for table in tables]
    assert float(found.squared) == pytest.approx(max(expected))
    # the first has changed the most beside chance, though not in points
    shift = share_shift(categories(now), categories(then))
    assert float(shift.value) == pytest.approx(130 / 1003 - 0.1)


def test_rare_categories_are_for_others() -> None:
    """A value of 3 % that has doubled, and a column of nothing but such."""
    now, then = np.array([500, 440, 60]), np.array([4850, 4850, 300])
    assert float(share_shift(categories(now), categories(then)).value) == pytest.approx(0.045)
    many = np.full(100, 10)
    assert float(share_shift(categories(many), categories(many)).value) == 0.0
    none: Ints = np.zeros((2, 0), np.int64)
    assert share_shift(categories(none), categories(none)).status.tolist() == ["empty_window"] * 2


def drawn(random: np.random.Generator, days: int, shares: Floats) -> Ints:
    """Days of 20,000 rows whose shares vary."""
    return np.stack([random.multinomial(20_000, of) for of in random.dirichlet(20_000 * shares, days)])


def test_two_points_of_one_category_among_fifty_are_found_and_clean_days_are_not() -> None:
    random = np.random.default_rng(4)
    shares = 1.0 / np.arange(1, 51)
    shares /= shares.sum()
    moved = shares * (1.0 - 0.02 / (1.0 - shares[1]))
    moved[1] = shares[1] + 0.02
    reference = drawn(random, 28, shares)
    calibrations = calibrate_column(categories(reference), leave_one_out([()] * 28))
    assert isinstance(calibrations["share_shift"], Calibration)
    whole = categories(reference.sum(0))
    clean, shifted = categories(drawn(random, 300, shares)), categories(drawn(random, 20, moved))
    p = [
        compare_column(calibrations, drift_of(days, whole), days, whole)["share_shift"].p_value
        for days in (clean, shifted)
    ]
    assert (p[0] < 0.001).sum() <= 2
    assert np.median(p[1]) < 1e-4
