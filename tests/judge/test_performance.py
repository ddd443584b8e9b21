"""What is normal for a performance figure."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.judge.simulated import Floats

from driftline_jobs.judge.calibration import Uncalibrated
from driftline_jobs.judge.performance import (
    PerformanceCalibration,
    calibrate_performance,
    judge_performance,
)
from driftline_jobs.measure.intervals import wilson
from driftline_jobs.measure.performance import Performance, performance

RNG = np.random.default_rng


def shares(hits: Floats, rows: Floats | float) -> Performance:
    n = np.broadcast_to(np.asarray(rows, np.float64), hits.shape)
    return performance(hits / n, np.full(hits.shape, "ok"), n, interval=wilson(hits, n))


def days(
    rng: np.random.Generator, count: tuple[int, ...], rows: Floats | float, spread: float
) -> Performance:
    """Accuracies of days: 0.8 give or take ``spread`` on the logit scale, and sampling."""
    true = 1 / (1 + np.exp(-(np.log(4) + spread * rng.normal(size=count))))
    return shares(rng.binomial(np.broadcast_to(rows, count).astype(int), true).astype(float), rows)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("windows", [8, 31])
def test_clean_windows_are_called_worse_as_often_as_they_may(windows: int, spread: float) -> None:
    rng = RNG(windows)
    found = []
    for _ in range(1500):
        rows = np.exp(rng.uniform(np.log(800), np.log(8000), windows))
        calibration = calibrate_performance("accuracy", days(rng, (windows,), rows.round(), spread))
        assert isinstance(calibration, PerformanceCalibration)
        size = float(rng.choice([1_000, 5_000]))
        found.append(calibration.p_values(days(rng, (8,), size, spread)))
    p = np.concatenate(found)
    # Where sampling explains all, the spread is known, but Student's quantile is taken all the same.
    assert (0.002 if spread else 0.0) <= (p < 0.01).mean() <= 0.02
    assert (p < 0.05).mean() <= 0.065


def test_a_worse_window_is_degraded_and_a_better_one_is_not() -> None:
    rng = RNG(1)
    reference = days(rng, (31,), 3_000, 0.05)
    calibration = calibrate_performance("accuracy", reference)
    now = shares(np.array([2400.0, 2100.0, 2900.0]), 3_000)
    then = shares(np.full(3, 2400.0 * 31), 3_000 * 31)
    found = judge_performance(
        {"accuracy": calibration}, {"accuracy": now}, {"accuracy": then}, np.arange(3), 0.01
    )
    verdict = found["accuracy"]
    assert verdict.exceeded.tolist() == [0, 1, 0]
    assert (verdict.threshold < 0.8).all()
    assert (verdict.threshold > 0.7).all()
    assert verdict.q_value[1] < 1e-6


def test_less_than_the_floor_is_not_worth_an_alert() -> None:
    rng = RNG(2)
    calibration = calibrate_performance("accuracy", days(rng, (31,), 1_000_000, 0.0))
    now, then = shares(np.array([795_000.0]), 1_000_000), shares(np.array([800_000.0]), 1_000_000)
    verdict = judge_performance(
        {"accuracy": calibration}, {"accuracy": now}, {"accuracy": then}, np.arange(1), 0.01
    )["accuracy"]
    assert verdict.p_value[0] < 1e-4
    assert verdict.exceeded.tolist() == [0]


@pytest.mark.parametrize(
    ("metric", "values", "worse"),
    [
        ("log_loss", (0.40, 0.44), 0.60),
        ("r2", (0.70, 0.74), 0.60),
        ("roc_auc_macro", (0.80, 0.82), 0.70),
    ],
)
def test_every_metric_has_its_scale_and_its_worse_side(
    metric: str, values: tuple[float, float], worse: float
) -> None:
    rng = RNG(3)
    reference = rng.uniform(*values, 20)
    calibration = calibrate_performance(
        metric, performance(reference, np.full(20, "ok"), 500, interval=(reference - 0.01, reference + 0.01))
    )
    assert isinstance(calibration, PerformanceCalibration)
    middle = sum(values) / 2
    asked = np.array([middle, worse, 2 * middle - worse])
    now = performance(asked, np.full(3, "ok"), 500, interval=(asked - 0.01, asked + 0.01))
    p = calibration.p_values(now)
    assert p[0] == pytest.approx(0.5, abs=0.2)
    assert p[1] < 1e-4
    assert p[2] > 1 - 1e-4
    level = np.array([0.01, p[1], p[2]])
    # a threshold has the window's own certainty: at its own p-value it is the figure itself
    np.testing.assert_allclose(calibration.thresholds(now, level)[1:], asked[1:], rtol=1e-3)
    again = PerformanceCalibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert again == calibration
    with pytest.raises(ValueError, match="format"):
        PerformanceCalibration.from_dict({**calibration.to_dict(), "format": 0})


@pytest.mark.parametrize("metric", ["bias", "positive_rate", "ece"])
def test_metrics_that_cannot_be_calibrated_say_why(metric: str) -> None:
    found = calibrate_performance(metric, days(RNG(4), (31,), 1000, 0.1))
    assert isinstance(found, Uncalibrated)
    assert metric in found.reason


def test_seven_labelled_windows_are_too_few() -> None:
    found = calibrate_performance("accuracy", days(RNG(5), (7,), 1000, 0.1))
    assert isinstance(found, Uncalibrated)
    assert judge_performance({"accuracy": found}, {}, {}, np.arange(2), 0.01) == {}


def test_a_window_without_a_figure_is_not_judged() -> None:
    rng = RNG(6)
    calibration = calibrate_performance("accuracy", days(rng, (31,), 3_000, 0.05))
    nothing = performance(np.array([np.nan]), np.array(["no_labels"]), 0)
    verdict = judge_performance(
        {"accuracy": calibration},
        {"accuracy": nothing},
        {"accuracy": shares(np.array([80.0]), 100)},
        np.arange(1),
        0.01,
    )["accuracy"]
    assert verdict.exceeded.tolist() == [-1]
    assert np.isnan(verdict.threshold).all()
