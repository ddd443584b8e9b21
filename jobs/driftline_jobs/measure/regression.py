"""Performance of a regression from exact sums over its labelled rows; e is prediction less label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftline_jobs.measure.figures import Counts, FloatArray, IntArray, Status, statuses
from driftline_jobs.measure.intervals import mean_interval
from driftline_jobs.measure.performance import Performance, performance

REGRESSION_METRICS = ("mae", "rmse", "mape", "r2", "bias")


@dataclass(frozen=True, slots=True)
class RegressionSums:
    """Sums over the ``n`` rows that have a prediction and a label y, (...,) each.

    Attributes:
        error, absolute, squares, fourths: Σe, Σ|e|, Σe², Σe⁴.
        relative, relative_squares: Σ|e/y| and Σ(e/y)² over the ``nonzero`` rows whose y is not 0.
        labels, label_squares: Σy, Σy². Their variance is what r2 is held against: where labels lie far from
            zero, sum them about a constant; r2 does not change.
        label_deviation: mean |y - mean y|, what the mean as a prediction would get; None if not known.
    """

    n: IntArray
    error: FloatArray
    absolute: FloatArray
    squares: FloatArray
    fourths: FloatArray
    nonzero: IntArray
    relative: FloatArray
    relative_squares: FloatArray
    labels: FloatArray
    label_squares: FloatArray
    label_deviation: FloatArray | None = None


def regression_performance(sums: RegressionSums) -> dict[str, Performance]:
    """Every metric of ``REGRESSION_METRICS``, by leading axes; all exact, in the label's unit.

    mape is a share, not per cent, over the rows whose label is not zero. Intervals: Student's from sums of
    squares; that of the mean squared error carried over to rmse and, the labels' variance taken as given,
    to r2. ``trivial`` is the labels' mean as the prediction of every row.
    """
    n = sums.n
    some = np.where(n > 0, n, np.nan)
    status = statuses(n.shape, (n == 0, Status.NO_LABELS))
    mean_square = sums.squares / some
    # Σe⁴ overflows before Σe² does: then there is no interval, but a figure.
    low, high = (np.maximum(end, 0.0) for end in mean_interval(sums.squares, sums.fourths, n))
    with np.errstate(over="ignore", invalid="ignore"):  # masked as not_finite
        variance = np.maximum(sums.label_squares / some - (sums.labels / some) ** 2, 0.0)
        # What rounding leaves of the variance of equal labels is not a variance.
        constant = variance <= 1e-12 * sums.label_squares / some
        spread = np.where(constant, np.nan, variance)
        explained = 1.0 - mean_square / spread
        r2_interval = 1.0 - high / spread, 1.0 - low / spread
    deviation = np.nan if sums.label_deviation is None else sums.label_deviation
    absolute = mean_interval(sums.absolute, sums.squares, n)
    relative = mean_interval(sums.relative, sums.relative_squares, sums.nonzero)
    return {
        "mae": performance(
            sums.absolute / some,
            status,
            n,
            interval=(np.maximum(absolute[0], 0.0), absolute[1]),
            trivial=deviation,
        ),
        "rmse": performance(
            np.sqrt(mean_square), status, n, interval=(np.sqrt(low), np.sqrt(high)), trivial=np.sqrt(variance)
        ),
        "mape": performance(
            sums.relative / np.where(sums.nonzero > 0, sums.nonzero, np.nan),
            statuses(n.shape, (n == 0, Status.NO_LABELS), (sums.nonzero == 0, Status.ZERO_TARGETS)),
            sums.nonzero,
            interval=(np.maximum(relative[0], 0.0), relative[1]),
        ),
        "r2": performance(
            explained,
            statuses(n.shape, (n == 0, Status.NO_LABELS), (constant, Status.CONSTANT_LABEL)),
            n,
            interval=r2_interval,
            trivial=0.0,
        ),
        "bias": performance(
            sums.error / some, status, n, interval=mean_interval(sums.error, sums.squares, n), trivial=0.0
        ),
    }


def mean_absolute_deviation(counts: Counts, sums: FloatArray) -> FloatArray:
    """(...,) mean |y - mean y| from counts and sums of y per bin (..., B).

    Exact but for the bin that holds the mean, whose part is its least possible one: never above the truth.
    """
    n = counts.sum(-1)
    some = np.where(n > 0, n, np.nan)
    mean = sums.sum(-1) / some
    deviation: FloatArray = np.abs(sums - counts * mean[..., None]).sum(-1) / some
    return deviation
