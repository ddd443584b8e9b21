"""Distinct counts of numbers that no double tells apart: ids of 64 bits, and decimals of twenty digits."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.profiles.cells import Grouping, Run
from driftline_jobs.profiles.columns.arrays import numbers
from driftline_jobs.profiles.distinct import estimate, hash_integers, hash_values
from driftline_jobs.profiles.grouped import ordered_runs
from driftline_jobs.profiles.kernels.workspace import Workspace
from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.profiles.state import OrderedProfile, merge

ROWS = 1000
NEXT = list(range(ROWS))
ARRAYS = {
    "int64": pa.array([2**62 + at for at in NEXT], pa.int64()),
    "negative": pa.array([-(2**63) + at for at in NEXT], pa.int64()),
    "uint64": pa.array([2**64 - 1 - at for at in NEXT], pa.uint64()),
    "across 2**53": pa.array([2**53 - ROWS // 2 + at for at in NEXT], pa.int64()),
    "dictionary": pa.array([2**62 + at for at in NEXT], pa.int64()).dictionary_encode(),
    "decimal128(38, 0)": pa.array([Decimal(10**19 + at) for at in NEXT], pa.decimal128(38, 0)),
    "decimal128(20, 2)": pa.array([Decimal(10**17 + at).scaleb(-2) for at in NEXT], pa.decimal128(20, 2)),
    "decimal64": pa.array([Decimal(-(10**17) + at) for at in NEXT], pa.decimal64(18, 0)),
    "decimal256": pa.array([Decimal(10**40 + 2**64 * at) for at in NEXT], pa.decimal256(50, 0)),
}


def profiles(array: pa.Array, runs: int = 1, *, in_order: bool = True) -> list[OrderedProfile]:
    """Of equal shares of the rows, side by side or in turns."""
    column, rows = numbers(array), len(array)
    bins = ordered_bins("numeric", np.unique(np.asarray(column.values, np.float64)))
    size = rows // runs
    run_of = np.arange(rows) // size if in_order else np.arange(rows) % runs
    grouping = Grouping(
        tuple(Run(at * size, (at + 1) * size, ()) for at in range(runs)), run_of.astype(np.uint8), in_order
    )
    found = ordered_runs(column, grouping, bins, Workspace.of_this_thread())
    return [profile for profile in found if isinstance(profile, OrderedProfile)]


@pytest.mark.parametrize("name", ARRAYS)
def test_neighbours_count_apart(name: str) -> None:
    (whole,) = profiles(ARRAYS[name])
    assert estimate(whole.registers) == pytest.approx(ROWS, rel=0.07)
    for in_order in (True, False):
        parts = profiles(ARRAYS[name], 4, in_order=in_order)
        for part in parts:
            assert estimate(part.registers) == pytest.approx(ROWS / 4, rel=0.07)
        assert merge(parts).registers.tolist() == whole.registers.tolist()


def test_the_same_ids_are_the_same_and_nulls_are_none() -> None:
    ids = [2**62 + at % 10 if at % 3 else None for at in range(3000)]
    (profile,) = profiles(pa.array(ids, pa.int64()))
    assert (estimate(profile.registers), profile.nulls, profile.rows) == (10, 1000, 3000)


def test_integers_that_are_doubles_have_the_hash_of_the_double() -> None:
    """So a day without great ones, and one that has them as doubles, share what they share."""
    exact = np.array([0, 1, -7, 2**53, -(2**53), 2**53 + 2, 2**62, -(2**63), 3 * 2**60], np.int64)
    assert hash_integers(exact).tolist() == hash_values(exact.astype(np.float64)).tolist()
    assert hash_integers(np.array([2**63], np.uint64)).tolist() == hash_values(np.array([2.0**63])).tolist()
    odd = np.array([2**53 + 1, 2**62 + 1, -(2**62) - 1, 2**63 - 1], np.int64)
    everything = np.concatenate([hash_integers(odd), hash_values(odd.astype(np.float64))])
    assert len(np.unique(everything)) == 8
    small = pa.array([1, 2, 3], pa.int64())
    bins = ordered_bins("numeric", np.arange(4.0))
    wide = profiles(pa.array([1, 2, 3, 2**60], pa.int64()))
    together = np.maximum(wide[0].registers, profile_ordered(np.asarray(small), 0, bins).registers)
    assert estimate(together) == 4
