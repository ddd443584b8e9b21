"""Spreads moderated over columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.moderation import moderated
from driftline_jobs.detection.resampling import leave_one_out
from driftline_jobs.detection.statistics import Statistic

RNG = np.random.default_rng
WINDOWS = 28


def signed(values: np.ndarray) -> Statistic:
    one = np.ones(len(values))
    return Statistic(values, one, 0.001 * one, one, signed=True)


def learned(rng: np.random.Generator, spreads: np.ndarray) -> dict[str, Calibration]:
    splits = leave_one_out([()] * WINDOWS)
    assert splits is not None
    found = {
        f"c{at}": calibrate(signed(s * rng.normal(size=WINDOWS)), splits) for at, s in enumerate(spreads)
    }
    return {name: one for name, one in found.items() if isinstance(one, Calibration)}


def test_columns_that_are_alike_are_known_better_together() -> None:
    """Twenty columns of one spread: each is off by 13 % alone, and by far less beside the others."""
    found = learned(RNG(1), np.full(20, 3.0))
    off, together = (
        np.std([np.log(one.deviation / 3.0) for one in several.values()])
        for several in (found, moderated(found))
    )
    assert off == pytest.approx(1 / np.sqrt(2 * (WINDOWS - 1)), rel=0.3)
    assert together < 0.5 * off
    assert {one.degrees for one in moderated(found).values()} == {3.0 * (WINDOWS - 1)}


def test_columns_that_differ_stand_for_themselves() -> None:
    found = learned(RNG(2), np.geomspace(0.5, 50.0, 20))
    for name, one in moderated(found).items():
        assert one.deviation == pytest.approx(found[name].deviation, rel=0.25)
        assert one.degrees < 1.3 * found[name].degrees


def test_clean_windows_pass_as_often_as_they_say() -> None:
    """300 times twenty columns, 50 new windows each, at 1e-3: from .5 to 1.5 times as often."""
    passed = []
    for seed in range(300):
        spreads = np.exp(0.2 * RNG(seed).normal(size=20))
        several = moderated(learned(RNG(seed + 1000), spreads))
        for at, one in enumerate(several.values()):
            new = spreads[at] * RNG([seed, at]).normal(size=50)
            passed.append((one.p_values(signed(new)) < 1e-3).mean())
    assert 0.5e-3 <= np.mean(passed) <= 1.5e-3


def test_too_few_columns_and_others_stay_as_they_are() -> None:
    found = learned(RNG(3), np.full(4, 3.0))
    assert moderated(found) == found
    positive = stats.gamma(4).rvs(WINDOWS, random_state=1)
    splits = leave_one_out([()] * WINDOWS)
    assert splits is not None
    one = np.ones(WINDOWS)
    other = calibrate(Statistic(positive, one, 0.001 * one, one), splits)
    assert isinstance(other, Calibration)
    assert moderated({f"c{n}": other for n in range(9)}) == {f"c{n}": other for n in range(9)}
