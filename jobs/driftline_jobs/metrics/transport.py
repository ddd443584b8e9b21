"""The Wasserstein distance of two binned samples, without interpolation."""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import BoolArray, Figure, FloatArray, Status, figure, statuses
from driftline_jobs.metrics.samples import OrderedSample, distribution


def wasserstein(current: OrderedSample, reference: OrderedSample) -> Figure:
    """W1 = ∫ |F - G| from counts and sums per bin, in the column's unit.

    The integral of F - G over a bin is exact: e₁ D₁ - e₀ D₀ - (S/n - R/m). Its absolute value is the bin's
    part of W1 unless F - G changes sign inside; so the sum is exact, or below the truth.
    """
    f, n = distribution(current.counts)
    g, m = distribution(reference.counts)
    shape = np.broadcast_shapes(n.shape, m.shape)
    rows_n = current.counts.sum(-1) + current.below_inf + current.above_inf + current.missing
    rows_m = reference.counts.sum(-1) + reference.below_inf + reference.above_inf + reference.missing
    status = statuses(
        shape,
        (rows_n == 0, Status.EMPTY_WINDOW),
        (rows_m == 0, Status.NO_REFERENCE),
        (current.counts.sum(-1) == 0, Status.NO_VALUES),
        (reference.counts.sum(-1) == 0, Status.NO_REFERENCE_VALUES),
    )
    with np.errstate(over="ignore", invalid="ignore"):  # sums near the largest float: masked as not_finite
        means_n, means_m = current.sums / n[..., None], reference.sums / m[..., None]
        difference = f - g
        at_edges = np.zeros(difference.shape)
        at_edges[..., 1:-1] = current.edges * difference[..., 1:-1]
        parts = np.abs(at_edges[..., 1:] - at_edges[..., :-1] - (means_n - means_m))
        value = parts.sum(-1)
        upper = _upper_bound(current, reference, parts)
    return figure(value, status, lower=value, upper=np.maximum(upper, value))


def _upper_bound(current: OrderedSample, reference: OrderedSample, parts: FloatArray) -> FloatArray:
    """Upper bound of W1 (...,); NaN where the extremes are not known.

    A bin whose F and G cannot cross gives its exact part. Elsewhere the least of two bounds: the bin's width
    times the most F and G can differ in it; and, going by way of both sides collapsed to their means in the
    bin, the distance of these plus 2 (μ - a)(b - μ)/(b - a) for each, the most that values of mean μ in
    [a, b] can be away from it on average.
    """
    if (
        current.minimum is None
        or reference.minimum is None
        or current.maximum is None
        or reference.maximum is None
    ):
        return np.full(parts.shape[:-1], np.nan)
    f, n = distribution(current.counts)
    g, m = distribution(reference.counts)
    ends = np.empty(np.broadcast_shapes(f.shape, g.shape))
    ends[..., 1:-1] = current.edges
    ends[..., 0] = np.minimum(current.minimum, reference.minimum)
    ends[..., -1] = np.maximum(current.maximum, reference.maximum)
    # The outermost edges may lie beyond every value.
    ends[..., 0] = np.minimum(ends[..., 0], ends[..., 1])
    ends[..., -1] = np.maximum(ends[..., -1], ends[..., -2])
    low, high = ends[..., :-1], ends[..., 1:]
    width = high - low
    f0, f1, g0, g1 = f[..., :-1], f[..., 1:], g[..., :-1], g[..., 1:]

    by_width = width * np.maximum(f1 - g0, g1 - f0)
    p, q = f1 - f0, g1 - g0
    mean_n = _bin_means(current.sums / n[..., None], p, low, high)
    mean_m = _bin_means(reference.sums / m[..., None], q, low, high)
    first, last = np.minimum(mean_n, mean_m), np.maximum(mean_n, mean_m)
    between = np.where(mean_n < mean_m, f1 - g0, f0 - g1)
    collapsed = (
        (first - low) * np.abs(f0 - g0) + (last - first) * np.abs(between) + (high - last) * np.abs(f1 - g1)
    )
    safe_width = np.where(width > 0, width, 1.0)
    spread = 2.0 * (p * (mean_n - low) * (high - mean_n) + q * (mean_m - low) * (high - mean_m)) / safe_width
    cannot_cross: BoolArray = (f0 >= g1) | (g0 >= f1)
    loose = np.minimum(by_width, collapsed + spread)
    result: FloatArray = np.where(cannot_cross, parts, np.maximum(loose, parts)).sum(-1)
    return result


def _bin_means(sums: FloatArray, shares: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Mean value in each bin; the bin's start where there is none. Rounding may not take it outside."""
    start = np.broadcast_to(low, np.broadcast_shapes(sums.shape, low.shape)).copy()
    means: FloatArray = np.divide(sums, shares, out=start, where=shares > 0)
    return np.clip(means, low, high)
