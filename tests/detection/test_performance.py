"""What is normal for a performance figure."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact
from scipy.stats import t as student
from tests.detection.simulated import Floats

from driftline_jobs.detection.calibration import Uncalibrated
from driftline_jobs.detection.performance import (
    PerformanceCalibration,
    calibrate_estimate,
    calibrate_performance,
    judge_performance,
)
from driftline_jobs.metrics.intervals import wilson
from driftline_jobs.metrics.performance import Performance, performance

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


def bounded(value: float, half: float, trivial: float) -> Performance:
    """One figure with its interval, beside a model that has learned nothing."""
    at = np.array([value])
    return performance(at, np.array(["ok"]), 500, interval=(at - half, at + half), trivial=trivial)


def judged(metric: str, reference: Floats, now: Performance, then: Performance) -> tuple[float, int]:
    """The limit and the verdict of one window, learned from the reference's windows, all ± .04."""
    half = np.full(len(reference), 0.04)
    windows = performance(
        reference, np.full(len(reference), "ok"), 500, interval=(reference - half, reference + half)
    )
    learned = {metric: calibrate_performance(metric, windows)}
    assert isinstance(learned[metric], PerformanceCalibration)
    verdict = judge_performance(learned, {metric: now}, {metric: then}, np.arange(1), 0.01)[metric]
    return float(verdict.threshold[0]), int(verdict.exceeded[0])


def test_a_learned_limit_is_never_beyond_the_trivial_model() -> None:
    """By itself the limit of such a small window would be .43: a model that guesses would be within it."""
    reference = RNG(7).uniform(0.55, 0.59, 14)
    then = bounded(0.57, 0.01, 0.5)
    limit, degraded = judged("roc_auc", reference, bounded(0.48, 0.10, 0.5), then)
    assert (limit, degraded) == (0.5, 0)
    limit, degraded = judged("roc_auc", reference, bounded(0.20, 0.02, 0.5), then)
    assert 0.5 <= limit < 0.57
    assert degraded == 1
    # where the limit lies on this side of it, it stays
    sure, _ = judged("roc_auc", reference + 0.3, bounded(0.80, 0.02, 0.5), bounded(0.87, 0.01, 0.5))
    assert 0.5 < sure < 0.87
    losses = RNG(8).uniform(0.20, 0.21, 14)
    limit, _ = judged("brier", losses, bounded(0.22, 0.05, 0.2275), bounded(0.205, 0.01, 0.23))
    assert limit == 0.2275


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (bounded(0.60, 0.02, 0.90), bounded(0.80, 0.01, 0.90)),  # never was any better
        (bounded(0.60, 0.02, 0.85), bounded(0.80, 0.01, 0.70)),  # would not be any better on these rows
    ],
)
def test_there_is_no_limit_where_the_reference_is_no_better_than_trivial(
    now: Performance, then: Performance
) -> None:
    reference = RNG(9).uniform(0.78, 0.82, 14)
    limit, degraded = judged("accuracy", reference, now, then)
    assert np.isnan(limit)
    assert degraded == -1


def test_recall_is_held_to_its_limit_whatever_the_majority_is() -> None:
    """Who always says yes recalls everything, and for nothing."""
    reference = RNG(10).uniform(0.78, 0.82, 14)
    limit, degraded = judged("recall", reference, bounded(0.40, 0.02, 1.0), bounded(0.80, 0.01, 1.0))
    assert 0.6 < limit < 0.8
    assert degraded == 1


@pytest.mark.parametrize(("rows", "expected"), [(20, 0), (60, 0), (2_000, 1)])
def test_no_hit_among_few_is_not_worse_than_few_among_many(rows: int, expected: int) -> None:
    """Of recall .05: no hit of 20 has a chance of .36, of 60 one of .05, of 2000 none."""
    hits = RNG(11).binomial(60, 0.05, 31).astype(float)
    assert (hits == 0).any()
    learned = calibrate_performance("recall", shares(hits, 60))
    assert isinstance(learned, PerformanceCalibration)
    now, then = shares(np.array([0.0]), rows), shares(np.array([hits.sum()]), 60 * 31)
    assert abs(learned.p_values(now)[0] - binom.cdf(0, rows, 0.05)) < 0.2
    verdict = judge_performance({"recall": learned}, {"recall": now}, {"recall": then}, np.arange(1), 0.01)
    assert verdict["recall"].exceeded.tolist() == [expected]
    assert verdict["recall"].threshold[0] > 0.0


@pytest.mark.parametrize(("share", "rows"), [(0.05, 20), (0.01, 200), (0.3, 15), (0.97, 100)])
def test_clean_windows_of_few_hits_or_misses_are_not_called_worse(share: float, rows: int) -> None:
    """Many of them have none at all: 36 % of 20 rows at .05."""
    rng, found = RNG(12), []
    for _ in range(200):
        learned = calibrate_performance("recall", shares(rng.binomial(rows, share, 14).astype(float), rows))
        assert isinstance(learned, PerformanceCalibration)
        found.append(learned.p_values(shares(rng.binomial(rows, share, 8).astype(float), rows)))
    p = np.concatenate(found)
    assert (p < 0.01).mean() <= 0.01
    assert (p < 0.05).mean() <= 0.05


def test_all_and_none_mirror_each_other() -> None:
    """What is true of hits is true of misses: of a model that is right in .95."""
    hits = RNG(11).binomial(60, 0.05, 31).astype(float)
    few, many = (calibrate_performance("accuracy", shares(h, 60)) for h in (hits, 60 - hits))
    assert isinstance(few, PerformanceCalibration)
    assert isinstance(many, PerformanceCalibration)
    assert many.mean == pytest.approx(-few.mean)
    assert many.deviation == pytest.approx(few.deviation)
    none, every = shares(np.array([0.0]), 40), shares(np.array([40.0]), 40)
    assert many.p_values(every)[0] == pytest.approx(1.0 - few.p_values(none)[0])


DAYS, DAILY = 14, 200


def always_right(metric: str = "accuracy") -> PerformanceCalibration:
    learned = calibrate_performance(metric, shares(np.full(DAYS, float(DAILY)), DAILY))
    assert isinstance(learned, PerformanceCalibration)
    return learned


@pytest.mark.parametrize("misses", [0, 1, 2, 5, 60, 150])
def test_misses_after_a_reference_without_any_are_held_by_fishers_exact_test(misses: int) -> None:
    rows = 150
    table = np.array([[misses, rows - misses], [0, DAYS * DAILY]])
    expected = fisher_exact(table, alternative="greater").pvalue
    now = shares(np.array([float(rows - misses)]), rows)
    assert always_right().p_values(now)[0] == pytest.approx(expected, rel=1e-6)
    if misses:  # and the limit at that level is the share itself
        limit = always_right().thresholds(now, np.array([expected]))
        assert limit[0] == pytest.approx(1.0 - misses / rows, abs=1e-9)


@pytest.mark.parametrize(("rows", "misses", "expected"), [(200, 0, 0), (200, 3, 0), (200, 12, 1), (10, 1, 0)])
def test_a_reference_of_nothing_but_hits_has_a_limit_below_one(rows: int, misses: int, expected: int) -> None:
    """One miss of ten has a chance of 10 in 2810; twelve of 200 one of 1e-14, three are below the margin."""
    now = shares(np.array([float(rows - misses)]), rows)
    then = shares(np.array([float(DAYS * DAILY)]), DAYS * DAILY)
    verdict = judge_performance(
        {"accuracy": always_right()}, {"accuracy": now}, {"accuracy": then}, np.arange(1), 0.003
    )["accuracy"]
    assert verdict.exceeded.tolist() == [expected]
    limit = verdict.threshold[0]
    assert limit <= 0.98
    # nothing like as low as a logit's error of √2 would have it
    assert limit >= (0.97 if rows == 200 else 0.7)
    assert json.loads(json.dumps(always_right().to_dict()))["hits"] == pytest.approx(DAYS * DAILY)


def test_the_limit_after_nothing_but_hits_is_not_beyond_the_trivial_model() -> None:
    hits = np.array([195.0])
    now = performance(hits / 200, np.array(["ok"]), 200, interval=wilson(hits, 200), trivial=0.99)
    then = shares(np.array([float(DAYS * DAILY)]), DAYS * DAILY)
    verdict = judge_performance(
        {"accuracy": always_right()}, {"accuracy": now}, {"accuracy": then}, np.arange(1), 0.01
    )["accuracy"]
    assert (verdict.threshold[0], verdict.source[0]) == (0.99, "trivial_model")


@pytest.mark.parametrize("hits", [0.0, 60.0])
def test_the_same_as_ever_at_either_end_is_never_worse(hits: float) -> None:
    learned = calibrate_performance("recall", shares(np.full(DAYS, hits), 60))
    now, then = shares(np.array([hits]), 60), shares(np.array([hits * DAYS]), 60 * DAYS)
    verdict = judge_performance({"recall": learned}, {"recall": now}, {"recall": then}, np.arange(1), 0.5)
    assert verdict["recall"].exceeded[0] <= 0
    assert verdict["recall"].threshold[0] != hits / 60


def test_a_learned_limit_leaves_room_for_what_is_not_worth_an_alert() -> None:
    """Of a million rows .795 is surely less than .8, and still within the limit that is drawn."""
    learned = calibrate_performance("accuracy", days(RNG(2), (31,), 1_000_000, 0.0))
    now, then = shares(np.array([795_000.0]), 1_000_000), shares(np.array([800_000.0]), 1_000_000)
    verdict = judge_performance(
        {"accuracy": learned}, {"accuracy": now}, {"accuracy": then}, np.arange(1), 0.01
    )
    assert verdict["accuracy"].threshold[0] == pytest.approx(0.78)


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e-200, 1e200])
@pytest.mark.parametrize("wide", [0.1, 1.5])
def test_losses_are_judged_alike_in_every_unit(unit: float, wide: float) -> None:
    """Errors of 1e-12, and of a unit a million million times as large; also where intervals reach zero."""
    values = RNG(3).uniform(0.9, 1.1, 20)
    half = wide * values

    def losses(value: Floats, half: Floats) -> Performance:
        ends = np.maximum(value - half, 0.0) * unit, (value + half) * unit
        return performance(value * unit, np.full(value.shape, "ok"), 500, interval=ends)

    learned = calibrate_performance("mae", losses(values, half))
    assert isinstance(learned, PerformanceCalibration)
    now = np.array([1.0, 3.0, 30.0, 0.0])
    found = judge_performance(
        {"mae": learned},
        {"mae": losses(now, wide * now)},
        {"mae": losses(np.ones(4), np.full(4, 0.02))},
        np.arange(4),
        0.01,
    )["mae"]
    assert found.exceeded.tolist() == [0, int(wide < 1.0), 1, 0]
    assert (found.threshold > unit).all()
    assert (found.threshold < (2.0 if wide < 1.0 else 30.0) * unit).all()


def expected(values: Floats, rows: float) -> Performance:
    """Estimates, whose intervals are for labels that fall as they will."""
    return shares(values * rows, rows)


def test_estimates_are_held_against_their_own_scatter_and_not_that_of_labels() -> None:
    """Student's test of a new value among K, on the logit scale (scipy)."""
    rng = RNG(5)
    reference, now = 0.8 + 0.002 * rng.normal(size=20), np.array([0.8, 0.792, 0.780])
    calibration = calibrate_estimate("roc_auc", expected(reference, 500))
    assert isinstance(calibration, PerformanceCalibration)
    y, there = np.log(now / (1 - now)), np.log(reference / (1 - reference))
    far = (y - there.mean()) / (there.std(ddof=1) * np.sqrt(1 + 1 / 20))
    p = calibration.p_values(expected(now, 500))
    np.testing.assert_allclose(p, student.cdf(far, 19), rtol=1e-9)
    assert p[1] < 0.001  # half of an interval of 500 rows is eight times as much
    # a window of a quarter of the rows may scatter twice as much, one of many rows no less
    wider = (y - there.mean()) / (there.std(ddof=1) * np.sqrt(4 + 1 / 20))
    np.testing.assert_allclose(calibration.p_values(expected(now, 125)), student.cdf(wider, 19), rtol=1e-9)
    np.testing.assert_allclose(calibration.p_values(expected(now, 50_000)), p, rtol=1e-9)
    assert calibration == PerformanceCalibration.from_dict(json.loads(json.dumps(calibration.to_dict())))


def test_an_estimate_that_never_changes_teaches_nothing() -> None:
    found = calibrate_estimate("roc_auc", expected(np.full(20, 0.8), 500))
    assert isinstance(found, Uncalibrated)
    assert "same in every window" in found.reason
    assert isinstance(calibrate_estimate("roc_auc", expected(np.linspace(0.7, 0.8, 5), 500)), Uncalibrated)
