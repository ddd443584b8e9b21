"""The tail of a sum of squares, beside drawn ones whose weights are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from driftline_jobs.detection.tail import LEAST_WINDOWS, Deviations, Tail, tail_of

RNG = np.random.default_rng


def learned(weights: list[float], windows: int, seed: int) -> tuple[Tail, np.ndarray]:
    """The tail of Σ w χ²_1 from so many windows, of equal weights by sampling alone."""
    rng, spread = RNG(seed), np.sqrt(np.array(weights))
    drawn = rng.normal(size=(windows, len(weights))) * spread
    alone = float(len(weights))
    tail = tail_of(Deviations(drawn, alone, alone, alone), float((drawn**2).sum(-1).mean()))
    assert tail is not None
    return tail, spread


@pytest.mark.parametrize(
    "weights", [[1.0] * 20, [30.0] + [0.1] * 19, [5.0, 3.0, 1.0], [20.0] + [1.0] * 19], ids=str
)
def test_clean_windows_pass_its_quantiles_as_often_as_they_say(weights: list[float]) -> None:
    """400 references of 28 windows, 500 new windows each: at 1 % from .3 to 2 %, at .1 % at most .3 %."""
    passed = np.zeros(2)
    for seed in range(400):
        tail, spread = learned(weights, 28, seed)
        new = ((RNG(10_000 + seed).normal(size=(500, len(spread))) * spread) ** 2).sum(-1)
        p = tail.p_values(new)
        passed += [(p < 0.01).mean(), (p < 0.001).mean()]
    at_1, at_01 = passed / 400
    assert 0.003 <= at_1 <= 0.02
    assert at_01 <= 0.003


def test_nineteen_windows_are_too_few_to_tell() -> None:
    drawn = RNG(5).normal(size=(LEAST_WINDOWS - 1, 4))
    assert tail_of(Deviations(drawn, 4.0, 4.0, 4.0), 4.0) is None


def test_one_direction_has_the_tail_of_students_t() -> None:
    """With one direction alone the statistic is t²: F of 1 and K - 1 degrees."""
    rng = RNG(3)
    drawn = rng.normal(size=(28, 1))
    mean = float((drawn**2).mean())
    tail = tail_of(Deviations(drawn, 1.0, 1.0, 1.0), mean)
    assert tail is not None
    value = np.array([1.0, 5.0, 20.0])
    np.testing.assert_allclose(tail.p_values(value), 2 * stats.t.sf(np.sqrt(value / mean), 27), rtol=1e-9)


def test_values_are_where_the_p_values_are() -> None:
    tail, _ = learned([20.0] + [1.0] * 19, 28, 4)
    p = np.array([0.5, 1e-3, 1e-9, 1e-200])
    np.testing.assert_allclose(tail.p_values(tail.values(p)), p, rtol=1e-6)


def test_windows_that_do_not_vary_have_no_tail() -> None:
    assert tail_of(Deviations(np.zeros((9, 4)), 3.0, 3.0, 3.0), 0.0) is None
