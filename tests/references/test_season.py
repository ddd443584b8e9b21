"""Which windows are of one season, and what a reference of a year makes of that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from driftline_jobs.detection.resampling import leave_one_out_of_its_season
from driftline_jobs.references.season import by_season, same_season, seasons
from driftline_schemas.monitor import Monitor, parse_monitor

FIRST = datetime(2023, 1, 1, tzinfo=UTC)
YEAR = [FIRST + timedelta(days=at) for at in range(365)]


def monitor(window: tuple[str, str], granularity: str = "day") -> Monitor:
    return parse_monitor(
        "monitor: m\ntask: regression\nlogs: {uri: x, timestamp: at, prediction_id: id, prediction: p}\n"
        f"granularity: {granularity}\nreference: {{window: [{window[0]}, {window[1]}]}}\n",
        "a test",
    )


@pytest.mark.parametrize(
    ("window", "granularity", "expected"),
    [
        (("2023-01-01", "2024-01-01"), "day", True),
        (("2023-01-02", "2024-01-01"), "week", True),  # 52 weeks
        (("2023-01-01", "2024-01-01"), "hour", False),
        (("2022-01-01", "2024-01-01"), "month", False),
        (("2023-01-01", "2023-12-01"), "day", False),
    ],
)
def test_a_year_is_compared_by_season(window: tuple[str, str], granularity: str, expected: bool) -> None:  # noqa: FBT001 - parametrized
    assert by_season(monitor(window, granularity)) is expected


def test_a_season_is_four_weeks_to_either_side_of_the_same_time_of_the_year() -> None:
    days = np.flatnonzero(same_season(YEAR, datetime(2024, 7, 1, 13, tzinfo=UTC)))
    found = [YEAR[at] for at in days.tolist()]
    assert len(found) == 57
    assert abs(found[0] - datetime(2023, 6, 3, tzinfo=UTC)) <= timedelta(days=1)
    assert abs(found[-1] - datetime(2023, 7, 29, tzinfo=UTC)) <= timedelta(days=1)
    # around the turn of the year it has days of both of its ends
    turn = np.flatnonzero(same_season(YEAR, datetime(2025, 1, 3, tzinfo=UTC)))
    winter = {YEAR[at].month for at in turn.tolist()}
    assert {12, 1} <= winter <= {12, 1, 2}


def test_of_few_windows_the_nearest_are_taken() -> None:
    every_third_week = YEAR[::21]
    assert same_season(every_third_week, YEAR[180]).sum() == 9


def test_each_window_is_learned_from_beside_its_season() -> None:
    labels = [(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[at % 7], "x") for at in range(365)]
    splits = leave_one_out_of_its_season(labels, seasons(YEAR))
    assert splits is not None
    assert splits.window.tolist() == np.eye(365).tolist()
    rest = splits.rest[180]
    assert np.flatnonzero(rest).tolist() == [*range(152, 180), *range(181, 209)]
    # its place among its weekday is taken by the mean of the others, so that no weekday is missed
    assert rest[180 - 7] == pytest.approx(1.0 + 1.0 / 8.0)
    assert rest.sum() == pytest.approx(57.0)
