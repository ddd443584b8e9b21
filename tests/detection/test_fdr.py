"""False discovery rates against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from driftline_jobs.detection.fdr import q_values, reporting_levels


def test_q_values_equal_scipy() -> None:
    p = np.random.default_rng(1).random((40, 25)) ** 2
    expected = np.stack([stats.false_discovery_control(row) for row in p])
    np.testing.assert_allclose(q_values(p), expected, rtol=1e-12)


def test_columns_without_a_p_value_count_for_nothing() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03, np.nan])
    expected = stats.false_discovery_control([0.01, 0.04, 0.03])
    found = q_values(p)
    assert found[[0, 2, 3]] == pytest.approx(expected)
    assert np.isnan(found[[1, 4]]).all()
    assert np.isnan(q_values(np.full(3, np.nan))).all()
    assert q_values(np.empty(0)).shape == (0,)


def test_the_level_is_where_reporting_ends() -> None:
    p = np.array([0.001, 0.02, 0.03, 0.9])
    # Benjamini and Hochberg: 3 of 4 are reported at 5 %, up to 0.05 * 3 / 4
    assert reporting_levels(p, 0.05) == pytest.approx(0.0375)
    assert (q_values(p) <= 0.05).tolist() == [True, True, True, False]
    assert reporting_levels(np.array([0.5, 0.6]), 0.05) == pytest.approx(0.025)
