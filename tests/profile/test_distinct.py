"""Registers filled as values stream in are those that all values together give."""

from __future__ import annotations

import numpy as np
import pytest

from driftline_jobs.profile.distinct import RegisterSet, UIntArray, mix, register_sets

RNG = np.random.default_rng(23)


def hashes(distinct: int, rows: int) -> UIntArray:
    known = mix(RNG.integers(0, 2**63, distinct).astype(np.uint64))
    return RNG.choice(known, rows)


@pytest.mark.parametrize(
    ("distinct", "rows", "at_once"),
    [
        (10**6, 300_000, 1 << 16),  # every register is met by the first lot
        (30_000, 300_000, 1 << 16),  # some are met by hashes that are not among the least
        (3_000, 300_000, 1 << 17),  # some are never met
        (1, 100_000, 1 << 16),
        (10**6, 40_000, 1_001),
    ],
)
def test_streamed_registers_are_those_of_all_hashes(distinct: int, rows: int, at_once: int) -> None:
    values = hashes(distinct, rows)
    streamed = RegisterSet()
    flags = np.empty(at_once, np.bool_)
    for start in range(0, rows, at_once):
        streamed.add(values[start : start + at_once], flags)
    together = register_sets(values, np.zeros(rows, np.int64), 1)[0]
    np.testing.assert_array_equal(streamed.registers, together)


def test_the_least_hashes_of_a_lot_may_leave_registers_unmet() -> None:
    """Sixteen hashes for each register on the average, and yet one without: only large ones meet it."""
    values = mix(np.arange(1 << 18, dtype=np.uint64))
    index = np.bitwise_xor(values >> np.uint64(33), values) & np.uint64(2047)
    kept = (index != 7) | (values > np.uint64(2**63))
    values, index = values[kept], index[kept]
    assert 0 < np.count_nonzero(index == 7) < 100
    streamed = RegisterSet()
    streamed.add(values)
    together = register_sets(values, np.zeros(len(values), np.int64), 1)[0]
    np.testing.assert_array_equal(streamed.registers, together)
