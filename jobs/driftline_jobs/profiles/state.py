"""What is kept of a column: integer counts and exact sums, merged by addition.

Merging is associative and commutative to the bit, so the order in which splits arrive, and the
engine that merges them, leave no trace.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.distinct import REGISTERS, Registers
from driftline_jobs.profiles.kernels.sums import as_float, as_floats, carried, no_sums, units_of, whole
from driftline_jobs.profiles.outer import NONE, Outer, added, without

if TYPE_CHECKING:
    from driftline_jobs.profiles.kinds.categories import CategoryBins
    from driftline_jobs.profiles.kinds.ordered import OrderedBins

MOST_UNSEEN = 64
_DENSE_KEYS = 1 << 14
"""Indices below this are added up in one array, which is several times faster than to sort them."""
_EXACT_IN_FLOAT = 1 << 53
_OF_WORDS = ("words", "unseen", "single", "blank")


def _no_registers() -> Registers:
    return np.zeros(REGISTERS, np.uint8)


def _no_ints() -> IntArray:
    return np.empty(0, np.int64)


def _no_sums() -> IntArray:
    return no_sums(0)


@dataclass(slots=True)
class Profile(ABC):
    """Profile of a column over some rows, nulls included."""

    rows: int = 0
    nulls: int = 0

    @classmethod
    @abstractmethod
    def merged(cls, several: Sequence[Self]) -> Self:
        """The profile of all the rows together. All of one binning; at least one."""

    @abstractmethod
    def without(self, part: Self) -> Self:
        """The profile less ``part``, which must be among its rows. Counts and sums are exact; registers and
        extremes cannot be taken back: they stay those of the whole."""

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return self.nulls

    @property
    def missing_numbers(self) -> int:
        """Of these, those that are NaN."""
        return self.missing - self.nulls

    @property
    def teaches(self) -> bool:
        """Whether it has values by which others can be judged."""
        return self.rows > self.nulls

    @property
    def others(self) -> int:
        """Rows whose value is of another type than most."""
        return 0


@dataclass(slots=True)
class OrderedProfile(Profile):
    """Profile of an ordered column over some rows.

    Attributes:
        minimum, maximum: of the finite values; +inf and -inf when there are none.
        buckets, bucket_counts: ascending cut buckets (see ``BucketCuts``) that hold values, and how many.
        sums: (bins, 3) exact sum of the distances of each bin's values from the pivot, as limbs of whole
            numbers of ``2**(octave - 52)``, the octave being that of the grid; (0, 3) if none was added.
        outer: counts and sums of the values, not distances, that lie outside the buckets.
    """

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

    @property
    def missing(self) -> int:
        """Nulls and NaN."""
        return self.nulls + self.nans

    @property
    def teaches(self) -> bool:
        """Whether there is a finite value."""
        return self.finite > 0

    @classmethod
    def merged(cls, several: Sequence[Self]) -> Self:
        """See ``Profile``."""
        keys, counts = _add_sparse([(p.buckets, p.bucket_counts) for p in several])
        summed = [p.sums for p in several if len(p.sums)]
        return cls(
            rows=sum(p.rows for p in several),
            nulls=sum(p.nulls for p in several),
            nans=sum(p.nans for p in several),
            below_infinity=sum(p.below_infinity for p in several),
            above_infinity=sum(p.above_infinity for p in several),
            zeros=sum(p.zeros for p in several),
            minimum=min(p.minimum for p in several),
            maximum=max(p.maximum for p in several),
            buckets=keys,
            bucket_counts=counts,
            sums=carried(np.sum(summed, axis=0)) if summed else no_sums(0),
            outer=added(p.outer for p in several),
            registers=np.max([p.registers for p in several], axis=0),
        )

    def without(self, part: Self) -> Self:
        """See ``Profile``."""
        keys, counts = _add_sparse([(self.buckets, self.bucket_counts), (part.buckets, -part.bucket_counts)])
        return replace(
            self,
            rows=self.rows - part.rows,
            nulls=self.nulls - part.nulls,
            nans=self.nans - part.nans,
            below_infinity=self.below_infinity - part.below_infinity,
            above_infinity=self.above_infinity - part.above_infinity,
            zeros=self.zeros - part.zeros,
            buckets=keys,
            bucket_counts=counts,
            sums=carried(self.sums - part.sums) if len(part.sums) else self.sums,
            outer=without(self.outer, part.outer),
        )


@dataclass(slots=True)
class TextProfile(OrderedProfile):
    """Profile of a column of texts over some rows: of their lengths, and of their words.

    Attributes:
        words: all; ``unseen`` those that the reference does not have, ``single`` those that one window of it
            has alone.
        blank: texts without a character, or of blanks alone.
    """

    words: int = 0
    unseen: int = 0
    single: int = 0
    blank: int = 0

    @classmethod
    def merged(cls, several: Sequence[Self]) -> Self:
        """See ``Profile``."""
        found = super(TextProfile, cls).merged(several)  # a class with slots is another one than here
        for name in _OF_WORDS:
            setattr(found, name, sum(getattr(profile, name) for profile in several))
        return found

    def without(self, part: Self) -> Self:
        """See ``Profile``."""
        found = super(TextProfile, self).without(part)
        for name in _OF_WORDS:
            setattr(found, name, getattr(self, name) - getattr(part, name))
        return found


@dataclass(slots=True)
class CategoryProfile(Profile):
    """Profile of a categorical column over some rows.

    Attributes:
        values, value_counts: ascending bin indices (see ``CategoryBins``) that occur, and how often.
        unseen_values: of the values not in the reference the 64 of lowest hash, with exact counts:
            {hash: (text, count)}. A bottom-k sample by hash is the same whatever the merge order.
    """

    values: IntArray = field(default_factory=_no_ints)
    value_counts: IntArray = field(default_factory=_no_ints)
    unseen_values: dict[int, tuple[str, int]] = field(default_factory=dict)
    registers: Registers = field(default_factory=_no_registers)

    def bin_counts(self, bins: CategoryBins) -> IntArray:
        """(len(vocabulary) + 2,) rows per value, then ``other``, then ``unseen``."""
        counts = np.zeros(bins.bins, np.int64)
        counts[self.values] = self.value_counts
        return counts

    @classmethod
    def merged(cls, several: Sequence[Self]) -> Self:
        """See ``Profile``."""
        keys, counts = _add_sparse([(p.values, p.value_counts) for p in several])
        unseen: dict[int, tuple[str, int]] = {}
        for part in several:
            for key, (text, count) in part.unseen_values.items():
                unseen[key] = (text, count + unseen[key][1] if key in unseen else count)
        return cls(
            rows=sum(p.rows for p in several),
            nulls=sum(p.nulls for p in several),
            values=keys,
            value_counts=counts,
            unseen_values=lowest(unseen),
            registers=np.max([p.registers for p in several], axis=0),
        )

    def without(self, part: Self) -> Self:
        """See ``Profile``."""
        keys, counts = _add_sparse([(self.values, self.value_counts), (part.values, -part.value_counts)])
        return replace(
            self,
            rows=self.rows - part.rows,
            nulls=self.nulls - part.nulls,
            values=keys,
            value_counts=counts,
        )


@dataclass(slots=True)
class OpenProfile(Profile):
    """Profile of a column of which the reference has neither a value nor a type, over some rows.

    Attributes:
        parts: by the storage of what came, a profile of these values alone, at the bins of ``later``.
    """

    parts: dict[str, Profile] = field(default_factory=dict)

    @classmethod
    def merged(cls, several: Sequence[Self]) -> Self:
        """See ``Profile``."""
        storages = sorted({storage for profile in several for storage in profile.parts})
        return cls(
            rows=sum(profile.rows for profile in several),
            nulls=sum(profile.nulls for profile in several),
            parts={
                storage: merge(profile.parts[storage] for profile in several if storage in profile.parts)
                for storage in storages
            },
        )

    def without(self, part: Self) -> Self:
        """See ``Profile``."""
        left = {
            storage: subtract(values, part.parts[storage]) if storage in part.parts else values
            for storage, values in self.parts.items()
        }
        return replace(
            self,
            rows=self.rows - part.rows,
            nulls=self.nulls - part.nulls,
            parts={storage: values for storage, values in left.items() if values.rows},
        )

    @property
    def teaches(self) -> bool:
        """Never: what its values are may be another thing tomorrow."""
        return False

    @property
    def others(self) -> int:
        """See ``Profile``."""
        counts = [values.rows for values in self.parts.values()]
        return sum(counts) - max(counts, default=0)


P = TypeVar("P", bound=Profile)


def merge(profiles: Iterable[P]) -> P:
    """The profile of all the rows together. All of one column and one binning; at least one."""
    several = list(profiles)
    return several[0] if len(several) == 1 else type(several[0]).merged(several)


def subtract(whole: P, part: P) -> P:
    """``whole`` without ``part``, which must be among its rows: what a window leaves of its reference."""
    return whole.without(part)


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


def lowest(unseen: dict[int, tuple[str, int]]) -> dict[int, tuple[str, int]]:
    """The ``MOST_UNSEEN`` entries of lowest hash, ascending."""
    return {key: unseen[key] for key in sorted(unseen)[:MOST_UNSEEN]}
