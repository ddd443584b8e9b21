"""Columns of which the reference has neither a value nor a type: what comes, merged in any order."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.categories import dictionary_for, profile_categories
from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.columns.arrays import codes
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.open import LATER, OpenBins, opened
from driftline_jobs.profiles.kinds.ordered import OrderedBins, wide_bins
from driftline_jobs.profiles.state import CategoryProfile, OpenProfile, OrderedProfile, merge, subtract
from driftline_schemas.serving_log import Storage

NUMBERS = np.random.default_rng(5).lognormal(3, 4, 500)


def of_numbers(values: np.ndarray[tuple[int], np.dtype[np.float64]], nulls: int = 0) -> OpenProfile:
    bins = LATER[Storage.NUMBER]
    assert isinstance(bins, OrderedBins)
    return opened(profile_ordered(values, nulls, bins), Storage.NUMBER)


def of_texts(texts: list[str | None]) -> OpenProfile:
    bins = LATER[Storage.TEXT]
    assert isinstance(bins, CategoryBins)
    column = codes(pa.array(texts, pa.string()))
    known = column.codes if column.valid is None else column.codes[column.valid]
    counts = np.bincount(known, minlength=len(column.texts))
    occurring = np.flatnonzero(counts)
    (profile,) = profile_categories(
        np.zeros(len(occurring), np.int64),
        occurring,
        counts[occurring],
        np.array([len(texts)]),
        dictionary_for(column.texts, bins),
        bins,
    )
    return opened(profile, Storage.TEXT)


def test_it_is_what_its_values_are() -> None:
    whole = merge([OpenProfile(10, 10), of_numbers(NUMBERS[:300], 5), of_numbers(NUMBERS[300:])])
    (one,) = OpenBins().settled([whole])
    (profile,) = one.profiles
    assert isinstance(profile, OrderedProfile)
    assert isinstance(one.bins, OrderedBins)
    assert (one.bins.kind, profile.rows, profile.nulls) == ("numeric", 515, 15)
    assert (profile.minimum, profile.maximum) == (NUMBERS.min(), NUMBERS.max())
    assert profile.mean(one.bins) == pytest.approx(NUMBERS.mean(), rel=1e-15)
    edges = np.array(one.bins.edges)
    expected = np.bincount(np.searchsorted(edges, NUMBERS, side="right"), minlength=len(edges) + 1)
    assert profile.bin_counts(one.bins).tolist() == expected.tolist()


def test_without_values_it_is_of_categories() -> None:
    (one,) = OpenBins().settled([OpenProfile(7, 7), OpenProfile()])
    assert (one.bins.kind, one.places) == ("categorical", [0, 1])
    assert [(profile.rows, profile.nulls) for profile in one.profiles] == [(7, 7), (0, 0)]


def test_cells_of_different_kinds_are_told_apart() -> None:
    several = [of_texts(["a", "b"]), of_numbers(NUMBERS), OpenProfile(3, 3)]
    kinds = {one.bins.kind: one for one in OpenBins().settled(several)}
    assert {kind: one.places for kind, one in kinds.items()} == {"categorical": [0, 2], "numeric": [1]}
    assert [profile.rows for profile in kinds["numeric"].profiles] == [2, 500, 3]


def test_values_of_another_type_are_neither_missing_nor_lost() -> None:
    mixed = merge([of_numbers(NUMBERS, 4), of_texts(["a", "a", None])])
    assert mixed.others == 2
    (one,) = OpenBins().settled([mixed])
    (profile,) = one.profiles
    assert isinstance(profile, OrderedProfile)
    assert (profile.rows, profile.nulls, profile.nans, profile.finite) == (507, 5, 2, 500)
    mixed = merge([of_numbers(NUMBERS[:1]), of_texts(["a", "a", None])])
    (one,) = OpenBins().settled([mixed])
    (category,) = one.profiles
    assert isinstance(category, CategoryProfile)
    assert isinstance(one.bins, CategoryBins)
    assert (category.rows, category.nulls, category.bin_counts(one.bins).tolist()) == (4, 1, [0, 3])


def test_the_order_of_merging_leaves_no_trace() -> None:
    parts = [
        of_numbers(NUMBERS[:100], 3),
        of_texts(["a", None, "b"]),
        OpenProfile(5, 5),
        of_numbers(NUMBERS[100:]),
        of_texts(["b"]),
    ]
    encoded = {encode(merge(list(order))) for order in itertools.permutations(parts)}
    assert len(encoded) == 1
    paired = merge([merge(parts[:2]), merge(parts[2:])])
    assert {encode(paired)} == encoded
    assert encode(decode(encode(paired))) == encode(paired)


def test_what_is_taken_out_leaves_the_rest() -> None:
    rest, part = of_numbers(NUMBERS[:100], 3), merge([of_texts(["a", None]), of_numbers(NUMBERS[100:])])
    left = subtract(merge([rest, part]), part)
    assert isinstance(left, OpenProfile)
    assert (left.rows, left.nulls, set(left.parts)) == (103, 3, {"number"})
    values, expected = left.parts["number"], rest.parts["number"]
    assert isinstance(values, OrderedProfile)
    assert isinstance(expected, OrderedProfile)
    assert values.bucket_counts.tolist() == expected.bucket_counts.tolist()
    assert np.array_equal(values.sums, expected.sums)


def test_bins_are_kept_with_the_others() -> None:
    columns: dict[str, Bins] = {"x": OpenBins()}
    columns |= {kind: wide_bins(kind) for kind in ("numeric", "score", "datetime")}
    binning = Binning(columns, {}, {"x": "nothing", "numeric": "nothing", "score": "number"})
    read = Binning.from_bytes(binning.to_bytes())
    assert read == binning
    assert read.binning_id == binning.binning_id
    assert not wide_bins("numeric").has_spread  # nothing is known of how far apart values lie
