"""Small splits, read whole and then taken together: a call takes as long for ten rows as for ten thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.times import microseconds
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Split
from driftline_schemas.serving_log import TimeColumn

_MOST_ROWS = 1 << 15
_MOST_VALUES = 1 << 22
_MOST_BYTES = 8 << 20
_MOST_SPLITS = 256
_MOST_DECODED = 64 << 20
"""Bytes that are held at a time: what little the footers promise may be much more once it is decoded."""
T = TypeVar("T")


class Columns(Protocol):
    """The columns of some rows, of one split or of several."""

    @property
    def parts(self) -> Sequence[SplitColumns]:
        """The same, split by split."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    def has(self, name: str) -> bool:
        """Whether they have the column in the type that was agreed on."""

    def unreadable(self, name: str) -> str | None:
        """The type of a column that they have, but not as one that values could be read of."""

    def column(self, name: str) -> pa.Array:
        """The whole column as one array (rows,) of the types that ``plain`` leaves."""


class SplitColumns(Columns, Protocol):
    """The columns of one split."""

    @property
    def split(self) -> Split:
        """Where they are from."""

    def group_rows(self) -> tuple[int, ...]:
        """The rows of each row group, in their order."""

    def mean_bytes(self, name: str) -> int:
        """About how many bytes a value of the column takes."""

    def timestamps(self, time: TimeColumn) -> IntArray:
        """See ``SplitReader.timestamps``."""


@dataclass(frozen=True)
class ReadSplit:
    """A split whose columns have been read: ``SplitColumns`` without an open file."""

    split: Split
    arrays: Mapping[str, pa.Array]
    groups: tuple[int, ...]

    @classmethod
    def of(cls, reader: SplitReader, names: Iterable[str]) -> ReadSplit:
        """The named columns, as far as there are such. Errors are those of ``SplitReader.column``."""
        there = [name for name in names if reader.has(name)]
        reader.read_at_once(there)
        return cls(reader.split, {name: reader.column(name) for name in there}, reader.group_rows())

    @property
    def nbytes(self) -> int:
        """What its columns take."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def parts(self) -> Sequence[ReadSplit]:
        """See ``Columns.parts``."""
        return (self,)

    @property
    def rows(self) -> int:
        """See ``Columns.rows``."""
        return self.split.rows

    def mean_bytes(self, name: str) -> int:
        """See ``SplitColumns.mean_bytes``."""
        return self.arrays[name].nbytes // max(self.rows, 1) if self.has(name) else 0

    def has(self, name: str) -> bool:
        """See ``Columns.has``."""
        return name in self.arrays

    def unreadable(self, name: str) -> str | None:
        """See ``Columns.unreadable``."""
        return None if self.has(name) else self.split.unreadable.get(name)

    def column(self, name: str) -> pa.Array:
        """See ``Columns.column``."""
        return self.arrays[name]

    def group_rows(self) -> tuple[int, ...]:
        """See ``SplitColumns.group_rows``."""
        return self.groups

    def timestamps(self, time: TimeColumn) -> IntArray:
        """See ``SplitReader.timestamps``."""
        return microseconds(self.arrays[time.name], time)

    @cached_property
    def kind(self) -> tuple[frozenset[tuple[str, pa.DataType]], frozenset[tuple[str, str]]]:
        """What splits must have in common to be read as one: their columns and how these are stored."""
        types = ((name, array.type) for name, array in self.arrays.items())
        return frozenset(types), frozenset(self.split.unreadable.items())


@dataclass(frozen=True)
class ReadSplits:
    """Several splits of one kind as ``Columns``: their rows one after the other."""

    parts: Sequence[ReadSplit]

    @property
    def rows(self) -> int:
        """See ``Columns.rows``."""
        return sum(part.rows for part in self.parts)

    def has(self, name: str) -> bool:
        """See ``Columns.has``."""
        return self.parts[0].has(name)

    def unreadable(self, name: str) -> str | None:
        """See ``Columns.unreadable``."""
        return self.parts[0].unreadable(name)

    def column(self, name: str) -> pa.Array:
        """See ``Columns.column``."""
        arrays = [part.column(name) for part in self.parts]
        if len(arrays) == 1 or not pa.types.is_dictionary(arrays[0].type):
            return pa.concat_arrays(arrays)
        # indices of a few bits would have no room for the values of all of them
        wide = [
            pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary)
            for array in arrays
        ]
        return pa.concat_arrays(pa.chunked_array(wide).unify_dictionaries().chunks)


def read_small(splits: Iterable[tuple[ReadSplit, T]]) -> Iterator[tuple[ReadSplits, list[T]]]:
    """Those that are stored alike as one, with what was said of each; only so many at a time as there is
    memory for."""
    waiting: list[tuple[ReadSplit, T]] = []
    size = 0
    for split, about in splits:
        waiting.append((split, about))
        size += split.nbytes
        if size > _MOST_DECODED:
            yield from of_one_kind(waiting)
            waiting, size = [], 0
    yield from of_one_kind(waiting)


def of_one_kind(splits: Iterable[tuple[ReadSplit, T]]) -> Iterator[tuple[ReadSplits, list[T]]]:
    """Splits that can be read as one together, the others apart."""
    kinds: dict[object, list[tuple[ReadSplit, T]]] = {}
    for split, about in splits:
        kinds.setdefault(split.kind, []).append((split, about))
    for alike in kinds.values():
        yield ReadSplits([split for split, _ in alike]), [about for _, about in alike]


def bundled(splits: Iterable[Split], columns: int, most: int = _MOST_SPLITS) -> Iterator[list[Split]]:
    """Consecutive small splits together, ``most`` of them at most; large ones alone."""
    bundle: list[Split] = []
    rows = size = 0
    for split in splits:
        rows, size = rows + split.rows, size + split.size_bytes
        full = rows > _MOST_ROWS or rows * columns > _MOST_VALUES or size > _MOST_BYTES
        if bundle and (full or len(bundle) >= min(most, _MOST_SPLITS)):
            yield bundle
            bundle, rows, size = [], split.rows, split.size_bytes
        bundle.append(split)
    if bundle:
        yield bundle
