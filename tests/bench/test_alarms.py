"""A part of ``make bench-alarms`` that a test has the time for, through the command."""

from __future__ import annotations

import pytest
from tests.bench.alarm_logs import FAULTS
from tests.bench.alarms import Promise, found_on

pytestmark = pytest.mark.slow


def test_clean_days_seldom_raise_an_alarm() -> None:
    """120 days of 20 columns, 2 segments and labels at a budget of 5 %: 6 are due, and 95 % of the time at
    most 10; what is beyond half as much again for sure is no chance."""
    promise = Promise()
    for seed in range(2):
        promise.add(seed, 60, "independent", "fixed 28", 0.05)
    assert promise.uncalibrated == 0
    assert promise.least <= 1.5 * 0.05, promise.line()


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "clocks an hour late"])
def test_a_fault_on_a_day_is_found_within_two(name: str) -> None:
    assert found_on(0, 2000, "fixed 28", name) & {0, 1}
