"""The columns together: calibrated between days that vary."""

from __future__ import annotations

import numpy as np
import pytest
from tests.detection.simulated import Floats

from driftline_jobs.detection.calibration import Calibration, Uncalibrated
from driftline_jobs.detection.column_tests import judge_families
from driftline_jobs.detection.multivariate import (
    METRICS,
    calibrate_multivariate,
    compare_multivariate,
    multivariate_statistic,
)
from driftline_jobs.detection.resampling import leave_one_out
from driftline_jobs.metrics.multivariate import Moments, multivariate_drift, reference_space

RNG = np.random.default_rng
MIXING = np.array([[1.0, 0.8, 0.1], [0.0, 0.6, 0.3], [0.0, 0.0, 0.9]])


def days(rng: np.random.Generator, count: int, rows: int = 500, mixing: Floats = MIXING) -> Moments:
    """Moments of days whose means move by 0.05 sd and whose spreads by 3 %, from day to day."""
    shift = 0.05 * rng.normal(size=(count, 1, 3))
    scale = np.exp(0.03 * rng.normal(size=(count, 1, 3)))
    x = (rng.normal(size=(count, rows, 3)) * scale + shift) @ mixing
    return Moments(np.full(count, rows), x.sum(1), np.swapaxes(x, 1, 2) @ x)


def together(moments: Moments) -> Moments:
    return Moments(moments.n.sum(), moments.sums.sum(0), moments.products.sum(0))


@pytest.mark.slow
@pytest.mark.parametrize("windows", [8, 31])
def test_clean_days_are_called_drifted_as_often_as_they_may(windows: int) -> None:
    """400 references, 4,000 clean days: 0.4 to 2.2 % at 1 %, whose standard error is 0.2 %."""
    rng = RNG(windows)
    p: dict[str, list[Floats]] = {metric: [] for metric in METRICS}
    splits = leave_one_out([()] * windows)
    assert splits is not None
    for _ in range(400):
        reference, now = days(rng, windows), days(rng, 10)
        whole = together(reference)
        figures = multivariate_drift(now, reference_space(whole))
        held = compare_multivariate(calibrate_multivariate(reference, splits), figures, now.n, float(whole.n))
        for metric in METRICS:
            p[metric].append(held[metric].p_value)
    for metric, found in p.items():
        assert 0.004 <= (np.concatenate(found) < 0.01).mean() <= 0.022, metric


def test_a_relation_that_breaks_is_reported_and_clean_days_are_not() -> None:
    rng = RNG(1)
    reference = days(rng, 31)
    whole = together(reference)
    splits = leave_one_out([()] * 31)
    assert splits is not None
    calibrations = calibrate_multivariate(reference, splits)
    now, broken = days(rng, 6), days(rng, 1, mixing=np.diag(np.sqrt((MIXING**2).sum(0))))
    several = Moments(
        *(np.concatenate([getattr(now, k), getattr(broken, k)]) for k in ("n", "sums", "products"))
    )
    figures = multivariate_drift(several, reference_space(whole))
    held = compare_multivariate(calibrations, figures, several.n, float(whole.n))
    verdicts = judge_families({("*", metric): one for metric, one in held.items()}, np.arange(7), 0.01)
    for metric in METRICS:
        verdict = verdicts["*", metric]
        assert verdict.exceeded.tolist() == [0] * 6 + [1], metric
        # the threshold is in the unit of the figure
        assert verdict.threshold[6] < abs(figures[metric].value[6])
        assert (verdict.threshold[:6] > np.abs(figures[metric].value[:6])).all()


def test_small_windows_are_not_tested_and_other_metrics_are_refused() -> None:
    rng = RNG(2)
    reference = days(rng, 9)
    splits = leave_one_out([()] * 9)
    assert splits is not None
    now, whole = days(rng, 2), together(reference)
    figures = multivariate_drift(now, reference_space(whole))
    calibrations = calibrate_multivariate(reference, splits)
    assert all(isinstance(one, Calibration) for one in calibrations.values())
    held = compare_multivariate(calibrations, figures, now.n, float(whole.n), enough=np.array([True, False]))
    assert np.isnan(held["gaussian_kl"].p_value).tolist() == [False, True]
    with pytest.raises(ValueError, match="psi"):
        multivariate_statistic("psi", figures["gaussian_kl"], now.n, 100.0)


def test_columns_that_cannot_be_compared_are_not_calibrated() -> None:
    splits = leave_one_out([()] * 9)
    assert splits is not None
    constant = Moments(np.full(9, 10), np.zeros((9, 3)), np.zeros((9, 3, 3)))
    found = calibrate_multivariate(constant, splits)
    assert all(isinstance(one, Uncalibrated) for one in found.values())
    nothing = multivariate_drift(constant, None)
    assert compare_multivariate(found, nothing, constant.n, 80.0) == {}
