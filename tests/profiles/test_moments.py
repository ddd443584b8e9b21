"""Moments of columns together, against numpy's products of Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.profiles.moments import MomentSums, moments, steps_of

REACH = 1023


@pytest.mark.parametrize(("columns", "rows"), [(2, 0), (2, 1), (3, 1023), (3, 1024), (5, 4097), (64, 300)])
def test_sums_and_products_are_exact(columns: int, rows: int) -> None:
    steps = np.random.default_rng([columns, rows]).integers(-REACH, REACH + 1, (columns, rows))
    found = moments(steps.astype(np.int16))
    exact = steps.astype(object)
    assert found.n == rows
    assert found.sums.tolist() == exact.sum(1).tolist()
    assert found.products.tolist() == (exact @ exact.T).tolist()


def test_values_beyond_the_outer_edges_count_as_these() -> None:
    values = np.sort(np.random.default_rng(3).normal(100.0, 5.0, 5000))
    bins = {"a": ordered_bins("numeric", values), "b": ordered_bins("numeric", np.sort(-values))}
    steps = steps_of(bins, winsorised=True)["a"]
    low, high = bins["a"].edges[0], bins["a"].edges[-1]
    far = np.array([low, high, -1e12, -np.inf, 1e12, np.inf, low - 1.0, high + 1.0])
    found = steps.of(far)
    assert found.tolist() == [found[0], found[1], *([found[0]] * 2), *([found[1]] * 2), found[0], found[1]]
    assert steps.of(np.array([np.nan])).tolist() == [0.0]
    np.testing.assert_allclose(found[:2] * steps.step + steps.centre, [low, high], atol=steps.step)
    # bins of an older version count to some thirty standard deviations, as they did
    older = steps_of(bins, winsorised=False)["a"]
    assert older.of(far)[2:6].tolist() == [-REACH, -REACH, REACH, REACH]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_steps_do_not_overflow(sign: int) -> None:
    """Every product is as large as one can be, over as many rows as are taken at once."""
    rows = 1 << 16
    steps = np.full((2, rows), REACH, np.int16)
    steps[1] *= sign
    found = moments(steps)
    assert found.sums.tolist() == [rows * REACH, sign * rows * REACH]
    square = rows * REACH**2
    assert found.products.tolist() == [[square, sign * square], [sign * square, square]]


def test_parts_add_up_to_the_whole() -> None:
    steps = np.random.default_rng(0).integers(-REACH, REACH + 1, (4, 5000)).astype(np.int16)
    whole = moments(steps)
    parts = moments(np.ascontiguousarray(steps[:, :777])) + moments(np.ascontiguousarray(steps[:, 777:]))
    assert parts.to_bytes() == whole.to_bytes()
    assert MomentSums.from_bytes(whole.to_bytes()).to_bytes() == whole.to_bytes()
