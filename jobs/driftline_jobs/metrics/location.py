"""The shift of a column's mean, in standard deviations of the reference, from counts and sums per bin."""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import Counts, Figure, FloatArray, Status, figure, statuses
from driftline_jobs.metrics.samples import OrderedSample

_LAST_PLACES = 1e-28


def mean_shift(current: OrderedSample, reference: OrderedSample) -> Figure:
    """(mean of the window - mean of the reference) / standard deviation of the reference.

    The means are exact, by the sums, but that rows beyond the outer edges count at most as far out as these
    edges lie apart, on average, and infinities as the others there: a mean that a single row can move tells
    nothing of the others (after Winsor: Dixon and Tukey, Technometrics 1968). The standard deviation is that
    between bins, which lacks what bins hide: 1 % where they hold 5 % of the rows. Where the reference has
    none, it is that of both together.
    """
    counts_n, counts_m = current.with_infinities(), reference.with_infinities()
    n, m = counts_n.sum(-1), counts_m.sum(-1)
    with np.errstate(over="ignore", invalid="ignore"):  # sums near the largest float: masked as not_finite
        # the largest doubles have no squares
        unit = float(np.abs(reference.edges).max(initial=0.0)) or 1.0
        mean_n, variance_n = _moments(counts_n, _bin_means(current) / unit)
        mean_m, variance = _moments(counts_m, _bin_means(reference) / unit)
        share = n / np.maximum(n + m, 1)
        together = share * variance_n + (1.0 - share) * (variance + share * (mean_n - mean_m) ** 2)
        # means of equal values differ in their last places
        same = _LAST_PLACES * np.maximum(mean_m**2, mean_n**2)
        variance = np.where(variance > same, variance, np.where(together > same, together, 0.0))
        value = (mean_n - mean_m) / np.sqrt(np.where(variance > 0.0, variance, 1.0))
    shape = np.broadcast_shapes(n.shape, m.shape)
    status = statuses(
        shape,
        ((n == 0) & (current.missing == 0), Status.EMPTY_WINDOW),
        ((m == 0) & (reference.missing == 0), Status.NO_REFERENCE),
        (n == 0, Status.NO_VALUES),
        (m == 0, Status.NO_REFERENCE_VALUES),
    )
    return figure(value, status)


def _moments(counts: Counts, means: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(...,) mean and variance of rows that count as the means of their bins."""
    rows = np.maximum(counts.sum(-1), 1)
    mean = (counts * means).sum(-1) / rows
    return mean, (counts * (means - mean[..., None]) ** 2).sum(-1) / rows


def _bin_means(sample: OrderedSample) -> FloatArray:
    """(..., B) mean value per bin, those of the outer bins within reach of the edges; 0 in an empty one."""
    edges, filled = sample.edges, sample.counts > 0
    means: FloatArray = np.divide(sample.sums, sample.counts, out=np.zeros(sample.sums.shape), where=filled)
    if not len(edges):
        return means
    # infinities alone lie at the edge
    for at, edge in ((0, edges[0]), (-1, edges[-1])):
        means[..., at] = np.where(filled[..., at], means[..., at], edge)
    if len(edges) > 1:
        reach = edges[-1] - edges[0]
        means[..., 0] = np.maximum(means[..., 0], edges[0] - reach)
        means[..., -1] = np.minimum(means[..., -1], edges[-1] + reach)
    return means
