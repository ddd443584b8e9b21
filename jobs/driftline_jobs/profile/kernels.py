"""Values to profiles, at the speed of memory: the only code that touches every row.

A value's log bucket, cut at the bins' edges, is looked up by its leading bits. What lies in each bucket is
then counted and summed by the product of a sparse matrix with one: rows of the matrix are buckets, its only
column has an entry per value. Integers that are few are counted instead, and the counts profiled.

numpy and scipy do the work, and nearly all of it without the interpreter's lock: a chunk is large enough that
threads seldom meet at the lock, and small enough for the cache. Its working arrays are made once
(``Workspace``): a fresh array costs more page faults than the work done in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from driftline_jobs.profile.binning import SUM_BITS, BucketCuts, CategoryBins, OrderedBins
from driftline_jobs.profile.buckets import KEY_SHIFT, FloatArray, IntArray
from driftline_jobs.profile.distinct import (
    RegisterSet,
    UIntArray,
    hash_values,
    mix_into,
    register_sets,
)
from driftline_jobs.profile.state import UNSEEN_KEPT, CategoryProfile, OrderedProfile, limbs

CHUNK = 1 << 16
"""Rows at a time: float64 adds this many quanta exactly (see ``SUM_BITS``)."""
_LIMIT = float(1 << SUM_BITS)
_PAGE = 4096
_FEW_CODES = 6
"""So few are counted sooner by comparing all rows with each than by looking where each row belongs."""


class Scatter:
    """Sums weights by their places: the product of a sparse matrix with one.

    scipy computes it faster than ``np.bincount`` would, and without holding the interpreter's lock.

    Args:
        weights: (n,) of a float type, read anew by every call.
        places: (n,) where each belongs, likewise.
    """

    def __init__(self, weights: npt.NDArray[Any], places: npt.NDArray[np.int32]) -> None:
        self._weights = weights
        self._places = places
        self._one = np.ones(1, weights.dtype)
        self._matrices: dict[int, csc_array] = {}

    def __call__(self, rows: int, size: int) -> IntArray:
        """(size,) the sum at each place of the first ``rows`` weights, which are whole numbers."""
        matrix = self._matrices.get(size)
        if matrix is None:
            matrix = self._matrices[size] = csc_array((size, 1), dtype=self._weights.dtype)
            # not given to the constructor, which copies what is part of a larger array
            matrix.data, matrix.indices, matrix.indptr = self._weights, self._places, np.zeros(2, np.int32)
        matrix.indptr[1] = rows
        return np.asarray(matrix @ self._one).astype(np.int64)


class Workspace:
    """Arrays to work in: of one chunk, and of a column of ``rows``. Not to be shared by threads."""

    def __init__(self, rows: int = 0) -> None:
        # In one piece and each at the begin of a page: that is worth a tenth of the time.
        memory = np.empty(33 * CHUNK + _PAGE, np.uint8)
        memory = memory[-memory.ctypes.data % _PAGE :]
        self.values = memory[: 8 * CHUNK].view(np.float64)
        self.floats = memory[8 * CHUNK : 16 * CHUNK].view(np.float64)
        self.bits = memory[16 * CHUNK : 24 * CHUNK].view(np.uint64)
        self.places = memory[24 * CHUNK : 28 * CHUNK].view(np.int32)
        self._ones = memory[28 * CHUNK : 32 * CHUNK].view(np.float32)
        self._ones.fill(1.0)
        self.flags = memory[32 * CHUNK : 33 * CHUNK].view(np.bool_)
        self.counts = Scatter(self._ones, self.places)
        self.sums = Scatter(self.floats, self.places)
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
    """Counts values of one column over one cell, chunk by chunk."""

    def __init__(self, bins: OrderedBins, workspace: Workspace) -> None:
        self._bins = bins
        self._cuts = bins.cuts
        self._reach = _LIMIT * bins.quantum
        self._work = workspace
        self._found = OrderedProfile()
        self._counts: IntArray = np.zeros(bins.cuts.finite, np.int64)
        self._sums: IntArray = np.zeros(bins.cuts.finite, np.int64)
        self._registers = RegisterSet()

    def add(self, values: npt.NDArray[Any]) -> None:
        """Count values (n,) of any integer or float type, none of them null; at most ``CHUNK``."""
        if not len(values):
            return
        found = self._found
        found.rows += len(values)
        if values.dtype != np.float64:
            floats = self._work.values[: len(values)]
            floats[:] = values
            values = floats
        low, high = float(values.min()), float(values.max())
        if not math.isfinite(low) or not math.isfinite(high):
            values = _finite(values, found)
            if not len(values):
                return
            low, high = float(values.min()), float(values.max())
        found.minimum, found.maximum = min(found.minimum, low + 0.0), max(found.maximum, high + 0.0)
        self._add_finite(values)

    def profile(self, nulls: int) -> OrderedProfile:
        """What was counted, and rows without a value."""
        found, bins = self._found, self._bins
        found.rows += nulls
        found.nulls = nulls
        found.buckets = np.flatnonzero(self._counts > 0)
        found.bucket_counts = self._counts[found.buckets]
        sums: IntArray = np.zeros(bins.bins, np.int64)
        np.add.at(sums, self._cuts.bin_of[found.buckets], self._sums[found.buckets])
        found.sums_high, found.sums_low = limbs(sums)
        found.registers = self._registers.registers
        return found

    def _add_finite(self, values: FloatArray) -> None:
        bins, cuts, work, found = self._bins, self._cuts, self._work, self._found
        size = len(values)
        bits, floats = work.bits[:size], work.floats[:size]
        places, flags = work.places[:size], work.flags[:size]

        distance = np.subtract(values, bins.pivot, out=floats) if bins.pivot else values
        keys = np.right_shift(distance.view(np.uint64), KEY_SHIFT, out=bits).view(np.int64)
        cuts.table.take(keys, out=places, mode="clip")
        if cuts.passes:
            _pass_edges(values, places, cuts, bits.view(np.float64), flags)
        if max(found.maximum - bins.pivot, bins.pivot - found.minimum) > self._reach:
            found.beyond += int(np.count_nonzero(np.abs(distance) > self._reach))
            distance = np.clip(distance, -self._reach, self._reach, out=floats)
        np.multiply(distance, 1.0 / bins.quantum, out=floats)
        np.rint(floats, out=floats)
        counts = work.counts(size, cuts.finite)
        self._counts += counts
        # Integers whose sums stay below 2**53: float64 adds them exactly, in any order.
        self._sums += work.sums(size, cuts.finite)

        if counts[cuts.zero]:
            found.zeros += int(np.count_nonzero(values == 0.0))
            values = np.add(values, 0.0, out=work.values[:size])  # -0.0 is the same value, but has other bits
        self._registers.add(mix_into(bits, values.view(np.uint64), floats.view(np.uint64)), flags)


def _pass_edges(
    values: FloatArray,
    places: npt.NDArray[np.int32],
    cuts: BucketCuts,
    ends: FloatArray,
    past: npt.NDArray[np.bool_],
) -> None:
    """Move values of a log bucket that edges cut from its first part on to their own.

    ``ends`` and ``past`` (n,) are written over.
    """
    cuts.next_edge.take(places, out=ends, mode="clip")
    np.greater_equal(values, ends, out=past)
    places += past
    if cuts.passes == 1:
        return
    rows = np.flatnonzero(past)
    while len(rows):
        rows = rows[values[rows] >= cuts.next_edge[places[rows]]]
        places[rows] += 1


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
    workspace: Workspace,
) -> IntArray:
    """(cells, size) rows of each integer from ``lowest`` up in each cell, invalid ones left out.

    ``cell_of`` (n,) may be None if there is but one.
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
        if valid is not None:
            steps = steps[valid[chunk]]
        places = workspace.places[: len(steps)]
        places[:] = steps
        if cell_of is not None:
            cell = cell_of[chunk]
            places += (cell if valid is None else cell[valid[chunk]]) * np.int32(size)
        counts += workspace.counts(len(places), len(counts))
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


def _finite(values: FloatArray, profile: OrderedProfile) -> FloatArray:
    """The finite values; the others are counted."""
    finite = np.isfinite(values)
    others = values[~finite]
    nans, above = int(np.count_nonzero(np.isnan(others))), int(np.count_nonzero(others == np.inf))
    profile.nans += nans
    profile.above_infinity += above
    profile.below_infinity += len(others) - nans - above
    return values[finite]


def _run_starts(ascending: npt.NDArray[np.generic]) -> IntArray:
    """Where each run of equal neighbours begins."""
    if not len(ascending):
        return np.empty(0, np.int64)
    changes = np.flatnonzero(ascending[1:] != ascending[:-1])
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
    keys = np.right_shift(distance.view(np.uint64), KEY_SHIFT).view(np.int64)
    bucket = cuts.table.take(keys).astype(np.int64)
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
    cell: IntArray,
    occurring: IntArray,
    counts: IntArray,
    rows: IntArray,
    dictionary: Dictionary,
    bins: CategoryBins,
) -> list[CategoryProfile]:
    """Profiles of one categorical column over each cell, from the counts of its dictionary.

    Args:
        cell, occurring, counts: (k,) for every value that occurs in a cell: the cell, ascending, the index
            into the dictionary, and the rows.
        rows: (cells,) all rows of each cell.
    """
    cells = len(rows)
    bin_of = dictionary.bin_of[occurring]
    hashes = dictionary.hashes[occurring]
    there: IntArray = np.zeros(cells, np.int64)
    np.add.at(there, cell, counts)
    places, place_of = np.unique(cell * bins.bins + bin_of, return_inverse=True)
    value_counts: IntArray = np.zeros(len(places), np.int64)
    np.add.at(value_counts, place_of, counts)
    values = places % bins.bins
    stops = np.searchsorted(places, np.arange(1, cells + 1) * bins.bins).tolist()
    registers = register_sets(hashes, cell, cells)
    profiles, start = [], 0
    for at, stop in enumerate(stops):
        profiles.append(
            CategoryProfile(
                rows=int(rows[at]),
                nulls=int(rows[at] - there[at]),
                values=values[start:stop],
                value_counts=value_counts[start:stop],
                registers=registers[at],
            )
        )
        start = stop
    unseen = np.flatnonzero(bin_of == bins.bins - 1)
    for at in unseen[np.argsort(hashes[unseen], kind="stable")].tolist():
        kept, key = profiles[cell[at]].unseen_values, int(hashes[at])
        if key in kept or len(kept) < UNSEEN_KEPT:
            # nothing keeps a file's dictionary from holding a value twice
            known = kept[key][1] if key in kept else 0
            kept[key] = (dictionary.texts[int(occurring[at])], known + int(counts[at]))
    return profiles


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The D distinct values of a column in one split: their bins, hashes and texts."""

    bin_of: IntArray
    hashes: UIntArray
    texts: Sequence[str]
