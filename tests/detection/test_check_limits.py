"""Limits of checks: beside drawn windows, and by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from driftline_jobs.detection.check_limits import (
    CheckCalibration,
    learn_counts,
    learn_extremes,
    learn_shares,
    learn_waits,
)
from driftline_jobs.detection.cycles import cycle_labels

RNG = np.random.default_rng
LABELS = [cycle_labels(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day), "day") for day in range(70)]


def is_weekend(days: int) -> np.ndarray:
    return np.array([label[1] == "weekend" for label in LABELS[:days]])


def test_rows_are_expected_by_a_t_interval_of_their_logarithms() -> None:
    rows = [int(n) for n in 2000 * np.exp(RNG(1).normal(0, 0.05, 28))]
    found = learn_counts(rows, LABELS[:28])
    assert found is not None
    assert found.level is None
    low, high = found.counts(LABELS[30], 0.01)
    y = np.log(rows)
    expected = stats.t(27, y.mean(), y.std(ddof=1) * np.sqrt(1 + 1 / 28)).interval(0.99)
    assert (low, high) == pytest.approx(tuple(np.exp(expected)))


def test_weekends_have_their_own_rows() -> None:
    rows = 2000 * np.exp(RNG(2).normal(0, 0.05, 28)) * np.where(is_weekend(28), 0.4, 1.0)
    found = learn_counts([int(n) for n in rows], LABELS[:28])
    assert found is not None
    saturday, monday = found.counts(LABELS[5], 1e-4), found.counts(LABELS[0], 1e-4)
    assert saturday[0] < 800 < saturday[1] < 1400
    assert monday[0] > 1400
    assert found.counts(("holiday", "?"), 1e-4)[0] < 800  # a day that the reference has none of: any rows


@pytest.mark.parametrize("draw", ["normal", "exponential", "lognormal", "uniform"])
@pytest.mark.parametrize("windows", [14, 28, 56])
def test_clean_windows_seldom_reach_beyond_the_limit(draw: str, windows: int) -> None:
    """Maxima of 200 rows, 1,000 references, nine new windows each: at most 1.5 times as often as they may."""
    rng = RNG(3)
    limits, passed = [], 0
    for _ in range(1000):
        greatest = getattr(rng, draw)(size=(windows + 9, 200)).max(-1)
        found = learn_extremes(greatest[:windows], origin=0.0 if draw == "normal" else 0.5, side=1.0)
        assert found is not None
        limits.append(found.extreme(0.002))
        passed += int((greatest[windows:] > limits[-1]).sum())
    assert passed / 9000 <= 1.5 * 0.002


def test_a_value_below_all_others_is_beyond_the_limit() -> None:
    """Positive values whose least is next to zero each day: a sentinel of -1 is none of them."""
    least = RNG(4).lognormal(size=(28, 2000)).min(-1)
    found = learn_extremes(least, origin=1.0, side=-1.0)
    assert found is not None
    assert -0.5 < found.extreme(1e-5) < 0.0


def test_shares_that_vary_have_limits_that_do() -> None:
    rng = RNG(5)
    shares = rng.beta(20, 380, 28)
    counts = rng.binomial(2000, shares).astype(np.float64)
    found = learn_shares(counts, np.full(28, 2000.0))
    assert found is not None
    assert 0.07 < found.share(1e-4, 2000, least=0.0) < 0.15
    assert found.share(1e-4, 2000, least=0.3) == 0.3


def test_what_never_was_is_noticed_early_but_not_by_chance() -> None:
    found = learn_shares(np.zeros(28), np.full(28, 2000.0))
    assert found is not None
    assert found.share(1e-5, 2000, least=0.01) == 0.01
    # of ten rows one is a tenth, and may be the first of its kind
    assert found.share(1e-5, 10, least=0.01) >= 0.1


def test_waiting_times_of_few_rows_are_long() -> None:
    """Twenty rows a day: the last is exponential, 72 minutes before midnight on average."""
    rng = RNG(6)
    passed = 0
    for _ in range(2000):
        waits = rng.exponential(4320.0, 31)
        found = learn_waits(waits[:28])
        assert found is not None
        passed += int((waits[28:] > found.wait(1e-3)).sum())
    assert passed / 6000 <= 1.5e-3


def test_hours_that_are_often_empty_may_be() -> None:
    """Nothing comes from 1 to 4 on weekdays, and at 1 on every other Sunday; one other hour fell out."""
    starts = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24 * 28)]

    def comes(at: datetime) -> bool:
        if at == datetime(2024, 1, 9, 12, tzinfo=UTC):
            return False
        if at.weekday() < 5:
            return not 1 <= at.hour < 4
        return at.hour != 1 or at.isocalendar().week % 2 == 0

    labels = {at: cycle_labels(at, "hour") for at in starts}
    filled = [at for at in starts if comes(at)]
    rows = [int(n) for n in 100 * np.exp(RNG(2).normal(0, 0.1, len(filled)))]
    empty = [labels[at] for at in starts if not comes(at)]
    found = learn_counts(rows, [labels[at] for at in filled], empty)
    assert found is not None
    assert found.empty == ("week 01", "week 02", "week 03", "weekend 01")
    assert found.counts(("week 02", "02"), 1e-3)[0] == 0.0
    assert found.counts(("week 12", "12"), 1e-3)[0] > 50.0
    assert found.counts(("weekend 02", "02"), 1e-3)[0] > 50.0
    assert CheckCalibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize(
    ("draw", "windows", "most"), [("pareto", 8, 5.0), ("lognorm", 8, 2.0), ("pareto", 14, 2.5)]
)
def test_limits_of_few_windows_hold_for_heavy_tails(draw: str, windows: int, most: float) -> None:
    """The chance itself, by the distribution of the maximum of 2,000 rows: over 300 references at most so
    many times what it may be."""
    of = {"pareto": stats.pareto(3.0), "lognorm": stats.lognorm(1.0)}[draw]
    random, level, rows, chances = RNG(windows), 7.5e-6, 2000, []
    for _ in range(300):
        greatest = of.ppf(random.random(windows) ** (1.0 / rows))
        found = learn_extremes(greatest, float(of.median()), 1.0)
        assert found is not None
        limit = max(found.extreme(level), found.most)
        chances.append(-np.expm1(rows * np.log1p(-of.sf(limit))))
    assert np.mean(chances) <= most * level


def test_too_few_windows_teach_nothing() -> None:
    assert learn_counts([5] * 7, LABELS[:7]) is None
    assert learn_shares(np.zeros(7), np.ones(7)) is None
    assert learn_extremes(np.ones(7), 0.0, 1.0) is None
    assert learn_waits(np.ones(7)) is None
    assert learn_extremes(np.zeros(28), 0.0, 1.0) is None  # nothing lies beyond the origin


def test_what_was_learned_survives_json() -> None:
    rows = 2000 * np.exp(RNG(2).normal(0, 0.05, 28)) * np.where(is_weekend(28), 0.4, 1.0)
    found = learn_counts([int(n) for n in rows], LABELS[:28])
    assert found is not None
    assert CheckCalibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(ValueError, match="format"):
        CheckCalibration.from_dict({**found.to_dict(), "check": 99})
