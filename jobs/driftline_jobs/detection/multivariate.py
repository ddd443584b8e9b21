"""The test of the columns together: drift between them, calibrated as that of each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from driftline_jobs.detection.calibration import Calibration, Uncalibrated
from driftline_jobs.detection.column_tests import CalibratedTest, Calibrations, hold
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.limits import above_floor
from driftline_jobs.detection.resampling import Splits
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.detection.tail import Deviations
from driftline_jobs.metrics.figures import BoolArray, Counts, Figure, stacked
from driftline_jobs.metrics.multivariate import Moments, ReferenceSpace, multivariate_drift, reference_space

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
    parts = [splits.apply(of) for of in (pieces.n, pieces.sums, pieces.products)]
    windows, rests = (Moments(*(part[side] for part in parts)) for side in (0, 1))
    found: list[dict[str, Figure]] = []
    for at in range(len(splits.window)):
        rest = Moments(rests.n[at], rests.sums[at], rests.products[at])
        found.append(
            multivariate_drift(
                Moments(windows.n[at], windows.sums[at], windows.products[at]), reference_space(rest)
            )
        )
    figures = {metric: stacked([one[metric] for one in found]) for metric in METRICS}
    whole = Moments(pieces.n.sum(0), pieces.sums.sum(0), pieces.products.sum(0))
    deviations = {
        "gaussian_kl": _deviations(windows, rests, reference_space(whole)),
        "reconstruction_error": _of_one(figures["reconstruction_error"], windows.n, rests.n),
    }
    return {
        metric: calibrate(
            multivariate_statistic(metric, figure, windows.n, rests.n),
            splits,
            deviations=deviations[metric],
        )
        for metric, figure in figures.items()
    }


def _deviations(windows: Moments, rests: Moments, space: ReferenceSpace | None) -> Deviations | None:
    """What twice the divergence over 1/n + 1/m adds the squares of, up to the second order: the whitened
    means, and the covariances less the unit matrix. All are taken in one space, that of the whole reference.
    """
    if space is None:
        return None
    whitening, size = space.whitening, space.whitening.shape[1]
    means = (windows.mean() - rests.mean()) @ whitening
    spreads = whitening.T @ (windows.covariance() - rests.covariance()) @ whitening
    one, other = np.triu_indices(size)
    entries = spreads[:, one, other] * np.where(one == other, np.sqrt(0.5), 1.0)
    sampling = 1.0 / np.maximum(windows.n, 1) + 1.0 / np.maximum(rests.n, 1)
    degrees = 0.5 * size * (size + 3.0)
    return Deviations(
        np.concatenate([means, entries], -1) / np.sqrt(sampling)[:, None], degrees, degrees, degrees
    )


def _of_one(figure: Figure, n: Counts, m: Counts) -> Deviations:
    sampling = 1.0 / np.maximum(n, 1) + 1.0 / np.maximum(m, 1)
    return Deviations((figure.value / np.sqrt(sampling))[:, None], 1.0, 1.0, 1.0)


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
    return {metric: replace(test, part=1.0 / len(tested)) for metric, test in tested.items()}
