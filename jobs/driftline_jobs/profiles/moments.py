"""Moments of the numeric columns together: what a covariance is computed from, as integers.

Each value becomes a small whole number of steps from a centre, both read off the column's bins; a missing
value lies at the centre, and one beyond the outer edges at the nearer of them: a single row of 1e12 would
rule the covariance of all others. Sums and products of these are exact, so any order of merging gives the
same.

Of a window with very many rows a fixed share is taken, by a hash of the time: a covariance needs no more, and
the products would cost as much as all the rest of the scan.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.columns.arrays import Numbers
from driftline_jobs.profiles.kinds.base import Bins
from driftline_schemas.errors import DataError

COLUMNS_MOST = 64
"""More columns than these say no more together, and their products grow with the square."""
MOMENTS = "*together"
"""What moments are called in the column of ``profiles`` that names columns."""
_STEPS = 32.0
"""Steps in a standard deviation."""
_REACH = 1023.0
"""The most steps that the products have room for: some thirty standard deviations."""
_FORMAT = 1
_AT_ONCE = 1 << 16
_HEADER = struct.Struct("<BqH")
_WIDE_SHARE = 1 << 20
_HASH = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(44)


@dataclass(frozen=True)
class MomentSums:
    """Moments of d columns over some rows, in steps.

    Attributes:
        n: rows.
        sums: (d,) int64.
        products: (d, d) int64.
    """

    n: int
    sums: IntArray
    products: IntArray

    def __add__(self, other: MomentSums) -> MomentSums:
        return MomentSums(self.n + other.n, self.sums + other.sums, self.products + other.products)

    def __sub__(self, other: MomentSums) -> MomentSums:
        return MomentSums(self.n - other.n, self.sums - other.sums, self.products - other.products)

    def of(self, places: Sequence[int]) -> MomentSums:
        """Those of some of the columns."""
        return MomentSums(self.n, self.sums[places], self.products[np.ix_(places, places)])

    def to_bytes(self) -> bytes:
        """Little-endian, the upper triangle of the products."""
        d = len(self.sums)
        upper = self.products[np.triu_indices(d)]
        head = _HEADER.pack(_FORMAT, self.n, d)
        return head + self.sums.astype("<i8").tobytes() + upper.astype("<i8").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> MomentSums:
        """Raises DataError for another format."""
        form, n, d = _HEADER.unpack_from(data)
        if form != _FORMAT:
            raise DataError(f"stored moments are of format {form}, expected {_FORMAT}: run the window again")
        values = np.frombuffer(data, "<i8", offset=_HEADER.size).astype(np.int64)
        products = np.zeros((d, d), np.int64)
        products[np.triu_indices(d)] = values[d:]
        products = products + np.triu(products, 1).T
        return cls(n, values[:d], products)


@dataclass(frozen=True)
class Steps:
    """How the values of one column become whole numbers from ``least`` to ``most``."""

    centre: float
    step: float
    least: float = -_REACH
    most: float = _REACH

    def of(self, values: npt.NDArray[np.generic]) -> FloatArray:
        """Whole numbers of steps, as floats; NaN lies at the centre."""
        steps = self._whole(np.asarray(values, np.float64))
        clipped: FloatArray = np.nan_to_num(steps, nan=0.0, posinf=self.most, neginf=self.least)
        return np.clip(clipped, self.least, self.most)

    def within(self, lowest: float, highest: float) -> Steps:
        """The same of values of which those beyond the bounds count as these."""
        with_bounds = self.of(np.array([lowest, highest]))
        return replace(self, least=float(with_bounds[0]), most=float(with_bounds[1]))

    def _whole(self, values: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", over="ignore"):
            return np.rint((values - self.centre) / self.step)


def steps_of(columns: Mapping[str, Bins], *, winsorised: bool) -> dict[str, Steps]:
    """The numeric columns that are looked at together, in the order of their names.

    ``winsorised``: values beyond a column's outer edges count as these (``Binning.winsorised``).
    """
    found = {}
    for name in sorted(columns):
        scale = columns[name].scale
        if scale is not None:
            steps = Steps(scale.centre, scale.spread / _STEPS)
            found[name] = steps.within(scale.lowest, scale.highest) if winsorised else steps
        if len(found) == COLUMNS_MOST:
            break
    return found if len(found) > 1 else {}


def share_of_rows(rows_per_window: float, enough: int = 100_000) -> float:
    """The share of the rows to take where a window has so many."""
    return min(1.0, enough / max(rows_per_window, 1.0))


def taken(times: IntArray, share: float) -> IntArray | None:
    """The rows, ascending, whose time is among a share of all times; None for all."""
    if share >= 1.0:
        return None
    limit = np.uint64(share * _WIDE_SHARE)
    found = [np.empty(0, np.int64)]
    for start in range(0, len(times), _AT_ONCE):
        mixed = (times[start : start + _AT_ONCE].view(np.uint64) * _HASH) >> _SHIFT
        found.append(start + np.flatnonzero(mixed < limit))
    return np.concatenate(found)


def moments(steps: npt.NDArray[np.int16]) -> MomentSums:
    """Moments of columns (d, n) of whole steps."""
    # Only now: who reads moments does not wait for the compiler.
    from driftline_jobs.profiles.kernels.products import add_products

    columns, rows = steps.shape
    sums, products = np.zeros(columns, np.int64), np.zeros((columns, columns), np.int64)
    add_products(steps, sums, products)
    return MomentSums(rows, sums, products + np.triu(products, 1).T)


class JointColumns:
    """Collects the steps of the rows of one split, a column at a time."""

    def __init__(
        self, steps: Mapping[str, Steps], share: float, bounds_us: IntArray, base: IntArray, times: IntArray
    ) -> None:
        self._steps = steps
        self._bounds_us = bounds_us
        self._rows = taken(times, share) if steps else None
        self._base = base if self._rows is None else base[self._rows]
        self._found: dict[str, npt.NDArray[np.int16]] = {}

    def take(self, name: str, column: Numbers) -> None:
        """Take in one column of those with steps; others are passed over."""
        if name not in self._steps:
            return
        values, valid = column.values, column.valid
        if self._rows is not None:
            values = values[self._rows]
            valid = None if valid is None else valid[self._rows]
        steps = self._steps[name].of(values)
        self._found[name] = (steps if valid is None else np.where(valid, steps, 0.0)).astype(np.int16)

    def by_base(self) -> dict[int, MomentSums]:
        """The moments of each base window, by its start."""
        if not self._steps:
            return {}
        nothing = np.zeros(len(self._base), np.int16)
        columns = [self._found.get(name, nothing) for name in self._steps]
        found = {}
        for at in np.unique(self._base).tolist():
            rows = np.flatnonzero(self._base == at)
            parts = (
                moments(np.stack([column[rows[start : start + _AT_ONCE]] for column in columns]))
                for start in range(0, len(rows), _AT_ONCE)
            )
            found[int(self._bounds_us[at])] = added(parts)
        return found


def added(several: Iterable[MomentSums]) -> MomentSums:
    """The moments of all the rows; at least one."""
    return reduce(MomentSums.__add__, several)
