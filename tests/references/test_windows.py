"""The windows that a reference is made from, by the calendar: expectations are counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from driftline_jobs.references.windows import initial_windows, windows_before
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor, parse_monitor
from driftline_schemas.window import Window


def monitor(reference: dict[str, Any], **more: object) -> Monitor:
    """A monitor of days in UTC, unless said otherwise."""
    content = {
        "monitor": "m",
        "task": "regression",
        "logs": {"uri": "logs", "timestamp": "at", "prediction": "p", "model_version": "v"},
        "reference": reference,
        **more,
    }
    return parse_monitor(yaml.safe_dump(content), "a test")


def before(made: Monitor, period: str) -> list[str]:
    """The windows before one, by their labels."""
    return labels(made, windows_before(made, made.calendar.parse(period)))


def labels(made: Monitor, windows: list[Window]) -> list[str]:
    """What each window is called."""
    return [made.calendar.label(window) for window in windows]


def test_trailing_days_end_where_the_window_starts() -> None:
    assert before(monitor({"trailing": "3d"}), "2024-03-01") == ["2024-02-27", "2024-02-28", "2024-02-29"]


@pytest.mark.parametrize("day", ["2024-03-12", "2024-11-05"])
def test_trailing_days_are_as_many_when_clocks_change(day: str) -> None:
    """New York's clocks change on March 10 and November 3."""
    assert len(before(monitor({"trailing": "7d"}, timezone="America/New_York"), day)) == 7


def test_only_whole_windows_trail() -> None:
    weekly = monitor({"trailing": "30d"}, granularity="week")
    assert before(weekly, "2024-03-04") == ["2024-02-05", "2024-02-12", "2024-02-19", "2024-02-26"]
    assert len(before(monitor({"trailing": "36h"}, granularity="hour"), "2024-03-04T05")) == 36


def test_the_same_weekday_of_the_weeks_before() -> None:
    made = monitor({"same_weekday": 3})
    assert before(made, "2024-03-05") == ["2024-02-13", "2024-02-20", "2024-02-27"]


def test_the_same_hour_of_the_weekday_is_by_the_clock() -> None:
    made = monitor({"same_weekday": 2}, granularity="hour", timezone="America/New_York")
    assert before(made, "2024-03-12T09") == ["2024-02-27T09", "2024-03-05T09"]


def test_excluded_windows_stay_out() -> None:
    exclude = [["2024-02-28", "2024-02-29"]]
    assert before(monitor({"trailing": "3d", "exclude": exclude}), "2024-03-01") == [
        "2024-02-27",
        "2024-02-29",
    ]


def test_a_moving_reference_is_founded_before_the_first_window_asked() -> None:
    made = monitor({"trailing": "2d"})
    asked = made.calendar.between(made.calendar.parse("2024-03-05"), made.calendar.parse("2024-03-09"))
    assert labels(made, initial_windows(made, asked)) == ["2024-03-03", "2024-03-04"]


def test_the_same_weekday_is_founded_on_every_day_of_those_weeks() -> None:
    """So that the day after the first one finds its own weekday."""
    made = monitor({"same_weekday": 2})
    initial_known = labels(made, initial_windows(made, [made.calendar.parse("2024-03-15")]))
    assert initial_known == [f"2024-03-{number:02d}" for number in range(1, 15)]
    assert before(made, "2024-03-16")[0] in initial_known


def test_another_version_is_founded_on_the_windows_asked() -> None:
    made = monitor({"model_version": "v1", "exclude": [["2024-03-06", "2024-03-07"]]})
    asked = made.calendar.between(made.calendar.parse("2024-03-05"), made.calendar.parse("2024-03-07"))
    assert labels(made, initial_windows(made, asked)) == ["2024-03-05", "2024-03-07"]


@pytest.mark.parametrize(
    "reference",
    [
        {"window": ["2024-02-01", "2024-02-03"], "exclude": [["2024-02-01", "2024-02-03"]]},
        {"trailing": "2d", "exclude": [["2024-02-01", "2024-03-03"]]},
    ],
)
def test_nothing_left_is_said(reference: dict[str, Any]) -> None:
    made = monitor(reference)
    with pytest.raises(ConfigError, match=r"reference\.exclude"):
        initial_windows(made, [made.calendar.parse("2024-03-01")])
