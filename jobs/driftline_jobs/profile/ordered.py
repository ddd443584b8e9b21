"""Numbers to profiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.profile import kernels
from driftline_jobs.profile.binning import SUM_BITS, OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray
from driftline_jobs.profile.columns import Valid
from driftline_jobs.profile.distinct import REGISTERS, Registers, hash_values, register_sets
from driftline_jobs.profile.state import OrderedProfile, limbs

_LIMIT = float(1 << SUM_BITS)
_EVERY_ROW: Valid = np.empty(0, np.bool_)


def profile_ordered(values: npt.NDArray[Any], nulls: int, bins: OrderedBins) -> OrderedProfile:
    """Profile of one column over one cell.

    Args:
        values: (n,) the non-null values, of any integer or float type, in any order.
        nulls: how many rows of the cell have none.
        bins: where the bins lie.
    """
    floats = np.ascontiguousarray(values, np.float64)
    (profile,) = profile_runs(floats, None, np.array([0]), np.array([len(floats)]), bins)
    profile.rows += nulls
    profile.nulls = nulls
    return profile


def profile_runs(
    values: FloatArray, valid: Valid | None, starts: IntArray, stops: IntArray, bins: OrderedBins
) -> list[OrderedProfile]:
    """Profile of one column over each of several cells.

    Args:
        values: those of a cell side by side.
        valid: which of them are not null, None if all are.
        starts, stops: (cells,) where those of each lie.
    """
    cuts, cells = bins.cuts, len(starts)
    counted: IntArray = np.zeros((cells, kernels.BUCKETS + 1), np.int64)
    extremes: FloatArray = np.empty((cells, 2))
    sums: IntArray = np.zeros((cells, bins.bins), np.int64)
    registers: Registers = np.zeros((cells, REGISTERS), np.uint8)
    room = int(np.minimum(stops - starts, cuts.finite).sum())
    buckets, bucket_counts = np.empty(room, np.int64), np.empty(room, np.int64)
    kernels.tally(
        values,
        _EVERY_ROW if valid is None else valid,
        starts,
        stops,
        bins.pivot,
        bins.quantum,
        _LIMIT * bins.quantum,
        cuts.grid.before,
        cuts.grid.zero,
        cuts.first,
        cuts.next_edge,
        cuts.passes,
        cuts.bin_of,
        counted,
        extremes,
        sums,
        registers,
        buckets,
        bucket_counts,
    )
    high, low = limbs(sums)
    rows = (stops - starts).tolist()
    extremes += 0.0  # -0.0 is 0.0
    profiles, begin = [], 0
    for cell, numbers in enumerate(counted.tolist()):
        end = begin + numbers[kernels.BUCKETS]
        profiles.append(
            OrderedProfile(
                rows=rows[cell],
                nulls=numbers[kernels.NULLS],
                nans=numbers[kernels.NANS],
                below_infinity=numbers[kernels.BELOW_INFINITY],
                above_infinity=numbers[kernels.ABOVE_INFINITY],
                zeros=numbers[kernels.ZEROS],
                beyond=numbers[kernels.BEYOND],
                minimum=float(extremes[cell, 0]),
                maximum=float(extremes[cell, 1]),
                buckets=buckets[begin:end],
                bucket_counts=bucket_counts[begin:end],
                sums_high=high[cell],
                sums_low=low[cell],
                registers=registers[cell],
            )
        )
        begin = end
    return profiles


def profile_counted(values: FloatArray, counts: IntArray, nulls: int, bins: OrderedBins) -> OrderedProfile:
    """Profile of one column over one cell, from its distinct values.

    Args:
        values, counts: (k,) finite values, ascending, each once, and the rows of each, at least one.
        nulls: rows without a value.
    """
    cuts = bins.cuts
    rows = int(counts.sum())
    found = OrderedProfile(rows=rows + nulls, nulls=nulls)
    if rows:
        found.minimum, found.maximum = float(values[0]) + 0.0, float(values[-1]) + 0.0
    found.zeros = int(counts[values == 0.0].sum())
    distance = values - bins.pivot
    bucket = cuts.bucket_of(values)
    per_bucket: IntArray = np.zeros(cuts.finite, np.int64)
    np.add.at(per_bucket, bucket, counts)
    found.buckets = np.flatnonzero(per_bucket > 0)
    found.bucket_counts = per_bucket[found.buckets]
    reach = _LIMIT * bins.quantum
    found.beyond = int(counts[np.abs(distance) > reach].sum())
    quanta = np.rint(np.clip(distance, -reach, reach) * (1.0 / bins.quantum)).astype(np.int64)
    sums: IntArray = np.zeros(bins.bins, np.int64)
    np.add.at(sums, cuts.bin_of.take(bucket), quanta * counts)
    found.sums_high, found.sums_low = limbs(sums)
    found.registers = register_sets(hash_values(values), np.zeros(len(values), np.int64), 1)[0]
    return found
