"""Exact sums of doubles as whole numbers of three limbs (see ``tally``), and what they are as floats."""

from __future__ import annotations

import math

import numpy as np

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.log_buckets import MANTISSA_BITS
from driftline_jobs.profiles.outer import LEAST_OCTAVE

LIMBS, LIMB_BITS = 3, 46
"""Exact sums are integers of three limbs: 46 bits in each of the lower two, sign and rest in the third."""
LIMB_MASK = (1 << LIMB_BITS) - 1
_BITS, _MASK = np.int64(LIMB_BITS), np.int64(LIMB_MASK)


def no_sums(bins: int) -> IntArray:
    """(bins, 3) sums of nothing."""
    return np.zeros((bins, LIMBS), np.int64)


def carried(limbs: IntArray) -> IntArray:
    """(..., 3) the same sums with ``0 <= limb < 2**46`` in the lower two: equal sums have equal limbs."""
    limbs = limbs.copy()
    for at in range(LIMBS - 1):
        limbs[..., at + 1] += limbs[..., at] >> _BITS
        limbs[..., at] &= _MASK
    return limbs


def as_floats(limbs: IntArray, octave: int) -> FloatArray:
    """(...,) sums in units of ``2**(octave - 52)``, within 2**-52 of each."""
    # Quarters first: the highest limb may be beyond all doubles where the sum is not.
    unit = math.ldexp(0.25, octave - MANTISSA_BITS)
    low, middle, high = (limbs[..., at].astype(np.float64) * unit for at in range(LIMBS))
    with np.errstate(over="ignore"):
        found: FloatArray = 4.0 * ((high * 2.0**LIMB_BITS + middle) * 2.0**LIMB_BITS + low)
    return found


def whole(limbs: IntArray, octave: int) -> int:
    """The sum of all in units of 2**-1074."""
    low, middle, high = limbs.sum(0).tolist() if len(limbs) else (0,) * LIMBS
    total: int = (high << 2 * LIMB_BITS) + (middle << LIMB_BITS) + low
    return total << octave - MANTISSA_BITS - LEAST_OCTAVE


def as_float(units: int, divisor: int = 1) -> float:
    """A sum in units of 2**-1074, divided by a whole number, rounded once; infinity beyond all doubles."""
    try:
        return units / (divisor << -LEAST_OCTAVE)
    except OverflowError:
        return math.inf if units > 0 else -math.inf


def units_of(value: float) -> int:
    """A double in units of 2**-1074."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << -LEAST_OCTAVE) // denominator
