"""The figures that decide, on the scale on which they are calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftline_jobs.metrics.figures import Figure, FloatArray
from driftline_jobs.metrics.samples import CategorySample, OrderedSample

GUARD = "psi"
"""Calibrated beside chi_squared, whose p-value is the larger of both. Where windows vary beyond sampling, a
rare value's squared difference over its expectation has a heavy tail: at 1e-4 clean windows exceed it seven
times too often. Its part of the PSI grows with a logarithm, and its p-values hold."""
CUBE_ROOT = 1.0 / 3.0
"""Wilson and Hilferty (1931): the cube root of a chi-squared variable is all but normal."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic over cells or windows. Without drift its mean is ``expected`` plus variation / sampling.

    Attributes:
        value: (...,) on the scale of the calibration; NaN where there is none.
        expected: (...,) what sampling alone gives on average.
        sampling: (...,) 1/n + 1/m.
        factor, root: the metric as it is published is (value · factor) ** root.
    """

    value: FloatArray
    expected: FloatArray
    sampling: FloatArray
    factor: FloatArray
    root: float = 1.0

    def published(self, value: FloatArray) -> FloatArray:
        """A value on this scale in the unit of the metric."""
        scaled: FloatArray = np.maximum(value * self.factor, 0.0) ** self.root
        return scaled


def statistic_of(
    metric: str,
    figure: Figure,
    current: OrderedSample | CategorySample,
    reference: OrderedSample | CategorySample,
) -> Statistic:
    """The statistic of one of the metrics that decide (``DECIDING`` of a sample).

    anderson_darling and chi_squared are statistics already. psi and the share of unseen values are put on
    their scale by 1/s. A change in the share of missing values becomes the chi-squared statistic of both
    shares.
    """
    n, m = _rows(current), _rows(reference)
    sampling = 1.0 / np.maximum(n, 1.0) + 1.0 / np.maximum(m, 1.0)
    shape = np.broadcast_shapes(figure.value.shape, sampling.shape)
    one = np.ones(shape)
    if metric == "anderson_darling":
        return Statistic(figure.value, one, sampling * one, one)
    if metric == "chi_squared":
        return Statistic(figure.value, figure.degrees, sampling * one, one)
    if metric == GUARD:
        return Statistic(figure.value / sampling, figure.degrees, sampling * one, sampling * one)
    if metric == "unseen_fraction":
        return Statistic(figure.value / sampling, 0.0 * one, sampling * one, sampling * one)
    if metric == "null_fraction_delta":
        missing = current.missing + reference.missing
        share = missing / np.maximum(n + m, 1.0)
        factor = share * (1.0 - share) * sampling
        value = np.divide(figure.value**2, factor, out=np.zeros(shape), where=factor > 0)
        return Statistic(np.where(figure.ok, value, np.nan), one, sampling * one, factor * one, 0.5)
    raise ValueError(f"{metric} does not decide: calibrate one of {current.DECIDING}")


def _rows(sample: OrderedSample | CategorySample) -> FloatArray:
    return np.asarray(sample.every_row().sum(-1), np.float64)


def power_of(metric: str, reference: OrderedSample | CategorySample) -> float:
    """The power of the statistic that is nearest to normal without drift.

    A sum of weighted squares of normals is nearest at 1 - 2 θ₁ θ₃ / (3 θ₂²), θ_r the sum of the r-th powers
    of the weights (Jensen and Solomon, JASA 1972): the cube root for equal weights, which chi-squared has.
    Those of Anderson-Darling are the eigenvalues of the correlation of F at the edges over the number of
    edges: the logarithm (a power of 0) for many edges, the cube root for one.

    Args:
        reference: a single sample (no leading axes), for the shares that the edges cut off.
    """
    if metric != "anderson_darling" or not isinstance(reference, OrderedSample):
        return CUBE_ROOT
    counts = reference.with_infinities()
    below = np.cumsum(counts)[:-1] / max(float(counts.sum()), 1.0)
    below = below[(below > 0) & (below < 1)]
    if not len(below):
        return CUBE_ROOT
    covariance = np.minimum.outer(below, below) - np.outer(below, below)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread) / len(below)
    second = float((correlation**2).sum())
    third = float((correlation @ correlation * correlation).sum())
    return float(np.clip(1.0 - 2.0 * third / (3.0 * second**2), 0.0, CUBE_ROOT))
