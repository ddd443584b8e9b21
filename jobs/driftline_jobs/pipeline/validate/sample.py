"""A bounded sample of a log's values: the first rows of objects that are spread over the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from driftline_jobs.sources.listing.objects import LogObject
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Inspection, Split
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.serving_log import LogColumn

MOST_OBJECTS = 32
MOST_ROWS = 5_000
"""Of one object. A sample of both is read in a second or two, whatever the size of the log."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ObjectSample:
    """The first rows of one object: its columns by name, without those that it does not have."""

    object: LogObject
    columns: Mapping[str, pa.Array]

    @property
    def rows(self) -> int:
        """How many there are."""
        return max((len(array) for array in self.columns.values()), default=0)


@dataclass(frozen=True, slots=True)
class LogSample:
    """Sampled objects in the order of their paths, the columns that the log agrees on, and the ``names`` of
    all that it has."""

    objects: tuple[ObjectSample, ...]
    columns: tuple[LogColumn, ...]
    names: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """How many rows were sampled."""
        return sum(part.rows for part in self.objects)

    def arrays(self, name: str) -> Iterator[pa.Array]:
        """The sampled values of one column, object by object; nothing for those without it."""
        return (part.columns[name] for part in self.objects if name in part.columns)


def sample_log(inspection: Inspection) -> LogSample:
    """Read the first rows of some objects. One that turns out to be damaged is left out of the sample.

    Raises TransientError when the location does not answer, ConfigError when it refuses our keys.
    """
    first = {split.object.uri: split for split in reversed(inspection.splits)}
    chosen = spread([first[uri] for uri in sorted(first)], MOST_OBJECTS)
    parts = (_head(split, inspection.columns) for split in chosen)
    found = tuple(part for part in parts if part is not None)
    return LogSample(found, inspection.columns, inspection.names)


def _head(split: Split, columns: Sequence[LogColumn]) -> ObjectSample | None:
    try:
        with SplitReader(split, columns, wanted=()) as reader:
            return ObjectSample(split.object, reader.head(MOST_ROWS))
    except UnreadableObjectError:
        return None  # a run sets it aside by name, when it comes upon it


def spread(items: Sequence[T], most: int) -> list[T]:
    """``most`` of the items at even distances, first and last included."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1)
    return [items[round(position * step)] for position in range(most)]
