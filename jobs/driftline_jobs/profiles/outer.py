"""Values outside the log buckets of their column: far larger than the reference's, or far closer to zero.

They are rare, and nothing about them is lost: each octave of the doubles, down to the least subnormal, has
its 64 buckets, of which those that hold values are kept, and each bin's sum is an integer as long as it needs
to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.log_buckets import LOW_BITS, MANTISSA_BITS, PER_OCTAVE

if TYPE_CHECKING:
    from driftline_jobs.profiles.kinds.ordered import OrderedBins

LEAST_OCTAVE = -1074
"""The least double above zero is 2**-1074, and every double is a whole multiple of it: the unit of sums."""
_BIN_BITS = 12
_BIN_MASK = np.int64((1 << _BIN_BITS) - 1)
_EXPONENT_BIAS = 1023
_LEAST_NORMAL = 2.0**-1022
_RAISED = 64
"""Octaves by which subnormals are raised, to have a mantissa like other doubles."""
_MANTISSA_MASK = np.int64((1 << MANTISSA_BITS) - 1)
_HALF_BITS = 26
_HALF_MASK = np.int64((1 << _HALF_BITS) - 1)
_AT_ONCE = 1 << 16


def _none() -> IntArray:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Outer:
    """Counts and sums of outer values.

    Attributes:
        buckets, counts: (k,) buckets that hold values, ascending, and how many. A bucket is numbered by
            its place among those of all doubles, counted from zero, and by the bin.
        sums: of each bin, ascending, whose sum is not zero, the bin and the sum in units of 2**-1074.
    """

    buckets: IntArray = field(default_factory=_none)
    counts: IntArray = field(default_factory=_none)
    sums: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return len(self.buckets) > 0

    def bins(self) -> IntArray:
        """(k,) the bin of each bucket."""
        return self.buckets & _BIN_MASK


NONE = Outer()


def outer_values(values: FloatArray, bins: OrderedBins) -> Outer:
    """Of finite values (n,) that all lie outside the buckets of ``bins``."""
    parts = (np.sort(values[at : at + _AT_ONCE]) for at in range(0, len(values), _AT_ONCE))
    return added(outer_counted(part, np.ones(len(part), np.int64), bins) for part in parts)


def outer_counted(values: FloatArray, counts: IntArray, bins: OrderedBins) -> Outer:
    """Of such values (k,), ascending, and the rows of each, below 2**36."""
    if not len(values):
        return NONE
    place, mantissa, octave = _parted(values)
    numbers = (place << _BIN_BITS) + np.searchsorted(bins.edges, values, side="right")
    starts = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))
    upper = np.add.reduceat((mantissa >> _HALF_BITS) * counts, starts).tolist()
    lower = np.add.reduceat((mantissa & _HALF_MASK) * counts, starts).tolist()
    # a whole mantissa is so many units of 2**(octave - 52)
    shifts = (octave[starts] - MANTISSA_BITS - LEAST_OCTAVE).tolist()
    negative = (values[starts] < 0.0).tolist()
    retained = numbers[starts]
    sums: dict[int, int] = {}
    for at, high, low, shift, minus in zip(
        (retained & _BIN_MASK).tolist(), upper, lower, shifts, negative, strict=True
    ):
        total = (high << _HALF_BITS) + low
        total = total << shift if shift >= 0 else total >> -shift
        sums[at] = sums.get(at, 0) + (-total if minus else total)
    return Outer(retained, np.add.reduceat(counts, starts), _canonical(sums))


def added(parts: Iterable[Outer]) -> Outer:
    """Of all the rows together."""
    several = [part for part in parts if part]
    if len(several) < 2:
        return several[0] if several else NONE
    buckets, inverse = np.unique(np.concatenate([part.buckets for part in several]), return_inverse=True)
    counts = np.zeros(len(buckets), np.int64)
    np.add.at(counts, inverse, np.concatenate([part.counts for part in several]))
    sums: dict[int, int] = {}
    for part in several:
        for at, total in part.sums:
            sums[at] = sums.get(at, 0) + total
    left = counts != 0
    return Outer(buckets[left], counts[left], _canonical(sums))


def without(whole: Outer, part: Outer) -> Outer:
    """The outer values of ``whole`` less those of ``part``, which must be among them."""
    return added([whole, Outer(part.buckets, -part.counts, tuple((at, -total) for at, total in part.sums))])


def bounds(buckets: IntArray, bins: OrderedBins) -> tuple[FloatArray, FloatArray]:
    """(k,) the least and the greatest double that each bucket can hold."""
    place, at = buckets >> _BIN_BITS, buckets & _BIN_MASK
    size = np.abs(place)
    near = _least_double(size)
    far = np.nextafter(_least_double(size + 1), 0.0)
    lower, upper = np.where(place < 0, -far, near), np.where(place < 0, -near, far)
    ends = np.concatenate([[-np.inf], bins.edges, [np.inf]])
    lower = np.maximum(lower, ends[at])
    upper = np.minimum(upper, np.where(at < len(bins.edges), np.nextafter(ends[at + 1], -np.inf), np.inf))
    if bins.pivot != 0.0:
        below = upper < bins.pivot
        upper = np.where(below, np.minimum(upper, bins.pivot - bins.cuts.grid.limit), upper)
        lower = np.where(below, lower, np.maximum(lower, bins.pivot + bins.cuts.grid.limit))
    return lower, upper


def _canonical(sums: dict[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((at, sums[at]) for at in sorted(sums) if sums[at])


def _parted(values: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """(n,) each value's place among the buckets of all doubles, its mantissa of 53 bits, and its octave."""
    size = np.abs(values)
    subnormal = size < _LEAST_NORMAL
    bits = np.ldexp(size, np.where(subnormal, _RAISED, 0)).view(np.int64)
    octave = (bits >> MANTISSA_BITS) - _EXPONENT_BIAS - np.where(subnormal, _RAISED, 0)
    mantissa = (bits & _MANTISSA_MASK) | np.int64(1 << MANTISSA_BITS)
    # the leading 7 bits of the mantissa, from 64 to 127
    place = (octave - LEAST_OCTAVE) * PER_OCTAVE + (mantissa >> LOW_BITS) - PER_OCTAVE + 1
    zero = size == 0.0
    place[zero], mantissa[zero], octave[zero] = 0, 0, LEAST_OCTAVE
    return np.where(values < 0.0, -place, place), mantissa, octave


def _least_double(place: IntArray) -> FloatArray:
    """(k,) the least double of each bucket of the positives; zero of that of zero."""
    steps = np.maximum(place - 1, 0)
    lead, octave = PER_OCTAVE + steps % PER_OCTAVE, LEAST_OCTAVE + steps // PER_OCTAVE
    # in units of 2**(octave - 6), of which the least double may be several
    coarse = np.clip(LEAST_OCTAVE - (octave - 6), 0, 6)
    with np.errstate(over="ignore"):  # the end of the greatest bucket is infinity
        found = np.ldexp((-(-lead >> coarse)).astype(np.float64), octave - 6 + coarse)
    return np.where(place > 0, found, 0.0)
