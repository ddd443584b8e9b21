"""Codes of categories to profiles."""

from __future__ import annotations

import numpy as np

from driftline_jobs.profiles.binning import CategoryBins
from driftline_jobs.profiles.columns.arrays import Dictionary
from driftline_jobs.profiles.distinct import register_sets
from driftline_jobs.profiles.log_buckets import IntArray
from driftline_jobs.profiles.state import MOST_UNSEEN, CategoryProfile


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
