"""Quantiles and spread from log buckets against numpy on the raw values."""

from __future__ import annotations

import numpy as np
import pytest
from tests.metrics.edges import Floats

from driftline_jobs.metrics.descriptions import QUANTILES, Buckets, Description, describe

RNG = np.random.default_rng
FIRST, LAST = 2.0**-10, 2.0**20


def bounds(pivot: float = 0.0) -> tuple[Floats, Floats]:
    """64 buckets an octave on either side of the pivot, one around it and one beyond each end."""
    octaves = np.arange(-10, 20)
    magnitudes = (2.0 ** octaves[:, None] * (1 + np.arange(64) / 64)).ravel()
    magnitudes = np.append(magnitudes, LAST)
    lower = np.concatenate([[-np.inf], -magnitudes[::-1], magnitudes])
    upper = np.concatenate([-magnitudes[::-1], magnitudes, [np.inf]])
    return pivot + lower, pivot + upper


def described(values: Floats, pivot: float = 0.0) -> Description:
    lower, upper = bounds(pivot)
    bucket = np.searchsorted(lower, values, side="right") - 1
    return describe(
        Buckets(lower, upper, pivot),
        np.bincount(bucket, minlength=len(lower)).astype(np.int64),
        np.asarray(values.min(initial=np.inf)),
        np.asarray(values.max(initial=-np.inf)),
        np.asarray(values.mean() if len(values) else np.nan),
    )


SAMPLES = {
    "normal": RNG(1).normal(0, 3, 20_001),
    "lognormal": RNG(2).lognormal(3, 2, 5_000),
    "negative": -RNG(3).exponential(40, 3_000),
    "ties": RNG(4).integers(0, 6, 1_000).astype(float),
    "two": np.array([-1.0, 7.0]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_quantiles_are_within_one_per_cent_of_the_nearest_rank(name: str) -> None:
    values = SAMPLES[name]
    description = described(values)
    for column, percent in QUANTILES.items():
        exact = np.quantile(values, percent / 100, method="inverted_cdf")
        assert abs(description.quantiles[column] - exact) <= 0.01 * abs(exact) + FIRST, column


def test_accuracy_is_that_of_the_distance_from_the_pivot() -> None:
    values = RNG(5).normal(2013, 0.5, 10_000)
    description = described(values, pivot=2013.0)
    for column, percent in QUANTILES.items():
        exact = np.quantile(values, percent / 100, method="inverted_cdf")
        assert abs(description.quantiles[column] - exact) <= 0.01 * abs(exact - 2013) + FIRST, column


@pytest.mark.parametrize("name", SAMPLES)
def test_spread_is_within_its_stated_error(name: str) -> None:
    values = SAMPLES[name]
    description = described(values)
    assert float(description.mean) == pytest.approx(values.mean(), rel=1e-12)
    assert abs(description.stddev - values.std(ddof=1)) <= description.stddev_error * (1 + 1e-9)
    assert description.stddev_error <= 0.02 * np.sqrt((values**2).mean()) + 1e-9


@pytest.mark.parametrize("pivot", [0.0, 40.0, 121.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_whole_numbers_stay_whole(pivot: float, sign: float) -> None:
    values = np.sort(sign * np.repeat(np.arange(1.0, 121.0), 3))
    pivot = sign * pivot
    lower, upper = bounds(pivot)
    # Below the pivot a bucket holds its upper bound.
    below = np.searchsorted(upper, values, side="left")
    above = np.searchsorted(lower, values, side="right") - 1
    description = describe(
        Buckets(lower, upper, pivot, whole_numbers=True),
        np.bincount(np.where(values < pivot, below, above), minlength=len(lower)).astype(np.int64),
        np.asarray(values[0]),
        np.asarray(values[-1]),
        np.asarray(values.mean() if len(values) else np.nan),
    )
    for column, percent in QUANTILES.items():
        assert description.quantiles[column] == np.quantile(values, percent / 100, method="inverted_cdf")


def test_values_beyond_the_buckets_stay_within_the_extremes() -> None:
    values = np.array([1.0, 2.0, 3e12])
    description = described(values)
    assert LAST <= description.quantiles["p99"] <= 3e12
    assert description.published("maximum") == [3e12]


def test_a_constant_column_is_exact() -> None:
    description = described(np.full(7, 0.3))
    assert description.published("p50") == [0.3]
    assert description.published("mean") == [0.3]
    assert description.published("stddev") == [0.0]
    assert description.published("stddev_error") == [0.0]


def test_no_values_give_no_figures() -> None:
    description = described(np.array([]))
    for name in ("mean", "stddev", "stddev_error", "minimum", "maximum", *QUANTILES):
        assert description.published(name) == [None], name


def test_one_value_has_no_spread_to_speak_of() -> None:
    description = described(np.array([4.2]))
    assert description.published("p01") == [4.2]
    assert description.published("stddev") == [None]


def test_the_largest_floats_do_not_overflow() -> None:
    description = describe(
        Buckets(np.array([-np.inf, 0.0]), np.array([0.0, np.inf])),
        np.array([2, 2]),
        np.asarray(-1.7e308),
        np.asarray(1.7e308),
        np.asarray(0.0),
    )
    assert np.isfinite(description.stddev)
    assert description.published("p25") == [-0.85e308]


def test_cells_at_once_equal_cells_one_by_one() -> None:
    lower, upper = bounds()
    windows = [RNG(i).normal(i, 2, 50 * i) for i in range(4)]
    buckets = [np.searchsorted(lower, v, side="right") - 1 for v in windows]
    together = describe(
        Buckets(lower, upper),
        np.stack([np.bincount(b, minlength=len(lower)) for b in buckets]).astype(np.int64),
        np.array([v.min(initial=np.inf) for v in windows]),
        np.array([v.max(initial=-np.inf) for v in windows]),
        np.array([v.mean() if len(v) else np.nan for v in windows]),
    )
    for i, values in enumerate(windows):
        alone = described(values)
        for name in ("mean", "stddev", "minimum", *QUANTILES):
            assert together.published(name)[i] == alone.published(name)[0]
