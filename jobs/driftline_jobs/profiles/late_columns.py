"""Columns that get their first values after the reference: the bins of these, and what such a column is.

Nothing in the reference says where edges should lie, so they are the same for every column, and so wide that
they serve any value; figures of a window do not depend on them. A column is what most of its values are;
others are counted as values of another type: as NaN beside numbers and times, as unseen beside categories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from driftline_jobs.profiles.binning import Bins, CategoryBins, OpenBins, OrderedBins, SettledBins
from driftline_jobs.profiles.state import (
    CategoryProfile,
    OpenProfile,
    OrderedProfile,
    Profile,
    SettledProfile,
)
from driftline_schemas.serving_log import Storage

_DECADES = tuple(10.0**power for power in range(-6, 13))
_YEARS = tuple(datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in range(1900, 2101))
_EXPONENT, _EXPONENT_OF_TIMES = 16, 32
"""About where most values may be expected: other ones are profiled as exactly, but more slowly."""

_SHARES = tuple(part / 100 for part in range(1, 100))


def wide_bins(kind: str, *, whole_numbers: bool = False) -> OrderedBins:
    """Bins of an ordered column of which the reference has no value."""
    edges, exponent = (*(-edge for edge in reversed(_DECADES)), 0.0, *_DECADES), _EXPONENT
    if kind == "datetime":
        edges, exponent = _YEARS, _EXPONENT_OF_TIMES
    elif kind == "score":
        edges, exponent = _SHARES, 0
    return OrderedBins(kind, edges, 0.0, exponent, whole_numbers, valueless=True)


LATER: dict[Storage, SettledBins] = {
    Storage.NUMBER: wide_bins("numeric"),
    Storage.DATETIME: wide_bins("datetime"),
    Storage.BOOLEAN: CategoryBins("boolean", ("false", "true")),
    Storage.TEXT: CategoryBins("categorical", ()),
}
"""The bins of values that come after a reference without any, by their storage."""


@dataclass(frozen=True)
class Settled:
    """A column over several cells, as one kind of column.

    Attributes:
        storage: what most of its values are there; NOTHING if the column is not open.
        bins: where its values are counted.
        places: the cells that it is of this kind in, ascending.
        profiles: of all cells, read as of this kind.
    """

    storage: Storage
    bins: SettledBins
    places: list[int]
    profiles: list[SettledProfile]

    @property
    def is_open(self) -> bool:
        """Whether the column could be of another kind in other cells."""
        return self.storage is not Storage.NOTHING


def settled(bins: Bins, profiles: Sequence[Profile]) -> Iterator[Settled]:
    """A column by what it is in each of its cells: one kind, unless it is open and its type changed."""
    if not isinstance(bins, OpenBins):
        known = [profile for profile in profiles if not isinstance(profile, OpenProfile)]
        if len(known) < len(profiles):
            raise TypeError("a column with bins of its own has an open profile")
        yield Settled(Storage.NOTHING, bins, list(range(len(known))), known)
        return
    kinds = [_storage_of(profile) for profile in profiles]
    for storage in sorted(set(kinds)):
        places = [at for at, kind in enumerate(kinds) if kind is storage]
        yield Settled(storage, LATER[storage], places, [as_stored(profile, storage) for profile in profiles])


def opened(profile: Profile, storage: Storage) -> OpenProfile:
    """The profile of values of this storage, made at the bins for them, as one of an open column."""
    if isinstance(profile, OpenProfile):
        return profile
    there = profile.rows - profile.nulls
    return OpenProfile(
        profile.rows, profile.nulls, {storage.value: replace(profile, rows=there, nulls=0)} if there else {}
    )


def as_stored(profile: Profile, storage: Storage) -> SettledProfile:
    """A profile of an open column, read as if its values were of this storage."""
    if not isinstance(profile, OpenProfile):
        raise TypeError(f"an open column has a {type(profile).__name__}")
    bins, part = LATER[storage], profile.parts.get(storage)
    strange = sum(values.rows for stored, values in profile.parts.items() if stored != storage)
    if isinstance(bins, OrderedBins):
        ordered = part if isinstance(part, OrderedProfile) else OrderedProfile()
        return replace(ordered, rows=profile.rows, nulls=profile.nulls, nans=ordered.nans + strange)
    category = part if isinstance(part, CategoryProfile) else CategoryProfile()
    if strange:
        counts = category.bin_counts(bins)
        counts[-1] += strange
        values = np.flatnonzero(counts)
        category = replace(category, values=values, value_counts=counts[values])
    return replace(category, rows=profile.rows, nulls=profile.nulls)


def others(profile: Profile) -> int:
    """How many values of an open column are of another type than most."""
    if not isinstance(profile, OpenProfile):
        return 0
    counts = [values.rows for values in profile.parts.values()]
    return sum(counts) - max(counts, default=0)


def _storage_of(profile: Profile) -> Storage:
    """What most values are; text where there is none, or as many of another kind."""
    parts = profile.parts if isinstance(profile, OpenProfile) else {}
    order = list(LATER)
    return max(LATER, key=lambda storage: (_rows(parts.get(storage)), order.index(storage)))


def _rows(profile: SettledProfile | None) -> int:
    return 0 if profile is None else profile.rows
