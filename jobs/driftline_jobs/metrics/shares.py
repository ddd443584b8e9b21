"""Distances between the shares of two sets of bins: the figures that ordered and categorical columns share.

A bin that is empty on both sides is left out: a figure must not depend on how many values the vocabulary
holds that occur in neither. B below counts the bins that remain; s = 1/n + 1/m.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import scipy

from driftline_jobs.metrics.figures import (
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
LARGE_BY_CHANCE = 1e-4
"""Share of windows without drift in which a bin that the reference has hardly any rows of counts as large."""


def share_figures(
    current: Counts,
    reference: Counts,
    shape: Shape,
    constant: BoolArray,
    *,
    known_by_chance: Counts | None = None,
) -> dict[str, Figure]:
    """psi, js_distance, tvd, chi_squared and l_infinity of two sets of counts.

    Args:
        current, reference: (..., B) rows per bin, leading axes that broadcast to ``shape``.
        shape: the leading axes of the result.
        constant: (...,) where the bins cannot tell any two windows apart.
        known_by_chance: (..., B) the reference's rows, but for bins that are what the reference does not
            know: there, so many as make new values no surprise. None where there is no such bin.
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
        "chi_squared": _chi_squared(
            current,
            reference,
            reference if known_by_chance is None else known_by_chance,
            rows_n,
            rows_m,
            status,
        ),
        "l_infinity": figure(difference.max(-1, initial=0.0), status),
    }


def _smoothed(counts: Counts, active: BoolArray, bins: Counts) -> FloatArray:
    """Shares after adding ``SMOOTHING`` to each active bin; 1 elsewhere, on both sides alike."""
    raised = counts + SMOOTHING
    total = counts.sum(-1) + SMOOTHING * np.maximum(bins, 1)
    return np.where(active, raised / total[..., None], 1.0)


def _chi_squared(
    current: Counts,
    reference: Counts,
    known: Counts,
    rows_n: FloatArray,
    rows_m: FloatArray,
    status: TextArray,
) -> Figure:
    """Pearson's statistic of the 2 × B table, without continuity correction.

    A bin is rare if, by the reference's shares, a sample of the smaller side's size expects fewer than
    ``MIN_EXPECTED`` rows in it. Rare bins are merged into one first, but for those that are large in the
    window: what is new there would vanish among what it replaces. If the merged one is rare still, and not
    large, it is merged with the rarest of the common ones. Published debiased by the degrees of freedom,
    which are those after merging.
    """
    scale = np.minimum(rows_n, rows_m) / rows_m
    share = rows_n / (rows_n + rows_m)
    shape = np.broadcast_shapes(current.shape, reference.shape)
    now, then, known = (cast("Counts", np.broadcast_to(side, shape)) for side in (current, reference, known))
    common = then * scale[..., None] >= MIN_EXPECTED
    rare = ~common & (now + then > 0)
    apart = common | _large_in_window(now, known, share[..., None], rare)
    rest_n: Counts = np.where(apart, 0, now).sum(-1)
    rest_m: Counts = np.where(apart, 0, then).sum(-1)

    joined = (
        (rest_n + rest_m > 0)
        & (rest_m * scale < MIN_EXPECTED)
        & ~_large_in_window(rest_n[..., None], rest_m[..., None], share[..., None], np.array([True]))[..., 0]
        & common.any(-1)
    )
    rarest = np.where(common, then, np.inf).argmin(-1)[..., None]
    rest_n = rest_n + np.where(joined, np.take_along_axis(now, rarest, -1)[..., 0], 0)
    rest_m = rest_m + np.where(joined, np.take_along_axis(then, rarest, -1)[..., 0], 0)
    np.put_along_axis(apart, rarest, np.take_along_axis(apart, rarest, -1) & ~joined[..., None], -1)

    total = (now + then).astype(np.float64)
    difference = now / rows_n[..., None] - then / rows_m[..., None]
    terms = np.divide(difference**2, total, out=np.zeros(total.shape), where=apart).sum(-1)
    rest = (rest_n + rest_m).astype(np.float64)
    rest_difference = rest_n / rows_n - rest_m / rows_m
    terms = terms + np.divide(rest_difference**2, rest, out=np.zeros(rest.shape), where=rest > 0)
    value = terms * rows_n * rows_m
    degrees = apart.sum(-1) + (rest > 0) - 1.0
    occupied = (total > 0).sum(-1)
    merged_away = (status == Status.OK.value) & (degrees < 1) & (occupied > 1)
    status = np.where(merged_away, Status.TOO_FEW_ROWS.value, status)
    return figure(value, status, debiased=value - degrees, degrees=degrees)


def _large_in_window(now: Counts, then: Counts, share: FloatArray, among: BoolArray) -> BoolArray:
    """(..., B) which of the bins ``among`` hold more of the window's rows than chance explains.

    Of the ``now + then`` rows of a bin each lies in the window with probability ``share`` if nothing has
    drifted. A bin is large if the window has ``MIN_EXPECTED`` rows in it, and so many only with a probability
    of ``LARGE_BY_CHANCE`` over the number of bins looked at: too seldom to matter to the level of a test.
    """
    looked_at = np.broadcast_to(among, now.shape)
    large = np.zeros(now.shape, np.bool_)
    at = looked_at & (now >= MIN_EXPECTED)
    if at.any():
        level = np.broadcast_to(LARGE_BY_CHANCE / np.maximum(looked_at.sum(-1, keepdims=True), 1), now.shape)
        chance = scipy.special.betainc(now[at], then[at] + 1.0, np.broadcast_to(share, now.shape)[at])
        large[at] = chance <= level[at]
    return large
