"""Values to profiles, at the speed of memory: the only code that touches every row.

Each chunk of 2**15 values of one cell is sorted, in its own type. In sorted values everything is a
boundary: log buckets and bins are runs, so counting them is looking where they begin; sums of bins are
sums of slices; extremes, NaN and infinities lie at the ends; repeated values stand side by side and are
hashed once. numpy does the work, and nearly all of it without the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.profile.binning import SUM_BITS, CategoryBins, OrderedBins
from driftline_jobs.profile.buckets import KEY_SHIFT, FloatArray, IntArray
from driftline_jobs.profile.distinct import RegisterSet, UIntArray, hash_values, register_sets
from driftline_jobs.profile.state import UNSEEN_KEPT, CategoryProfile, OrderedProfile, limbs

CHUNK = 1 << 15  # float64 working arrays of 256 KB: several of them fit the second-level cache
_LIMIT = float(1 << SUM_BITS)


def profile_ordered(values: npt.NDArray[Any], nulls: int, bins: OrderedBins) -> OrderedProfile:
    """Profile of one column over one cell.

    Args:
        values: (n,) the non-null values, of any integer or float type, in any order.
        nulls: how many rows of the cell have none.
        bins: where the bins lie.
    """
    profile = OrderedProfile(rows=len(values) + nulls, nulls=nulls)
    counts: IntArray = np.zeros(bins.cuts.finite, np.int64)
    sums: IntArray = np.zeros(bins.bins, np.int64)
    registers = RegisterSet()
    for start in range(0, len(values), CHUNK):
        ascending = np.sort(values[start : start + CHUNK]).astype(np.float64, copy=False)
        finite = _without_specials(ascending, profile)
        if len(finite):
            _add_finite(finite, profile, bins, counts, sums, registers)
    profile.buckets = np.flatnonzero(counts)
    profile.bucket_counts = counts[profile.buckets]
    profile.sums_high, profile.sums_low = limbs(sums)
    profile.registers = registers.registers
    return profile


def _without_specials(ascending: FloatArray, profile: OrderedProfile) -> FloatArray:
    """The finite values; the others, at the ends, are counted."""
    low, high = 0, len(ascending)
    if not np.isfinite(ascending[-1]):
        # NaN sorts last, +inf before it
        high = int(np.searchsorted(ascending, np.inf, side="left"))
        infinite = int(np.searchsorted(ascending, np.inf, side="right"))
        profile.above_infinity += infinite - high
        profile.nans += len(ascending) - infinite
    if ascending[0] == -np.inf:
        low = int(np.searchsorted(ascending, -np.inf, side="right"))
        profile.below_infinity += low
    return ascending[low:high]


def _add_finite(
    ascending: FloatArray,
    profile: OrderedProfile,
    bins: OrderedBins,
    counts: IntArray,
    sums: IntArray,
    registers: RegisterSet,
) -> None:
    cuts = bins.cuts
    profile.minimum = min(profile.minimum, float(ascending[0]) + 0.0)
    profile.maximum = max(profile.maximum, float(ascending[-1]) + 0.0)
    if ascending[0] <= 0.0 <= ascending[-1]:
        zero = np.searchsorted(ascending, 0.0, side="right") - np.searchsorted(ascending, 0.0, side="left")
        profile.zeros += int(zero)

    distance = ascending - bins.pivot if bins.pivot else ascending
    keys = np.right_shift(distance.view(np.uint64), KEY_SHIFT)
    starts = _run_starts(keys)
    bucket = cuts.table.take(keys[starts].view(np.int64))
    if cuts.passes:
        starts, bucket = _cut_at_edges(ascending, starts, bucket, bins)
    # add.at, not +=: -0.0 and 0.0 are equal to sort, so their bucket may come in several runs
    np.add.at(counts, bucket, np.diff(starts, append=len(ascending)))

    reach = _LIMIT * bins.quantum
    if distance[-1] > reach or distance[0] < -reach:
        profile.beyond += int(np.count_nonzero(np.abs(distance) > reach))
        distance = np.clip(distance, -reach, reach)
    quanta = distance * (1.0 / bins.quantum)
    np.rint(quanta, out=quanta)
    edges = np.searchsorted(ascending, bins.edges)
    slices = np.concatenate([[0], edges])
    occupied = np.flatnonzero(np.diff(slices, append=len(ascending)))
    # Integers whose sums stay below 2**53: float64 adds them exactly, in any order.
    sums[occupied] += np.add.reduceat(quanta, slices[occupied]).astype(np.int64)

    # Equal values are hashed once, unless hardly any are equal: then looking for them costs more.
    if not registers.mostly_distinct:
        distinct = ascending[_run_starts(ascending)]
        registers.mostly_distinct = len(ascending) == CHUNK and len(distinct) > CHUNK // 2
        ascending = distinct
    registers.add(hash_values(ascending))


def _run_starts(ascending: npt.NDArray[np.generic]) -> IntArray:
    """Where each run of equal neighbours begins."""
    if not len(ascending):
        return np.empty(0, np.int64)
    changes = np.flatnonzero(ascending[1:] != ascending[:-1])
    starts = np.empty(len(changes) + 1, np.int64)
    starts[0] = 0
    np.add(changes, 1, out=starts[1:])
    return starts


def _cut_at_edges(
    ascending: FloatArray, starts: IntArray, bucket: IntArray, bins: OrderedBins
) -> tuple[IntArray, IntArray]:
    """Runs of log buckets further cut where an edge lies inside one."""
    cuts = bins.cuts
    inside = cuts.next_edge[~np.isnan(cuts.next_edge)]
    positions = np.searchsorted(ascending, inside)
    positions = positions[(positions > 0) & (positions < len(ascending))]
    owner = np.searchsorted(starts, positions, side="right") - 1
    merged = np.concatenate([starts, positions])
    merged_bucket = np.concatenate([bucket, bucket[owner]])
    order = np.argsort(merged, kind="stable")
    merged, merged_bucket = merged[order], merged_bucket[order]
    first = ascending[merged]
    for _ in range(cuts.passes):
        merged_bucket = merged_bucket + (first >= cuts.next_edge.take(merged_bucket))
    return merged, merged_bucket


def profile_small_cells(
    values: npt.NDArray[Any], stops: IntArray, nulls: Sequence[int], bins: OrderedBins
) -> list[OrderedProfile]:
    """Profiles of many cells of few rows, as ``profile_ordered`` would give them one by one.

    Args:
        values: (n,) non-null values, cell after cell; at most ``CHUNK`` of them.
        stops: (cells,) where each cell ends.
        nulls: (cells,) rows without a value.
    """
    cells = len(stops)
    profiles = [OrderedProfile(nulls=count) for count in nulls]
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
    ascending = values.astype(np.float64)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        ascending[start:stop].sort()
    cell = np.repeat(np.arange(cells), stops - starts)
    finite = np.isfinite(ascending)
    if not finite.all():
        _count_specials(ascending[~finite], cell[~finite], profiles)
        ascending, cell = ascending[finite], cell[finite]

    cuts = bins.cuts
    distance = ascending - bins.pivot if bins.pivot else ascending
    bucket = cuts.table.take(np.right_shift(distance.view(np.uint64), KEY_SHIFT).view(np.int64))
    for _ in range(cuts.passes):
        bucket += ascending >= cuts.next_edge.take(bucket)
    runs = _run_starts(cell * cuts.size + bucket)
    run_cell, run_bucket = cell[runs], bucket[runs]
    run_counts = np.diff(np.append(runs, len(bucket)))
    reach = _LIMIT * bins.quantum
    beyond = np.bincount(cell[np.abs(distance) > reach], minlength=cells)
    quanta = np.rint(np.clip(distance, -reach, reach) * (1.0 / bins.quantum))
    place = cell * bins.bins + cuts.bin_of.take(bucket)
    firsts = _run_starts(place)
    sums: IntArray = np.zeros(cells * bins.bins, np.int64)
    if len(place):
        sums[place[firsts]] = np.add.reduceat(quanta, firsts).astype(np.int64)
    zeros = np.bincount(cell[ascending == 0.0], minlength=cells)
    distinct = np.flatnonzero(
        np.append(True, (ascending[1:] != ascending[:-1]) | (cell[1:] != cell[:-1]))[: len(ascending)]
    )
    registers = register_sets(hash_values(ascending[distinct]), cell[distinct], cells)

    ends = np.searchsorted(cell, np.arange(cells), side="right")
    run_ends = np.searchsorted(run_cell, np.arange(cells), side="right").tolist()
    begin = run_begin = 0
    for at, profile in enumerate(profiles):
        end, run_end = int(ends[at]), run_ends[at]
        profile.rows = int(stops[at] - starts[at]) + profile.nulls
        profile.zeros, profile.beyond = int(zeros[at]), int(beyond[at])
        if end > begin:
            profile.minimum = float(ascending[begin]) + 0.0  # -0.0 is 0.0
            profile.maximum = float(ascending[end - 1]) + 0.0
        profile.buckets = run_bucket[run_begin:run_end]
        profile.bucket_counts = run_counts[run_begin:run_end]
        profile.sums_high, profile.sums_low = limbs(sums[at * bins.bins : (at + 1) * bins.bins])
        profile.registers = registers[at]
        begin, run_begin = end, run_end
    return profiles


def _count_specials(values: FloatArray, cell: IntArray, profiles: Sequence[OrderedProfile]) -> None:
    kind = np.where(np.isnan(values), 2, (values > 0).astype(np.int64))
    counts = np.bincount(cell * 3 + kind, minlength=3 * len(profiles)).reshape(-1, 3)
    for profile, (below, above, nans) in zip(profiles, counts.tolist(), strict=True):
        profile.below_infinity, profile.above_infinity, profile.nans = below, above, nans


def profile_categories(
    occurring: IntArray, counts: IntArray, nulls: int, dictionary: Dictionary, bins: CategoryBins
) -> CategoryProfile:
    """Profile of one categorical column over one cell, from the counts of its dictionary.

    Args:
        occurring, counts: (k,) indices into the dictionary and the rows of each.
        nulls: rows without a value.
    """
    bin_of = dictionary.bin_of[occurring]
    per_bin: IntArray = np.zeros(bins.bins, np.int64)
    np.add.at(per_bin, bin_of, counts)
    values = np.flatnonzero(per_bin)
    hashes = dictionary.hashes[occurring]
    registers = RegisterSet()
    registers.add(hashes)
    return CategoryProfile(
        rows=int(counts.sum()) + nulls,
        nulls=nulls,
        values=values,
        value_counts=per_bin[values],
        unseen_values=_lowest_unseen(
            np.flatnonzero(bin_of == bins.bins - 1), occurring, counts, hashes, dictionary
        ),
        registers=registers.registers,
    )


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The D distinct values of a column in one split: their bins, hashes and texts."""

    bin_of: IntArray
    hashes: UIntArray
    texts: Sequence[str]


def _lowest_unseen(
    unseen: IntArray, occurring: IntArray, counts: IntArray, hashes: UIntArray, dictionary: Dictionary
) -> dict[int, tuple[str, int]]:
    order = unseen[np.argsort(hashes[unseen], kind="stable")[:UNSEEN_KEPT]]
    return {int(hashes[at]): (dictionary.texts[int(occurring[at])], int(counts[at])) for at in order.tolist()}
