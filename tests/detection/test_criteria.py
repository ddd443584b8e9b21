"""What the judgement is held to, by simulation: false alarms, power, and delay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from tests.detection.following import follow, of_statistic, winnings
from tests.detection.simulated import Floats, Ints, categories, daily_counts, labels_of, ordered

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.column_tests import calibrate_column, compare_column, drift_of
from driftline_jobs.detection.fdr import q_values
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.resampling import leave_one_out, resample_blocks
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.detection.sustained_shift import limit_for
from driftline_jobs.metrics.samples import Sample

Measured = Callable[[int, str], None]
pytestmark = pytest.mark.slow
RNG = np.random.default_rng
KINDS: dict[str, Callable[[Ints], Sample]] = {"anderson_darling": ordered, "chi_squared": categories}


def clean_p_values(
    rng: np.random.Generator,
    metric: str,
    windows: int,
    *,
    references: int,
    judged: int,
    weekend: float = 0.0,
    rows: tuple[int, int] = (5000, 5000),
) -> Floats:
    """P-values of clean days after references of ``windows`` days that begin on all weekdays in turn."""
    found = []
    for number in range(references):
        labels = labels_of(number % 7, windows + judged)
        sizes = np.exp(rng.uniform(np.log(rows[0]), np.log(rows[1]), windows + judged)).astype(np.int64)
        counts = daily_counts(rng, labels, sizes, weekend=weekend)[0]
        kind = KINDS[metric]
        pieces, whole, now = kind(counts[:windows]), kind(counts[:windows].sum(0)), kind(counts[windows:])
        held = compare_column(
            calibrate_column(pieces, leave_one_out(labels[:windows])),
            drift_of(now, whole),
            now,
            whole,
            labels=labels[windows:],
        )
        found.append(held[metric].p_value)
    return np.concatenate(found)


@pytest.mark.parametrize("weekend", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("windows", [8, 31, 56])
@pytest.mark.parametrize("metric", list(KINDS))
def test_criterion_2_false_alarms_from_day_to_day(
    measured: Measured, metric: str, windows: int, weekend: float
) -> None:
    """Clean days are called drifted in 0.5 to 2 % at 1 %, with and without a weekend effect.

    About 10,000 p-values of 700 references or more: 1 % is known to 0.15 %. A tilt of 0.2 makes weekends'
    statistics three times those of weekdays. (At 0.3, eight days raise 0.4 %: rather too few.)
    """
    references, judged = (2500, 5) if windows == 8 else (700, 14)
    p = clean_p_values(RNG(windows), metric, windows, references=references, judged=judged, weekend=weekend)
    alarms = (p < 0.01).mean()
    measured(
        2, f"{metric} K={windows} weekend {weekend}: {alarms:.2%} false alarms at 1 % of {len(p)} clean days"
    )
    assert 0.005 <= alarms <= 0.02


@pytest.mark.parametrize("metric", list(KINDS))
def test_windows_of_other_sizes_raise_no_more_false_alarms(measured: Measured, metric: str) -> None:
    p = clean_p_values(RNG(1), metric, 31, references=500, judged=14, rows=(1000, 10_000))
    alarms = (p < 0.01).mean()
    measured(2, f"{metric} K=31, days of 1,000 to 10,000 rows: {alarms:.2%} false alarms at 1 %")
    assert 0.005 <= alarms <= 0.02


@pytest.mark.parametrize(("days", "length"), [(28, 7), (59, 30)])
def test_weeks_and_months_put_together_from_days(measured: Measured, days: int, length: int) -> None:
    """Clean weeks and months after four weeks, or two months, are called drifted in at most 3 % at 1 %.

    The spread rests on 21 and 52 days whose labels' means are estimated too; 600 windows tell 1 % from 3 %.
    """
    rng = RNG(days)
    found = []
    for number in range(600):
        labels = labels_of(number % 7, days + length)
        counts = daily_counts(rng, labels, 2000, weekend=0.2)[0]
        pieces, whole = ordered(counts[:days]), ordered(counts[:days].sum(0))
        now = ordered(counts[days:].sum(0)[None])
        splits = resample_blocks(labels[:days], length, draws=100)
        calibration = calibrate_column(pieces, splits)
        held = compare_column(calibration, drift_of(now, whole), now, whole)
        found.append(held["anderson_darling"].p_value)
    p = np.concatenate(found)
    at_1, at_5 = (p < 0.01).mean(), (p < 0.05).mean()
    measured(
        2,
        f"anderson_darling, windows of {length} days resampled from {days}: {at_1:.2%} false alarms at 1 %, "
        f"{at_5:.2%} at 5 %",
    )
    assert at_1 <= 0.03
    assert 0.015 <= at_5 <= 0.09


def normal_p_values(rng: np.random.Generator, runs: int, columns: int, shift: Floats | float) -> Floats:
    """(runs, columns) p-values of one window after 56 whose statistics' cube roots are normal."""
    splits = leave_one_out([()] * 56)
    assert splits is not None
    moved = np.broadcast_to(shift, (columns,))
    p = np.empty((runs, columns))
    one = np.ones(57)
    for run in range(runs):
        for column in range(columns):
            y = rng.normal(size=57)
            y[56] += moved[column]
            statistic = Statistic((10 + y) ** 3, one, 0.001 * one, one)
            calibration = calibrate(
                Statistic(statistic.value[:56], one[:56], 0.001 * one[:56], one[:56]), splits
            )
            assert isinstance(calibration, Calibration)
            p[run, column] = calibration.p_values(
                Statistic(statistic.value[56:], one[56:], 0.001 * one[56:], one[56:])
            )[0]
    return p


def test_criterion_4_fifty_columns_at_once(measured: Measured) -> None:
    """3 of 50 columns shifted by 5 sd, K = 56: false discovery rate at most 6 %, power at least 95 %.

    1,000 windows: the rate's standard error is 0.5 %, the power's 0.3 %.
    """
    shift = np.zeros(50)
    shift[:3] = 5.0
    reported = q_values(normal_p_values(RNG(4), 1000, 50, shift)) <= 0.05
    false, all_of_them = reported[:, 3:].sum(1), reported.sum(1)
    discovery, power = (false / np.maximum(all_of_them, 1)).mean(), reported[:, :3].mean()
    measured(
        4, f"3 of 50 columns shifted by 5 sd, K=56: false discovery rate {discovery:.2%}, power {power:.2%}"
    )
    assert discovery <= 0.06
    assert power >= 0.95


@pytest.mark.parametrize("metric", list(KINDS))
def test_criterion_4_any_alert_in_a_clean_window(measured: Measured, metric: str) -> None:
    """50 columns of counts that vary from day to day, before any effect floor, 4,000 windows of 100 seeds.

    At most 7 % of windows raise any alert at a budget of 5 %, at most 1.5 % at 1 %.
    """
    found = []
    for seed in range(100):
        rng = RNG(seed)
        labels = labels_of(seed % 7, 56 + 40)
        counts = daily_counts(rng, labels, 5000, columns=50)
        columns = []
        for one in counts:
            kind = KINDS[metric]
            pieces, whole, now = kind(one[:56]), kind(one[:56].sum(0)), kind(one[56:])
            held = compare_column(
                calibrate_column(pieces, leave_one_out(labels[:56])),
                drift_of(now, whole),
                now,
                whole,
                labels=labels[56:],
            )
            columns.append(held[metric].p_value)
        found.append(q_values(np.stack(columns, -1)))
    q = np.concatenate(found)
    at_5, at_1 = (q <= 0.05).any(-1).mean(), (q <= 0.01).any(-1).mean()
    measured(
        4,
        f"{metric}, 50 clean columns, K=56: any alert in {at_5:.2%} of {len(q)} windows at a budget of 5 %, "
        f"{at_1:.2%} at 1 %",
    )
    assert at_5 <= 0.07
    assert at_1 <= 0.015


PRODUCT = limit_for(0.005, 50)
"""The product's c for 50 columns at an alarm budget of 1 %, half of which is the window test's."""


@pytest.mark.parametrize(
    ("limit", "runs", "most", "delays"),
    [(1000.0, 400, 20_000, {2.0: 6.0, 1.0: 14.0}), (PRODUCT, 200, 100_000, {2.0: 10.0, 1.0: 22.0})],
)
def test_criterion_5_run_length_and_delay(
    measured: Measured, limit: float, runs: int, most: int, delays: dict[float, float]
) -> None:
    """With standard normal z at least c windows on average between false alarms. At c = 1000 a delay of at
    most 6 windows for a shift of z by 2, 14 by 1; at the product's c, 10,000, of at most 10 and 22.

    Runs are cut at ``most`` windows, which can only shorten the mean.
    """
    rng = RNG(5)
    clean = first_alarms(rng, runs, most, 0.0, limit)
    measured(
        5,
        f"c={limit:.0f}: mean run length at least {clean.mean():.0f} clean windows "
        f"({runs} runs, {(clean == most).mean():.0%} of them cut at {most})",
    )
    for shift, longest in delays.items():
        delay = first_alarms(rng, 4000, 400, shift, limit).mean()
        measured(5, f"c={limit:.0f}: mean delay {delay:.2f} windows (at most {longest:.0f}) for z + {shift}")
        assert delay <= longest, shift
    assert clean.mean() >= limit


def first_alarms(rng: np.random.Generator, runs: int, windows: int, shift: float, limit: float) -> Floats:
    """(runs,) windows until the first alarm."""
    found = []
    for few in range(0, runs, 100):  # all at once would be gigabytes
        alarm = winnings(rng.normal(shift, 1, (min(100, runs - few), windows)), limit) >= limit
        found.append(np.where(alarm.any(1), alarm.argmax(1) + 1.0, float(windows)))
    return np.concatenate(found)


def test_learning_on_keeps_the_run_length_that_a_short_reference_would_lose(measured: Measured) -> None:
    """31 windows of reference, c = 1000, 400 windows judged: at most 40 % of runs may alarm at all.

    A run length of 1,000 means 33 % on average. Against the reference alone, whose mean is off by 0.18 sd in
    a typical run, more than half do.
    """
    rng = RNG(6)
    splits = leave_one_out([()] * 31)
    assert splits is not None
    learning, standing = [], []
    for _ in range(300):
        y = (10 + rng.normal(size=431)) ** 3
        one = np.ones(431)
        calibration = calibrate(Statistic(y[:31], one[:31], 0.001 * one[:31], one[:31]), splits)
        assert isinstance(calibration, Calibration)
        judged = Statistic(y[31:], one[31:], 0.001 * one[31:], one[31:])
        learning.append(follow([of_statistic(calibration, judged)], 1000.0).alarm.any())
        z = stats.norm.isf(calibration.p_values(judged))
        standing.append((winnings(z, 1000.0) >= 1000.0).any())
    measured(
        5,
        f"c=1000 after 31 windows of reference: {np.mean(learning):.0%} of runs of 400 clean windows alarm "
        f"({np.mean(standing):.0%} against the reference alone)",
    )
    assert np.mean(learning) <= 0.4
    assert np.mean(standing) > np.mean(learning)
