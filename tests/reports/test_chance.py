"""Chance in words a person understands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftline_reports.chance import chance

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("probability", "window", "said"),
    [
        (1 / 40, DAY, "once in about 40 days by chance"),
        (1 / 44.4, DAY, "once in about 44 days by chance"),
        (0.3, DAY, "once in about 3.3 days by chance"),
        (0.01, HOUR, "once in about 4.2 days by chance"),  # 100 hours
        (0.1, HOUR, "once in about 10 hours by chance"),
        (0.001, DAY, "once in about 2.7 years by chance"),
        (0.004, DAY, "once in about 8.2 months by chance"),
        (1e-4, DAY, "once in about 27 years by chance"),
        (1e-5, DAY, "practically certain"),  # 274 years
        (0.0, DAY, "practically certain"),
        (1e-300, DAY, "practically certain"),
        (0.7, DAY, "no more than chance does"),
        (None, DAY, ""),
    ],
)
def test_chance_is_how_often_it_would_do_as_much(
    probability: float | None, window: timedelta, said: str
) -> None:
    assert chance(probability, window) == said
