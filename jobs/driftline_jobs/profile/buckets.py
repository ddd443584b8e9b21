"""Log buckets read straight off the bits of a float64: the DDSketch idea without a logarithm.

The top 18 bits of an IEEE 754 double (sign, 11 exponent bits, 6 mantissa bits) cut every octave into
64 buckets, so a bucket is at most 1/64 of its lower bound wide, and its middle is within 1 % of any
value in it. A shift and a table look-up bin a value; counts are integers, so any merge order gives the
same bytes (Masson, Rim, Lee: DDSketch, VLDB 2019).

Buckets are laid around a *pivot* (0 for most columns; the reference's median where the values are far
from zero compared with their spread, such as years or kelvins): the relative accuracy is that of the
distance from the pivot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

KEY_SHIFT = np.uint64(46)
KEYS = 1 << 18
_PER_OCTAVE = 64
_OCTAVES_BELOW = 26
_OCTAVES_ABOVE = 6
_EXPONENT_BIAS = 1023
_SIGN_KEY = 1 << 17
_INFINITY_KEY = 0x7FF << 6


class BucketGrid:
    """The buckets of one column, ascending by value, followed by three for -inf, +inf and NaN.

    Args:
        exponent: the reference's largest distance from the pivot is below ``2**exponent``. Buckets
            cover ``2**(exponent - 26)`` to ``2**(exponent + 6)`` on either side of the pivot; one
            bucket lies around it and one beyond each end.
    """

    def __init__(self, exponent: int) -> None:
        smallest = max(exponent - _OCTAVES_BELOW, -_EXPONENT_BIAS + 1)
        largest = min(exponent + _OCTAVES_ABOVE, _EXPONENT_BIAS)
        first = (smallest + _EXPONENT_BIAS) * _PER_OCTAVE
        last = (largest + _EXPONENT_BIAS) * _PER_OCTAVE
        side = last - first + 1  # the buckets of one sign, the one beyond the end included
        self.zero = side
        self.finite = 2 * side + 1
        self.below_infinity, self.above_infinity, self.nan = (self.finite + i for i in range(3))
        self.size = self.finite + 3

        magnitude = np.full(_SIGN_KEY, side, np.int32)
        magnitude[:first] = 0
        magnitude[first : last + 1] = np.arange(1, side + 1)
        table = np.empty(KEYS, np.int32)
        np.add(side, magnitude, out=table[:_SIGN_KEY])
        np.subtract(side, magnitude, out=table[_SIGN_KEY:])
        table[_INFINITY_KEY] = self.above_infinity
        table[_INFINITY_KEY + 1 : _SIGN_KEY] = self.nan
        table[_SIGN_KEY + _INFINITY_KEY] = self.below_infinity
        table[_SIGN_KEY + _INFINITY_KEY + 1 :] = self.nan
        self.table: npt.NDArray[np.int32] = table

        magnitudes = (np.arange(first, last + 1, dtype=np.uint64) << KEY_SHIFT).view(np.float64)
        # Distances from the pivot; a bucket of negatives is open below and closed above.
        self.lower: FloatArray = np.concatenate([[-np.inf], -magnitudes[::-1], magnitudes])
        self.upper: FloatArray = np.concatenate([-magnitudes[::-1], magnitudes, [np.inf]])

    def bucket_of(self, distance: FloatArray) -> IntArray:
        """Bucket of each distance from the pivot; contiguous float64 in, int64 of the same shape out."""
        keys = np.right_shift(np.ascontiguousarray(distance).view(np.uint64), KEY_SHIFT)
        return self.table.take(keys.view(np.int64)).astype(np.int64)
