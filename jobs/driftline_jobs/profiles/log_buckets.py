"""Log buckets read straight off the bits of a float64: the DDSketch idea without a logarithm.

The top 18 bits of an IEEE 754 double (sign, 11 exponent bits, 6 mantissa bits) cut every octave into
64 buckets, so a bucket is at most 1/64 of its lower bound wide, and its middle is within 1 % of any
value in it. A shift bins a value; counts are integers, so any merge order gives the
same bytes (Masson, Rim, Lee: DDSketch, VLDB 2019).

The same bits add values up without rounding: within a bucket two values differ in their low 46 bits only, so
the sum of these, an integer, and the count give the exact sum of the bucket's values.

Buckets are laid around a *pivot* (0 for most columns; the reference's median where the values are far
from zero compared with their spread, such as years or kelvins): the relative accuracy is that of the
distance from the pivot. They reach as far as values usually do; what lies outside is binned by itself (see
``outer``).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray, IntArray

LOW_BITS = 46
"""Bits of a double below those that name its bucket."""
PER_OCTAVE = 64
MANTISSA_BITS = 52
_KEY_SHIFT = np.uint64(LOW_BITS)
_SIGN_KEY = 1 << 17
OCTAVES_BELOW = 40
OCTAVES_ABOVE = 6
_EXPONENT_BIAS = 1023
_LEAST_OCTAVE, _OCTAVES_END = -1022, 1024


class BucketGrid:
    """The buckets of one column, ascending by value.

    Around a pivot of zero they cover distances from ``2**(exponent - 40)`` to ``2**(exponent + 6)``. Around
    another they cover all distances below about a quarter of the pivot: there the subtraction is exact
    (Sterbenz), and none of its results but zero is less than the least distance covered.

    Args:
        pivot: what they are laid around.
        exponent: the reference's distances from the pivot are below ``2**exponent`` but for the extremes.

    Attributes:
        octave: the buckets of the least distances lie in ``2**octave`` to ``2**(octave + 1)``.
        least, limit: distances covered are zero, and ``least <= distance < limit``.
        before: the key, but for its sign, before that of the least distance.
        zero: the bucket of the pivot alone, and how many there are on either side of it.
        finite: how many there are.
        lower, upper: (finite,) bounds, as distances from the pivot. A bucket of negatives is open below and
            closed above.
    """

    def __init__(self, pivot: float, exponent: int) -> None:
        first, end = exponent - OCTAVES_BELOW, exponent + OCTAVES_ABOVE
        if pivot != 0.0:
            size = math.frexp(pivot)[1]
            # doubles from half to twice the pivot are whole multiples of 2**(size - 54)
            first, end = size - 54, size - 2
        self.octave = max(first, _LEAST_OCTAVE)
        end = min(end, _OCTAVES_END)
        self.least = math.ldexp(1.0, self.octave)
        self.limit = math.inf if end == _OCTAVES_END else math.ldexp(1.0, end)
        start = (self.octave + _EXPONENT_BIAS) * PER_OCTAVE
        self.before = start - 1
        self.zero = (end - self.octave) * PER_OCTAVE
        self.finite = 2 * self.zero + 1
        keys = np.arange(start, start + self.zero + 1, dtype=np.uint64)
        magnitudes = (keys << _KEY_SHIFT).view(np.float64)
        self.lower: FloatArray = np.concatenate([-magnitudes[:0:-1], [0.0], magnitudes[:-1]])
        self.upper: FloatArray = np.concatenate([-magnitudes[-2::-1], [0.0], magnitudes[1:]])

    def covers(self, distance: FloatArray) -> npt.NDArray[np.bool_]:
        """Which of the distances have a bucket."""
        size = np.abs(distance)
        covered: npt.NDArray[np.bool_] = (size < self.limit) & ((size >= self.least) | (distance == 0.0))
        return covered

    def bucket_of(self, distance: FloatArray) -> IntArray:
        """Bucket of each distance from the pivot; float64 in, int64 of the same shape out.

        A distance that is not covered has the bucket that is next to it.
        """
        keys = np.right_shift(np.ascontiguousarray(distance).view(np.uint64), _KEY_SHIFT).view(np.int64)
        steps = np.clip((keys & (_SIGN_KEY - 1)) - self.before, 0, self.zero)
        return np.asarray(self.zero + np.where(keys < _SIGN_KEY, steps, -steps), np.int64)

    def leads(self) -> tuple[IntArray, IntArray]:
        """(finite,) the mantissa of each bucket's bound next to the pivot, in 64ths and with its sign, and
        how many octaves above the least one the bucket lies."""
        steps = np.arange(self.zero)
        lead, shift = PER_OCTAVE + steps % PER_OCTAVE, steps // PER_OCTAVE
        none = np.zeros(1, np.int64)
        return np.concatenate([-lead[::-1], none, lead]), np.concatenate([shift[::-1], none, shift])
