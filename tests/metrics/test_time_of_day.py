"""When in the day rows come."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from driftline_jobs.metrics.time_of_day import hours_between, mean_hour, mean_hour_of


def test_the_mean_hour_is_the_circular_mean_of_the_rows() -> None:
    rows = {hour: int(count) for hour, count in enumerate(np.random.default_rng(1).integers(1, 90, 24))}
    every = [hour for hour, count in rows.items() for _ in range(count)]
    assert mean_hour(rows) == pytest.approx(scipy.stats.circmean(every, high=24.0))


def test_around_midnight() -> None:
    mean = mean_hour({23: 10, 1: 10})
    assert mean is not None
    assert hours_between(mean, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert hours_between(0.5, 23.5) == pytest.approx(1.0)
    assert hours_between(23.0, 1.0) == pytest.approx(-2.0)


def test_nothing_without_rows_or_a_shape() -> None:
    assert mean_hour({}) is None
    assert mean_hour(dict.fromkeys(range(24), 7)) is None


def test_a_clock_an_hour_late_moves_it_by_an_hour() -> None:
    usual = {hour: 20 + 15 * (8 <= hour < 20) + 9 * (hour == 12) for hour in range(24)}
    late = {(hour + 1) % 24: count for hour, count in usual.items()}
    before, after = mean_hour(usual), mean_hour(late)
    assert before is not None
    assert after is not None
    assert hours_between(after, before) == pytest.approx(1.0)


def test_the_mean_of_hours() -> None:
    hours = [21.0, 2.0, 0.5]
    assert mean_hour_of(hours) == pytest.approx(float(scipy.stats.circmean(hours, high=24.0)) % 24)
