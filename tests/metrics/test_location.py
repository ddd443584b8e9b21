"""The shift of the mean, beside numpy and scipy on the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats.mstats import winsorize
from tests.metrics.edges import FEATURE_QUANTILES, binned

from driftline_jobs.metrics.drift import ordered_drift
from driftline_jobs.metrics.location import mean_shift

RNG = np.random.default_rng


@pytest.mark.parametrize("draw", ["normal", "exponential", "uniform"])
def test_it_is_the_difference_of_the_means_in_standard_deviations(draw: str) -> None:
    rng = RNG(1)
    reference = getattr(rng, draw)(size=40_000)
    now = getattr(rng, draw)(size=5_000) + 0.25
    edges = np.unique(np.quantile(reference, FEATURE_QUANTILES))
    found = mean_shift(binned(now, edges), binned(reference, edges)).value
    expected = (now.mean() - reference.mean()) / reference.std()
    assert float(found) == pytest.approx(expected, rel=0.03)


def test_one_row_far_out_moves_it_no_further_than_the_edges_lie_apart() -> None:
    rng = RNG(2)
    reference = rng.normal(size=40_000)
    now = np.append(rng.normal(size=2_000), 1e12)
    edges = np.unique(np.quantile(reference, FEATURE_QUANTILES))
    found = float(mean_shift(binned(now, edges), binned(reference, edges)).value)
    share = 0.001
    limits = (share, share)
    expected = (winsorize(now, limits).mean() - winsorize(reference, limits).mean()) / reference.std()
    assert found == pytest.approx(float(expected), abs=0.01)


def test_two_values_are_told_by_their_shares() -> None:
    """Of rows of 0 and 1 the mean is a share, and the standard deviation that of a coin: by hand."""
    reference, now = np.repeat([0.0, 1.0], [600, 400]), np.repeat([0.0, 1.0], [30, 70])
    found = float(mean_shift(binned(now, np.array([1.0])), binned(reference, np.array([1.0]))).value)
    assert found == pytest.approx((0.7 - 0.4) / np.sqrt(0.4 * 0.6))


def test_where_the_reference_has_one_value_the_unit_is_that_of_both_together() -> None:
    edges = np.array([2.0, 2.5])
    reference = binned(np.full(900, 2.0), edges)
    assert float(mean_shift(binned(np.full(50, 2.0), edges), reference).value) == 0.0
    moved = ordered_drift(binned(np.full(100, 2.75), edges), reference)["mean_shift"]
    both = np.repeat([2.0, 2.75], [900, 100])
    assert float(moved.value) == pytest.approx(0.75 / both.std())
