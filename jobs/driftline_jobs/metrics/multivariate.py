"""How far the columns have moved together: what no single column shows.

From the number of complete rows, the sums and the cross products of the features, centred on the reference's
means: nothing else of the rows is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftline_jobs.metrics.figures import (
    Counts,
    Figure,
    FloatArray,
    Status,
    figure,
    statuses,
)

EXPLAINED_VARIANCE = 0.65
"""Share of the variance that the reconstruction keeps: what is common to several columns."""
_FLAT = 1e-9
"""Directions with less than this share of the largest variance are not directions: constant columns, sums."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of d features over rows that have them all.

    Attributes:
        n: (...,) rows.
        sums: (..., d) of the features, less the reference's means.
        products: (..., d, d) sums of the products of the same.
    """

    n: Counts
    sums: FloatArray
    products: FloatArray

    def mean(self) -> FloatArray:
        """(..., d) mean, less the reference's."""
        return np.asarray(self.sums / np.maximum(self.n, 1)[..., None], np.float64)

    def covariance(self) -> FloatArray:
        """(..., d, d) with n - 1."""
        mean = self.mean()
        centred = self.products - self.n[..., None, None] * mean[..., :, None] * mean[..., None, :]
        return np.asarray(centred / np.maximum(self.n - 1, 1)[..., None, None], np.float64)


@dataclass(frozen=True, slots=True)
class ReferenceSpace:
    """What the reference's moments teach.

    Attributes:
        n: its rows.
        mean: (d,) less what the moments are centred on.
        whitening: (d, k) features to the k directions that vary, each of variance 1.
        residual: (d, d) standardised features to what the kept components do not explain.
        scale: (d,) standard deviations; 1 for constant features.
        unexplained: mean squared residual of the reference's own rows.
    """

    n: float
    mean: FloatArray
    whitening: FloatArray
    residual: FloatArray
    scale: FloatArray
    unexplained: float


def reference_space(reference: Moments) -> ReferenceSpace | None:
    """Learn the directions of the reference (a single one, no leading axes).

    Returns:
        None where it has too few rows, or fewer than two features that vary: then nothing is between them.
    """
    covariance, n = reference.covariance(), float(reference.n)
    variance = np.diag(covariance)
    varying = variance > 0
    if n <= len(variance) + 1 or varying.sum() < 2 or not np.isfinite(covariance).all():
        return None
    scale = np.where(varying, np.sqrt(np.where(varying, variance, 1.0)), 1.0)
    # Standardised first: which directions are flat must not depend on the features' units.
    correlation = covariance / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    real = values > _FLAT * values[-1]
    whitening = (vectors[:, real] / np.sqrt(values[real])) / scale[:, None]

    share = np.cumsum(values[::-1]) / values.sum()
    dimensions = min(int(np.searchsorted(share, EXPLAINED_VARIANCE)) + 1, int(real.sum()) - 1)
    components = vectors[:, ::-1][:, :dimensions]
    residual = np.diag(varying.astype(np.float64)) - components @ components.T
    unexplained = float(np.trace(residual @ correlation @ residual.T))
    if not unexplained > 0.0:
        return None
    return ReferenceSpace(n, reference.mean(), whitening, residual, scale, unexplained)


def multivariate_drift(current: Moments, space: ReferenceSpace | None) -> dict[str, Figure]:
    """gaussian_kl and reconstruction_error of the windows (...,).

    gaussian_kl is the Kullback-Leibler divergence, in nats, of two normal distributions with the moments of
    window and reference: ½ (tr Z - k - ln|Z| + z'z) for the k whitened features, z their mean and Z their
    covariance. Twice its excess over chance, over 1/n + 1/m, is about chi-squared with k (k + 3) / 2 degrees
    of freedom: ``debiased`` takes half of these away.

    reconstruction_error is how much larger or smaller the part of the standardised features is that the
    reference's first components do not explain: root mean square, over that of the reference, less 1.
    """
    shape = current.n.shape
    names = ("gaussian_kl", "reconstruction_error")
    if space is None:
        nothing = figure(np.nan, statuses(shape, (np.asarray(True), Status.NO_REFERENCE_VALUES)))
        return dict.fromkeys(names, nothing)
    k = space.whitening.shape[1]
    status = statuses(shape, (current.n == 0, Status.EMPTY_WINDOW), (current.n <= k + 1, Status.TOO_FEW_ROWS))
    usable = status == Status.OK.value
    shift = current.mean() - space.mean
    z = shift @ space.whitening
    covariance = space.whitening.T @ current.covariance() @ space.whitening
    safe = np.where(usable[..., None, None], covariance, np.eye(k))
    spread = np.linalg.eigvalsh(safe)
    collapsed = usable & (spread[..., 0] < _FLAT)
    logarithm = np.log(np.maximum(spread, _FLAT)).sum(-1)
    status = statuses(
        shape,
        (current.n == 0, Status.EMPTY_WINDOW),
        (current.n <= k + 1, Status.TOO_FEW_ROWS),
        (collapsed, Status.COLLAPSED),
    )
    traces = np.trace(safe, axis1=-2, axis2=-1)
    divergence = 0.5 * (traces - k - logarithm + (z**2).sum(-1))
    degrees = k * (k + 3) / 2
    sampling = 1.0 / np.maximum(current.n, 1) + 1.0 / space.n
    divergence = np.where(collapsed, np.nan, divergence)

    standardised = shift / space.scale
    second = current.covariance() / np.outer(space.scale, space.scale)
    second = second + standardised[..., :, None] * standardised[..., None, :]
    left = space.residual @ second @ space.residual.T
    unexplained = np.maximum(np.trace(left, axis1=-2, axis2=-1), 0.0)
    missing_status = statuses(
        shape, (current.n == 0, Status.EMPTY_WINDOW), (current.n < 2, Status.TOO_FEW_ROWS)
    )
    return {
        "gaussian_kl": figure(
            divergence, status, debiased=divergence - 0.5 * degrees * sampling, degrees=degrees
        ),
        "reconstruction_error": figure(np.sqrt(unexplained / space.unexplained) - 1.0, missing_status),
    }
