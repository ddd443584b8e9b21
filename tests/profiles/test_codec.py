"""Stored profiles come back as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.categories import Dictionary, dictionary_for, profile_categories
from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.columns.arrays import hash_texts
from driftline_jobs.profiles.columns.hiding import fingerprint_of
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins
from driftline_jobs.profiles.state import CategoryProfile, OrderedProfile, merge
from driftline_schemas.errors import DataError


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(width=64), max_size=300), st.integers(0, 5))
def test_ordered_profiles_round_trip(values: list[float], nulls: int) -> None:
    array = np.array(values, np.float64)
    bins = ordered_bins("numeric", np.sort(array[np.isfinite(array)]))
    profile = profile_ordered(array, nulls, bins)
    data = encode(profile)
    again = decode(data)
    assert encode(again) == data
    assert encode(merge([again, profile_ordered(array[:0], 0, bins)])) == data


def categories(
    occurring: np.ndarray, counts: np.ndarray, nulls: int, dictionary: Dictionary, bins: CategoryBins
) -> CategoryProfile:
    """Of a single cell."""
    rows = np.array([counts.sum() + nulls])
    cell = np.zeros(len(counts), np.int64)
    return profile_categories(cell, occurring, counts, rows, dictionary, bins)[0]


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.text(max_size=20), st.integers(1, 10**12), max_size=50), st.integers(0, 9))
def test_category_profiles_round_trip(counts: dict[str, int], known: int) -> None:
    texts = list(counts)
    bins = CategoryBins("categorical", tuple(texts[:known]))
    rows = np.fromiter(counts.values(), np.int64, len(counts))
    profile = categories(np.arange(len(rows)), rows, 2, dictionary_for(texts, bins), bins)
    data = encode(profile)
    again = decode(data)
    assert isinstance(again, CategoryProfile)
    assert encode(again) == data
    assert again.bin_counts(bins).tolist() == [*rows[:known], 0, rows[known:].sum()]
    assert again.unseen_values == profile.unseen_values


def test_sums_beyond_64_bits_are_exact() -> None:
    large = profile_ordered(np.full(1 << 10, 60.0), 0, OrderedBins("numeric", (), 0.0, 0))
    whole = merge([large] * 4)
    for _ in range(12):
        whole = merge([whole] * 8)
    assert decode(encode(whole)).rows == (1 << 10) * 4 * 8**12
    assert isinstance(whole, OrderedProfile)
    assert whole.total(OrderedBins("numeric", (), 0.0, 0)) == 60.0 * (1 << 10) * 4 * 8**12


def test_bytes_that_are_no_profile_are_refused() -> None:
    with pytest.raises(DataError, match="format 9"):
        decode(b"\x09\x01")
    with pytest.raises(DataError, match="cannot be read"):
        decode(encode(profile_ordered(np.arange(5.0), 0, ordered_bins("numeric", np.arange(5.0))))[:-3])


def test_unseen_values_are_the_same_in_any_order_of_merging() -> None:
    bins = CategoryBins("categorical", ("known",))
    texts = [f"value {i}" for i in range(1000)]
    dictionary = dictionary_for(texts, bins)
    parts = [
        categories(np.arange(at, 1000, 7), np.arange(at, 1000, 7) + 1, 0, dictionary, bins) for at in range(7)
    ]
    whole = categories(np.arange(1000), np.arange(1000) + 1, 0, dictionary, bins)
    for order in ([0, 1, 2, 3, 4, 5, 6], [6, 2, 4, 0, 1, 5, 3]):
        left = merge([merge([parts[i] for i in order[:3]]), merge([parts[i] for i in order[3:]])])
        assert encode(left) == encode(whole)
    lowest = sorted(hash_texts(texts).tolist())[:64]
    assert isinstance(whole, CategoryProfile)
    assert list(whole.unseen_values) == lowest
    assert all(text == f"value {count - 1}" for text, count in whole.unseen_values.values())


def test_binnings_round_trip() -> None:
    tail = np.sort(hash_texts(["x", "y"]).view(np.int64))
    binning = Binning(
        {
            "a": ordered_bins("numeric", np.sort(np.random.default_rng(1).normal(0, 1, 1000))),
            'b"; --': CategoryBins("categorical", ("é", "<b>", "\u0000"), tail, sensitive=True),
            "c": CategoryBins("categorical", ("dropped",), sensitive=True, dropped=True),
        },
        {"b": ("é",)},
        {"a": "number", 'b"; --': "text"},
        fingerprint_of("salt"),
        labels=ordered_bins("label", np.arange(9.0)),
    )
    again = Binning.from_bytes(binning.to_bytes())
    assert again == binning
    assert b"labels" not in replace(binning, labels=None).to_bytes()  # as before there were any
    assert again.binning_id == binning.binning_id
    assert again.to_bytes() == binning.to_bytes()
