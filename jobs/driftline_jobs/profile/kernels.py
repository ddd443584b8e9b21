"""Values to profiles, at the speed of memory: the only code that touches every row.

Each chunk of values of one cell is sorted, in its own type. In sorted values everything is a boundary: log
buckets and bins are runs, so counting them is looking where they begin; sums of bins are sums of slices;
extremes, NaN and infinities lie at the ends; repeated values stand side by side and are hashed once. Where
there are few values to begin with, they are counted instead, and the counts profiled.

numpy does the work, and nearly all of it without the interpreter's lock: a chunk is large enough that threads
seldom meet at the lock, and small enough for the cache. Its working arrays are made once (``Workspace``):
a fresh array costs more page faults than the work done in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.profile.binning import SUM_BITS, CategoryBins, OrderedBins
from driftline_jobs.profile.buckets import KEY_SHIFT, FloatArray, IntArray
from driftline_jobs.profile.distinct import (
    RegisterSet,
    UIntArray,
    hash_values,
    mix_into,
    register_sets,
)
from driftline_jobs.profile.state import UNSEEN_KEPT, CategoryProfile, OrderedProfile, limbs

CHUNK = 1 << 17
"""Rows at a time: float64 adds this many quanta exactly (see ``SUM_BITS``)."""
_HASHED_AT_ONCE = 1 << 16
"""Mixing bits goes over them again and again: so many stay in the cache."""
_LIMIT = float(1 << SUM_BITS)
_FEW_CODES = 6
"""So few are counted sooner by comparing all rows with each than by looking where each row belongs."""
_TELLING = 1 << 13
"""So many values tell whether those of a column are mostly distinct."""


class Workspace:
    """Arrays to work in: of one chunk, and of a column of ``rows``. Not to be shared by threads."""

    def __init__(self, rows: int = 0) -> None:
        self.values: FloatArray = np.empty(CHUNK, np.float64)
        self.floats: FloatArray = np.empty(CHUNK, np.float64)
        self.bits: UIntArray = np.empty(CHUNK, np.uint64)
        self.flags: npt.NDArray[np.bool_] = np.empty(CHUNK, np.bool_)
        self._column = np.empty(rows, np.float64)
        self._valid: npt.NDArray[np.bool_] = np.empty(rows, np.bool_)

    def in_order(
        self, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_] | None, place: IntArray
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
        """Both with row ``i`` moved to ``place[i]``, until the next call.

        To write into few places that advance takes a third of the time of reading from all over the column.
        """
        ordered = self._column.view(values.dtype)[: len(values)]
        ordered[place] = values
        if valid is None:
            return ordered, None
        self._valid[place] = valid
        return ordered, self._valid


def profile_ordered(values: npt.NDArray[Any], nulls: int, bins: OrderedBins) -> OrderedProfile:
    """Profile of one column over one cell.

    Args:
        values: (n,) the non-null values, of any integer or float type, in any order.
        nulls: how many rows of the cell have none.
        bins: where the bins lie.
    """
    tally = OrderedTally(bins, Workspace())
    for start in range(0, len(values), CHUNK):
        tally.add(values[start : start + CHUNK])
    return tally.profile(nulls)


class OrderedTally:
    """Counts values of one column over one cell, chunk by chunk.

    ``mostly_distinct`` says whether equal values are worth looking for, as far as is known: it costs time
    when it is wrong, and never changes a figure.
    """

    def __init__(self, bins: OrderedBins, workspace: Workspace, *, mostly_distinct: bool = False) -> None:
        self._bins = bins
        self._cuts = bins.cuts
        self._reach = _LIMIT * bins.quantum
        self._work = workspace
        self._found = OrderedProfile()
        self._counts: IntArray = np.zeros(bins.cuts.finite, np.int64)
        self._sums: IntArray = np.zeros(bins.bins, np.int64)
        self._registers = RegisterSet()
        self.mostly_distinct = mostly_distinct

    def add(self, values: npt.NDArray[Any]) -> None:
        """Count values (n,) of any integer or float type, none of them null; at most ``CHUNK``."""
        if not len(values):
            return
        self._found.rows += len(values)
        ascending = self._work.values[: len(values)]
        if values.dtype == np.float64:
            ascending[:] = values
            ascending.sort()
        else:
            ascending[:] = np.sort(values)  # narrower types sort faster
        finite = _without_specials(ascending, self._found)
        if len(finite):
            self._add_finite(finite)

    def profile(self, nulls: int) -> OrderedProfile:
        """What was counted, and rows without a value."""
        found = self._found
        found.rows += nulls
        found.nulls = nulls
        found.buckets = np.flatnonzero(self._counts > 0)
        found.bucket_counts = self._counts[found.buckets]
        found.sums_high, found.sums_low = limbs(self._sums)
        found.registers = self._registers.registers
        return found

    def _add_finite(self, ascending: FloatArray) -> None:
        found, bins, cuts, work = self._found, self._bins, self._cuts, self._work
        count = len(ascending)
        found.minimum = min(found.minimum, float(ascending[0]) + 0.0)
        found.maximum = max(found.maximum, float(ascending[-1]) + 0.0)
        if ascending[0] <= 0.0 <= ascending[-1]:
            first, after = ascending.searchsorted(0.0, side="left"), ascending.searchsorted(0.0, side="right")
            found.zeros += int(after - first)
            ascending[first:after] = 0.0  # -0.0 is the same value, but has other bits

        floats, bits = work.floats[:count], work.bits[:count]
        distance = np.subtract(ascending, bins.pivot, out=floats) if bins.pivot else ascending
        keys = np.right_shift(distance.view(np.uint64), KEY_SHIFT, out=bits)
        starts = _run_starts(keys, work.flags)
        # add.at, not +=: the keys of what lies around the pivot differ, but their bucket is one
        np.add.at(self._counts, cuts.table.take(keys.take(starts).view(np.int64)), _lengths(starts, count))
        edges = ascending.searchsorted(cuts.edges)
        if cuts.passes:
            # all rows of a log bucket were counted in its first part: those from the edge on move to the next
            beyond = distance.searchsorted(cuts.ends) - edges[cuts.inside]
            np.add.at(self._counts, cuts.after, beyond)
            np.subtract.at(self._counts, cuts.after - 1, beyond)

        if distance[-1] > self._reach or distance[0] < -self._reach:
            found.beyond += int(np.count_nonzero(np.abs(distance) > self._reach))
            distance = np.clip(distance, -self._reach, self._reach, out=floats)
        quanta = np.multiply(distance, 1.0 / bins.quantum, out=floats)
        np.rint(quanta, out=quanta)
        slices = np.concatenate([_FIRST, edges])
        occupied = np.flatnonzero(_lengths(slices, count))
        # Integers whose sums stay below 2**53: float64 adds them exactly, in any order.
        self._sums[occupied] += np.add.reduceat(quanta, slices[occupied]).astype(np.int64)

        # Equal values are hashed once, unless hardly any are equal: then looking for them costs more.
        if not self.mostly_distinct:
            distinct = ascending.take(_run_starts(ascending, work.flags))
            self.mostly_distinct = count >= _TELLING and len(distinct) > count // 2
            ascending = distinct
        for start in range(0, len(ascending), _HASHED_AT_ONCE):
            values = ascending[start : start + _HASHED_AT_ONCE].view(np.uint64)
            hashes, scratch = work.bits[: len(values)], work.floats[: len(values)].view(np.uint64)
            self._registers.add(mix_into(hashes, values, scratch))


_FIRST: IntArray = np.zeros(1, np.int64)


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
    bucket = cuts.table.take(np.right_shift(distance.view(np.uint64), KEY_SHIFT).view(np.int64))
    for _ in range(cuts.passes):
        bucket = bucket + (values >= cuts.next_edge.take(bucket))
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
    registers = RegisterSet()
    registers.add(hash_values(values))
    found.registers = registers.registers
    return found


def count_codes(
    codes: npt.NDArray[np.integer[Any]],
    valid: npt.NDArray[np.bool_] | None,
    lowest: int,
    size: int,
    cell_of: npt.NDArray[Any] | None,
    cells: int,
) -> IntArray:
    """(cells, size) rows of each integer from ``lowest`` up in each cell, invalid ones left out.

    ``cell_of`` (n,) may be None if there is but one. ``np.bincount`` would do, but for holding the
    interpreter's lock.
    """
    if cells == 1 and size <= _FEW_CODES:
        return _count_few(codes, valid, lowest, size)
    counts: IntArray = np.zeros(cells * size, np.int64)
    unsigned = f"u{codes.dtype.itemsize}"
    for start in range(0, len(codes), CHUNK):
        chunk = slice(start, start + CHUNK)
        steps = codes[chunk]
        if lowest:
            # narrow integers may wrap around on the way; without a sign the difference is right again
            steps = (steps - steps.dtype.type(lowest)).view(unsigned)
        place = steps.astype(np.int64)
        if cell_of is not None:
            place += cell_of[chunk] * np.int64(size)
        np.add.at(counts, place if valid is None else place[valid[chunk]], 1)
    return counts.reshape(cells, size)


def _count_few(
    codes: npt.NDArray[np.integer[Any]], valid: npt.NDArray[np.bool_] | None, lowest: int, size: int
) -> IntArray:
    counts: IntArray = np.zeros((1, size), np.int64)
    for start in range(0, len(codes), CHUNK):
        chunk = codes[start : start + CHUNK]
        for at in range(size):
            same = chunk == codes.dtype.type(lowest + at)
            if valid is not None:
                same &= valid[start : start + CHUNK]
            counts[0, at] += np.count_nonzero(same)
    return counts


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


def _lengths(starts: IntArray, stop: int) -> IntArray:
    """How long each run is: (k,) ascending starts, the last one ends at ``stop``."""
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = stop - starts[-1]
    return lengths


def _run_starts(ascending: npt.NDArray[np.generic], flags: npt.NDArray[np.bool_] | None = None) -> IntArray:
    """Where each run of equal neighbours begins. ``flags`` (at least n,) is written over."""
    if not len(ascending):
        return np.empty(0, np.int64)
    differ = ascending[1:] != ascending[:-1] if flags is None else flags[: len(ascending) - 1]
    if flags is not None:
        np.not_equal(ascending[1:], ascending[:-1], out=differ)
    changes = np.flatnonzero(differ)
    starts = np.empty(len(changes) + 1, np.int64)
    starts[0] = 0
    np.add(changes, 1, out=starts[1:])
    return starts


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
    values = np.flatnonzero(per_bin > 0)
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
