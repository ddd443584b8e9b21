"""The figures that decide, on the scale on which they are calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftline_jobs.detection.tail import Deviations
from driftline_jobs.metrics.figures import Counts, Figure, FloatArray, IntArray
from driftline_jobs.metrics.largest_share import largest_share
from driftline_jobs.metrics.samples import CategorySample, OrderedSample, TextSample
from driftline_jobs.metrics.texts import TEXT_METRICS

SIGNED = ("mean_shift", "null_fraction_delta")
"""Statistics with a sign: small shifts to one side add up. Their spreads are moderated over the columns."""
UNSIGNED = ("anderson_darling", "chi_squared")
"""Statistics of the shape without one, in the order in which they stand in for a shift of the mean."""
GUARD = "psi"
"""Calibrated beside chi_squared, whose p-value is the larger of both. Where windows vary beyond sampling, a
rare value's squared difference over its expectation has a heavy tail: at 1e-4 clean windows exceed it seven
times too often. Its part of the PSI grows with a logarithm, and its p-values hold."""
_OF_LARGEST = 0.2
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
        signed: it may lie on either side of nothing, and ``expected`` is the mean of its square.
    """

    value: FloatArray
    expected: FloatArray
    sampling: FloatArray
    factor: FloatArray
    root: float = 1.0
    signed: bool = False

    def published(self, value: FloatArray) -> FloatArray:
        """A value on this scale in the unit of the metric."""
        if self.signed:
            return np.asarray(value * self.factor, np.float64)
        scaled: FloatArray = np.maximum(value * self.factor, 0.0) ** self.root
        return scaled

    def at(self, where: IntArray) -> Statistic:
        """That of some of the windows."""
        return Statistic(
            self.value[where],
            self.expected[where],
            self.sampling[where],
            self.factor[where],
            self.root,
            self.signed,
        )

    def squares(self) -> FloatArray:
        """(...,) what has ``expected`` plus variation / sampling as its mean."""
        return self.value**2 if self.signed else self.value


def statistic_of(
    metric: str,
    figure: Figure,
    current: OrderedSample | CategorySample,
    reference: OrderedSample | CategorySample,
) -> Statistic:
    """The statistic of one of the metrics that decide (``DECIDING`` of a sample).

    anderson_darling and chi_squared are statistics already. psi and the share of unseen values are put on
    their scale by 1/s. A shift of the mean, and a change in the share of missing values, are taken in
    standard errors, with their signs.
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
    if (
        metric == "share_shift"
        and isinstance(current, CategorySample)
        and isinstance(reference, CategorySample)
    ):
        found = largest_share(current, reference)
        value = np.where(figure.ok, found.squared, np.nan)
        return Statistic(value, one, sampling * one, found.variance, 0.5)
    if metric == "mean_shift":
        error = np.sqrt(sampling) * one
        return Statistic(figure.value / error, one, sampling * one, error, signed=True)
    if metric == "null_fraction_delta":
        missing = current.missing + reference.missing
        share = missing / np.maximum(n + m, 1.0)
        error = np.sqrt(np.clip(share * (1.0 - share), 0.0, None) * sampling) * one
        value = np.divide(figure.value, error, out=np.zeros(shape), where=error > 0)
        return Statistic(np.where(figure.ok, value, np.nan), one, sampling * one, error, signed=True)
    if metric in TEXT_METRICS and isinstance(current, TextSample) and isinstance(reference, TextSample):
        return _of_texts(metric, figure, current, reference)
    raise ValueError(f"{metric} does not decide: calibrate one of {current.DECIDING}")


def _of_texts(metric: str, figure: Figure, current: TextSample, reference: TextSample) -> Statistic:
    """Differences of shares in standard errors, as if each text were drawn by itself: words of one text go
    together."""
    n, m = (np.maximum(side.texts(), 1.0) for side in (current, reference))
    sampling = np.asarray(1.0 / n + 1.0 / m, np.float64)
    if metric == "empty_fraction_delta":
        part, whole = current.blank + reference.blank, n + m
    else:
        part = current.unseen_words + reference.unseen_words + reference.single_words
        whole = np.maximum(current.words + reference.words, 1)
    share = part / whole
    error = np.sqrt(np.clip(share * (1.0 - share), 0.0, None) * sampling)
    value = np.divide(figure.value, error, out=np.zeros(figure.value.shape), where=error > 0)
    one = np.ones(value.shape)
    return Statistic(np.where(figure.ok, value, np.nan), one, sampling * one, error * one, signed=True)


def _rows(sample: OrderedSample | CategorySample) -> FloatArray:
    return np.asarray(sample.every_row().sum(-1), np.float64)


_RARE = 5.0
"""Bins in which a window has fewer rows than this on average are taken as one."""


def deviations_of(
    metric: str, current: OrderedSample | CategorySample, reference: OrderedSample | CategorySample
) -> Deviations | None:
    """What the statistic of K windows adds the squares of; None for one that is no sum of squares.

    Args:
        current, reference: (K, ...) samples: the windows, and what each is compared with.
    """
    if metric == "anderson_darling":
        # the missing rows lie in the last bin, and tell nothing of the order
        return _at_edges(current.every_row()[..., :-1], reference.every_row()[..., :-1])
    if metric in {"chi_squared", GUARD}:
        return _in_bins(current.every_row(), reference.every_row())
    return None


def _at_edges(now: Counts, then: Counts) -> Deviations | None:
    n, m = now.sum(-1), then.sum(-1)
    pooled = np.cumsum(now + then, -1)[..., :-1] / np.maximum(n + m, 1.0)[..., None]
    typical = pooled.mean(0)
    between = (typical > 0.0) & (typical < 1.0)
    edges = int(between.sum())
    if not edges:
        return None
    gap = np.cumsum(now, -1)[..., :-1] / np.maximum(n, 1.0)[..., None]
    gap = gap - np.cumsum(then, -1)[..., :-1] / np.maximum(m, 1.0)[..., None]
    weight = np.clip(
        pooled * (1.0 - pooled), 0.0, None
    )  # shares of weighed rows may be a last place beyond 1
    scaled = np.divide(gap, np.sqrt(weight), out=np.zeros(gap.shape), where=weight > 0.0)
    scaled = scaled * np.sqrt(n * m / np.maximum(n + m, 1.0) / edges)[..., None]
    below = typical[between]
    covariance = np.minimum.outer(below, below) - np.outer(below, below)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread) / edges
    second = float((correlation**2).sum())
    third = float(((correlation @ correlation) * correlation).sum())
    return Deviations(scaled[..., between], 1.0, second, third)


def _in_bins(now: Counts, then: Counts) -> Deviations | None:
    n, m = now.sum(-1, keepdims=True), then.sum(-1, keepdims=True)
    pooled = (now + then) / np.maximum(n + m, 1.0)
    rare = (pooled * n).mean(0) < _RARE

    def merged(counts: Counts) -> Counts:
        parts: Counts = np.concatenate([counts[..., ~rare], counts[..., rare].sum(-1, keepdims=True)], -1)
        return parts

    now, then = merged(now), merged(then)
    pooled = (now + then) / np.maximum(n + m, 1.0)
    gap = now / np.maximum(n, 1.0) - then / np.maximum(m, 1.0)
    error = np.sqrt(np.clip(pooled, 0.0, None) * (1.0 / np.maximum(n, 1.0) + 1.0 / np.maximum(m, 1.0)))
    degrees = float((pooled.mean(0) > 0.0).sum() - 1)
    if degrees < 1.0:
        return None
    scaled = np.divide(gap, error, out=np.zeros(gap.shape), where=error > 0.0)
    return Deviations(scaled, degrees, degrees, degrees)


def power_of(metric: str, reference: OrderedSample | CategorySample) -> float:
    """The power of the statistic that is nearest to normal without drift.

    A sum of weighted squares of normals is nearest at 1 - 2 θ₁ θ₃ / (3 θ₂²), θ_r the sum of the r-th powers
    of the weights (Jensen and Solomon, JASA 1972): the cube root for equal weights, which chi-squared has.
    Those of Anderson-Darling are the eigenvalues of the correlation of F at the edges over the number of
    edges: the logarithm (a power of 0) for many edges, the cube root for one.

    The largest of several squares is nearest below the cube root (simulated, see ``LEAST_SHARE``).

    Args:
        reference: a single sample (no leading axes), for the shares that the edges cut off.
    """
    if metric == "share_shift":
        return _OF_LARGEST
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
