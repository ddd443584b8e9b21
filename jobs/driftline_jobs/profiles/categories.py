"""Codes of categories to profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.arrays import class_name, hash_texts
from driftline_jobs.profiles.distinct import UIntArray, register_sets
from driftline_jobs.profiles.state import MOST_UNSEEN, CategoryProfile

if TYPE_CHECKING:
    from driftline_jobs.profiles.kinds.categories import CategoryBins


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The D distinct values of a column in one split: their bins, hashes and texts."""

    bin_of: IntArray
    hashes: UIntArray
    texts: Sequence[str]


def dictionary_for(texts: list[str], bins: CategoryBins) -> Dictionary:
    """Bins of the values: their place in the vocabulary, else ``other`` if the reference had them.

    Of classes the vocabulary of an older reference may have another form of the same one.
    """
    place: dict[str, int] = {}
    for at, text in enumerate(bins.vocabulary):
        place.setdefault(class_name(text) if bins.of_classes else text, at)
    hashes = hash_texts(texts)
    unseen = bins.bins - 1
    bin_of = np.fromiter((place.get(text, unseen) for text in texts), np.int64, len(texts))
    if len(bins.tail):
        unknown = np.flatnonzero(bin_of == unseen)
        known = np.isin(hashes[unknown].view(np.int64), bins.tail)
        bin_of[unknown[known]] = unseen - 1
    return Dictionary(bin_of, hashes, texts)


def profile_categories(
    cell: IntArray,
    occurring: IntArray,
    counts: IntArray,
    rows: IntArray,
    dictionary: Dictionary,
    bins: CategoryBins,
) -> list[CategoryProfile]:
    """Profiles of one categorical column over each cell, from the counts of its dictionary.

    Args:
        cell, occurring, counts: (k,) for every value that occurs in a cell: the cell, ascending, the index
            into the dictionary, and the rows.
        rows: (cells,) all rows of each cell.
    """
    cells = len(rows)
    bin_of = dictionary.bin_of[occurring]
    hashes = dictionary.hashes[occurring]
    there: IntArray = np.zeros(cells, np.int64)
    np.add.at(there, cell, counts)
    places, place_of = np.unique(cell * bins.bins + bin_of, return_inverse=True)
    value_counts: IntArray = np.zeros(len(places), np.int64)
    np.add.at(value_counts, place_of, counts)
    values = places % bins.bins
    stops = np.searchsorted(places, np.arange(1, cells + 1) * bins.bins).tolist()
    registers = register_sets(hashes, cell, cells)
    profiles, start = [], 0
    for at, stop in enumerate(stops):
        profiles.append(
            CategoryProfile(
                rows=int(rows[at]),
                nulls=int(rows[at] - there[at]),
                values=values[start:stop],
                value_counts=value_counts[start:stop],
                registers=registers[at],
            )
        )
        start = stop
    unseen = np.flatnonzero(bin_of == bins.bins - 1)
    for at in unseen[np.argsort(hashes[unseen], kind="stable")].tolist():
        unseen_of, key = profiles[cell[at]].unseen_values, int(hashes[at])
        if key in unseen_of or len(unseen_of) < MOST_UNSEEN:
            # nothing keeps a file's dictionary from holding a value twice
            known = unseen_of[key][1] if key in unseen_of else 0
            unseen_of[key] = (dictionary.texts[int(occurring[at])], known + int(counts[at]))
    return profiles
