"""What a numeric column looks like: quantiles and spread from log buckets, the rest exact.

The buckets are those of a profile: at most 1/64 wide in relation to their distance from a pivot, so that a
bucket's middle is within 1 % of that distance from any value in it (the idea of DDSketch: Masson, Rim, Lee,
VLDB 2019). Counts are integers, so the figures do not depend on the order in which profiles were merged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftline_jobs.metrics.figures import FloatArray, IntArray, published

QUANTILES = {"p01": 1, "p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99}
"""Column of the summary table: per cent of the values."""
MOMENTS = ("mean", "stddev")


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where the log buckets of a column lie.

    Attributes:
        lower, upper: (N,) bounds in the column's unit, ascending; the outer ones may be infinite. Above the
            pivot a bucket holds its lower bound, below the pivot its upper one.
        pivot: what the buckets are laid around.
        whole_numbers: the values of the column are integers, so its quantiles are.
    """

    lower: FloatArray
    upper: FloatArray
    pivot: float = 0.0
    whole_numbers: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """Figures of the finite values of a column; NaN where there is none.

    Attributes:
        mean: (...,) of all values, rounded once.
        stddev: (...,) sample standard deviation (n - 1); NaN below two values.
        stddev_error: (...,) how far ``stddev`` can be from that of the raw values.
        minimum, maximum: (...,) exact.
        quantiles: for each of ``QUANTILES`` (...,): the least value with at least that per cent of the
            values at or below it (nearest rank, numpy's ``inverted_cdf``), read off the middle of its
            bucket, within the extremes: off by at most 1 % of itself.
    """

    mean: FloatArray
    stddev: FloatArray
    stddev_error: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    quantiles: dict[str, FloatArray]

    def published(self, name: str) -> list[float | None]:
        """A figure by its column's name, flattened in C order, None where there is none."""
        array: FloatArray = self.quantiles[name] if name in self.quantiles else getattr(self, name)
        return published(array)


def describe(
    buckets: Buckets, counts: IntArray, minimum: FloatArray, maximum: FloatArray, mean: FloatArray
) -> Description:
    """Describe a column, all cells at once.

    Args:
        buckets: N buckets that all cells share.
        counts: (..., N) finite values per bucket.
        minimum, maximum: (...,) of the finite values; not looked at where there are none.
        mean: (...,) of the finite values.
    """
    n = counts.sum(-1)
    some = n > 0
    minimum, maximum = (np.where(some, np.asarray(x, np.float64), np.nan) for x in (minimum, maximum))
    low = np.clip(buckets.lower, minimum[..., None], maximum[..., None])
    high = np.clip(buckets.upper, minimum[..., None], maximum[..., None])
    # Halves first: the sum of two bounds may overflow. Those of the least numbers lose their last bit.
    middle = np.clip(0.5 * low + 0.5 * high, low, high)
    if buckets.whole_numbers:
        middle = _whole(middle, low, high, buckets.pivot)

    reached = np.cumsum(counts, -1)
    quantiles = {}
    for name, percent in QUANTILES.items():
        rank = -(-n * percent // 100)  # in integers: 0.07 * 100 is more than 7
        at = np.minimum((reached < rank[..., None]).sum(-1), len(buckets.lower) - 1)
        quantiles[name] = np.where(some, np.take_along_axis(middle, at[..., None], -1)[..., 0], np.nan)
    stddev, error = _spread(counts, n, middle, low, high)
    return Description(
        mean=np.where(some, mean, np.nan),
        stddev=stddev,
        stddev_error=error,
        minimum=minimum,
        maximum=maximum,
        quantiles=quantiles,
    )


def _whole(middle: FloatArray, low: FloatArray, high: FloatArray, pivot: float) -> FloatArray:
    """The whole number next to the middle that lies within the bounds; the middle where none is there."""
    # First towards the pivot: that end of a bucket is part of it, the other is not.
    steps = np.trunc(middle - pivot)
    for nearest in (pivot + steps + np.sign(middle - pivot), pivot + steps):
        middle = np.where((low <= nearest) & (nearest <= high), nearest, middle)
    return middle


def _spread(
    counts: IntArray, n: IntArray, middle: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Standard deviation of the buckets' middles, and its largest possible error.

    A value is its bucket's middle plus a rest of at most half the bucket's width. By Minkowski's inequality
    the two deviations differ by no more than the root mean square of the rests.
    """
    enough = n > 1
    scale = np.maximum(np.abs(low[..., 0]), np.abs(high[..., -1]))
    scale = np.where(enough & (scale > 0), scale, 1.0)  # squares of large values would overflow
    weights = counts / np.maximum(n, 1)[..., None]
    scaled = np.where(enough[..., None], middle, 0.0) / scale[..., None]
    centred = scaled - _total(weights * scaled)[..., None]
    variance = _total(weights * centred**2)
    rest = np.where(enough[..., None], 0.5 * high - 0.5 * low, 0.0) / scale[..., None]
    correction = np.sqrt(n / np.maximum(n - 1, 1))
    with np.errstate(over="ignore"):
        stddev = np.where(enough, np.sqrt(variance) * correction * scale, np.nan)
        error = np.where(enough, np.sqrt(_total(weights * rest**2)) * correction * scale, np.nan)
    return stddev, error


def _total(terms: FloatArray) -> FloatArray:
    """Sum over the last axis, one by one: a bucket that only other cells use must not change the rounding."""
    total: FloatArray = np.cumsum(terms, -1)[..., -1]
    return total
