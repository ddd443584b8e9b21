"""The log buckets of a column, cut at the edges of its bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.log_buckets import BucketGrid


class BucketCuts:
    """Log buckets further cut at the bin edges, so that every cut bucket lies in exactly one bin.

    Attributes:
        grid: the log buckets.
        first: (grid.finite,) first cut bucket of each.
        next_edge: (finite,) the edge inside the same log bucket that ends this cut bucket, NaN if none.
        passes: how many times ``x >= next_edge`` must be looked at; 0 when all edges lie on bounds.
        bin_of: (finite,) bin of each cut bucket.
        lower, upper: (finite,) bounds of the values in each.
        lead, shift: (finite,) see ``BucketGrid.leads``.
    """

    def __init__(self, bin_edges: Sequence[float], pivot: float, exponent: int) -> None:
        grid = self.grid = BucketGrid(pivot, exponent)
        self._pivot = pivot
        edges = np.asarray(bin_edges, np.float64)
        distance = edges - pivot
        bucket = grid.bucket_of(distance)
        before = grid.bucket_of(np.nextafter(edges, -np.inf) - pivot)
        inside = (before == bucket) & grid.covers(distance) & (distance != 0.0)
        cuts_in = np.bincount(bucket[inside], minlength=grid.finite)
        first = np.arange(grid.finite) + np.concatenate([[0], np.cumsum(cuts_in)[:-1]])

        self.finite = grid.finite + int(inside.sum())
        self.passes = int(cuts_in.max(initial=0))
        self.first: npt.NDArray[np.int32] = first.astype(np.int32)

        starts = first[bucket] + np.where(inside, _rank_within(bucket, inside), 0)
        # an edge between the pivot and the least distance parts the pivot from what is above it
        starts[(distance > 0.0) & (distance < grid.least)] = first[grid.zero] + 1
        starts[distance >= grid.limit] = self.finite
        self.next_edge: FloatArray = np.full(self.finite, np.nan)
        self.next_edge[starts[inside] - 1] = edges[inside]
        self.bin_of: IntArray = np.searchsorted(starts, np.arange(self.finite), side="right")
        owner = np.searchsorted(first, np.arange(self.finite), side="right") - 1
        self.lower: FloatArray = pivot + grid.lower[owner]
        self.upper: FloatArray = pivot + grid.upper[owner]
        self.lower[starts[inside]] = edges[inside]
        self.upper[starts[inside] - 1] = edges[inside]
        lead, shift = grid.leads()
        self.lead: IntArray = lead[owner]
        self.shift: IntArray = shift[owner]

    def bucket_of(self, values: FloatArray) -> IntArray:
        """Cut bucket of each value that the buckets cover; float64 in, int64 of the same shape out."""
        bucket: IntArray = self.first.take(self.grid.bucket_of(values - self._pivot)).astype(np.int64)
        for _ in range(self.passes):
            bucket += values >= self.next_edge.take(bucket)
        return bucket


def _rank_within(bucket: IntArray, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> IntArray:
    """For each inside edge, its 1-based rank among the inside edges of its bucket."""
    rank = np.zeros(len(bucket), np.int64)
    retained = bucket[inside]
    if len(retained):
        new = np.concatenate([[True], retained[1:] != retained[:-1]])
        start = np.maximum.accumulate(np.where(new, np.arange(len(retained)), 0))
        rank[inside] = np.arange(len(retained)) - start + 1
    return rank
