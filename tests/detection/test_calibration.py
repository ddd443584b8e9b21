"""What is normal: learned from a reference held against itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats
from tests.detection.simulated import Floats, Ints, categories, daily_counts, labels_of, ordered
from tests.metrics.edges import from_counts

from driftline_jobs.detection.calibration import Calibration, Uncalibrated
from driftline_jobs.detection.column_tests import (
    CalibratedTest,
    calibrate_column,
    compare_column,
    drift_of,
    judge_families,
)
from driftline_jobs.detection.cycles import cycle_labels, finest_level
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.resampling import MIN_WINDOWS, Splits, leave_one_out, resample_blocks
from driftline_jobs.detection.statistics import CUBE_ROOT, Statistic, power_of, statistic_of
from driftline_jobs.detection.verdicts import CALIBRATED
from driftline_jobs.metrics.samples import CategorySample, OrderedSample, Sample

RNG = np.random.default_rng
NO_LABELS: list[tuple[str, ...]] = [()] * 31


def statistic(values: Floats, sampling: Floats | float = 0.001, expected: float = 1.0) -> Statistic:
    one = np.ones(len(values))
    return Statistic(values, expected * one, sampling * one, one)


def split(count: int) -> Splits:
    splits = leave_one_out([()] * count)
    assert splits is not None
    return splits


def learned(values: Floats, count: int | None = None) -> Calibration:
    calibration = calibrate(statistic(values), split(count or len(values)))
    assert isinstance(calibration, Calibration)
    return calibration


def test_p_values_are_the_predictive_t_of_cube_roots() -> None:
    rng = RNG(1)
    reference, new = rng.gamma(4, 2, 31), rng.gamma(4, 2, 5)
    calibration = learned(reference)
    y = np.cbrt(reference)
    t = (np.cbrt(new) - y.mean()) / (y.std(ddof=1) * np.sqrt(1 + 1 / 31))
    np.testing.assert_allclose(calibration.p_values(statistic(new)), stats.t.sf(t, 30), rtol=1e-10)


def test_a_threshold_is_where_the_p_value_is_the_level() -> None:
    calibration = learned(RNG(2).gamma(4, 2, 31))
    level = np.array([0.05, 0.01, 1e-4])
    thresholds = calibration.thresholds(statistic(np.ones(3)), level)
    np.testing.assert_allclose(calibration.p_values(statistic(thresholds)), level, rtol=1e-8)


@pytest.mark.parametrize("metric", ["anderson_darling", "chi_squared", "psi", "null_fraction_delta"])
def test_thresholds_are_in_the_unit_of_the_metric(metric: str) -> None:
    rng = RNG(3)
    labels = labels_of(0, 31)
    counts = daily_counts(rng, labels, 3000)[0]
    missing = rng.binomial(3000, rng.beta(20, 400, 31))
    none = np.zeros(31, np.int64)
    pieces: OrderedSample | CategorySample = CategorySample(counts, none, none, missing)
    whole: OrderedSample | CategorySample = CategorySample(
        counts.sum(0), np.array(0), np.array(0), missing.sum(0)
    )
    if metric == "anderson_darling":
        pieces = replace(ordered(counts), missing=missing)
        whole = replace(ordered(counts.sum(0)), missing=missing.sum(0))
    splits = leave_one_out(labels)
    assert splits is not None
    calibration = calibrate_column(pieces, splits)[metric]
    assert isinstance(calibration, Calibration)
    figure = drift_of(pieces, whole)[metric]
    held = statistic_of(metric, figure, pieces, whole)
    # the figure itself as the threshold: its p-value is the level
    names = None if calibration.level is None else [label[calibration.level] for label in labels]
    p = calibration.p_values(held, names)
    back = calibration.thresholds(held, p, names)
    told = p < 0.9  # below its mean a sum of squares has no place of its own
    assert told.sum() > 20
    np.testing.assert_allclose(back[told], figure.value[told], rtol=1e-5, atol=1e-9)


def test_windows_of_another_size_are_brought_to_the_typical_one() -> None:
    # variation 0.002 in units of the effect: E[T] = 1 + 0.002 / s
    calibration = learned(np.full(31, 3.0) + RNG(4).normal(0, 0.3, 31))
    small = calibration.p_values(statistic(np.array([1.2]), sampling=0.01))
    same = calibration.p_values(statistic(np.array([3.0]), sampling=0.001))
    large = calibration.p_values(statistic(np.array([21.0]), sampling=0.0001))
    assert [float(p[0]) for p in (small, same, large)] == pytest.approx([0.5, 0.5, 0.5], abs=0.1)


def test_weekdays_are_told_apart_only_where_they_differ() -> None:
    rng = RNG(5)
    labels = labels_of(0, 56)
    splits = leave_one_out(labels)
    assert splits is not None
    same = calibrate(statistic(rng.gamma(8, 1, 56)), splits)
    weekend = np.array([label[1] == "weekend" for label in labels])
    other = calibrate(statistic(rng.gamma(8, 1, 56) * np.where(weekend, 4, 1)), splits)
    assert isinstance(same, Calibration)
    assert isinstance(other, Calibration)
    assert same.level is None
    assert other.level == 0
    assert {group.label for group in other.groups} == {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
    # what is common on a Saturday is not on a Monday
    asked = statistic(np.array([30.0, 30.0]))
    saturday, monday = other.p_values(asked, ["sat", "mon"])
    assert saturday > 0.2
    assert monday < 0.01


def test_a_label_the_reference_has_not_is_held_against_all_windows() -> None:
    rng = RNG(6)
    labels = labels_of(0, 56)
    splits = leave_one_out(labels)
    assert splits is not None
    weekend = np.array([label[1] == "weekend" for label in labels])
    calibration = calibrate(statistic(rng.gamma(8, 1, 56) * np.where(weekend, 4, 1)), splits)
    assert isinstance(calibration, Calibration)
    (p,) = calibration.p_values(statistic(np.array([20.0])), ["holiday"])
    assert 0.05 < p < 0.5


def test_what_was_learned_survives_json() -> None:
    labels = labels_of(0, 56)
    splits = leave_one_out(labels)
    assert splits is not None
    weekend = np.array([label[1] == "weekend" for label in labels])
    calibration = calibrate(statistic(RNG(7).gamma(8, 1, 56) * np.where(weekend, 4, 1)), splits)
    assert isinstance(calibration, Calibration)
    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert again == calibration
    with pytest.raises(ValueError, match="format"):
        Calibration.from_dict({**calibration.to_dict(), "format": 99})


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.zeros(31), "zero in most windows"),
        (np.where(np.arange(31) % 2 == 0, 0.0, 3.0), "zero in most windows"),
        (np.where(np.arange(31) > 6, np.nan, np.arange(31) + 1.0), "7 of the reference's 31 windows"),
    ],
)
def test_what_cannot_be_learned_says_why(values: Floats, why: str) -> None:
    found = calibrate(statistic(values), split(31))
    assert isinstance(found, Uncalibrated)
    assert why in found.reason


def test_windows_without_a_figure_are_left_out_singly() -> None:
    values = RNG(5).gamma(8, 1, 31)
    missing = np.isin(np.arange(31), [3, 17])
    found = calibrate(statistic(np.where(missing, np.nan, values)), split(31))
    assert found == calibrate(statistic(values[~missing]), split(29))


def test_labels_with_a_single_window_left_tell_nothing_apart() -> None:
    splits = leave_one_out([(f"{at % 2}",) for at in range(31)])
    assert splits is not None
    assert splits.at(np.arange(0, 31, 2)).level is None
    assert splits.at(np.arange(20)).level == 0


def test_a_figure_that_does_not_vary_is_told_to_a_hundredth() -> None:
    """The standard deviation is taken for 1 % of the figure: a third of that on the scale of cube roots."""
    calibration = learned(np.full(31, 8.0))
    y, scale = np.cbrt([8.0, 8.08, 8.4]), 2.0 * 0.01 / 3.0
    t = (y - 2.0) / (scale * np.sqrt(1 + 1 / 31))
    found = calibration.p_values(statistic(y**3))
    np.testing.assert_allclose(found, stats.t.sf(t, 30), rtol=1e-9)
    assert found[0] == 0.5
    assert found[2] < 1e-4


@pytest.mark.parametrize("kind", [ordered, categories])
def test_a_window_of_one_weekday_has_its_own_value(kind: Callable[[Ints], Sample]) -> None:
    """All rows of a day have the same value, those of Mondays another one than those of Tuesdays."""
    labels, rng = labels_of(3, 35 + 14), RNG(5)
    weekdays = (np.arange(len(labels)) + 3) % 7
    counts = np.eye(7, dtype=np.int64)[weekdays] * rng.integers(500, 1500, len(labels))[:, None]
    pieces, whole = kind(counts[:35]), kind(counts[:35].sum(0))

    def p_values(now: Ints) -> Floats:
        sample = kind(now)
        held = compare_column(
            calibrate_column(pieces, leave_one_out(labels[:35])),
            drift_of(sample, whole),
            sample,
            whole,
            labels=labels[35:],
        )
        return held["anderson_darling" if kind is ordered else "chi_squared"].p_value

    assert (p_values(counts[35:]) > 0.01).all()
    if kind is ordered:  # a Thursday that looks like a Sunday is further from the middle than Thursdays are
        sundays = counts[35:].sum(1)[:, None] * np.eye(7, dtype=np.int64)[6]
        assert (p_values(sundays)[weekdays[35:] == 3] < 1e-4).all()


def test_figures_next_to_nothing_are_no_fault() -> None:
    """Means of a column of subnormal values: what their squares come to is nothing."""
    tiny = 1e-200 * RNG(12).normal(size=31)
    one = np.ones(31)
    found = calibrate(Statistic(tiny, one, 0.001 * one, one, signed=True), split(31))
    assert isinstance(found, Calibration)
    p = found.p_values(Statistic(np.array([2e-200, 9.0]), one[:2], 0.001 * one[:2], one[:2], signed=True))
    assert p[0] > 0.9
    assert p[1] < 1e-4


def test_seven_windows_are_too_few() -> None:
    assert leave_one_out([()] * (MIN_WINDOWS - 1)) is None
    found = calibrate_column(ordered(np.ones((7, 4), np.int64)), None)
    assert all(isinstance(one, Uncalibrated) for one in found.values())


def test_a_window_without_a_figure_has_no_p_value() -> None:
    p = learned(RNG(8).gamma(4, 2, 31)).p_values(statistic(np.array([np.nan, 8.0])))
    assert np.isnan(p[0])
    assert np.isfinite(p[1])


def test_power_is_the_cube_root_for_one_edge_and_the_logarithm_for_many() -> None:
    assert power_of("chi_squared", from_counts(np.array([5, 5]))) == CUBE_ROOT
    assert power_of("anderson_darling", from_counts(np.array([50, 50]))) == pytest.approx(CUBE_ROOT)
    # continuous limit: weights 1 / (j (j + 1)), exponent 1 - 2 (10 - pi²) / (3 (pi²/3 - 3)²) = -0.035
    assert power_of("anderson_darling", from_counts(np.full(400, 5))) == 0.0
    assert power_of("anderson_darling", from_counts(np.array([7]), np.array([]))) == CUBE_ROOT


def test_leaving_one_out_keeps_the_shares_of_the_weekdays() -> None:
    labels = labels_of(0, 8)
    splits = leave_one_out(labels)
    assert splits is not None
    # eight days have two Sundays' worth of weekend: Monday to Monday, one Saturday and one Sunday
    assert splits.labels == ("week",) * 5 + ("weekend",) * 2 + ("week",)
    weekend = np.array([label == "weekend" for label in splits.labels], np.float64)
    np.testing.assert_allclose(splits.rest @ weekend, 2.0)
    np.testing.assert_allclose(splits.rest.sum(1), 8.0)
    assert (np.diag(splits.rest) == 0).all()


def test_without_labels_the_rest_is_all_the_others() -> None:
    counts = RNG(9).integers(0, 50, (9, 5))
    splits = leave_one_out([()] * 9)
    assert splits is not None
    window, rest = splits.ordered(ordered(counts))
    np.testing.assert_array_equal(window.counts, counts)
    np.testing.assert_array_equal(rest.counts, counts.sum(0) - counts)


def test_values_that_only_the_window_left_out_has_are_unseen() -> None:
    counts = np.full((9, 3), 10)
    counts[:, 2] = 0
    counts[4, 2] = 5
    splits = leave_one_out([()] * 9)
    assert splits is not None
    window, rest = splits.categories(categories(counts))
    assert window.unseen.tolist() == [0, 0, 0, 0, 5, 0, 0, 0, 0]
    assert window.counts[4].tolist() == [10, 10, 0]
    assert rest.counts[4].tolist() == [80, 80, 0]


def test_resampled_windows_have_their_length_and_their_weekdays() -> None:
    labels = labels_of(2, 28)
    splits = resample_blocks(labels, 7)
    assert splits is not None
    np.testing.assert_array_equal(splits.window.sum(1), 7)
    for day in range(7):
        same = np.array([label[0] == labels[day][0] for label in labels])
        np.testing.assert_array_equal(splits.window[:, same].sum(1), 1)
    assert splits.degrees == 21
    assert (splits.rest == 1).all()
    again = resample_blocks(labels, 7)
    assert again is not None
    np.testing.assert_array_equal(splits.window, again.window)


def test_resampled_blocks_stay_together() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    labels = [cycle_labels(start + timedelta(hours=hour), "hour") for hour in range(24 * 14)]
    splits = resample_blocks(labels, 24 * 7, block=24)
    assert splits is not None
    np.testing.assert_array_equal(splits.window.sum(1), 24 * 7)
    assert (np.diff(splits.window, axis=1) != 0).sum(1).max() <= 2 * 8


def test_too_few_base_windows_cannot_be_resampled() -> None:
    assert resample_blocks([()] * 7, 7) is None
    assert resample_blocks([()] * 9, 7) is not None


def test_calendar_labels() -> None:
    saturday = datetime(2024, 1, 6, 5, tzinfo=UTC)
    assert cycle_labels(saturday, "day") == ("sat", "weekend")
    assert cycle_labels(saturday, "hour") == ("weekend 05", "05")
    assert cycle_labels(saturday, "week") == ()
    assert finest_level(labels_of(0, 31)) == 0
    assert finest_level(labels_of(0, 15)) == 1
    assert finest_level(labels_of(0, 4)) is None
    assert finest_level([("mon", "week")] * 30) is None
    assert finest_level([]) is None


def test_a_family_is_judged_at_one_rate() -> None:
    rng = RNG(10)
    labels = labels_of(0, 42)
    splits = leave_one_out(labels[:31])
    assert splits is not None
    columns = daily_counts(rng, labels, 5000, columns=6)
    columns[0, 36] = rng.multinomial(5000, np.roll(columns[0, 36], 5) / 5000)
    tested: dict[tuple[str, str], CalibratedTest] = {}
    for at, counts in enumerate(columns):
        kind = ordered if at % 2 == 0 else categories
        pieces, whole, now = kind(counts[:31]), kind(counts[:31].sum(0)), kind(counts[31:])
        held = compare_column(
            calibrate_column(pieces, splits), drift_of(now, whole), now, whole, labels=labels[31:]
        )
        tested |= {(f"c{at}", metric): one for metric, one in held.items()}
    found = judge_families(tested, np.arange(11), 0.01)
    first = found["c0", "anderson_darling"]
    assert first.exceeded.tolist() == [0] * 5 + [1] + [0] * 5
    assert set(first.source.tolist()) == {CALIBRATED}
    assert first.strength[5] > 1
    assert first.q_value[5] <= 0.01
    # nothing was missing, so the share of missing values was not calibrated and does not decide
    assert ("c0", "null_fraction_delta") not in found
    for name, verdict in found.items():
        if name[0] != "c0":
            assert (verdict.exceeded == 0).all(), name
            assert (verdict.strength < 1.3).all()
    assert judge_families({}, np.arange(3), 0.01) == {}


def test_small_windows_are_not_tested() -> None:
    rng = RNG(11)
    labels = labels_of(0, 33)
    counts = daily_counts(rng, labels, 2000)[0]
    splits = leave_one_out(labels[:31])
    assert splits is not None
    now, whole = ordered(counts[31:]), ordered(counts[:31].sum(0))
    held = compare_column(
        calibrate_column(ordered(counts[:31]), splits),
        drift_of(now, whole),
        now,
        whole,
        labels=labels[31:],
        enough=np.array([True, False]),
    )
    verdict = judge_families({("x", m): one for m, one in held.items()}, np.arange(2), 0.01)
    assert verdict["x", "anderson_darling"].exceeded.tolist() == [0, -1]
