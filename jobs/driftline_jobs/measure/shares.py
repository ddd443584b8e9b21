"""Distances between the shares of two sets of bins: the figures that ordered and categorical columns share.

A bin that is empty on both sides is left out: a figure must not depend on how many values the vocabulary
holds that occur in neither. B below counts the bins that remain; s = 1/n + 1/m.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from driftline_jobs.measure.figures import (
    BoolArray,
    Counts,
    Figure,
    FloatArray,
    Shape,
    Status,
    TextArray,
    figure,
    statuses,
)

SMOOTHING = 0.5
"""Added to each bin's count before shares are taken, where a logarithm of a share is (psi, js_distance)."""
MIN_EXPECTED = 5.0
"""Pearson's statistic is about chi-squared only where each bin expects at least this many rows."""


def share_figures(current: Counts, reference: Counts, shape: Shape, constant: BoolArray) -> dict[str, Figure]:
    """psi, js_distance, tvd, chi_squared and l_infinity of two sets of counts.

    Args:
        current, reference: (..., B) rows per bin, leading axes that broadcast to ``shape``.
        shape: the leading axes of the result.
        constant: (...,) where the bins cannot tell any two windows apart.
    """
    n, m = current.sum(-1), reference.sum(-1)
    status = statuses(
        shape, (n == 0, Status.EMPTY_WINDOW), (m == 0, Status.NO_REFERENCE), (constant, Status.CONSTANT)
    )
    # Cells without rows are masked by their status: 1 only keeps the arithmetic quiet.
    rows_n, rows_m = np.maximum(n, 1).astype(np.float64), np.maximum(m, 1).astype(np.float64)
    sampling = 1.0 / rows_n + 1.0 / rows_m
    active = (current + reference) > 0
    bins = active.sum(-1)
    degrees = np.maximum(bins - 1, 0).astype(np.float64)

    p, q = _smoothed(current, active, bins), _smoothed(reference, active, bins)
    psi = ((p - q) * np.log(p / q)).sum(-1)
    middle = 0.5 * (p + q)
    divergence = 0.5 * (p * np.log2(p / middle) + q * np.log2(q / middle)).sum(-1).clip(min=0.0)
    # Near p = q the divergence is an eighth of the PSI, in bits.
    js_bias = degrees * sampling / (8.0 * np.log(2.0))

    difference = np.abs(current / rows_n[..., None] - reference / rows_m[..., None])
    pooled = (current + reference) / (rows_n + rows_m)[..., None]
    # E|p - q| of two samples of one distribution, by the normal approximation
    tvd_bias = 0.5 * np.sqrt(2.0 / np.pi * sampling[..., None] * pooled * (1.0 - pooled)).sum(-1)
    return {
        "psi": figure(psi, status, debiased=psi - degrees * sampling, degrees=degrees),
        "js_distance": figure(
            np.sqrt(divergence),
            status,
            debiased=np.sqrt(np.maximum(divergence - js_bias, 0.0)),
            degrees=degrees,
        ),
        "tvd": figure(
            0.5 * difference.sum(-1), status, debiased=0.5 * difference.sum(-1) - tvd_bias, degrees=degrees
        ),
        "chi_squared": _chi_squared(current, reference, rows_n, rows_m, status),
        "l_infinity": figure(difference.max(-1, initial=0.0), status),
    }


def _smoothed(counts: Counts, active: BoolArray, bins: Counts) -> FloatArray:
    """Shares after adding ``SMOOTHING`` to each active bin; 1 elsewhere, on both sides alike."""
    raised = counts + SMOOTHING
    total = counts.sum(-1) + SMOOTHING * np.maximum(bins, 1)
    return np.where(active, raised / total[..., None], 1.0)


def _chi_squared(
    current: Counts, reference: Counts, rows_n: FloatArray, rows_m: FloatArray, status: TextArray
) -> Figure:
    """Pearson's statistic of the 2 × B table, without continuity correction.

    Bins that expect fewer than ``MIN_EXPECTED`` rows on either side are merged into one first; if that one
    still expects fewer, it is merged with the rarest of the others. Published debiased by the degrees of
    freedom, which are those after merging.
    """
    total = (current + reference).astype(np.float64)
    share = np.minimum(rows_n, rows_m) / (rows_n + rows_m)
    expected = total * share[..., None]
    large = expected >= MIN_EXPECTED
    rare_n, rare_m = (np.where(large, 0, side).sum(-1) for side in (current, reference))

    rarest = np.where(large, total, np.inf).argmin(-1)[..., None]
    joined = ((rare_n + rare_m) > 0) & ((rare_n + rare_m) * share < MIN_EXPECTED) & large.any(-1)
    rare_n = rare_n + np.where(joined, np.take_along_axis(current + 0 * reference, rarest, -1)[..., 0], 0)
    rare_m = rare_m + np.where(joined, np.take_along_axis(reference + 0 * current, rarest, -1)[..., 0], 0)
    np.put_along_axis(large, rarest, np.take_along_axis(large, rarest, -1) & ~joined[..., None], -1)

    difference = current / rows_n[..., None] - reference / rows_m[..., None]
    terms = np.divide(difference**2, total, out=np.zeros(total.shape), where=large).sum(-1)
    rare = (rare_n + rare_m).astype(np.float64)
    rare_difference = rare_n / rows_n - rare_m / rows_m
    terms = terms + np.divide(rare_difference**2, rare, out=np.zeros(rare.shape), where=rare > 0)
    value = terms * rows_n * rows_m
    degrees = large.sum(-1) + (rare > 0) - 1.0
    occupied = (total > 0).sum(-1)
    merged_away = (status == Status.OK.value) & (degrees < 1) & (occupied > 1)
    status = np.where(merged_away, Status.TOO_FEW_ROWS.value, status)
    return figure(value, status, debiased=value - degrees, degrees=degrees)


def independence_p_value(chi_squared: Figure) -> FloatArray:
    """(...,) upper tail of the chi-squared distribution, NaN where there is no figure.

    It holds for rows drawn independently of each other, which production rows are not: clean days fail it
    all the time. It is for display, and for windows that nothing better is known about.
    """
    degrees = np.where(chi_squared.degrees > 0, chi_squared.degrees, 1.0)
    p: FloatArray = chdtrc(degrees, np.where(chi_squared.ok, chi_squared.value, 0.0))
    return np.where(chi_squared.ok, np.where(chi_squared.degrees > 0, p, 1.0), np.nan)
