"""What is kept of a column: integer counts and exact sums, merged by addition.

Merging is associative and commutative to the bit, so the order in which splits arrive, and the
engine that merges them, leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from driftline_jobs.profiles.binning import CategoryBins, OrderedBins
from driftline_jobs.profiles.distinct import REGISTERS, Registers
from driftline_jobs.profiles.kernels.sums import as_float, as_floats, carried, no_sums, units_of, whole
from driftline_jobs.profiles.log_buckets import FloatArray, IntArray
from driftline_jobs.profiles.outer import NONE, Outer, added, without

MOST_UNSEEN = 64
_DENSE_KEYS = 1 << 14
"""Indices below this are added up in one array, which is several times faster than to sort them."""
_EXACT_IN_FLOAT = 1 << 53


def _no_registers() -> Registers:
    return np.zeros(REGISTERS, np.uint8)


def _no_ints() -> IntArray:
    return np.empty(0, np.int64)


def _no_sums() -> IntArray:
    return no_sums(0)


@dataclass(slots=True)
class OrderedProfile:
    """Profile of an ordered column over some rows.

    Attributes:
        rows: all rows, nulls included.
        minimum, maximum: of the finite values; +inf and -inf when there are none.
        buckets, bucket_counts: ascending cut buckets (see ``BucketCuts``) that hold values, and how many.
        sums: (bins, 3) exact sum of the distances of each bin's values from the pivot, as limbs of whole
            numbers of ``2**(octave - 52)``, the octave being that of the grid; (0, 3) if none was added.
        outer: counts and sums of the values, not distances, that lie outside the buckets.
    """

    rows: int = 0
    nulls: int = 0
    nans: int = 0
    below_infinity: int = 0
    above_infinity: int = 0
    zeros: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    buckets: IntArray = field(default_factory=_no_ints)
    bucket_counts: IntArray = field(default_factory=_no_ints)
    sums: IntArray = field(default_factory=_no_sums)
    outer: Outer = NONE
    registers: Registers = field(default_factory=_no_registers)

    def bin_counts(self, bins: OrderedBins) -> IntArray:
        """(bins,) finite values in each bin."""
        counts = self._bucketed(bins)
        if self.outer:
            np.add.at(counts, self.outer.bins(), self.outer.counts)
        return counts

    def bin_sums(self, bins: OrderedBins) -> FloatArray:
        """(bins,) sum of the finite values in each bin; infinite where it is beyond all doubles."""
        found = np.zeros(bins.bins)
        if len(self.sums):
            found = as_floats(self.sums, bins.cuts.grid.octave)
            if bins.pivot != 0.0:
                found += self._bucketed(bins) * bins.pivot
        for at, units in self.outer.sums:
            found[at] += as_float(units)
        return found

    def total(self, bins: OrderedBins) -> float:
        """Sum of the finite values, rounded once; infinite if it is beyond all doubles."""
        return as_float(self._units(bins))

    def mean(self, bins: OrderedBins) -> float:
        """Mean of the finite values, rounded once; NaN if there is none."""
        return as_float(self._units(bins), self.finite) if self.finite else np.nan

    def _units(self, bins: OrderedBins) -> int:
        """Sum of the finite values in units of 2**-1074."""
        total = whole(self.sums, bins.cuts.grid.octave) + sum(units for _, units in self.outer.sums)
        if bins.pivot != 0.0:
            total += units_of(bins.pivot) * int(self.bucket_counts.sum())
        return total

    def _bucketed(self, bins: OrderedBins) -> IntArray:
        counts = np.zeros(bins.bins, np.int64)
        np.add.at(counts, bins.cuts.bin_of[self.buckets], self.bucket_counts)
        return counts

    @property
    def finite(self) -> int:
        """Rows that hold a finite value."""
        return self.rows - self.nulls - self.nans - self.below_infinity - self.above_infinity


@dataclass(slots=True)
class CategoryProfile:
    """Profile of a categorical column over some rows.

    Attributes:
        values, value_counts: ascending bin indices (see ``CategoryBins``) that occur, and how often.
        unseen_values: of the values not in the reference the 64 of lowest hash, with exact counts:
            {hash: (text, count)}. A bottom-k sample by hash is the same whatever the merge order.
    """

    rows: int = 0
    nulls: int = 0
    values: IntArray = field(default_factory=_no_ints)
    value_counts: IntArray = field(default_factory=_no_ints)
    unseen_values: dict[int, tuple[str, int]] = field(default_factory=dict)
    registers: Registers = field(default_factory=_no_registers)

    def bin_counts(self, bins: CategoryBins) -> IntArray:
        """(len(vocabulary) + 2,) rows per value, then ``other``, then ``unseen``."""
        counts = np.zeros(bins.bins, np.int64)
        counts[self.values] = self.value_counts
        return counts


SettledProfile = OrderedProfile | CategoryProfile


@dataclass(slots=True)
class OpenProfile:
    """Profile of a column of which the reference has neither a value nor a type, over some rows.

    Attributes:
        parts: by the storage of what came, a profile of these values alone, at the bins of ``later``.
    """

    rows: int = 0
    nulls: int = 0
    parts: dict[str, SettledProfile] = field(default_factory=dict)


Profile = SettledProfile | OpenProfile


def merge(profiles: Iterable[Profile]) -> Profile:
    """The profile of all the rows together. All of one column and one binning; at least one."""
    several = list(profiles)
    if len(several) == 1:
        return several[0]
    if isinstance(several[0], OpenProfile):
        return _merge_open([p for p in several if isinstance(p, OpenProfile)])
    return merge_settled([p for p in several if not isinstance(p, OpenProfile)])


def merge_settled(several: Sequence[SettledProfile]) -> SettledProfile:
    """``merge`` for profiles of one kind."""
    if isinstance(several[0], OrderedProfile):
        return _merge_ordered([p for p in several if isinstance(p, OrderedProfile)])
    return _merge_categories([p for p in several if isinstance(p, CategoryProfile)])


def subtract(whole: Profile, part: Profile) -> Profile:
    """``whole`` without ``part``, which must be among its rows: what a window leaves of its reference.

    Counts and sums are exact. Registers and extremes cannot be taken back: they stay those of the whole.
    """
    if isinstance(whole, OrderedProfile) and isinstance(part, OrderedProfile):
        keys, counts = _add_sparse(
            [(whole.buckets, whole.bucket_counts), (part.buckets, -part.bucket_counts)]
        )
        return OrderedProfile(
            rows=whole.rows - part.rows,
            nulls=whole.nulls - part.nulls,
            nans=whole.nans - part.nans,
            below_infinity=whole.below_infinity - part.below_infinity,
            above_infinity=whole.above_infinity - part.above_infinity,
            zeros=whole.zeros - part.zeros,
            minimum=whole.minimum,
            maximum=whole.maximum,
            buckets=keys,
            bucket_counts=counts,
            sums=carried(whole.sums - part.sums) if len(part.sums) else whole.sums,
            outer=without(whole.outer, part.outer),
            registers=whole.registers,
        )
    if isinstance(whole, CategoryProfile) and isinstance(part, CategoryProfile):
        keys, counts = _add_sparse([(whole.values, whole.value_counts), (part.values, -part.value_counts)])
        return CategoryProfile(
            rows=whole.rows - part.rows,
            nulls=whole.nulls - part.nulls,
            values=keys,
            value_counts=counts,
            unseen_values=whole.unseen_values,
            registers=whole.registers,
        )
    if isinstance(whole, OpenProfile) and isinstance(part, OpenProfile):
        left = {
            storage: subtract(values, part.parts[storage]) if storage in part.parts else values
            for storage, values in whole.parts.items()
        }
        parts = {
            storage: values
            for storage, values in left.items()
            if values.rows and not isinstance(values, OpenProfile)
        }
        return OpenProfile(whole.rows - part.rows, whole.nulls - part.nulls, parts)
    raise TypeError(f"cannot subtract {type(part).__name__} from {type(whole).__name__}")


def _add_sparse(parts: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    keys = np.concatenate([key for key, _ in parts])
    counts = np.concatenate([count for _, count in parts])
    if not len(keys):
        return keys, counts
    if int(keys.max()) < _DENSE_KEYS and int(np.abs(counts).sum()) < _EXACT_IN_FLOAT:
        dense = np.bincount(keys, weights=counts)
        occurring = np.flatnonzero(dense != 0)
        return occurring, dense[occurring].astype(np.int64)
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    totals = np.add.reduceat(counts, starts)
    retained = totals != 0
    return keys[starts][retained], totals[retained]


def _merge_ordered(parts: list[OrderedProfile]) -> OrderedProfile:
    keys, counts = _add_sparse([(p.buckets, p.bucket_counts) for p in parts])
    summed = [p.sums for p in parts if len(p.sums)]
    return OrderedProfile(
        rows=sum(p.rows for p in parts),
        nulls=sum(p.nulls for p in parts),
        nans=sum(p.nans for p in parts),
        below_infinity=sum(p.below_infinity for p in parts),
        above_infinity=sum(p.above_infinity for p in parts),
        zeros=sum(p.zeros for p in parts),
        minimum=min(p.minimum for p in parts),
        maximum=max(p.maximum for p in parts),
        buckets=keys,
        bucket_counts=counts,
        sums=carried(np.sum(summed, axis=0)) if summed else no_sums(0),
        outer=added(p.outer for p in parts),
        registers=np.max([p.registers for p in parts], axis=0),
    )


def _merge_categories(parts: list[CategoryProfile]) -> CategoryProfile:
    keys, counts = _add_sparse([(p.values, p.value_counts) for p in parts])
    unseen: dict[int, tuple[str, int]] = {}
    for part in parts:
        for key, (text, count) in part.unseen_values.items():
            unseen[key] = (text, count + unseen[key][1] if key in unseen else count)
    return CategoryProfile(
        rows=sum(p.rows for p in parts),
        nulls=sum(p.nulls for p in parts),
        values=keys,
        value_counts=counts,
        unseen_values=lowest(unseen),
        registers=np.max([p.registers for p in parts], axis=0),
    )


def _merge_open(several: list[OpenProfile]) -> OpenProfile:
    storages = sorted({storage for profile in several for storage in profile.parts})
    return OpenProfile(
        rows=sum(profile.rows for profile in several),
        nulls=sum(profile.nulls for profile in several),
        parts={
            storage: merge_settled(
                [profile.parts[storage] for profile in several if storage in profile.parts]
            )
            for storage in storages
        },
    )


def lowest(unseen: dict[int, tuple[str, int]]) -> dict[int, tuple[str, int]]:
    """The ``MOST_UNSEEN`` entries of lowest hash, ascending."""
    return {key: unseen[key] for key in sorted(unseen)[:MOST_UNSEEN]}
