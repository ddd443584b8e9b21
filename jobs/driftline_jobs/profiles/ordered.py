"""Numbers to profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.columns.arrays import Valid
from driftline_jobs.profiles.distinct import REGISTERS, Registers, hash_values, register_sets
from driftline_jobs.profiles.kernels.sums import LIMBS, carried, no_sums
from driftline_jobs.profiles.outer import NONE, outer_counted, outer_values
from driftline_jobs.profiles.state import OrderedProfile

if TYPE_CHECKING:
    from driftline_jobs.profiles.kinds.ordered import OrderedBins

_EVERY_ROW: Valid = np.empty(0, np.bool_)


def profile_runs(
    values: FloatArray, valid: Valid | None, starts: IntArray, stops: IntArray, bins: OrderedBins
) -> list[OrderedProfile]:
    """Profile of one column over each of several cells.

    Args:
        values: those of a cell side by side.
        valid: which of them are not null, None if all are.
        starts, stops: (cells,) where those of each lie.
    """
    from driftline_jobs.profiles.kernels import tally

    cuts, cells = bins.cuts, len(starts)
    counted: IntArray = np.zeros((cells, tally.BUCKETS + 1), np.int64)
    extremes: FloatArray = np.empty((cells, 2))
    sums: IntArray = np.zeros((cells, bins.bins, LIMBS), np.int64)
    registers: Registers = np.zeros((cells, REGISTERS), np.uint8)
    room = int(np.minimum(stops - starts, cuts.finite).sum())
    buckets, bucket_counts = np.empty(room, np.int64), np.empty(room, np.int64)
    outer = np.empty(len(values))  # of which nothing is touched but what is written
    tally.tally(
        values,
        _EVERY_ROW if valid is None else valid,
        starts,
        stops,
        bins.pivot,
        cuts.grid.least,
        cuts.grid.limit,
        cuts.grid.before,
        cuts.grid.zero,
        cuts.first,
        cuts.next_edge,
        cuts.passes,
        cuts.bin_of,
        cuts.lead,
        cuts.shift,
        counted,
        extremes,
        sums,
        registers,
        buckets,
        bucket_counts,
        outer,
    )
    counts = _Counts(counted, extremes + 0.0, carried(sums), registers, buckets, bucket_counts, outer)
    return _profiles(counts, (stops - starts).tolist(), bins)


class _Counts(NamedTuple):
    """What ``tally`` leaves of each of several cells; -0.0 is 0.0 among the extremes."""

    counted: IntArray
    extremes: FloatArray
    sums: IntArray
    registers: Registers
    buckets: IntArray
    bucket_counts: IntArray
    outer: FloatArray


def _profiles(counts: _Counts, rows: Sequence[int], bins: OrderedBins) -> list[OrderedProfile]:
    from driftline_jobs.profiles.kernels import tally

    counted, extremes, sums, registers, buckets, bucket_counts, outer = counts
    profiles, begin, outer_begin = [], 0, 0
    for cell, numbers in enumerate(counted.tolist()):
        end, outer_end = begin + numbers[tally.BUCKETS], outer_begin + numbers[tally.OUTER]
        profiles.append(
            OrderedProfile(
                rows=rows[cell],
                nulls=numbers[tally.NULLS],
                nans=numbers[tally.NANS],
                below_infinity=numbers[tally.BELOW_INFINITY],
                above_infinity=numbers[tally.ABOVE_INFINITY],
                zeros=numbers[tally.ZEROS],
                minimum=float(extremes[cell, 0]),
                maximum=float(extremes[cell, 1]),
                buckets=buckets[begin:end],
                bucket_counts=bucket_counts[begin:end],
                sums=sums[cell],
                outer=outer_values(outer[outer_begin:outer_end], bins) if outer_end > outer_begin else NONE,
                registers=registers[cell],
            )
        )
        begin, outer_begin = end, outer_end
    return profiles


def profile_counted(values: FloatArray, counts: IntArray, nulls: int, bins: OrderedBins) -> OrderedProfile:
    """Profile of one column over one cell, from its distinct values.

    Args:
        values, counts: (k,) finite values, ascending, each once, and the rows of each, at least one.
        nulls: rows without a value.
    """
    from driftline_jobs.profiles.kernels import tally

    cuts = bins.cuts
    rows = int(counts.sum())
    found = OrderedProfile(rows=rows + nulls, nulls=nulls)
    if rows:
        found.minimum, found.maximum = float(values[0]) + 0.0, float(values[-1]) + 0.0
    found.zeros = int(counts[values == 0.0].sum())
    found.registers = register_sets(hash_values(values), np.zeros(len(values), np.int64), 1)[0]
    distance = values - bins.pivot
    covered = cuts.grid.covers(distance)
    if not covered.all():
        found.outer = outer_counted(values[~covered], counts[~covered], bins)
        values, counts, distance = values[covered], counts[covered], distance[covered]
    bucket = cuts.bucket_of(values)
    per_bucket: IntArray = np.zeros(cuts.finite, np.int64)
    np.add.at(per_bucket, bucket, counts)
    found.buckets = np.flatnonzero(per_bucket > 0)
    found.bucket_counts = per_bucket[found.buckets]
    sums = no_sums(bins.bins)
    tally.add_counted(distance, counts, bucket.astype(np.int32), cuts.bin_of, cuts.lead, cuts.shift, sums)
    found.sums = carried(sums)
    return found
