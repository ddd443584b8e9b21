"""Intervals at 95 %, each in the way that suits its figure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from driftline_jobs.metrics.figures import FloatArray

LEVEL = 0.95
_TAIL = (1.0 - LEVEL) / 2.0
Z = 1.959963984540054
"""Normal quantile at 97.5 %."""
MIN_BASE_WINDOWS = 8
"""With fewer base windows their scatter says too little about itself."""
Interval = tuple[FloatArray, FloatArray]


def wilson(successes: npt.ArrayLike, trials: npt.ArrayLike) -> Interval:
    """Wilson's score interval of a proportion (JASA 1927); NaN without trials."""
    k, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    rows = np.where(n > 0, n, np.nan)
    share = k / rows
    centre = (share + Z * Z / (2.0 * rows)) / (1.0 + Z * Z / rows)
    # Rounding may leave a tiny negative where the share is 0 or 1.
    spread = np.maximum(share * (1.0 - share), 0.0) / rows + Z * Z / (4.0 * rows * rows)
    half = Z * np.sqrt(spread) / (1.0 + Z * Z / rows)
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def mean_interval(total: npt.ArrayLike, squares: npt.ArrayLike, n: npt.ArrayLike) -> Interval:
    """Student's interval of a mean from the sum and the sum of squares; NaN below two rows."""
    sums, rows = np.asarray(total, np.float64), np.asarray(n, np.float64)
    rows = np.where(rows > 1, rows, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # sums that overflowed have no interval
        mean = sums / rows
        scatter = np.maximum(np.asarray(squares, np.float64) / rows - mean * mean, 0.0)
        half = _student(rows - 1.0) * np.sqrt(scatter / (rows - 1.0))
        return mean - half, mean + half


def logit_interval(value: FloatArray, half_width: FloatArray, units: FloatArray) -> Interval:
    """Interval of a figure between 0 and 1 from its half-width, made symmetric on the logit scale.

    At 0 and 1 themselves the scale has no place and the half-width is zero: there the far end is that which
    ``units`` independent successes, or failures, out of as many leave open (Clopper and Pearson).
    """
    inside = (value > 0.0) & (value < 1.0)
    safe = np.where(inside, value, 0.5)
    centre, half = np.log(safe / (1.0 - safe)), half_width / (safe * (1.0 - safe))
    open_end = _TAIL ** (1.0 / np.maximum(units, 1.0))
    with np.errstate(over="ignore"):  # exp of a wide interval: its end is 0 or 1
        low, high = 1.0 / (1.0 + np.exp(half - centre)), 1.0 / (1.0 + np.exp(-half - centre))
    low = np.where(inside, low, np.where(value >= 1.0, open_end, 0.0))
    high = np.where(inside, high, np.where(value >= 1.0, 1.0, 1.0 - open_end))
    known = np.isfinite(value) & np.isfinite(half_width)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def linear_half_width(
    counts: FloatArray, influence: FloatArray, base: FloatArray | None = None
) -> FloatArray:
    """Half the width of the interval of a smooth figure of counts (...,).

    It is what a multinomial bootstrap of the bins, or one over the base windows, tends to as the number of
    resamples grows (the infinitesimal jackknife; Efron, SIAM 1982), without the noise and the cost.

    Args:
        counts: (..., B) rows per bin.
        influence: (..., B) change of the figure per row added to a bin; Σ counts · influence is zero.
        base: (T, ..., B) the same counts by base window. They count if at least ``MIN_BASE_WINDOWS`` of
            them hold rows: rows of one base window need not be independent of each other then, only the
            windows. That windows scatter less than independent rows would is chance, and not believed.
    """
    independent: FloatArray = Z * np.sqrt((counts * influence**2).sum(-1))
    if base is None:
        return independent
    windows = (base.sum(-1) > 0).sum(0).astype(np.float64)
    degrees = np.maximum(windows - 1.0, 1.0)
    scatter = ((base * influence).sum(-1) ** 2).sum(0)
    clustered = _student(degrees) * np.sqrt(windows / degrees * scatter)
    return np.where(windows >= MIN_BASE_WINDOWS, np.maximum(clustered, independent), independent)


def _student(degrees: FloatArray) -> FloatArray:
    """Student's quantile at 97.5 %; NaN for NaN."""
    return np.asarray(scipy.special.stdtrit(degrees, 1.0 - _TAIL), np.float64)
