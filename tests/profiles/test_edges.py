"""Where the bins of a column lie."""

from __future__ import annotations

import json
import math
from itertools import pairwise

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


@pytest.mark.parametrize(
    "values", [[1.0, 2.0, 3.0, 7.0], [-4.5, 0.0, 1e-3, 2e9], [0.1 * n for n in range(20)]]
)
def test_few_values_have_bins_of_their_own_and_others_between_them(values: list[float]) -> None:
    bins = ordered_bins("numeric", np.repeat(values, 20))
    known = profile_ordered(np.array(values), 0, bins).bin_counts(bins)
    assert known[list(bins.single)].tolist() == [1] * len(values)
    assert known.sum() == len(values)
    between = [(low + high) / 2 for low, high in pairwise(values)]
    span = values[-1] - values[0]
    outside = [values[0] - span, values[-1] + span]
    new = profile_ordered(np.array(between + outside), 0, bins).bin_counts(bins)
    assert (new[list(bins.single)] == 0).all()
    assert type(bins).of_entry(json.loads(json.dumps(bins.entry()))) == bins


def test_two_hundred_scores_are_few_but_not_as_many_features() -> None:
    values = np.repeat(np.arange(200) / 200, 5)
    assert len(ordered_bins("score", values, 0.5).single) == 200
    assert ordered_bins("numeric", values).single == ()


def test_beyond_the_ends_of_doubles_there_are_no_bins() -> None:
    assert ordered_bins("numeric", np.full(3, LARGEST)).edges == (LARGEST,)
    assert ordered_bins("numeric", np.full(3, -LARGEST)).edges == (math.nextafter(-LARGEST, 0.0),)


@pytest.mark.parametrize(
    ("values", "spread"), [([], False), ([5.0], False), ([5.0, 6.0], False), ([5.0, 6.0, 7.0], True)]
)
def test_a_constant_has_no_spread(values: list[float], *, spread: bool) -> None:
    assert ordered_bins("numeric", np.array(values)).has_spread is spread
