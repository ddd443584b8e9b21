"""Values of every magnitude, whatever the reference's: exact sums, and quantiles within one per cent."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.metrics.descriptions import QUANTILES, Description
from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins
from driftline_jobs.profiles.ordered import profile_counted
from driftline_jobs.profiles.state import OrderedProfile, merge, subtract

Floats = npt.NDArray[np.float64]
RNG = np.random.default_rng(20260116)
LARGEST, LEAST = float(np.finfo(np.float64).max), 5e-324
NO_VALUES = np.empty(0)


def described(values: Floats, bins: OrderedBins) -> Description:
    (found,) = bins.descriptions([profile_ordered(values, 0, bins)])
    return found


def exact_mean(values: Floats) -> float:
    """Rounded once."""
    total = sum(map(Fraction, values.tolist()), Fraction(0)) / len(values)
    return total.numerator / total.denominator


def hold(values: Floats, reference: Floats) -> None:
    """All figures of a window's values beside numpy's, at the bins of the reference."""
    bins = ordered_bins("numeric", np.sort(reference))
    profile = profile_ordered(values, 0, bins)
    place = np.searchsorted(np.asarray(bins.edges), values, side="right")
    assert profile.bin_counts(bins).tolist() == np.bincount(place, minlength=bins.bins).tolist()
    with np.errstate(over="ignore"):
        for at, found in enumerate(profile.bin_sums(bins).tolist()):
            mine = values[place == at]
            if np.abs(mine).sum() < np.inf:
                assert abs(found - math.fsum(mine)) <= 1e-14 * np.abs(mine).sum()
    description = described(values, bins)
    assert description.published("mean") == [exact_mean(values)]
    assert description.published("minimum") == [values.min()]
    assert description.published("maximum") == [values.max()]
    for name, percent in QUANTILES.items():
        exact = float(np.quantile(values, percent / 100, method="inverted_cdf"))
        (found,) = description.published(name)
        assert found is not None
        assert values.min() <= found <= values.max(), name
        assert abs(found - exact) <= 0.01 * abs(exact), (name, found, exact)


MAGNITUDES = {
    "usual": RNG.normal(0, 1, 4000),
    "a million times as large": 1e6 * RNG.normal(3, 1, 4000),
    "a millionth": 1e-6 * RNG.normal(0, 1, 4000),
    "1e300": RNG.normal(0, 1e300, 4000),
    "1e-300": RNG.normal(0, 1e-300, 4000),
    "subnormal": RNG.uniform(-1, 1, 4000) * 5e-310,
    "the least": LEAST * RNG.integers(-200, 200, 4000),
    "the largest": LARGEST * RNG.uniform(-1, 1, 4000),
    "all magnitudes": RNG.choice([-1, 1], 4000) * 10.0 ** RNG.uniform(-323, 308, 4000),
    "mostly zero": np.where(RNG.random(4000) < 0.8, 0.0, RNG.lognormal(6, 2, 4000)),
    "heavy tails": np.where(RNG.random(4000) < 0.9, 0.0, RNG.lognormal(7, 4, 4000)),
    "sentinels": np.where(RNG.random(4000) < 0.1, -1e15, RNG.normal(0, 1, 4000)),
    "beyond 2**53": RNG.integers(2**60, 2**62, 4000).astype(np.float64),
    "far from zero": 1.7e9 + RNG.uniform(0, 86400, 4000),
    "kelvin": RNG.normal(290, 5, 4000),
    "constant": np.full(4000, -3.7),
    "zeros": np.where(RNG.random(4000) < 0.5, -0.0, 0.0),
}


@pytest.mark.parametrize("reference", MAGNITUDES)
@pytest.mark.parametrize("window", MAGNITUDES)
def test_a_window_of_any_magnitude_beside_a_reference_of_any(window: str, reference: str) -> None:
    hold(MAGNITUDES[window], MAGNITUDES[reference])


@pytest.mark.parametrize("window", MAGNITUDES)
def test_a_reference_without_values_serves_whatever_comes_later(window: str) -> None:
    hold(MAGNITUDES[window], NO_VALUES)


@pytest.mark.parametrize("window", MAGNITUDES)
def test_integers_in_the_reference_are_no_limit_for_later_values(window: str) -> None:
    values = MAGNITUDES[window]
    bins = ordered_bins("numeric", np.arange(100.0), whole_numbers=True)
    description = described(values, bins)
    for name, percent in QUANTILES.items():
        exact = float(np.quantile(values, percent / 100, method="inverted_cdf"))
        assert abs(float(description.quantiles[name][0]) - exact) <= 0.01 * abs(exact)


any_number = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1000, 1000),
    st.integers(-(2**64), 2**64).map(float),
    st.integers(-100, 100).map(lambda ticks: ticks * LEAST),
    st.sampled_from([0.0, -0.0, 1.0, LEAST, -LEAST, LARGEST, -LARGEST, 2.0**-1022, 2.0**53 + 2]),
)
numbers = st.lists(any_number, min_size=1, max_size=60).map(lambda drawn: np.array(drawn, np.float64))
references = st.one_of(
    numbers,
    st.just(NO_VALUES),
    # far from zero beside its spread: bins around a pivot
    st.tuples(st.floats(1e-200, 1e250), st.lists(st.floats(0.99, 1.01), min_size=5, max_size=60)).map(
        lambda drawn: drawn[0] * np.array(drawn[1])
    ),
)


@settings(deadline=None, max_examples=400)
@given(numbers, references)
@example(np.array([LEAST]), np.array([1.0]))
@example(np.array([-LARGEST, LARGEST]), NO_VALUES)
@example(np.array([290.0, 145.0, 580.0, 0.0]), np.full(9, 290.0) + np.arange(9))
def test_figures_are_numpys_whatever_the_values_and_the_reference(values: Floats, reference: Floats) -> None:
    hold(values, reference)


@settings(deadline=None, max_examples=200)
@given(numbers, references, st.data())
def test_any_cut_and_order_of_the_rows_gives_the_same_bytes(
    values: Floats, reference: Floats, data: st.DataObject
) -> None:
    bins = ordered_bins("numeric", np.sort(reference))
    whole = profile_ordered(values, 0, bins)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    shuffled = values[data.draw(st.permutations(range(len(values))))]
    parts = [profile_ordered(part, 0, bins) for part in np.split(shuffled, cuts)]
    first = data.draw(st.integers(0, len(parts)))
    halves = [merge(half) for half in (parts[:first], parts[first:]) if half]
    assert encode(merge(halves)) == encode(whole)
    assert encode(decode(encode(whole))) == encode(whole)
    distinct, counts = np.unique(values + 0.0, return_counts=True)
    assert encode(profile_counted(distinct, counts, 0, bins)) == encode(whole)
    rest = subtract(whole, parts[0])
    assert isinstance(rest, OrderedProfile)
    others = merge(parts[1:]) if parts[1:] else profile_ordered(values[:0], 0, bins)
    assert isinstance(others, OrderedProfile)
    assert rest.total(bins) == others.total(bins)
    assert rest.bin_counts(bins).tolist() == others.bin_counts(bins).tolist()
    assert rest.outer.buckets.tolist() == others.outer.buckets.tolist()


@pytest.mark.parametrize("rows", [1 << 17, (1 << 17) + 1, 400_000])
@pytest.mark.parametrize("value", [math.nextafter(2.0, 0.0), -math.nextafter(0.3, 0.0), math.pi])
def test_many_equal_values_add_up_exactly(rows: int, value: float) -> None:
    """The low bits of so many overflow 64 bits unless they are carried."""
    bins = ordered_bins("numeric", np.linspace(-5, 5, 1000))
    profile = profile_ordered(np.full(rows, value), 0, bins)
    expected = Fraction(value) * rows
    assert profile.total(bins) == expected.numerator / expected.denominator
    counted = profile_counted(np.array([value]), np.array([rows]), 0, bins)
    assert encode(counted) == encode(profile)


def test_the_mean_of_the_largest_numbers_is_no_infinity() -> None:
    bins = ordered_bins("numeric", np.arange(10.0))
    profile = profile_ordered(np.full(1000, LARGEST), 0, bins)
    assert profile.mean(bins) == LARGEST
    assert profile.total(bins) == math.inf
    assert profile.bin_sums(bins).tolist()[-1] == math.inf
