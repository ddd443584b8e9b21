"""Loops over rows, compiled to machine code: the only code that touches every row.

numba compiles them at their first import and keeps the result beside this file; they run without the
interpreter's lock, so threads share a machine. Counts and sums are integers, so neither the order of the rows
nor the processor leaves a trace.

A column is worked through in blocks that stay in the nearest cache, in loops that each do one thing: the
compiler makes vector instructions of most. Where a value belongs is counted last, in a loop of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from driftline_jobs.profile.buckets import FloatArray, IntArray
from driftline_jobs.profile.compiling import compiled, inner, readable
from driftline_jobs.profile.distinct import Registers, UIntArray

Int32Array = npt.NDArray[np.int32]

BLOCK = 1024
"""Rows at a time in ``tally``: its arrays of them lie in the nearest cache, beside what is counted into."""
NULLS, NANS, BELOW_INFINITY, ABOVE_INFINITY, ZEROS, BEYOND, BUCKETS = range(7)
"""What ``tally`` counts of a run, by its place in ``counted``."""
_LARGEST = float(np.finfo(np.float64).max)
_EVERY = np.uint64(2**64 - 1)
_TOP_BIT = np.uint64(1 << 63)
_ONE = np.uint64(1)
# As ``buckets`` and ``distinct`` have them: what was compiled would not notice a change in another file.
_KEY_SHIFT, _SIGN_KEY = np.uint64(46), 1 << 17
_MIX_1, _MIX_2, _FOLD = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
_INDEX_MASK = np.uint64(2047)
_RANK_BITS, _RANK_SHIFT, _GREATEST_RANK = 53, np.uint64(11), np.int64(54)
_EXPONENT_SHIFT, _RANK_OF_ONE = np.uint64(52), np.int64(53 + 1023)
_SELDOM = np.uint64(1 << 60)
"""One hash in sixteen lies below: where more do, it is sooner to look at all than to choose."""
_Floats, _Ints = types.Array(types.float64, 1, "C"), types.Array(types.int64, 1, "C")


@compiled(
    types.int64(
        readable(types.int32),
        readable(types.boolean),
        readable(types.int32),
        types.int64,
        types.Array(types.int64, 2, "C"),
    )
)
def count(
    codes: Int32Array,
    valid: npt.NDArray[np.bool_],
    cell_of: Int32Array,
    size: int,
    counts: IntArray,
) -> int:
    """Count the rows of each code in each cell.

    Args:
        codes: (n,) each below ``size``.
        valid, cell_of: (n,) rows that count, and the cell of each; empty for all rows, and for one cell.
        counts: (lanes, cells * size) added to, row by row in turn: where neighbours are equal, each would
            wait for the one before. Lanes are a power of two.

    Returns:
        Valid rows whose code is out of range; if there are any, nothing is counted.
    """
    turn = len(counts) - 1
    parted, partial = len(cell_of) > 0, len(valid) > 0
    strays = 0
    for row in range(len(codes)):
        strays += (codes[row] < 0 or codes[row] >= size) and (not partial or valid[row])
    if strays:
        return strays
    # Without a branch: which rows are null cannot be foreseen.
    for row in range(len(codes)):
        there = np.int64(valid[row]) if partial else 1
        place = codes[row] * there
        if parted:
            place += size * cell_of[row]
        counts[row & turn, place] += there
    return 0


@compiled(types.void(readable(types.float64), readable(types.boolean), readable(types.int32), _Ints, _Floats))
def lay_out(
    values: FloatArray,
    valid: npt.NDArray[np.bool_],
    cell_of: Int32Array,
    ends: IntArray,
    laid: FloatArray,
) -> None:
    """Append each valid value to those of its cell.

    Args:
        values: (n,).
        valid: (n,) those that are laid out; empty for all.
        cell_of: (n,) the cell of each.
        ends: (cells,) where the next value of each cell goes in ``laid``; moved on.
        laid: written to; a cell needs room for all its rows, null or not.
    """
    # Without a branch: which rows are null cannot be foreseen. What is written of one, the next value of the
    # cell is written over, or nobody reads: as many rows as a cell has, so much room there is for it.
    partial = len(valid) > 0
    for row in range(len(values)):
        cell = cell_of[row]
        at = ends[cell]
        laid[at] = values[row]
        ends[cell] = at + (np.int64(valid[row]) if partial else 1)


@inner
def _present(values: FloatArray, valid: npt.NDArray[np.bool_], present: FloatArray) -> FloatArray:
    """Those that are valid, in ``present``."""
    size = 0
    for row in range(len(values)):
        present[size] = values[row]
        size += valid[row]
    return present[:size]


@inner
def _all_within(values: FloatArray, low: float, high: float) -> bool:
    """Whether all lie from ``low`` to ``high``; NaN does not."""
    outside = 0
    for row in range(len(values)):
        outside += not low <= values[row] <= high
    return outside == 0


@inner
def _finite_ones(
    values: FloatArray, finite: FloatArray, extremes: FloatArray, numbers: IntArray
) -> FloatArray:
    """Those that are finite, in ``finite``; their extremes are widened, the others counted."""
    size = 0
    for value in values:
        finite[size] = value
        size += abs(value) <= _LARGEST
    if size < len(values):
        above = below = 0
        for value in values:
            above += value > _LARGEST
            below += value < -_LARGEST
        numbers[ABOVE_INFINITY] += above
        numbers[BELOW_INFINITY] += below
        numbers[NANS] += len(values) - size - above - below
    if not _all_within(finite[:size], extremes[0], extremes[1]):
        for value in finite[:size]:
            extremes[0], extremes[1] = min(extremes[0], value), max(extremes[1], value)
    return finite[:size]


@inner
def _place(
    values: FloatArray,
    pivot: float,
    before: int,
    zero: int,
    first: Int32Array,
    next_edge: FloatArray,
    passes: int,
    floats: FloatArray,
    bits: UIntArray,
    places: Int32Array,
) -> None:
    """Write the cut bucket of each finite value to ``places``. ``bits`` are those of ``floats``."""
    for row in range(len(values)):
        floats[row] = values[row] - pivot
    for row in range(len(values)):
        key = np.int64(bits[row] >> _KEY_SHIFT)
        steps = (key & (_SIGN_KEY - 1)) - before
        steps = np.int64(0) if steps < 0 else np.int64(zero) if steps > zero else steps
        places[row] = zero + steps if key < _SIGN_KEY else zero - steps
    for row in range(len(values)):
        places[row] = first[places[row]]
    for _ in range(passes):
        for row in range(len(values)):
            places[row] += values[row] >= next_edge[places[row]]


@inner
def _sum_up(values: FloatArray, pivot: float, reach: float, per_unit: float, quanta: IntArray) -> int:
    """Write the distance of each from the pivot in quanta; return how many lie beyond the reach."""
    beyond = 0
    for row in range(len(values)):
        beyond += abs(values[row] - pivot) > reach
    for row in range(len(values)):
        quanta[row] = np.int64(np.rint(min(max(values[row] - pivot, -reach), reach) * per_unit))
    return beyond


@inner
def _hash(values: FloatArray, floats: FloatArray, bits: UIntArray, hashes: UIntArray) -> int:
    """Write the hash of each (see ``distinct.mix``); return how many are zero. ``bits`` are of ``floats``.

    A zero's hash is written as one that raises no register: often met, it would be looked at each time.
    """
    zeros = 0
    for row in range(len(values)):
        zeros += values[row] == 0.0
        floats[row] = values[row] + 0.0  # -0.0 is the same value, but has other bits
    for row in range(len(values)):
        mixed = bits[row]
        mixed = (mixed ^ (mixed >> _FOLD)) * _MIX_1
        mixed = (mixed ^ (mixed >> _FOLD)) * _MIX_2
        hashes[row] = mixed or _EVERY
    return zeros


@inner
def _raise_all(hashes: UIntArray, registers: Registers, floats: FloatArray, bits: UIntArray) -> None:
    """Raise the registers to the ranks of the hashes. ``bits`` are of ``floats``."""
    for row in range(len(hashes)):
        floats[row] = np.float64(hashes[row] >> _RANK_SHIFT)
    for row in range(len(hashes)):
        # one more than the leading zeros of the upper bits, read off the exponent of their float64
        rank = min(_RANK_OF_ONE - np.int64(bits[row] >> _EXPONENT_SHIFT), _GREATEST_RANK)
        at = ((hashes[row] >> _FOLD) ^ hashes[row]) & _INDEX_MASK
        registers[at] = max(registers[at], np.uint8(rank))


@inner
def _raise_some(hashes: UIntArray, registers: Registers, limit: np.uint64) -> bool:
    """Raise the registers to the ranks of the few hashes below the limit, and tell whether any was."""
    raised = False
    for mixed in hashes:
        if mixed < limit:
            at = ((mixed >> _FOLD) ^ mixed) & _INDEX_MASK
            rank, bit = 1, _TOP_BIT
            while rank <= _RANK_BITS and not mixed & bit:
                rank, bit = rank + 1, bit >> _ONE
            if rank > registers[at]:
                registers[at] = rank
                raised = True
    return raised


@inner
def _limit(registers: Registers) -> np.uint64:
    """Hashes from here up have ranks that every register has reached already."""
    lowest = registers[0]
    for rank in registers:
        lowest = min(lowest, rank)
    return _EVERY if lowest == 0 else _TOP_BIT >> np.uint64(lowest - 1)


@compiled(
    types.void(
        readable(types.float64),
        readable(types.boolean),
        _Ints,
        _Ints,
        types.float64,
        types.float64,
        types.float64,
        types.int64,
        types.int64,
        readable(types.int32),
        readable(types.float64),
        types.int64,
        readable(types.int64),
        types.Array(types.int64, 2, "C"),
        types.Array(types.float64, 2, "C"),
        types.Array(types.int64, 2, "C"),
        types.Array(types.uint8, 2, "C"),
        _Ints,
        _Ints,
    )
)
def tally(
    values: FloatArray,
    valid: npt.NDArray[np.bool_],
    starts: IntArray,
    stops: IntArray,
    pivot: float,
    quantum: float,
    reach: float,
    before: int,
    zero: int,
    first: Int32Array,
    next_edge: FloatArray,
    passes: int,
    bin_of: IntArray,
    counted: IntArray,
    extremes: FloatArray,
    sums: IntArray,
    registers: Registers,
    buckets: IntArray,
    bucket_counts: IntArray,
) -> None:
    """Profile each run of values.

    Args:
        values: any float64.
        valid: which of them are not null; empty if none is.
        starts, stops: (runs,) where each run lies in ``values``.
        pivot, quantum: see ``OrderedBins``; values further than ``reach`` from the pivot are summed as if
            they lay there.
        before, zero: see ``BucketGrid``.
        first, next_edge, passes, bin_of: see ``BucketCuts``.
        counted: (runs, 7) zeros; filled, see ``NULLS`` and those after it.
        extremes: (runs, 2) the least and the greatest finite value; +inf and -inf where there is none.
        sums: (runs, bins) zeros; sums in quanta from the pivot are added.
        registers: (runs, 2048) zeros; raised to the greatest rank of each.
        buckets, bucket_counts: filled, run after run, with the buckets that hold values, ascending, and how
            many; as long as there can be such.
    """
    present = np.empty(BLOCK)
    finite = np.empty(BLOCK)
    floats = np.empty(BLOCK)
    bits = floats.view(np.uint64)
    places = np.empty(BLOCK, np.int32)
    quanta = np.empty(BLOCK, np.int64)
    hashes = np.empty(BLOCK, np.uint64)
    filled = np.zeros((len(bin_of), 2), np.int64)
    end = 0
    for run in range(len(starts)):
        numbers, own, ends = counted[run], registers[run], extremes[run]
        limit = _EVERY
        ends[0], ends[1] = np.inf, -np.inf
        for start in range(starts[run], stops[run], BLOCK):
            stop = min(start + BLOCK, stops[run])
            rows = values[start:stop]
            if len(valid):
                rows = _present(rows, valid[start:stop], present)
                numbers[NULLS] += stop - start - len(rows)
            # after a few blocks new extremes are rare, and so are values that are not finite
            block = rows if _all_within(rows, ends[0], ends[1]) else _finite_ones(rows, finite, ends, numbers)
            size = len(block)
            _place(block, pivot, before, zero, first, next_edge, passes, floats, bits, places)
            numbers[BEYOND] += _sum_up(block, pivot, reach, 1.0 / quantum, quanta)
            zeros = _hash(block, floats, bits, hashes)
            if zeros:
                numbers[ZEROS] += zeros
                own[0] = _GREATEST_RANK  # a zero's hash is zero
            for row in range(size):
                held = filled[places[row]]
                held[0] += 1
                held[1] += quanta[row]
            if limit > _SELDOM:
                _raise_all(hashes[:size], own, floats, bits)
                limit = _limit(own)
            elif _raise_some(hashes[:size], own, limit):
                limit = _limit(own)
        if ends[0] > ends[1]:
            continue
        begin = end
        _place(ends, pivot, before, zero, first, next_edge, passes, floats, bits, places)
        for bucket in range(places[0], places[1] + 1):
            held = filled[bucket]
            if held[0]:
                buckets[end], bucket_counts[end] = bucket, held[0]
                sums[run, bin_of[bucket]] += held[1]
                held[0], held[1] = 0, 0
                end += 1
        numbers[BUCKETS] = end - begin
