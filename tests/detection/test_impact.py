"""What clean windows show of an impact."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from driftline_jobs.detection.impact import noise


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
