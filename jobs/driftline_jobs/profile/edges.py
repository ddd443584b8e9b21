"""From a sample of the reference to the bins of an ordered column."""

from __future__ import annotations

import math

import numpy as np

from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import BucketGrid, FloatArray

FEW_VALUES = 50
"""Up to this many distinct values, each gets a bin of its own."""
_FEATURE_QUANTILES = (0.001, 0.01, *(i / 20 for i in range(1, 20)), 0.99, 0.999)
_SCORE_BINS = 100
_SCORE_TAIL = 0.2
"""Where the geometric edges of a score begin: with 1 % the bins between it and the quantiles lose 0.002 of
average precision at a prevalence of 2 %."""
_FREE_MOVE = 0.002
"""An edge may move to the bound of its log bucket past at most this share of the reference: the bin
shares stay what they were, and binning needs no comparison after its look-up."""
_OFFSET_RATIO = 4.0
_LEAST_EXPONENT = -900
_LARGEST_PIVOT = 2.0**960
_LARGEST = float(np.finfo(np.float64).max)


def ordered_bins(
    kind: str, sample: FloatArray, threshold: float | None = None, *, whole_numbers: bool = False
) -> OrderedBins:
    """Bins for a column from ``sample``, its finite reference values, ascending (may be empty).

    A feature gets its 5 % quantiles and the 0.1, 1, 99 and 99.9 % ones; a score 100 quantile bins, 100
    geometric ones in the upper tail and its decision ``threshold``; a column of few distinct values one
    bin for each, and a column of a single one a bin below and above it too: any other value is a change.
    """
    if not len(sample):
        return OrderedBins(kind=kind, edges=(), pivot=0.0, exponent=0, whole_numbers=whole_numbers)
    pivot, exponent = _scale(sample)
    distinct = np.unique(sample)
    if len(distinct) == 1 and (kind != "score" or threshold is None):
        only = float(distinct[0])
        around = (only, math.nextafter(only, math.inf))
        kept = tuple(edge for edge in around if -_LARGEST < edge <= _LARGEST)
        return OrderedBins(kind, kept, pivot, exponent, whole_numbers)
    if len(distinct) <= FEW_VALUES:
        edges = distinct[1:]
    elif kind == "score":
        edges = _score_edges(sample)
    else:
        edges = _quantiles(sample, np.asarray(_FEATURE_QUANTILES))
    if threshold is not None and kind == "score":
        edges = np.append(edges, threshold)
    edges = np.unique(edges)
    edges = edges[(edges > sample[0]) | (edges == threshold)]
    return OrderedBins(
        kind=kind,
        edges=tuple(
            _snapped(edges, sample, pivot, exponent, 0.0 if kind == "score" else _FREE_MOVE).tolist()
        ),
        pivot=pivot,
        exponent=exponent,
        whole_numbers=whole_numbers,
    )


def _quantiles(sample: FloatArray, shares: FloatArray) -> FloatArray:
    # Values that occur, not points between them: an edge then never parts equal values.
    return np.quantile(sample, shares, method="inverted_cdf")


def _score_edges(sample: FloatArray) -> FloatArray:
    inner = _quantiles(sample, np.arange(1, _SCORE_BINS) / _SCORE_BINS)
    # From a fifth of the rows down to one row in a geometric series: where a rare class is told apart.
    smallest = max(1.0 / len(sample), 1e-7)
    tail = 1.0 - np.geomspace(_SCORE_TAIL, smallest, _SCORE_BINS)
    return np.concatenate([inner, _quantiles(sample, tail)])


def _scale(sample: FloatArray) -> tuple[float, int]:
    """Pivot and exponent: the values lie within ``2**exponent`` of the pivot but for the extremes."""
    low, middle, high = (float(v) for v in _quantiles(sample, np.array([0.001, 0.5, 0.999])))
    offset = abs(middle) > _OFFSET_RATIO * (high - low)
    # Far out, a distance from the pivot could leave the range of doubles.
    pivot = middle if offset and abs(middle) < _LARGEST_PIVOT else 0.0
    reach = max(abs(low - pivot), abs(high - pivot))
    if reach == 0.0:
        reach = float(np.abs(sample - pivot).max()) or abs(pivot) or 1.0
    # Below 2**-900 a quantum would leave the range of doubles.
    return pivot, max(math.frexp(reach)[1], _LEAST_EXPONENT)


def _snapped(
    edges: FloatArray, sample: FloatArray, pivot: float, exponent: int, tolerance: float
) -> FloatArray:
    grid = BucketGrid(exponent)
    allowed = tolerance * len(sample)
    moved = []
    for edge in edges:
        bucket = int(grid.bucket_of(np.array([edge - pivot]))[0])
        ends = (_first_of_bucket(grid, bucket, pivot), _first_of_bucket(grid, bucket + 1, pivot))
        cost = [abs(int(np.searchsorted(sample, end)) - int(np.searchsorted(sample, edge))) for end in ends]
        best = int(np.argmin(cost))
        movable = cost[best] <= allowed and math.isfinite(ends[best]) and ends[best] > sample[0]
        moved.append(ends[best] if movable else float(edge))
    return np.unique(np.asarray(moved, np.float64))


def _first_of_bucket(grid: BucketGrid, bucket: int, pivot: float) -> float:
    """The least double whose distance from the pivot falls in ``bucket`` or above it."""
    if bucket <= 0 or bucket >= grid.finite:
        return math.inf if bucket >= grid.finite else -math.inf
    low, high = _ordinal(-np.finfo(np.float64).max), _ordinal(np.finfo(np.float64).max)
    while low < high:
        middle = (low + high) // 2
        if grid.bucket_of(np.array([_from_ordinal(middle) - pivot]))[0] >= bucket:
            high = middle
        else:
            low = middle + 1
    return _from_ordinal(low)


def _ordinal(value: float) -> int:
    """Doubles numbered in ascending order, so that bisection between any two of them is exact."""
    bits = int(np.array([value], np.float64).view(np.int64)[0])
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _from_ordinal(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else (-ordinal) | -0x8000_0000_0000_0000
    return float(np.array([bits], np.int64).view(np.float64)[0])
