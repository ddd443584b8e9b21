"""Where the bins of a column lie."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.profiles.kinds.ordered import ordered_bins

LARGEST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize("only", [0.0, -0.0, 7.5, -3.0, 1e300, 5e-324])
def test_next_to_a_constant_every_other_value_has_a_bin(only: float) -> None:
    bins = ordered_bins("numeric", np.full(20, only), 0.5)
    values = [math.nextafter(only, -math.inf), only, only, math.nextafter(only, math.inf), only + 1e301]
    profile = profile_ordered(np.array(values), 0, bins)
    assert profile.bin_counts(bins).tolist() == [1, 2, 2]


def test_beyond_the_ends_of_doubles_there_are_no_bins() -> None:
    assert ordered_bins("numeric", np.full(3, LARGEST)).edges == (LARGEST,)
    assert ordered_bins("numeric", np.full(3, -LARGEST)).edges == (math.nextafter(-LARGEST, 0.0),)


@pytest.mark.parametrize(
    ("values", "spread"), [([], False), ([5.0], False), ([5.0, 6.0], False), ([5.0, 6.0, 7.0], True)]
)
def test_a_constant_has_no_spread(values: list[float], *, spread: bool) -> None:
    assert ordered_bins("numeric", np.array(values)).has_spread is spread
