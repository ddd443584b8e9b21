"""What the change of one column's distribution does by itself: importance weighting by its bins.

q_b and p_b are the shares of bin b in the reference and in the window. If the column alone had changed, and
the rows of a bin had stayed what they are, each row of the reference would count w_b = p_b / q_b times
(covariate shift: Shimodaira, Journal of Statistical Planning and Inference 90, 2000; by bins, as
post-stratification does it).
"""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import BoolArray, Counts, FloatArray, IntArray

FEWEST_ROWS = 10
"""Of fewer rows of the reference a bin says nothing: its rows are as good as unknown."""
FEWEST_WINDOWS, OF_WINDOWS = 3, 8
"""So many windows of the reference have to have met a bin, where it has enough of them to tell: what was met
on one day only says what that day was like."""


def is_known(then: Counts, by_window: Counts) -> BoolArray:
    """(B,) whether a bin has rows enough in the reference, from windows enough.

    Args:
        then: (B,) rows of the reference; by_window: (D, B) the same by window, (0, B) where it has none.
    """
    enough: BoolArray = then >= FEWEST_ROWS
    return enough & ((by_window > 0).sum(0) >= FEWEST_WINDOWS) if len(by_window) >= OF_WINDOWS else enough


def bin_weights(
    now: Counts, then: Counts, known: BoolArray, own: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What each row of the reference counts in a bin (W, B), and the share of unknown rows (W,).

    NaN where the window has no rows; weights also where it is all of the reference.

    Bins that are not known are one: whatever it gains stands for the reference as a whole, so that it moves
    no figure. Where a window is part of the reference, it is held
    against what it leaves: p becomes q + (p - q) / (1 - own). All weights of a window have the mean 1 over
    the rows of the reference.

    Args:
        now: (W, B) rows of each window.
        then: (B,) rows of the reference.
        known: (B,) see ``is_known``.
        own: (W,) share of the reference's rows that are the window's own, 0 for windows outside of it.
    """
    rows = now.sum(-1, keepdims=True)
    p = now / np.where(rows > 0, rows, np.nan)
    q = then / max(then.sum(), 1)
    unknown = (p * ~known).sum(-1)
    gained = unknown - np.where(known, 0.0, q).sum()
    weights = np.where(known, p / np.where(known, q, 1.0), 1.0) + gained[:, None]
    left = np.where(own < 1.0, 1.0 - own, np.nan)[:, None]
    weights = np.maximum(1.0 + (weights - 1.0) / left, 0.0)
    mean = (weights * q).sum(-1, keepdims=True)
    return weights / np.where(mean > 0, mean, np.nan), unknown


def divergence(weights: FloatArray, then: Counts) -> FloatArray:
    """(W,) Σ_b q_b (w_b - 1)², the chi-squared divergence of a window from the reference.

    Times the variance of a figure of the reference it is that of its change by chance: by weights that have
    nothing to do with a row's part φ in the figure, the mean of (w - 1) φ over the rows.

    Args:
        weights: (W, B) of ``bin_weights``; then: (B,) rows of the reference.
    """
    q = then / max(then.sum(), 1)
    found: FloatArray = ((weights - 1.0) ** 2 * q).sum(-1)
    return found


def concentration(weights: FloatArray, by_window: Counts) -> FloatArray:
    """(W,) Σ_d f_d² (w̄_d - 1)²: how much of the weight lies on a few windows d of the reference, of which
    each has the share f_d of the rows and w̄_d as their mean weight.

    Times the variance of a figure between windows it is that of its change by chance, where rows of one
    window are alike for reasons of their own: a bin met on one rainy day says what that day was like.

    Args:
        weights: (W, B) of ``bin_weights``.
        by_window: (D, B) rows of the reference; (0, B) where it has no windows.
    """
    rows = by_window.sum(-1)
    mean = (weights[:, None, :] * by_window).sum(-1) / np.maximum(rows, 1)
    found: FloatArray = ((rows / max(rows.sum(), 1)) ** 2 * (mean - 1.0) ** 2).sum(-1)
    return found


def mean_change(weights: FloatArray, counts: IntArray, means: FloatArray) -> FloatArray:
    """(W,) the mean of the rows so weighted, less that of the reference: Σ_b (p_b - q_b) g_b, with g_b the
    mean of bin b.

    Args:
        weights: (W, B) as above.
        counts: (B, S) rows of the reference by bin and score bin.
        means: (S,) mean score of each score bin.
    """
    rows, total = counts.sum(-1), (counts * means).sum(-1)
    found: FloatArray = (weights * total).sum(-1) / (weights * rows).sum(-1) - total.sum() / max(
        rows.sum(), 1
    )
    return found


def deviation(counts: IntArray, means: FloatArray) -> float:
    """Standard deviation of the score over (S,) counts, NaN without rows; within a bin it does not vary."""
    rows = int(counts.sum())
    if not rows:
        return float("nan")
    mean = float((counts * means).sum()) / rows
    return float(np.sqrt((counts * (means - mean) ** 2).sum() / rows))


def explained(counts: IntArray, means: FloatArray) -> tuple[float, float]:
    """The variance of the score between the bins of a column, less what chance alone would bring, and all of
    it, both over (B, S) rows.

    Their ratio is the correlation ratio eta² less (B - 1)/(m - B) (1 - eta²), which is epsilon² (Kelley, PNAS
    21, 1935): unbiased where the column says nothing. Never below zero.
    """
    rows = counts.sum(-1)
    bins, m = int((rows > 0).sum()), int(rows.sum())
    if m <= bins:
        return 0.0, 0.0
    mean = float((counts * means).sum()) / m
    total = float((counts * (means - mean) ** 2).sum()) / m
    by_bin = (counts * means).sum(-1) / np.maximum(rows, 1)
    between = float((rows * (by_bin - mean) ** 2).sum()) / m
    return max(between - (bins - 1) / (m - bins) * (total - between), 0.0), total
