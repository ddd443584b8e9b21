"""Small shifts that last."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import integrate, stats
from tests.detection.following import follow, of_statistic, winnings
from tests.detection.simulated import Floats

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.resampling import leave_one_out
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.detection.sustained_shift import Bet, Detector, Observed, limit_for

RNG = np.random.default_rng


def one_bet(z: float) -> float:
    bet = Bet(1e9)
    bet.take(z, "a window")
    return bet.won


def test_a_bet_is_fair_while_nothing_has_happened() -> None:
    fair, _ = integrate.quad(lambda z: one_bet(z) * stats.norm.pdf(z), -12, 16)
    assert fair == pytest.approx(1.0, abs=1e-6)
    assert one_bet(1.3) == pytest.approx(np.mean([np.exp(d * 1.3 - d * d / 2) for d in (0.5, 1, 2)]))


@pytest.mark.parametrize("limit", [1e9, 5.0])
def test_what_is_won_by_hand(limit: float) -> None:
    bet = Bet(limit)
    won = []
    for z in (1.0, 2.0, -0.5):
        bet.take(z, "a window")
        won.append(bet.won)
    expected, parts = [], np.zeros(3)
    for z in (1.0, 2.0, -0.5):
        parts = (parts + 1) * np.exp(np.array([0.5, 1, 2]) * z - np.array([0.125, 0.5, 2]))
        parts *= min(1.0, 1.5 * limit / parts.mean())
        expected.append(min(parts.mean(), limit))
    assert won == pytest.approx(expected)
    assert winnings(np.array([1.0, 2.0, -0.5]), limit).tolist() == pytest.approx(won)


def test_a_detector_goes_on_from_its_state_as_if_it_had_never_stopped() -> None:
    """To the last bit, through JSON."""
    rng = RNG(9)
    calibration = learned_signed(rng, 31)
    windows = [{"mean_shift": Observed(float(y))} for y in 2.0 * rng.normal(0.4, 1.0, 60)]
    once, states = Detector({"mean_shift": calibration}, 1000.0), []
    evidence = []
    for at, observed in enumerate(windows):
        evidence.append(once.step(observed, str(at)))
        states.append(json.dumps(once.state))
    for stop in (0, 17, 40):
        again = Detector({"mean_shift": calibration}, 1000.0, json.loads(states[stop]))
        rest = [again.step(windows[at], str(at)) for at in range(stop + 1, 60)]
        assert rest == evidence[stop + 1 :]
        assert json.dumps(again.state) == states[-1]


def test_the_limit_grows_with_the_columns() -> None:
    assert limit_for(0.005, 50) == pytest.approx(10_000)
    assert limit_for(0.005, 0) == pytest.approx(200)


def learned(rng: np.random.Generator, windows: int) -> Calibration:
    splits = leave_one_out([()] * windows)
    assert splits is not None
    calibration = calibrate(statistic((5 + 0.5 * rng.normal(size=windows)) ** 3), splits)
    assert isinstance(calibration, Calibration)
    return calibration


def statistic(values: Floats) -> Statistic:
    one = np.ones(len(values))
    return Statistic(values, one, 0.001 * one, one)


def shifted(rng: np.random.Generator, windows: int, at: int, by: float) -> Floats:
    """Statistics whose cube roots move by ``by`` standard deviations from window ``at`` on."""
    values: Floats = (5 + 0.5 * (rng.normal(size=windows) + by * (np.arange(windows) >= at))) ** 3
    return values


def test_a_sustained_shift_is_found_and_its_beginning_too() -> None:
    rng = RNG(1)
    course = follow([of_statistic(learned(rng, 56), statistic(shifted(rng, 120, 60, 1.5)))], 10_000)
    first = int(np.argmax(course.alarm))
    assert 60 < first < 90
    assert abs(int(course.since[first]) - 60) <= 3
    assert (course.since[~course.alarm] == -1).all()


def test_an_alarm_ends_after_its_shift() -> None:
    rng = RNG(2)
    values = shifted(rng, 120, 20, 2.0)
    values[60:] = shifted(rng, 60, 60, 0.0)
    course = follow([of_statistic(learned(rng, 56), statistic(values))], 10_000)
    assert course.alarm[40:60].mean() > 0.7
    assert not course.alarm[75:].any()


def test_windows_without_a_figure_change_nothing() -> None:
    rng = RNG(3)
    calibration, values = learned(rng, 31), shifted(rng, 30, 10, 1.0)
    gaps = np.insert(values, 15, [np.nan, np.nan])
    with_gaps, without = (
        follow([of_statistic(calibration, statistic(gaps))], 1000),
        follow([of_statistic(calibration, statistic(values))], 1000),
    )
    np.testing.assert_array_equal(np.delete(with_gaps.won, [15, 16]), without.won)
    assert np.isnan(with_gaps.z[[15, 16]]).all()


def test_the_first_z_is_the_window_tests_and_later_ones_learn() -> None:
    rng = RNG(4)
    calibration = learned(rng, 31)
    held = statistic(shifted(rng, 3, 9, 0.0))
    course = follow([of_statistic(calibration, held)], 1e9)
    p = calibration.p_values(held)
    assert course.z[0] == pytest.approx(stats.norm.isf(p[0]))
    # the second as if the first had been the reference's 32nd window
    y = np.cbrt(held.value)
    mean, deviation = calibration.groups[0].mean, calibration.deviation
    wider = mean + (y[0] - mean) / 32
    residual = (y[0] - mean) / np.sqrt(1 + 1 / 31)
    spread = np.sqrt((deviation**2 * 30 + residual**2) / 31)
    t = (y[1] - wider) / (spread * np.sqrt(1 + 1 / 32))
    assert course.z[1] == pytest.approx(stats.norm.isf(stats.t.sf(t, 31)))


def test_reported_windows_teach_nothing() -> None:
    rng = RNG(5)
    calibration = learned(rng, 31)
    values = shifted(rng, 6, 9, 0.0)
    values[0] *= 3
    told = follow([of_statistic(calibration, statistic(values))], 1e9, [True] + [False] * 5)
    alone = follow([of_statistic(calibration, statistic(values[1:]))], 1e9)
    np.testing.assert_allclose(told.z[1:], alone.z)


def signed(values: Floats) -> Statistic:
    one = np.ones(len(values))
    return Statistic(values, one, 0.001 * one, one, signed=True)


def learned_signed(rng: np.random.Generator, windows: int) -> Calibration:
    splits = leave_one_out([()] * windows)
    assert splits is not None
    calibration = calibrate(signed(2.0 * rng.normal(size=windows)), splits)
    assert isinstance(calibration, Calibration)
    return calibration


@pytest.mark.parametrize("by", [1.5, -1.5])
def test_a_shift_to_either_side_is_found(by: float) -> None:
    rng = RNG(6)
    values = 2.0 * (rng.normal(size=120) + by * (np.arange(120) >= 60))
    course = follow([of_statistic(learned_signed(rng, 56), signed(values))], 10_000)
    first = int(np.argmax(course.alarm))
    assert 60 < first < 80
    assert abs(int(course.since[first]) - 60) <= 3


def test_swings_to_both_sides_are_none() -> None:
    rng = RNG(7)
    values = 2.0 * (0.3 * rng.normal(size=120) + np.where(np.arange(120) % 2, 1.2, -1.2))
    assert not follow([of_statistic(learned_signed(rng, 56), signed(values))], 1_000).alarm.any()


def test_several_statistics_are_one_bet() -> None:
    """By hand: their parts, and of each the directions in equal parts."""
    rng = RNG(8)
    learned_of = {"mean_shift": learned_signed(rng, 31), "chi_squared": learned(rng, 31)}
    observed = {"mean_shift": Observed(2.0), "chi_squared": Observed(5.6)}
    alone = {}
    for name, calibration in learned_of.items():
        found = Detector({name: calibration}, 1e9).step({name: observed[name]}, "a day")
        assert found is not None
        alone[name] = found.z
    up, other = alone["mean_shift"], alone["chi_squared"]
    expected = (0.5 * (one_bet(up) + one_bet(-up)) / 2 + 0.2 * one_bet(other)) / 0.7
    both = Detector(learned_of, 1e9).step(observed, "a day")
    assert both is not None
    assert both.won == pytest.approx(expected)


def test_both_sides_together_alarm_as_seldom_as_they_say() -> None:
    """c = 200, 200 references of 28 windows, 100 clean windows each: fewer than half of the runs alarm."""
    alarmed = [
        follow(
            [of_statistic(learned_signed(RNG(s), 28), signed(2.0 * RNG(s + 1000).normal(size=100)))], 200.0
        ).alarm.any()
        for s in range(200)
    ]
    assert np.mean(alarmed) <= 0.5


def walk(rng: np.random.Generator, windows: int, rho: float) -> Floats:
    """An autoregression of first order, of variance 1."""
    values = rng.normal(size=windows)
    for at in range(1, windows):
        values[at] = rho * values[at - 1] + np.sqrt(1 - rho**2) * values[at]
    return values


@pytest.mark.parametrize(("rho", "most"), [(0.0, 0.1), (0.3, 0.15), (0.7, 0.35)])
def test_windows_that_are_like_the_ones_before_raise_few_alarms(rho: float, most: float) -> None:
    """c = 4,000, 80 references of 56 windows, 100 clean windows each. (Taken for independent, three of four
    runs alarm at an autocorrelation of .7.)"""
    splits = leave_one_out([()] * 56)
    assert splits is not None
    alarmed = []
    for seed in range(80):
        values = 2.0 * walk(RNG(seed), 156, rho)
        reference, later = values[:56], values[56:]
        calibration = calibrate(signed((reference - reference.mean()) * np.sqrt(56 / 55)), splits)
        assert isinstance(calibration, Calibration)
        held = signed((later - reference.mean()) / np.sqrt(1 + 1 / 56))
        alarmed.append(follow([of_statistic(calibration, held)], 4000.0).alarm.any())
    assert np.mean(alarmed) <= most
