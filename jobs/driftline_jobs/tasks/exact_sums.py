"""Sums of floats as whole numbers: exact whatever the magnitudes, so the same in any order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from driftline_jobs.metrics.figures import FloatArray, IntArray

_MANTISSA_BITS, _HALF_BITS, _HALF_MASK = 53, 27, (1 << 27) - 1

ERROR_SUMS = (
    "error", "absolute", "squares", "fourths", "relative", "relative_squares", "labels", "label_squares",
)  # fmt: skip
"""What a regression is measured by, see ``RegressionOutcomes``."""


@dataclass(frozen=True, slots=True)
class ExactSums:
    """Several sums as whole numbers of ``2**exponent``.

    The exponent is as large as the numbers allow, and zero if all of them are: equal sums are equal.
    """

    exponent: int
    totals: tuple[int, ...]

    @classmethod
    def of(cls, exponent: int, totals: Sequence[int]) -> Self:
        """In the one form that they have."""
        bits = 0
        for total in totals:
            bits |= abs(total)
        if not bits:
            return cls(0, (0,) * len(totals))
        spare = (bits & -bits).bit_length() - 1
        return cls(exponent + spare, tuple(total >> spare for total in totals))

    @classmethod
    def zeros(cls, count: int) -> Self:
        """So many sums of nothing."""
        return cls(0, (0,) * count)

    def __add__(self, other: Self) -> Self:
        if not any(other.totals):
            return self
        if not any(self.totals):
            return other
        least = min(self.exponent, other.exponent)
        own, others = self.exponent - least, other.exponent - least
        return self.of(
            least, [(a << own) + (b << others) for a, b in zip(self.totals, other.totals, strict=True)]
        )

    def __neg__(self) -> Self:
        return type(self)(self.exponent, tuple(-total for total in self.totals))

    def over_all(self) -> Self:
        """The one sum of all."""
        return self.of(self.exponent, [sum(self.totals)])

    def magnitude(self) -> int:
        """The power of two that none reaches, 0 if all are zero."""
        return (
            self.exponent + max(abs(total).bit_length() for total in self.totals) if any(self.totals) else 0
        )

    def scaled(self, scale: int) -> list[float]:
        """Each divided by ``2**scale`` and rounded once; infinity beyond all doubles."""
        return [ratio(total, self.exponent - scale) for total in self.totals]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"exponent": self.exponent, "totals": list(self.totals)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The inverse of ``to_json``."""
        return cls(content["exponent"], tuple(content["totals"]))


def sums_by_place(values: FloatArray, place: IntArray, count: int) -> ExactSums:
    """(count,) the sums of the finite values (n,) of each place; at most 2**25 values."""
    mantissa, octave = split(values)
    least = int(octave.min(initial=0))
    size = int(octave.max(initial=0)) - least + 1
    whole = np.ldexp(mantissa, _MANTISSA_BITS).astype(np.int64)
    cell = place * size + (octave - least)
    # each half of a whole number has 27 bits: so many of them add up without rounding
    upper, lower = (
        np.bincount(cell, weights=half, minlength=count * size).reshape(count, size)
        for half in (whole >> _HALF_BITS, whole & _HALF_MASK)
    )
    totals = [0] * count
    for at, above in np.argwhere((upper != 0) | (lower != 0)).tolist():
        totals[at] += ((int(upper[at, above]) << _HALF_BITS) + int(lower[at, above])) << above
    return ExactSums.of(least - _MANTISSA_BITS, totals)


def ratio(total: int, exponent: int, divisor: int = 1) -> float:
    """``total * 2**exponent / divisor``, rounded once; infinity beyond all doubles."""
    try:
        if exponent < 0:
            return total / (divisor << -exponent)
        return (total << exponent) / divisor
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def split(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """(n,) mantissas of finite doubles, of at least a half or zero, and the exponents of two they go with."""
    mantissa, exponent = np.frexp(values)
    return mantissa, exponent.astype(np.int64)
