"""Categorical columns over many cells, against counting the raw rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.profiles.categories import dictionary_for, profile_categories
from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.cells import Dimension, groupings
from driftline_jobs.profiles.columns.arrays import codes, hash_texts
from driftline_jobs.profiles.distinct import estimate
from driftline_jobs.profiles.grouped import category_runs
from driftline_jobs.profiles.kernels.workspace import Workspace
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.state import CategoryProfile, merge

RNG = np.random.default_rng(31)
TEXTS = [f"value {n}" for n in range(300)]


@pytest.mark.parametrize(
    ("rows", "cells", "distinct"),
    [(40_000, 3, 20), (5_000, 40, 300), (900, 200, 150), (2_000, 1, 300), (1, 1, 1)],
)
def test_each_cell_has_the_counts_of_its_rows(rows: int, cells: int, distinct: int) -> None:
    values = RNG.choice(np.array([*TEXTS[:distinct], None], object), rows)
    segment = RNG.integers(0, cells, rows).astype(np.uint8)
    bins = CategoryBins("categorical", tuple(TEXTS[5:60]), np.sort(hash_texts(TEXTS[60:90]).view(np.int64)))
    dimension = Dimension("s", segment, [f"s{n}" for n in range(cells)])
    found: dict[CellKey, list[CategoryProfile]] = {}
    for grouping in groupings(np.zeros(rows, np.int64), np.array([0, 1]), None, [dimension]):
        column = codes(pa.array(values))
        for run, profile in zip(
            grouping.runs, category_runs(column, grouping, bins, Workspace()), strict=True
        ):
            assert isinstance(profile, CategoryProfile)
            for key in run.keys:
                found.setdefault(key, []).append(profile)

    for at in range(-1, cells):
        mine = values if at < 0 else values[segment == at]
        if not len(mine):
            continue
        key = CellKey(0, "*", "*", "*") if at < 0 else CellKey(0, "*", "s", f"s{at}")
        profile = merge(found[key])
        assert isinstance(profile, CategoryProfile)
        counted = Counter(mine.tolist())
        assert (profile.rows, profile.nulls) == (len(mine), counted.pop(None, 0))
        bin_counts = profile.bin_counts(bins).tolist()
        assert bin_counts[:-2] == [counted[text] for text in bins.vocabulary]
        assert bin_counts[-2] == sum(counted[text] for text in TEXTS[60:90])
        unseen = {text: n for text, n in counted.items() if text in {*TEXTS[:5], *TEXTS[90:]}}
        assert bin_counts[-1] == sum(unseen.values())
        lowest = sorted(unseen, key=lambda text: int(hash_texts([text])[0]))[:64]
        assert list(profile.unseen_values.values()) == [(text, unseen[text]) for text in lowest]
        assert abs(estimate(profile.registers) - len(counted)) <= max(1, 0.07 * len(counted))


def test_a_value_that_a_dictionary_holds_twice_is_counted_whole() -> None:
    bins = CategoryBins("categorical", ("known",))
    dictionary = dictionary_for(["known", "new", "known", "new"], bins)
    (profile,) = profile_categories(
        np.zeros(4, np.int64), np.arange(4), np.array([1, 2, 4, 8]), np.array([15]), dictionary, bins
    )
    assert profile.bin_counts(bins).tolist() == [5, 0, 10]
    assert list(profile.unseen_values.values()) == [("new", 10)]
