"""Log buckets read straight off the bits of a float64: the DDSketch idea without a logarithm.

The top 18 bits of an IEEE 754 double (sign, 11 exponent bits, 6 mantissa bits) cut every octave into
64 buckets, so a bucket is at most 1/64 of its lower bound wide, and its middle is within 1 % of any
value in it. A shift and a clip bin a value; counts are integers, so any merge order gives the
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
_SIGN_KEY = 1 << 17
_PER_OCTAVE = 64
_OCTAVES_BELOW = 26
_OCTAVES_ABOVE = 6
_EXPONENT_BIAS = 1023
_INFINITY_KEY = 0x7FF << 6


class BucketGrid:
    """The buckets of one column, ascending by value.

    Args:
        exponent: the reference's largest distance from the pivot is below ``2**exponent``. Buckets
            cover ``2**(exponent - 26)`` to ``2**(exponent + 6)`` on either side of the pivot; one
            bucket lies around it and one beyond each end.

    Attributes:
        before: the greatest key, but for its sign, of the bucket around the pivot.
        zero: that bucket, and how many there are on either side of it.
        finite: how many there are.
        lower, upper: (finite,) bounds, as distances from the pivot. A bucket of negatives is open below and
            closed above.
    """

    def __init__(self, exponent: int) -> None:
        smallest = max(exponent - _OCTAVES_BELOW, -_EXPONENT_BIAS + 1)
        largest = min(exponent + _OCTAVES_ABOVE, _EXPONENT_BIAS)
        first = (smallest + _EXPONENT_BIAS) * _PER_OCTAVE
        last = (largest + _EXPONENT_BIAS) * _PER_OCTAVE
        self.before = first - 1
        self.zero = last - self.before
        self.finite = 2 * self.zero + 1
        magnitudes = (np.arange(first, last + 1, dtype=np.uint64) << KEY_SHIFT).view(np.float64)
        self.lower: FloatArray = np.concatenate([[-np.inf], -magnitudes[::-1], magnitudes])
        self.upper: FloatArray = np.concatenate([-magnitudes[::-1], magnitudes, [np.inf]])

    def bucket_of(self, distance: FloatArray) -> IntArray:
        """Bucket of each distance from the pivot; float64 in, int64 of the same shape out.

        Of -inf it is -1, of +inf ``finite``: one past the ends.
        """
        keys = np.right_shift(np.ascontiguousarray(distance).view(np.uint64), KEY_SHIFT).view(np.int64)
        magnitude = keys & (_SIGN_KEY - 1)
        steps = np.clip(magnitude - self.before, 0, self.zero) + (magnitude >= _INFINITY_KEY)
        return np.asarray(self.zero + np.where(keys < _SIGN_KEY, steps, -steps), np.int64)
