"""Small splits, read whole and then taken together: a call takes as long for ten rows as for ten thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import pyarrow as pa

from driftline_jobs.logs.read import SplitReader
from driftline_jobs.logs.splits import Split
from driftline_jobs.logs.times import IntArray, microseconds
from driftline_schemas.serving_log import TimeColumn

_MOST_ROWS = 1 << 15
_MOST_BYTES = 8 << 20
_MOST_SPLITS = 256
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
        reader.read_at_once()
        arrays = {name: reader.column(name) for name in names if reader.has(name)}
        return cls(reader.split, arrays, reader.group_rows())

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


def of_one_kind(splits: Iterable[ReadSplit]) -> list[ReadSplits]:
    """Splits that can be read as one together, the others apart."""
    kinds: dict[object, list[ReadSplit]] = {}
    for split in splits:
        kinds.setdefault(split.kind, []).append(split)
    return [ReadSplits(parts) for parts in kinds.values()]


def bundled(splits: Iterable[Split]) -> Iterator[list[Split]]:
    """Consecutive small splits together, large ones alone."""
    bundle: list[Split] = []
    rows = size = 0
    for split in splits:
        rows, size = rows + split.rows, size + split.size_bytes
        if bundle and (rows > _MOST_ROWS or size > _MOST_BYTES or len(bundle) == _MOST_SPLITS):
            yield bundle
            bundle, rows, size = [], split.rows, split.size_bytes
        bundle.append(split)
    if bundle:
        yield bundle
