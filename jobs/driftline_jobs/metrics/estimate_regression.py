"""How well a regression would be expected to have done, without labels.

The reference teaches the mean loss of a row of each prediction bin; a window with other predictions gets the
mean of these, weighted by its own rows (direct loss estimation by bins). Like every estimate without labels,
it cannot see that the same predictions have become worse.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from driftline_jobs.metrics.figures import Counts, FloatArray
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import Performance, performance
from driftline_jobs.metrics.regression import RegressionSums, Scales, regression_performance


@dataclass(frozen=True, slots=True)
class LossByBin:
    """Mean of every sum of ``RegressionSums`` per labelled row of a prediction bin, (B,) each, and the rows.

    Bins without labelled rows of the reference have the means of the bins around them. The scales
    are those of the sums, the same for all bins.
    """

    rows: FloatArray
    error: FloatArray
    absolute: FloatArray
    squares: FloatArray
    fourths: FloatArray
    nonzero: FloatArray
    relative: FloatArray
    relative_squares: FloatArray
    labels: FloatArray
    label_squares: FloatArray
    scales: Scales


_MEANS = tuple(item.name for item in fields(LossByBin) if item.name not in ("rows", "scales"))


def loss_by_bin(reference: RegressionSums) -> LossByBin | None:
    """What the reference's labelled rows teach, by prediction bin (B,); None without any."""
    rows = reference.n.astype(np.float64)
    occupied = np.flatnonzero(rows > 0)
    if not len(occupied):
        return None
    at = np.arange(len(rows))
    means = {
        name: np.interp(at, occupied, getattr(reference, name)[occupied] / rows[occupied]) for name in _MEANS
    }
    return LossByBin(rows=rows, scales=reference.scales, **means)


def estimate_regression(learned: LossByBin, counts: Counts) -> dict[str, Performance]:
    """Estimated mae, rmse, mape, r2 and bias.

    The interval allows for the window's own labels, as for a realized figure, and for the reference's mean
    losses being known only so well: Σ (share of the bin)² · variance / rows of the reference in it.

    Args:
        counts: (..., B) rows of the window per prediction bin, labelled or not.
    """
    n, scales = counts.sum(-1), learned.scales
    expected = {name: (counts * getattr(learned, name)).sum(-1) for name in _MEANS}
    sums = RegressionSums(n=n, **expected, scales=scales)
    share = counts / np.maximum(n, 1)[..., None]

    def error_of(mean: FloatArray, square: FloatArray) -> FloatArray:
        variance = np.maximum(square - mean**2, 0.0)
        # a bin the reference never had a label in is as uncertain as one row would be
        total: FloatArray = (share**2 * variance / np.maximum(learned.rows, 1.0)).sum(-1)
        return np.sqrt(total)

    mse_error = error_of(learned.squares, learned.fourths)
    some = np.where(n > 0, n, np.nan)
    rmse = np.sqrt(expected["squares"] / some)
    variance = np.maximum(expected["label_squares"] / some - (expected["labels"] / some) ** 2, 0.0)
    relative_error = error_of(learned.relative, learned.relative_squares)
    squared = np.divide(mse_error, variance, out=np.zeros(np.shape(variance)), where=variance > 0)
    errors = {
        "mae": (error_of(learned.absolute, learned.squares), scales.error),
        "rmse": (
            np.divide(mse_error, 2.0 * rmse, out=np.zeros(np.shape(rmse)), where=rmse > 0),
            scales.error,
        ),
        "mape": (
            relative_error / np.maximum((share * learned.nonzero).sum(-1), 1e-300),
            scales.relative,
        ),
        "r2": (squared, 2 * (scales.error - scales.label)),
        "bias": (error_of(learned.error, learned.squares), scales.error),
    }
    figures = regression_performance(replace(sums, nonzero=expected["nonzero"]))
    return {
        name: _widened(name, figure, np.ldexp(Z * errors[name][0], errors[name][1]))
        for name, figure in figures.items()
    }


def _widened(name: str, figure: Performance, half: FloatArray) -> Performance:
    low = figure.value - np.sqrt((figure.value - figure.ci_low) ** 2 + half**2)
    high = figure.value + np.sqrt((figure.ci_high - figure.value) ** 2 + half**2)
    return performance(
        figure.value,
        figure.status,
        figure.n,
        interval=(low if name in {"bias", "r2"} else np.maximum(low, 0.0), high),
        error_bound=np.nan,
        trivial=figure.trivial,
        remark=figure.remark,
    )
