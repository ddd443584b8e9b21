"""Moments of columns together, against numpy's products of Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from driftline_jobs.profiles.moments import MomentSums, moments

REACH = 1023


@pytest.mark.parametrize(("columns", "rows"), [(2, 0), (2, 1), (3, 1023), (3, 1024), (5, 4097), (64, 300)])
def test_sums_and_products_are_exact(columns: int, rows: int) -> None:
    steps = np.random.default_rng([columns, rows]).integers(-REACH, REACH + 1, (columns, rows))
    found = moments(steps.astype(np.int16))
    exact = steps.astype(object)
    assert found.n == rows
    assert found.sums.tolist() == exact.sum(1).tolist()
    assert found.products.tolist() == (exact @ exact.T).tolist()


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
