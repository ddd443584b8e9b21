"""Counts of classes by name, of which nobody knows beforehand how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.arrays import class_codes, hash_texts
from driftline_jobs.profiles.distinct import UIntArray

MOST_NAMES = 16
"""Names that are counted: those of lowest hash, so that merging in any order leaves the same, each counted
whole. A file that holds ids where labels should be cannot make outcomes grow."""

_ROWS_PER_COUNT = 8
"""Rows for each name, at least, where counting them all is sooner done than sorting the rows."""


def lowest(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts of at most ``MOST_NAMES`` names, in the order of the names."""
    names = sorted(counts)
    if len(names) > MOST_NAMES:
        hashes = hash_texts(names)
        names = [names[at] for at in sorted(np.argsort(hashes, kind="stable")[:MOST_NAMES].tolist())]
    return {name: counts[name] for name in names}


def without_names(counts: Mapping[str, int], part: Mapping[str, int]) -> dict[str, int]:
    """``counts`` less those of a part of the same rows; what is left of nothing is left out."""
    left = {name: count - part.get(name, 0) for name, count in counts.items()}
    return {name: count for name, count in left.items() if count}


@dataclass(frozen=True)
class NamedRows:
    """The classes of some rows: ``codes`` (n,) into ``names`` (D,), -1 where a row has none."""

    codes: IntArray
    names: list[str]
    hashes: UIntArray

    @classmethod
    def of(cls, column: pa.ChunkedArray, order: IntArray | None) -> NamedRows:
        """A column of classes, its rows in ``order``."""
        coded = class_codes(column.combine_chunks())
        codes = coded.codes.astype(np.int64)
        if coded.valid is not None:
            codes = np.where(coded.valid, codes, -1)
        return cls(codes if order is None else codes.take(order), coded.texts, hash_texts(coded.texts))

    def numbered(self, place: Mapping[str, int], otherwise: int) -> IntArray:
        """(n,) the number of each row's class, ``otherwise`` for names without one, -1 without a class."""
        table = np.array([*(place.get(name, otherwise) for name in self.names), -1], np.int64)
        return table.take(self.codes)  # a code of -1 is the last place

    def counted(self, rows: slice, number: IntArray, otherwise: int) -> dict[str, int]:
        """Counts by name of those of the rows whose ``number`` (of all rows) is ``otherwise``."""
        codes = self.codes[rows][number[rows] == otherwise]
        if not len(codes):
            return {}
        if len(self.names) <= max(_ROWS_PER_COUNT, len(codes) // _ROWS_PER_COUNT):
            each = np.bincount(codes)
            occurring = np.flatnonzero(each)
            counts = each[occurring]
        else:
            occurring, counts = np.unique(codes, return_counts=True)
        lowest_hashes = np.argsort(self.hashes[occurring], kind="stable")[:MOST_NAMES]
        return lowest({self.names[int(occurring[at])]: int(counts[at]) for at in lowest_hashes})
