"""Figures of several windows together, and small losses that last: on days that differ, and are alike."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.detection.simulated import Floats

from driftline_jobs.detection.calibration import Uncalibrated
from driftline_jobs.detection.performance import PerformanceCalibration, calibrate_performance
from driftline_jobs.detection.pooled import judge_pooled, learned_from, widened
from driftline_jobs.detection.sustained_loss import LossDetector
from driftline_jobs.metrics.intervals import wilson
from driftline_jobs.metrics.performance import Performance, performance

RNG = np.random.default_rng
ROWS = 1000
TRUE = 0.8


def shares(hits: Floats, rows: Floats | float) -> Performance:
    n = np.broadcast_to(np.asarray(rows, np.float64), hits.shape)
    return performance(hits / n, np.full(hits.shape, "ok"), n, interval=wilson(hits, n))


def hits(rng: np.random.Generator, count: int, spread: float, rho: float, loss: float = 0.0) -> Floats:
    """Of days whose logits go up and down by ``spread``, each like the one before (AR(1))."""
    noise = rng.normal(size=count)
    for at in range(1, count):
        noise[at] = rho * noise[at - 1] + np.sqrt(1 - rho**2) * noise[at]
    share = 1 / (1 + np.exp(-(np.log((TRUE - loss) / (1 - TRUE + loss)) + spread * noise)))
    return np.asarray(rng.binomial(ROWS, share), np.float64)


def learned(days: Floats) -> PerformanceCalibration:
    found = calibrate_performance("accuracy", shares(days, ROWS))
    assert isinstance(found, PerformanceCalibration)
    return found


def together(of: PerformanceCalibration, days: Floats) -> Performance:
    whole = shares(np.array([days.sum()]), ROWS * len(days))
    return widened(of, whole, np.array([1 / len(days)]))


def test_days_that_do_not_differ_leave_the_exact_interval() -> None:
    of = PerformanceCalibration("accuracy", 28, np.log(4), 0.01, 0.0)
    low, high = wilson(np.array([22_400.0]), np.array([28_000.0]))
    found = together(of, np.full(28, 800.0))
    np.testing.assert_allclose([found.ci_low[0], found.ci_high[0]], [low[0], high[0]], rtol=1e-3)


def test_days_that_differ_widen_it_by_their_variance() -> None:
    """By hand: 1.96 √(1 / (n p q) + τ² (1 + ρ) / (1 - ρ) / k) on the logit scale."""
    of = PerformanceCalibration("accuracy", 28, np.log(4), 0.01, 0.2, persistence=0.5)
    found = together(of, np.full(28, 800.0))
    half = 1.959964 * np.sqrt(1 / (28_000 * 0.16) + 0.2**2 * 3 / 28)
    expected = 1 / (1 + np.exp(-(np.log(4) + np.array([-half, half]))))
    np.testing.assert_allclose([found.ci_low[0], found.ci_high[0]], expected, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spread", "rho", "least"), [(0, 0, 0.94), (0.1, 0, 0.93), (0.1, 0.3, 0.92), (0.1, 0.7, 0.82)]
)
def test_the_interval_holds_the_truth(spread: float, rho: float, least: float) -> None:
    """95 % on independent days; on days that are alike what 28 of them teach of that."""
    rng = RNG(1)
    inside = []
    for _ in range(1000):
        days = hits(rng, 56, spread, rho)
        found = together(learned(days[:28]), days[28:])
        inside.append(found.ci_low[0] <= TRUE <= found.ci_high[0])
    assert np.mean(inside) >= least


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "most"), [(0.0, 0.013), (0.3, 0.02), (0.7, 0.045)])
def test_clean_days_are_called_worse_as_often_as_they_may(rho: float, most: float) -> None:
    """At 1 %, before the floor; by days alike of .7 more, of which 28 teach too little."""
    rng = RNG(2)
    worse = []
    for _ in range(1500):
        days = hits(rng, 56, 0.1, rho)
        of = learned(days[:28])
        now, then = together(of, days[28:]), shares(np.array([days[:28].sum()]), 28 * ROWS)
        verdict = judge_pooled(
            {"accuracy": of}, {"accuracy": now}, {"accuracy": then}, np.zeros(1, int), 0.01
        )
        worse.append(verdict["accuracy"].p_value[0] < 0.01)
    assert np.mean(worse) <= most


def test_a_loss_within_every_days_interval_is_found_over_28_and_over_7_not_yet() -> None:
    rng = RNG(3)
    days = np.concatenate([hits(rng, 28, 0.05, 0.0), hits(rng, 28, 0.05, 0.0, loss=0.02)])
    of, then = learned(days[:28]), shares(np.array([days[:28].sum()]), 28 * ROWS)
    p = [
        judge_pooled(
            {"accuracy": of},
            {"accuracy": together(of, days[-k:])},
            {"accuracy": then},
            np.zeros(1, int),
            0.01,
        )["accuracy"]
        for k in (7, 28)
    ]
    assert p[1].exceeded.tolist() == [1]
    assert p[0].p_value[0] > p[1].p_value[0]
    assert p[1].threshold[0] <= then.value[0] - 0.01  # half of the margin of accuracy


def test_a_reference_without_windows_has_its_own_figure_and_the_scatter_of_the_days() -> None:
    days = hits(RNG(4), 28, 0.1, 0.0)
    whole = shares(np.array([8000.0]), 10_000)
    found = learned_from("accuracy", whole, shares(days, ROWS))
    assert isinstance(found, PerformanceCalibration)
    assert found.mean == pytest.approx(np.log(4))
    assert found.deviation == learned(days).deviation
    assert found.error == pytest.approx(np.hypot(1 / np.sqrt(1600), found.deviation), rel=0.01)
    assert isinstance(learned_from("accuracy", whole, shares(days[:5], ROWS)), Uncalibrated)


def alarms(of: PerformanceCalibration, days: Floats, limit: float) -> list[int]:
    detector = LossDetector(of, limit)
    found = [detector.step(shares(np.array([one]), ROWS), str(at)) for at, one in enumerate(days)]
    return [at for at, loss in enumerate(found) if loss is not None and loss.alarm]


def test_a_small_loss_that_stays_is_found_and_since_when() -> None:
    rng = RNG(5)
    of = learned(hits(rng, 28, 0.05, 0.0))
    days = np.concatenate([hits(rng, 20, 0.05, 0.0), hits(rng, 60, 0.05, 0.0, loss=0.015)])
    detector = LossDetector(of, 2000.0)
    losses = [detector.step(shares(np.array([one]), ROWS), str(at)) for at, one in enumerate(days)]
    first = next(at for at, loss in enumerate(losses) if loss is not None and loss.alarm)
    assert 20 < first < 70
    loss = losses[first]
    assert loss is not None
    assert 12 <= int(loss.since) <= 30
    assert loss.windows == first - int(loss.since) + 1
    assert loss.mean == pytest.approx(days[int(loss.since) : first + 1].mean() / ROWS, abs=0.002)
    assert not alarms(of, hits(rng, 80, 0.05, 0.0, loss=-0.03), 2000.0)  # better is no loss


def test_it_goes_on_from_what_it_knew() -> None:
    rng = RNG(6)
    of, days = learned(hits(rng, 28, 0.05, 0.0)), hits(rng, 40, 0.05, 0.3, loss=0.01)
    one = LossDetector(of, 500.0)
    for at, day in enumerate(days):
        whole = one.step(shares(np.array([day]), ROWS), str(at))
    first = LossDetector(of, 500.0)
    for at, day in enumerate(days[:25]):
        first.step(shares(np.array([day]), ROWS), str(at))
    second = LossDetector(of, 500.0, json.loads(json.dumps(first.state)))
    for at, day in enumerate(days[25:], 25):
        again = second.step(shares(np.array([day]), ROWS), str(at))
    assert (whole, one.state) == (again, second.state)


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "most"), [(0.0, 0.1), (0.3, 0.2), (0.7, 0.5)])
def test_the_mean_run_without_a_loss_is_long(rho: float, most: float) -> None:
    """At c = 2000 at most a share of runs of 200 clean days may alarm: a tenth of independent ones."""
    rng = RNG(7)
    found = [
        bool(alarms(learned(hits(rng, 28, 0.1, rho)), hits(rng, 200, 0.1, rho), 2000.0)) for _ in range(150)
    ]
    assert np.mean(found) <= most
