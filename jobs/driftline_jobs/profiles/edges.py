"""From a sample of the reference to the edges of an ordered column."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from driftline_jobs.metrics.figures import FloatArray
from driftline_jobs.profiles.log_buckets import OCTAVES_ABOVE, OCTAVES_BELOW, BucketGrid

FEW_VALUES, FEW_SCORES = 50, 200
"""Up to this many distinct values, each gets a bin of its own, and what lies between them others: a value
that the reference does not have then falls in with none that it has, unless it lies within 2 % of one. Scores
of few values are ranked without an error."""
_REPEATED = 5
"""So many rows for each value, on average: else they are few because the rows are."""
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
"""Around smaller values the least distances of a grid, and their sums, would leave the range of doubles."""
_LEAST_PIVOT, _LARGEST_PIVOT = 2.0**-800, 2.0**960
_LARGEST = float(np.finfo(np.float64).max)


class Edges(NamedTuple):
    """Where the bins of a column lie.

    Attributes:
        single: numbers of the bins that hold one value of the reference each; none where values are many.
    """

    edges: tuple[float, ...]
    pivot: float
    exponent: int
    single: tuple[int, ...] = ()


def edges_from(sample: FloatArray, threshold: float | None = None, *, is_score: bool = False) -> Edges:
    """The edges of a column from ``sample``, its finite reference values, ascending.

    A feature gets its 5 % quantiles and the 0.1, 1, 99 and 99.9 % ones; a score 100 quantile bins, 100
    geometric ones in the upper tail and its decision ``threshold``; a column of few distinct values one
    bin for each, and others for what lies between, below and above them.
    """
    pivot, exponent = _scale(sample)
    distinct = np.unique(sample)
    if len(distinct) == 1 and not (is_score and threshold is not None):
        return Edges(_around(distinct), pivot, exponent)
    few = len(distinct) <= (FEW_SCORES if is_score else FEW_VALUES)
    if few and len(sample) >= _REPEATED * len(distinct):
        edges = np.unique(
            np.append(_around(distinct), threshold if is_score and threshold is not None else [])
        )
        # a bin of one score, and of nothing next to it, is what makes ranks exact
        edges = edges if is_score else _snapped(edges, sample, pivot, exponent, 0.0)
        single = np.unique(np.searchsorted(edges, distinct, side="right"))
        return Edges(tuple(edges.tolist()), pivot, exponent, tuple(single.tolist()))
    if len(distinct) <= FEW_VALUES:
        edges = distinct[1:]
    elif is_score:
        edges = _score_edges(sample)
    else:
        edges = _quantiles(sample, np.asarray(_FEATURE_QUANTILES))
    if is_score and threshold is not None:
        edges = np.append(edges, threshold)
    edges = np.unique(edges)
    edges = edges[(edges > sample[0]) | (edges == threshold)]
    snapped = _snapped(edges, sample, pivot, exponent, 0.0 if is_score else _FREE_MOVE)
    return Edges(tuple(snapped.tolist()), pivot, exponent)


def _around(distinct: FloatArray) -> tuple[float, ...]:
    """Edges at each of the values and right after it."""
    edges = {float(edge) for value in distinct for edge in (value, math.nextafter(value, math.inf))}
    return tuple(sorted(edge for edge in edges if -_LARGEST < edge <= _LARGEST))


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
    """Pivot and exponent: the values lie within ``2**exponent`` of the pivot but for the extremes, and for
    what lies far from all the others."""
    low, middle, high = (float(v) for v in _quantiles(sample, np.array([0.001, 0.5, 0.999])))
    offset = abs(middle) > _OFFSET_RATIO * (high - low)
    # Far out, a distance from the pivot could leave the range of doubles, and its sums could far in.
    pivot = middle if offset and _LEAST_PIVOT < abs(middle) < _LARGEST_PIVOT else 0.0
    reach = max(abs(low - pivot), abs(high - pivot))
    if reach == 0.0:
        reach = float(np.abs(sample - pivot).max()) or abs(pivot) or 1.0
    exponent = math.frexp(reach)[1]
    if pivot == 0.0:
        exponent = _covering(sample, exponent)
    return pivot, max(exponent, _LEAST_EXPONENT)


def _covering(sample: FloatArray, usual: int) -> int:
    """The exponent whose log buckets cover most of the values: ``usual``, unless another covers more.

    Far from all the others may lie the values that stand for a missing one, many as they are.
    """
    octaves = np.frexp(sample[sample != 0.0])[1]
    tried, counts = np.unique(np.append(octaves, usual), return_counts=True)
    upto = np.concatenate([[0], np.cumsum(counts)])
    first = np.searchsorted(tried, tried - OCTAVES_BELOW + 1)
    covered = upto[np.searchsorted(tried, tried + OCTAVES_ABOVE, side="right")] - upto[first]
    if covered[tried == usual] == covered.max():
        return usual
    return int(tried[np.flatnonzero(covered == covered.max())[-1]])


def _snapped(
    edges: FloatArray, sample: FloatArray, pivot: float, exponent: int, tolerance: float
) -> FloatArray:
    grid = BucketGrid(pivot, exponent)
    allowed = tolerance * len(sample)
    inside = grid.covers(edges - pivot) & (edges != pivot)
    moved = edges[~inside].tolist()
    for edge in edges[inside].tolist():
        bucket = int(grid.bucket_of(np.array([edge - pivot]))[0])
        ends = (_first_of_bucket(grid, bucket, pivot), _first_of_bucket(grid, bucket + 1, pivot))
        cost = [abs(int(np.searchsorted(sample, end)) - int(np.searchsorted(sample, edge))) for end in ends]
        best = int(np.argmin(cost))
        movable = cost[best] <= allowed and math.isfinite(ends[best]) and ends[best] > sample[0]
        moved.append(ends[best] if movable else edge)
    return np.unique(np.asarray(moved, np.float64))


def _first_of_bucket(grid: BucketGrid, bucket: int, pivot: float) -> float:
    """The least double whose distance from the pivot falls in ``bucket`` or above it."""
    if bucket > grid.zero:
        bound = grid.limit if bucket == grid.finite else float(grid.lower[bucket])
        least = pivot + bound
        return least if least - pivot >= bound else math.nextafter(least, math.inf)
    # a bucket of negatives is open below, and so is what lies between them and the pivot
    bound = -grid.least if bucket == grid.zero else float(grid.lower[bucket])
    least = pivot + bound
    return least if least - pivot > bound else math.nextafter(least, math.inf)
