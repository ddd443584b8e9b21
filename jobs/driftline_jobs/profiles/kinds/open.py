"""Columns that get their first values after the reference: what such a column is shows in each window.

Nothing in the reference says where their bins should lie, so these are the same for every column, by how its
values are held. A column is what most of its values are; others are counted as values of another type: as NaN
beside numbers and times, as unseen beside categories.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pyarrow as pa

from driftline_jobs.metrics.samples import CategorySample
from driftline_jobs.profiles import packing
from driftline_jobs.profiles.columns.arrays import codes, written
from driftline_jobs.profiles.kinds.base import Bins, BinsOf, Reading, Settled
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.ordered import wide_bins
from driftline_jobs.profiles.state import OpenProfile, Profile
from driftline_schemas.serving_log import Storage, storage_of

if TYPE_CHECKING:
    from driftline_jobs.profiles.cells import Grouping
    from driftline_jobs.profiles.kernels.workspace import Workspace

LATER: dict[Storage, Bins] = {
    Storage.NUMBER: wide_bins("numeric"),
    Storage.DATETIME: wide_bins("datetime"),
    Storage.BOOLEAN: CategoryBins("boolean", ("false", "true")),
    Storage.TEXT: CategoryBins("categorical", ()),
}
"""The bins of values that come after a reference without any, by their storage."""
_HEADER = struct.Struct("<2qB")
_PART = struct.Struct("<BI")


class Later(NamedTuple):
    """Values of a column as they are counted at the bins of their storage; None where there are none."""

    storage: Storage | None
    values: Any
    unlike: None = None


@dataclass(frozen=True)
class OpenBins(BinsOf[OpenProfile, Later]):
    """Bins of a column of which the reference has neither a value nor a type: what comes later is counted at
    bins by its own type, the same for every such column (``LATER``)."""

    kind: str = "categorical"
    CODE = 3
    STATE = OpenProfile
    SAMPLE = CategorySample
    ARROW_TYPE = pa.string()
    is_settled = False

    # of a log

    def read(self, array: pa.Array, about: Reading) -> Later:
        """The values by what this object has."""
        storage = storage_of(array.type)
        if pa.types.is_null(array.type) or storage is None:
            return Later(None, None)
        return Later(storage, LATER[storage].read(array, about._replace(storage=storage)))

    def unreadable(self, array: pa.Array, about: Reading) -> Later:
        """See ``BinsOf``: types are counted anyway."""
        return self.read(array, about)

    def tally(self, column: Later, grouping: Grouping, workspace: Workspace) -> Sequence[OpenProfile]:
        """See ``BinsOf``."""
        if column.storage is None:
            return [OpenProfile(n := run.stop - run.start, n) for run in grouping.runs]
        found = LATER[column.storage].tally(column.values, grouping, workspace)
        return [opened(profile, column.storage) for profile in found]

    def written(self, array: pa.Array, about: Reading) -> pa.Array:
        """See ``BinsOf``."""
        del about
        return written(codes(array))

    # of profiles

    def empty(self) -> OpenProfile:
        """See ``BinsOf``."""
        return OpenProfile()

    @classmethod
    def packed(cls, profile: OpenProfile) -> list[bytes]:
        """See ``BinsOf``."""
        return [
            _HEADER.pack(profile.rows, profile.nulls, len(profile.parts)),
            *(_part(storage, profile.parts[storage]) for storage in sorted(profile.parts)),
        ]

    @classmethod
    def unpacked(cls, reader: packing.Reader) -> OpenProfile:
        """See ``BinsOf``."""
        rows, nulls, parts = reader.unpack(_HEADER)
        return OpenProfile(rows, nulls, dict(_read_part(reader) for _ in range(parts)))

    # of bins

    def entry(self) -> dict[str, Any]:
        """See ``BinsOf``."""
        return {"kind": self.kind, "open": True}

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Self:
        """See ``BinsOf``."""
        return cls(entry["kind"])

    # of figures

    def settled(self, profiles: Sequence[OpenProfile]) -> Iterator[Settled]:
        """See ``BinsOf``."""
        kinds = [_storage_of(profile) for profile in profiles]
        for storage in sorted(set(kinds)):
            places = [at for at, kind in enumerate(kinds) if kind is storage]
            read = partial(as_stored, storage=storage)
            yield Settled(LATER[storage], places, [read(profile) for profile in profiles], read)


def opened(profile: Profile, storage: Storage) -> OpenProfile:
    """The profile of values of this storage, made at the bins for them, as one of an open column."""
    there = profile.rows - profile.nulls
    parts = {storage.value: replace(profile, rows=there, nulls=0)} if there else {}
    return OpenProfile(profile.rows, profile.nulls, parts)


def as_stored(profile: OpenProfile, storage: Storage) -> Profile:
    """A profile of an open column, read as if its values were of this storage."""
    bins = LATER[storage]
    strange = sum(values.rows for stored, values in profile.parts.items() if stored != storage)
    part = profile.parts.get(storage) or bins.empty()
    found: Profile = bins.beside(part, profile, strange)
    return found


def _storage_of(profile: OpenProfile) -> Storage:
    """What most values are; text where there is none, or as many of another kind."""
    order = list(LATER)

    def rows(storage: Storage) -> int:
        return profile.parts[storage].rows if storage in profile.parts else 0

    return max(LATER, key=lambda storage: (rows(storage), order.index(storage)))


def _part(storage: str, profile: Profile) -> bytes:
    bins = LATER[Storage(storage)]
    name, content = storage.encode(), packing.framed(bins.CODE, bins.packed(profile))
    return _PART.pack(len(name), len(content)) + name + content


def _read_part(reader: packing.Reader) -> tuple[str, Profile]:
    named, size = reader.unpack(_PART)
    storage = reader.take(named).decode()
    code, content = packing.unframed(reader.take(size))
    bins = LATER[Storage(storage)]
    if code != bins.CODE:
        raise ValueError(f"a part of {storage} values is of the form {code}, not {bins.CODE}")
    return storage, bins.unpacked(content)
