"""The kernels against numpy on the raw values, at the same edges."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numba import types
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.cells import Grouping, Run
from driftline_jobs.profiles.columns.arrays import Codes, Numbers
from driftline_jobs.profiles.distinct import estimate, hash_values, register_sets
from driftline_jobs.profiles.grouped import ordered_runs
from driftline_jobs.profiles.kernels.compiling import compiled
from driftline_jobs.profiles.kernels.workspace import CHUNK, Workspace
from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins
from driftline_jobs.profiles.ordered import profile_counted, profile_runs
from driftline_jobs.profiles.state import OrderedProfile, merge, subtract
from driftline_schemas.errors import DataError

RNG = np.random.default_rng(20130701)
SAMPLES = {
    "normal": RNG.normal(0, 1, 3 * CHUNK + 17),
    "far from zero": RNG.normal(290, 5, 5000),
    "heavy tail": RNG.lognormal(0, 3, 50_000),
    "negative": -RNG.lognormal(0, 1, 5000),
    "two humps": np.concatenate([RNG.normal(1000, 1, 5000), RNG.normal(2000, 1, 5000)]),
    "few integers": RNG.integers(0, 24, 5000),
    "tenths": RNG.integers(0, 20, 999) / 10,
    "wide integers": RNG.integers(-(2**40), 2**40, 5000),
    "small integers": RNG.integers(-100, 100, 5000).astype(np.int8),
    "unsigned": RNG.integers(0, 2**63, 5000).astype(np.uint64),
    "single precision": RNG.normal(0, 1e-20, 5000).astype(np.float32),
    "constant": np.full(100, 5.0),
    "a sentinel": np.concatenate([RNG.normal(0, 1, 5000), np.full(300, -1e15)]),
    "mostly zero": np.where(RNG.random(5000) < 0.7, 0.0, RNG.exponential(3, 5000)),
}


def raw_bins(values: np.ndarray, bins: OrderedBins) -> np.ndarray:
    return np.searchsorted(np.asarray(bins.edges), values, side="right")


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("kind", ["numeric", "score"])
def test_counts_and_sums_are_those_of_the_raw_values(name: str, kind: str) -> None:
    values = SAMPLES[name]
    floats = values.astype(np.float64)
    bins = ordered_bins(kind, np.sort(floats)[::3])
    profile = profile_ordered(values, 7, bins)
    place = raw_bins(floats, bins)

    assert profile.rows == len(values) + 7
    assert profile.nulls == 7
    assert profile.bin_counts(bins).tolist() == np.bincount(place, minlength=bins.bins).tolist()
    assert profile.minimum == floats.min()
    assert profile.maximum == floats.max()
    assert profile.zeros == np.count_nonzero(floats == 0)
    exact = [math.fsum(floats[place == at]) for at in range(bins.bins)]
    np.testing.assert_allclose(profile.bin_sums(bins), exact, rtol=1e-14, atol=0)
    assert profile.total(bins) == math.fsum(floats)


def test_specials_are_counted_apart() -> None:
    bins = ordered_bins("numeric", np.arange(100.0))
    values = np.array([np.nan, np.inf, -np.inf, np.inf, 3.0, -0.0, 0.0, np.nan, np.nan])
    profile = profile_ordered(values, 1, bins)
    assert (profile.rows, profile.nulls, profile.nans) == (10, 1, 3)
    assert (profile.below_infinity, profile.above_infinity, profile.zeros) == (1, 2, 2)
    assert profile.finite == 3
    assert profile.bin_counts(bins).sum() == 3
    assert (profile.minimum, profile.maximum) == (0.0, 3.0)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [np.inf], [-np.inf, np.nan]])
def test_columns_without_a_finite_value(values: list[float]) -> None:
    bins = ordered_bins("numeric", np.arange(100.0))
    profile = profile_ordered(np.array(values, np.float64), 2, bins)
    assert profile.rows == len(values) + 2
    assert profile.finite == 0
    assert profile.bin_counts(bins).sum() == 0
    assert profile.total(bins) == 0
    assert (profile.minimum, profile.maximum) == (np.inf, -np.inf)


finite = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(deadline=None, max_examples=150)
@given(hnp.arrays(np.float64, st.integers(1, 200), elements=finite), st.data())
def test_any_cut_and_order_of_the_rows_gives_the_same_profile(
    values: np.ndarray, data: st.DataObject
) -> None:
    clean = np.sort(values[np.isfinite(values)])
    bins = ordered_bins("numeric", clean)
    whole = profile_ordered(values, 3, bins)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    shuffled = values[data.draw(st.permutations(range(len(values))))]
    parts = [profile_ordered(part, 0, bins) for part in np.split(shuffled, cuts)]
    parts.append(profile_ordered(values[:0], 3, bins))
    assert_same(merge(parts), whole)
    assert np.bincount(raw_bins(clean, bins), minlength=bins.bins).tolist() == whole.bin_counts(bins).tolist()


def assert_same(left: object, right: object) -> None:
    assert isinstance(left, OrderedProfile)
    assert isinstance(right, OrderedProfile)
    for name in OrderedProfile.__slots__:
        if name != "outer":
            np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    np.testing.assert_array_equal(left.outer.buckets, right.outer.buckets)
    np.testing.assert_array_equal(left.outer.counts, right.outer.counts)
    assert left.outer.sums == right.outer.sums


def test_a_part_taken_from_the_whole_leaves_the_rest() -> None:
    values = SAMPLES["heavy tail"]
    bins = ordered_bins("numeric", np.sort(values))
    whole, part, rest = (profile_ordered(v, 0, bins) for v in (values, values[:1000], values[1000:]))
    left = subtract(whole, part)
    assert isinstance(left, OrderedProfile)
    assert left.bin_counts(bins).tolist() == rest.bin_counts(bins).tolist()
    assert left.total(bins) == rest.total(bins)
    assert left.rows == rest.rows


@pytest.mark.parametrize("distinct", [1, 24, 700, 5000, 100_000, 1_000_000])
def test_distinct_counts_are_within_three_standard_errors(distinct: int) -> None:
    values = RNG.permutation(np.tile(np.arange(distinct) * 0.37, max(1, 200_000 // distinct)))
    bins = ordered_bins("numeric", np.sort(values[:50_000]))
    found = estimate(profile_ordered(values, 0, bins).registers)
    assert abs(found - distinct) <= max(1, 3 * 0.023 * distinct)


@settings(deadline=None, max_examples=150)
@given(st.lists(hnp.arrays(np.float64, st.integers(0, 30), elements=finite), min_size=1, max_size=8))
def test_small_cells_together_are_what_they_are_alone(cells: list[np.ndarray]) -> None:
    values = np.concatenate(cells)
    bins = ordered_bins("score", np.sort(values[np.isfinite(values)]))
    stops = np.cumsum([len(c) for c in cells])
    starts = stops - [len(c) for c in cells]
    for profile, alone in zip(profile_runs(values, None, starts, stops, bins), cells, strict=True):
        assert_same(profile, profile_ordered(alone, 0, bins))


@pytest.mark.parametrize("name", ["few integers", "wide integers", "small integers", "unsigned", "constant"])
@pytest.mark.parametrize("kind", ["numeric", "score"])
def test_counted_values_are_profiled_as_the_values_themselves(name: str, kind: str) -> None:
    values = SAMPLES[name]
    bins = ordered_bins(kind, np.sort(values.astype(np.float64))[::2])
    distinct, counts = np.unique(values.astype(np.float64), return_counts=True)
    assert_same(profile_counted(distinct, counts, 4, bins), profile_ordered(values, 4, bins))


def test_no_values_counted_are_the_profile_of_no_rows() -> None:
    bins = ordered_bins("numeric", np.arange(100.0))
    nothing = profile_counted(np.empty(0), np.empty(0, np.int64), 3, bins)
    assert_same(nothing, profile_ordered(np.empty(0), 3, bins))


def grouping(run_of: IntArray, runs: int) -> Grouping:
    """Rows of as many runs, each with its number."""
    stops = np.cumsum(np.bincount(run_of, minlength=runs)).tolist()
    parts = tuple(Run(start, stop, ()) for start, stop in zip([0, *stops], stops, strict=False))
    return Grouping(parts, run_of.astype(np.uint16), bool((np.diff(run_of) >= 0).all()))


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
@pytest.mark.parametrize("cells", [1, 3, 300])
def test_integers_are_counted_in_each_cell_to_the_ends_of_their_type(kind: str, cells: int) -> None:
    ends = np.iinfo(kind)
    low, high = (ends.min, min(ends.max, ends.min + 255)) if ends.min else (ends.max - 255, ends.max)
    rows = 2 * CHUNK + 5
    values = RNG.integers(low, high, rows, dtype=kind, endpoint=True)
    valid, cell = RNG.random(rows) < 0.7, RNG.integers(0, cells, rows)
    values[~valid] = 0  # as nulls are filled, which may lie outside the range
    found = Workspace().count_numbers(Numbers(values, valid), int(low), 256, grouping(cell, cells))
    expected = np.zeros((cells, 256), np.int64)
    steps = values[valid].astype(object) - int(low)
    np.add.at(expected, (cell[valid], steps.astype(np.int64)), 1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("code", [-1, 2, 2**31 - 1, -(2**31)])
def test_an_index_beyond_its_dictionary_is_refused(code: int) -> None:
    column = Codes(np.array([0, 1, code, 1], np.int32), None, ["a", "b"])
    with pytest.raises(DataError, match="1 rows hold an index beyond their dictionary of 2 values"):
        Workspace().count_codes(column, grouping(np.zeros(4, np.int64), 1))


@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "u1"])
@pytest.mark.parametrize("parted", ["one cell", "in order", "mixed"])
@pytest.mark.parametrize("nulls", [False, True])
def test_values_are_laid_out_cell_by_cell(kind: str, parted: str, *, nulls: bool) -> None:
    rows = CHUNK + 1000
    values = RNG.integers(0, 200, rows).astype(kind)
    valid = RNG.random(rows) < 0.8 if nulls else None
    cell = np.zeros(rows, np.int64) if parted == "one cell" else RNG.integers(0, 40, rows)
    if parted == "in order":
        cell.sort()
    work = Workspace()
    parts = grouping(cell, int(cell.max()) + 1)
    laid, there, starts, stops = work.laid_out(Numbers(values, valid), parts)
    for at, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        mine = cell == at if valid is None else (cell == at) & valid
        found = laid[start:stop] if there is None else laid[start:stop][there[start:stop]]
        assert found.tolist() == values[mine].tolist()


@pytest.mark.parametrize("parted", ["one cell", "in order", "mixed"])
@pytest.mark.parametrize("kind", ["f8", "f4"])
def test_rows_without_a_value_are_counted_in_their_cell(parted: str, kind: str) -> None:
    rows = CHUNK + 1000
    values, valid = RNG.normal(size=rows).astype(kind), RNG.random(rows) < 0.8
    values[RNG.random(rows) < 0.01] = np.nan
    cell = np.zeros(rows, np.int64) if parted == "one cell" else RNG.integers(0, 40, rows)
    if parted == "in order":
        cell.sort()
    bins = ordered_bins("numeric", np.sort(values[np.isfinite(values)].astype(np.float64))[:5000])
    found = ordered_runs(Numbers(values, valid), grouping(cell, int(cell.max()) + 1), bins, Workspace())
    for at, profile in enumerate(found):
        mine = cell == at
        assert_same(profile, profile_ordered(values[mine & valid], int((mine & ~valid).sum()), bins))


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(size=300_000),  # every register is met early, and then seldom raised
        RNG.choice(RNG.normal(size=3_000), 300_000),  # some are never met
        np.zeros(5_000),  # the one value whose hash is zero
        np.where(RNG.random(5_000) < 0.5, -0.0, RNG.normal(size=5_000)),
        np.array([1.0]),
        np.arange(1e6),
    ],
    ids=["normal", "few", "zeros", "mostly zero", "one", "whole numbers"],
)
def test_registers_are_those_of_the_hashes_of_all_values(values: np.ndarray) -> None:
    """Compiled code has the hash, and the rule for ranks, a second time."""
    bins = ordered_bins("numeric", np.sort(values[:1000]))
    profile = profile_ordered(values, 0, bins)
    expected = register_sets(hash_values(values), np.zeros(len(values), np.int64), 1)[0]
    np.testing.assert_array_equal(profile.registers, expected)


def test_what_cannot_be_kept_is_compiled_all_the_same() -> None:
    """A function without a file stands for one whose folder cannot be written."""
    made: dict[str, Any] = {}
    exec("def twice(number):\n    return 2 * number", made)  # noqa: S102  a text of this test
    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit(types.int64(types.int64), cache=True)(made["twice"])
    assert compiled(types.int64(types.int64))(made["twice"])(21) == 42
