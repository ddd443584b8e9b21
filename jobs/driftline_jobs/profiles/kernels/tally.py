"""The profile of a column in one pass over its values, compiled to machine code (see ``kernels``).

A column is worked through in blocks that stay in the nearest cache, in loops that each do one thing: the
compiler makes vector instructions of most. Where a value belongs is counted last, in a loop of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.distinct import Registers, UIntArray
from driftline_jobs.profiles.kernels.compiling import compiled, inner, readable
from driftline_jobs.profiles.kernels.loops import Int32Array
from driftline_jobs.profiles.kernels.sums import LIMB_BITS, LIMB_MASK

BLOCK = 1024
"""Rows at a time: the arrays of them lie in the nearest cache, beside what is counted into."""
NULLS, NANS, BELOW_INFINITY, ABOVE_INFINITY, ZEROS, OUTER, BUCKETS = range(7)
"""What ``tally`` counts of a run, by its place in ``counted``."""
_INTS, _READ_INTS = types.Array(types.int64, 1, "C"), readable(types.int64)
_READ_FLOATS, _READ_PLACES = readable(types.float64), readable(types.int32)
_LARGEST = float(np.finfo(np.float64).max)
_EVERY = np.uint64(2**64 - 1)
_TOP_BIT = np.uint64(1 << 63)
_ONE = np.uint64(1)
# As ``buckets`` and ``distinct`` have them: what was compiled would not notice a change in another file.
_KEY_SHIFT, _SIGN_KEY = np.uint64(46), 1 << 17
_LOW_MASK = np.uint64(LIMB_MASK)
_ROWS_PER_CARRY = (1 << 17) - 2 * BLOCK
"""So many times 46 bits fit in 63, with what is left of the rows before them."""
_SMALL_COUNT = 256
"""Up to so many rows it is sooner to sort the buckets that hold them than to look for those."""
_MIX_1, _MIX_2, _FOLD = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
_INDEX_MASK = np.uint64(2047)
_RANK_BITS, _RANK_SHIFT, _GREATEST_RANK = 53, np.uint64(11), np.int64(54)
_EXPONENT_SHIFT, _RANK_OF_ONE = np.uint64(52), np.int64(53 + 1023)
_HALF_BITS, _HALF_MASK = 23, (1 << 23) - 1
_SELDOM = np.uint64(1 << 60)
"""One hash in sixteen lies below: where more do, it is sooner to look at all than to choose."""


def _table(kind: types.Type, axes: int) -> types.Array:
    return types.Array(kind, axes, "C")


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
def _distances(values: FloatArray, pivot: float, least: float, limit: float, floats: FloatArray) -> int:
    """Write the distance of each from the pivot; return how many the buckets do not cover."""
    outer = 0
    for row in range(len(values)):
        distance = values[row] - pivot
        floats[row] = distance
        size = abs(distance)
        outer += (size >= limit) | ((size < least) & (size > 0.0))
    return outer


@inner
def _without_outer(
    values: FloatArray, least: float, limit: float, floats: FloatArray, covered: FloatArray, outer: FloatArray
) -> FloatArray:
    """Those whose distance the buckets cover, in ``covered``, with their distances first in ``floats``; the
    others in ``outer``."""
    size = 0
    for row in range(len(values)):
        value, distance = values[row], floats[row]
        covered[size], floats[size] = value, distance
        outer[row - size] = value
        distance = abs(distance)
        size += not ((distance >= limit) | ((distance < least) & (distance > 0.0)))
    return covered[:size]


@inner
def _place(
    values: FloatArray,
    before: int,
    zero: int,
    first: Int32Array,
    next_edge: FloatArray,
    passes: int,
    bits: UIntArray,
    places: Int32Array,
) -> None:
    """Write the cut bucket of each value to ``places``, or the one next to it of one that has none. ``bits``
    are of the distances."""
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
def _fill(places: Int32Array, bits: UIntArray, filled: IntArray) -> None:
    """Count each place, and add up the low bits of the distances."""
    for row in range(len(places)):
        counter = filled[places[row]]
        counter[0] += 1
        counter[1] += np.int64(bits[row] & _LOW_MASK)


@inner
def _fill_small(
    places: Int32Array, bits: UIntArray, filled: IntArray, occupied: Int32Array, size: int
) -> int:
    """The same; places that were empty are appended to the first ``size`` in ``occupied``."""
    for row in range(len(places)):
        counter = filled[places[row]]
        occupied[size] = places[row]
        size += counter[0] == 0
        counter[0] += 1
        counter[1] += np.int64(bits[row] & _LOW_MASK)
    return size


@inner
def _occupied(filled: IntArray, first: int, last: int, occupied: Int32Array) -> int:
    """Write the buckets from first to last that hold values to ``occupied``; return how many there are."""
    size = 0
    for bucket in range(first, last + 1):
        occupied[size] = bucket
        size += filled[bucket, 0] != 0
    return size


@inner
def _carry(filled: IntArray, carried: IntArray) -> None:
    """Move what has overflowed the low bits of a bucket's sum to ``carried``."""
    for bucket in range(len(filled)):
        carried[bucket] += filled[bucket, 1] >> LIMB_BITS
        filled[bucket, 1] &= LIMB_MASK


@inner
def _add(limbs: IntArray, sign: int, high: int, low: int, shift: int) -> None:
    """Add ``high * 2**46 + low``, as many bits up as ``shift`` says and with the sign, to the limbs (3,)."""
    upper = shift >= LIMB_BITS
    up = shift - LIMB_BITS if upper else shift
    rest = LIMB_BITS - up
    below = (np.int64(1) << rest) - 1
    if upper:
        limbs[1] += sign * ((low & below) << up)
        limbs[2] += sign * ((low >> rest) + (high << up))
    else:
        limbs[0] += sign * ((low & below) << up)
        limbs[1] += sign * ((low >> rest) + ((high & below) << up))
        limbs[2] += sign * (high >> rest)


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


@compiled(types.void(_READ_FLOATS, _READ_INTS, _READ_PLACES, *[_READ_INTS] * 3, _table(types.int64, 2)))
def add_counted(
    distances: FloatArray,
    counts: IntArray,
    places: Int32Array,
    bin_of: IntArray,
    lead: IntArray,
    shift: IntArray,
    sums: IntArray,
) -> None:
    """Add each distance from the pivot, as often as it counts, to the sum of its bin.

    Args:
        distances, counts, places: (k,) covered by the buckets; below 2**39; the cut bucket of each.
        bin_of, lead, shift: see ``BucketCuts``.
        sums: (bins, 3) limbs, added to.
    """
    bits = distances.view(np.uint64)
    for at in range(len(distances)):
        place, count = places[at], counts[at]
        low = np.int64(bits[at] & _LOW_MASK)
        # in two halves: their products with the count fit in 63 bits
        lower, upper = (low & _HALF_MASK) * count, (low >> _HALF_BITS) * count
        low = lower + ((upper & _HALF_MASK) << _HALF_BITS)
        high = abs(lead[place]) * count + (upper >> _HALF_BITS) + (low >> LIMB_BITS)
        _add(sums[bin_of[place]], np.sign(lead[place]), high, low & LIMB_MASK, shift[place])


@compiled(
    types.void(
        *(_READ_FLOATS, readable(types.boolean), _INTS, _INTS),
        *([types.float64] * 3 + [types.int64] * 2),
        *(_READ_PLACES, _READ_FLOATS, types.int64, _READ_INTS, _READ_INTS, _READ_INTS),
        *(_table(types.int64, 2), _table(types.float64, 2), _table(types.int64, 3), _table(types.uint8, 2)),
        *(_INTS, _INTS, types.Array(types.float64, 1, "C")),
    )
)
def tally(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - a kernel names every array
    values: FloatArray,
    valid: npt.NDArray[np.bool_],
    starts: IntArray,
    stops: IntArray,
    pivot: float,
    least: float,
    limit: float,
    before: int,
    zero: int,
    first: Int32Array,
    next_edge: FloatArray,
    passes: int,
    bin_of: IntArray,
    lead: IntArray,
    shift: IntArray,
    counted: IntArray,
    extremes: FloatArray,
    sums: IntArray,
    registers: Registers,
    buckets: IntArray,
    bucket_counts: IntArray,
    outer: FloatArray,
) -> None:
    """Profile each run of values.

    Args:
        values: any float64.
        valid: which of them are not null; empty if none is.
        starts, stops: (runs,) where each run lies in ``values``.
        pivot, least, limit, before, zero: see ``BucketGrid``.
        first, next_edge, passes, bin_of, lead, shift: see ``BucketCuts``.
        counted: (runs, 7) zeros; filled, see ``NULLS`` and those after it.
        extremes: (runs, 2) the least and the greatest finite value; +inf and -inf where there is none.
        sums: (runs, bins, 3) zeros; limbs of the sums of distances from the pivot are added, not yet
            carried over from one to the next.
        registers: (runs, 2048) zeros; raised to the greatest rank of each.
        buckets, bucket_counts: filled, run after run, with the buckets that hold values, ascending, and how
            many; as long as there can be such.
        outer: as long as ``values``, filled, run after run, with those that the buckets do not cover.
    """
    present = np.empty(BLOCK)
    finite = np.empty(BLOCK)
    covered = np.empty(BLOCK)
    floats = np.empty(BLOCK)
    bits = floats.view(np.uint64)
    places = np.empty(BLOCK, np.int32)
    hashes = np.empty(BLOCK, np.uint64)
    outside = np.empty(BLOCK)
    occupied = np.empty(len(bin_of) + _SMALL_COUNT + 1, np.int32)
    filled = np.zeros((len(bin_of), 2), np.int64)
    carried = np.zeros(len(bin_of), np.int64)
    end = outer_end = 0
    for run in range(len(starts)):
        numbers, own, ends = counted[run], registers[run], extremes[run]
        limit_of_rank = _EVERY
        since_carry = size = 0
        is_short = stops[run] - starts[run] <= _SMALL_COUNT
        ends[0], ends[1] = np.inf, -np.inf
        for start in range(starts[run], stops[run], BLOCK):
            stop = min(start + BLOCK, stops[run])
            rows = values[start:stop]
            if len(valid):
                rows = _present(rows, valid[start:stop], present)
                numbers[NULLS] += stop - start - len(rows)
            # after a few blocks new extremes are rare, and so are values that are not finite
            block = rows if _all_within(rows, ends[0], ends[1]) else _finite_ones(rows, finite, ends, numbers)
            zeros = _hash(block, floats, bits, hashes)
            if zeros:
                numbers[ZEROS] += zeros
                own[0] = _GREATEST_RANK  # a zero's hash is zero
            if limit_of_rank > _SELDOM:
                _raise_all(hashes[: len(block)], own, floats, bits)
                limit_of_rank = _limit(own)
            elif _raise_some(hashes[: len(block)], own, limit_of_rank):
                limit_of_rank = _limit(own)
            beyond = _distances(block, pivot, least, limit, floats)
            if beyond:
                block = _without_outer(block, least, limit, floats, covered, outside)
                outer[outer_end : outer_end + beyond] = outside[:beyond]
                outer_end += beyond
                numbers[OUTER] += beyond
            _place(block, before, zero, first, next_edge, passes, bits, places)
            if is_short:
                size = _fill_small(places[: len(block)], bits, filled, occupied, size)
            else:
                _fill(places[: len(block)], bits, filled)
            since_carry += len(block)
            if since_carry > _ROWS_PER_CARRY:
                _carry(filled, carried)
                since_carry = 0
        if ends[0] > ends[1]:
            continue
        _distances(ends, pivot, least, limit, floats)
        _place(ends, before, zero, first, next_edge, passes, bits, places)
        if is_short:
            occupied[:size].sort()
        else:
            size = _occupied(filled, places[0], places[1], occupied)
        for bucket in occupied[:size]:
            counter = filled[bucket]
            buckets[end], bucket_counts[end] = bucket, counter[0]
            high = abs(lead[bucket]) * counter[0] + carried[bucket] + (counter[1] >> LIMB_BITS)
            low = counter[1] & LIMB_MASK
            _add(sums[run, bin_of[bucket]], np.sign(lead[bucket]), high, low, shift[bucket])
            counter[0], counter[1], carried[bucket] = 0, 0, 0
            end += 1
        numbers[BUCKETS] = size
