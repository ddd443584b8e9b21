"""The test of the columns together: drift between them, calibrated as that of each is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.detection.calibration import Calibration, Uncalibrated
from driftline_jobs.detection.column_tests import CalibratedTest, Calibrations, hold
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.limits import above_floor
from driftline_jobs.detection.resampling import Splits
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.metrics.figures import BoolArray, Counts, Figure, stacked
from driftline_jobs.metrics.multivariate import Moments, multivariate_drift, reference_space

METRICS = ("gaussian_kl", "reconstruction_error")


def multivariate_statistic(metric: str, figure: Figure, n: Counts, m: Counts | float) -> Statistic:
    """gaussian_kl or reconstruction_error on the scale of the calibration.

    Twice the divergence over s = 1/n + 1/m is about chi-squared without drift. What cannot be reconstructed
    may grow or shrink, so its square counts.

    Args:
        n, m: (...,) rows of the window and of the reference.
    """
    sampling = np.broadcast_to(1.0 / np.maximum(n, 1) + 1.0 / np.maximum(m, 1), figure.value.shape)
    sampling = np.asarray(sampling, np.float64)
    if metric == "gaussian_kl":
        return Statistic(2.0 * figure.value / sampling, figure.degrees, sampling, 0.5 * sampling)
    if metric == "reconstruction_error":
        return Statistic(figure.value**2 / sampling, 0.0 * sampling, sampling, sampling, 0.5)
    raise ValueError(f"{metric} is not a figure of the columns together: expected one of {METRICS}")


def calibrate_multivariate(pieces: Moments, splits: Splits) -> dict[str, Calibration | Uncalibrated]:
    """Learn what is normal for the columns together.

    Args:
        pieces: (N, ...) moments of the pieces of the reference that ``splits`` weighs, on one centre.
    """
    n, sums, products = splits.apply(pieces.n), splits.apply(pieces.sums), splits.apply(pieces.products)
    found: list[dict[str, Figure]] = []
    for at in range(len(splits.window)):
        rest = Moments(n[1][at], sums[1][at], products[1][at])
        found.append(
            multivariate_drift(Moments(n[0][at], sums[0][at], products[0][at]), reference_space(rest))
        )
    return {
        metric: calibrate(
            multivariate_statistic(metric, stacked([one[metric] for one in found]), n[0], n[1]), splits
        )
        for metric in METRICS
    }


def compare_multivariate(
    calibrations: Calibrations,
    figures: dict[str, Figure],
    n: Counts,
    m: Counts | float,
    *,
    labels: Sequence[Sequence[str]] | None = None,
    enough: BoolArray | None = None,
) -> dict[str, CalibratedTest]:
    """Hold the figures (cells,) of the columns together against what is normal; see ``compare_column``."""
    tested = {}
    for metric in METRICS:
        calibration = calibrations.get(metric)
        if not isinstance(calibration, Calibration):
            continue
        statistic = multivariate_statistic(metric, figures[metric], n, m)
        large = np.asarray(above_floor(metric, figures[metric]))
        tested[metric] = hold(calibration, statistic, large, labels, enough)
    return tested
