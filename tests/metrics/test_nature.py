"""What moves by nature, and what merely varies, on raw rows of days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from driftline_jobs.metrics.nature import (
    Nature,
    OrderedWindows,
    nature_of_categories,
    nature_of_ordered,
)

Floats = npt.NDArray[np.float64]
Make = Callable[[np.random.Generator, int], Sequence[Floats]]
DAY = 86_400.0
ROWS = 300
RNG = np.random.default_rng


def distance(some: Floats, others: Floats) -> float:
    """Of Kolmogorov and Smirnov, as ``scipy.stats.ks_2samp`` has it, without its p-value."""
    at = np.concatenate([some, others])
    f, g = (np.searchsorted(np.sort(side), at, side="right") / len(side) for side in (some, others))
    return float(np.abs(f - g).max())


def ordered(days: Sequence[Floats], *, are_times: bool = False) -> OrderedWindows:
    """What the rows of consecutive days say."""
    alike = [1.0 - distance(*pair) for pair in pairwise(days)]
    return OrderedWindows(
        starts=DAY * np.arange(len(days), dtype=np.float64),
        means=np.array([rows.mean() for rows in days]),
        lows=np.array([rows.min() for rows in days]),
        highs=np.array([rows.max() for rows in days]),
        alike=np.array(alike),
        are_times=are_times,
    )


def walk(rng: np.random.Generator, days: int, persistence: float) -> Floats:
    """(days,) levels of an AR(1) process of variance 1."""
    level = [rng.normal()]
    for _ in range(days - 1):
        level.append(persistence * level[-1] + np.sqrt(1.0 - persistence**2) * rng.normal())
    return np.array(level)


def sequence(rng: np.random.Generator, days: int) -> list[Floats]:
    """A running number over days of which each has its own traffic."""
    sizes = rng.integers(50, 150, days)
    ends = np.cumsum(sizes)
    return [np.arange(end - size, end, dtype=np.float64) for size, end in zip(sizes, ends, strict=True)]


def with_strays(rng: np.random.Generator, days: int) -> list[Floats]:
    """A running number of which a few rows come days late."""
    return [
        np.append(rows, rng.uniform(0.0, rows[0], 2)) if at else rows
        for at, rows in enumerate(sequence(rng, days))
    ]


def times(rng: np.random.Generator, days: int, lead: float, spread: float) -> list[Floats]:
    return [DAY * (day + rng.random(ROWS) + lead + spread * rng.random(ROWS)) for day in range(days)]


def day_of_month(first: int, days: int) -> list[Floats]:
    numbers = np.datetime64("2026-01-01") + np.arange(first, first + days)
    fields = (numbers - numbers.astype("datetime64[M]")).astype(float) + 1.0
    return [np.full(ROWS, field) for field in fields]


@pytest.mark.parametrize("days", [8, 14, 28, 60])
@pytest.mark.parametrize(
    ("make", "nature"),
    [
        (sequence, Nature.GROWING),
        (lambda rng, days: [-rows for rows in sequence(rng, days)], Nature.GROWING),
        (lambda rng, days: times(rng, days, 0.0, 0.001), Nature.GROWING),
        (lambda _, days: [np.full(ROWS, 7.0 + day) for day in range(days)], Nature.CALENDAR),
    ],
    ids=["sequence", "countdown", "epoch", "age"],
)
def test_numbers_that_move_by_nature_are_recognised(make: Make, nature: Nature, days: int) -> None:
    for seed in range(20):
        assert nature_of_ordered(ordered(make(RNG(seed), days))) is nature, seed


@pytest.mark.parametrize("days", [8, 14, 28, 60])
@pytest.mark.parametrize(("lead", "spread"), [(0.0, 0.001), (1.0, 5.0)], ids=["ingestion", "appointment"])
def test_times_that_go_with_the_windows_are_recognised(lead: float, spread: float, days: int) -> None:
    for seed in range(20):
        windows = ordered(times(RNG(seed), days, lead, spread), are_times=True)
        assert nature_of_ordered(windows) is Nature.TIME, seed


def test_hours_of_a_day_come_again() -> None:
    hours = [np.full(ROWS, float(hour % 24)) for hour in range(24 * 14)]
    assert nature_of_ordered(ordered(hours)) is None


@pytest.mark.parametrize(("first", "days"), [(0, 14), (0, 31), (20, 28), (40, 8)])
def test_days_of_a_month_begin_anew(first: int, days: int) -> None:
    assert nature_of_ordered(ordered(day_of_month(first, days))) is Nature.CALENDAR


def test_days_of_a_month_that_come_twice_are_seen_again() -> None:
    assert nature_of_ordered(ordered(day_of_month(0, 59))) is None


def test_stray_rows_do_not_hide_what_moves() -> None:
    for seed in range(20):
        assert nature_of_ordered(ordered(with_strays(RNG(seed), 28))) is Nature.GROWING, seed


@pytest.mark.parametrize("days", [8, 14, 28, 60])
@pytest.mark.parametrize(
    "make",
    [
        lambda rng, days: [rng.normal(0, 1, ROWS) for _ in range(days)],
        # days that differ a little, much, and by more than the rows within them
        lambda rng, days: [rng.normal(level, 1, ROWS) for level in 0.3 * walk(rng, days, 0.9)],
        lambda rng, days: [rng.normal(level, 1, ROWS) for level in 2.0 * walk(rng, days, 0.7)],
        lambda rng, days: [rng.normal(level, 1, ROWS) for level in 30.0 * walk(rng, days, 0.7)],
        # trends within the spread of the rows
        lambda rng, days: [rng.normal(0.1 * day, 1, ROWS) for day in range(days)],
        lambda rng, days: [rng.normal(1.0 * day, 1, ROWS) for day in range(days)],
        # weekdays, each with values of its own
        lambda rng, days: [rng.normal(100.0 * (day % 7), 1, ROWS) for day in range(days)],
        lambda _, days: [np.full(ROWS, float(day % 7)) for day in range(days)],
        # one value a day, at random
        lambda rng, days: [np.full(ROWS, level) for level in rng.normal(0, 1, days)],
        lambda _, days: [np.full(ROWS, 3.0)] * days,
    ],
    ids=["same", "near", "far", "apart", "trend", "steep", "weekdays", "weekday", "value", "constant"],
)
def test_what_varies_is_not_taken_for_it(make: Make, days: int) -> None:
    for seed in range(20):
        for are_times in (False, True):
            assert nature_of_ordered(ordered(make(RNG(seed), days), are_times=are_times)) is None, seed


def test_a_random_walk_of_one_value_a_day_is_seldom_taken_for_it() -> None:
    """A rate of exchange, say: a thousand walks, none of which is more than its chance."""
    taken = {}
    for days in (8, 14, 28):
        taken[days] = sum(
            nature_of_ordered(ordered([np.full(2, x) for x in np.cumsum(RNG(seed).normal(size=days))]))
            is not None
            for seed in range(1000)
        )
    assert taken[8] <= 5
    assert taken[14] <= 4
    assert taken[28] <= 3


def test_times_that_do_not_go_with_the_windows_stay() -> None:
    birthdays = [DAY * 365 * RNG(day).uniform(-60, -20, ROWS) for day in range(28)]
    assert nature_of_ordered(ordered(birthdays, are_times=True)) is None


def test_too_few_windows_tell_nothing() -> None:
    assert nature_of_ordered(ordered(sequence(RNG(1), 7))) is None
    assert nature_of_categories(np.eye(7) * ROWS, np.zeros(7), others_differ=True) is None


def test_values_that_no_other_window_has() -> None:
    none = np.zeros(14)
    assert nature_of_categories(np.eye(14) * ROWS, none, others_differ=False) is Nature.NEW_VALUES
    # some rows of a batch come a day late
    late = 290.0 * np.eye(14) + 10.0 * np.eye(14, k=-1)
    assert nature_of_categories(late, none, others_differ=False) is Nature.NEW_VALUES
    several = np.repeat(np.eye(14) * 100.0, 3, axis=1)
    assert nature_of_categories(several, none, others_differ=False) is Nature.NEW_VALUES


@pytest.mark.parametrize("days", [8, 14, 28])
def test_values_that_come_again_are_not_new(days: int) -> None:
    none = np.zeros(days)
    weekdays = np.eye(7)[np.arange(days) % 7] * ROWS
    assert nature_of_categories(weekdays, none, others_differ=False) is None
    for seed in range(20):
        rng = RNG(seed)
        shares = rng.dirichlet(np.full(40, 0.3), size=days)
        drawn = np.array([rng.multinomial(ROWS, share) for share in shares])
        assert nature_of_categories(drawn, none, others_differ=False) is None
        tail = 1.0 / np.arange(1, 1001) ** 0.8
        drawn = rng.multinomial(ROWS, tail / tail.sum(), size=days)
        assert nature_of_categories(drawn, none, others_differ=False) is None


def test_values_beyond_the_vocabulary_count_by_whether_they_come_again() -> None:
    few, many = np.zeros((14, 3)), np.full(14, float(ROWS))
    assert nature_of_categories(few, many, others_differ=True) is Nature.NEW_VALUES
    assert nature_of_categories(few, many, others_differ=False) is None


def week_of_year(first: str, days: int) -> list[Floats]:
    start = date.fromisoformat(first)
    weeks = [(start + timedelta(days=day)).isocalendar().week for day in range(days)]
    return [np.full(ROWS, float(week)) for week in weeks]


@pytest.mark.parametrize(
    ("first", "days"),
    # from a Monday, from the middle of a week, and over the end of a year
    [("2024-01-01", 28), ("2024-01-03", 28), ("2024-02-09", 60), ("2023-12-13", 30), ("2024-12-02", 60)],
)
def test_weeks_of_a_year_are_recognised(first: str, days: int) -> None:
    made = week_of_year(first, days)
    assert nature_of_ordered(ordered(made)) is Nature.CALENDAR
    named = [f"W{week[0]:.0f}" for week in made]
    counts = ROWS * (np.array(named)[:, None] == np.unique(named)).astype(np.int64)
    assert nature_of_categories(counts, np.zeros(days), others_differ=False) is Nature.CALENDAR


def test_months_of_a_year_are_recognised_although_they_differ_in_length() -> None:
    days = [date(2023, 1, 15) + timedelta(days=day) for day in range(180)]
    assert nature_of_ordered(ordered([np.full(ROWS, float(day.month)) for day in days])) is Nature.CALENDAR


def test_a_count_that_only_grows_is_recognised_whenever_it_grows() -> None:
    """Of a walk with as many steps one in a thousand would."""
    for seed in range(20):
        levels = np.cumsum(RNG(seed).integers(0, 3, 60))
        assert nature_of_ordered(ordered([np.full(ROWS, float(level)) for level in levels])) is not None, seed


@pytest.mark.parametrize(
    "levels",
    [
        [3.0] * 14 + [4.0] * 14,  # a setting that was changed once
        [3.0] * 5 + [4.0] * 9 + [5.0] * 14,  # and twice
        [3.0] * 5 + [4.0] * 9 + [5.0] * 3 + [6.0] * 11,  # three times, whenever it was
        [3.0] * 7 + [4.0] * 7 + [3.0] * 7 + [4.0] * 7,  # and back again
        [3.0] * 7 + [4.0] * 7 + [9.0] * 7 + [5.0] * 7,  # by any steps
        [float(day // 7 % 4) for day in range(60)],  # the weeks of a shift
    ],
)
def test_settings_that_change_now_and_then_are_watched(levels: list[float]) -> None:
    assert nature_of_ordered(ordered([np.full(ROWS, level) for level in levels])) is None


def test_a_week_number_of_which_a_few_days_are_lacking_is_recognised() -> None:
    made = week_of_year("2024-01-03", 40)
    assert nature_of_ordered(ordered(made[:10] + made[11:25] + made[26:])) is Nature.CALENDAR
