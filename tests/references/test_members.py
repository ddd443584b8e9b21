"""Which windows each column of a moving reference is made of, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftline_jobs.references.members import LEAST, OUTCOMES, Fired, members_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

START = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = frozenset({"age", "city", OUTCOMES})


def monitor(**reference: Any) -> Monitor:
    return Monitor.model_validate(
        {
            "monitor": "m",
            "task": "regression",
            "logs": {"uri": "/log", "timestamp": "at", "prediction": "p"},
            "granularity": "day",
            "reference": reference,
        }
    )


def day(number: int) -> Window:
    start = START + timedelta(days=number)
    return monitor(trailing="10d").calendar.containing(start)


def numbers(members: Any, column: str) -> list[int]:
    return [(w.start - START).days for w, columns in members.items() if column in columns]


def test_without_anything_fired_they_are_the_windows_before() -> None:
    found = members_of(monitor(trailing="10d"), day(30), COLUMNS, [day(n) for n in range(30)], Fired())
    assert all(numbers(found.windows, column) == list(range(20, 30)) for column in COLUMNS)
    assert not found.pool


def test_a_column_goes_without_the_windows_that_fired_in_it() -> None:
    fired = Fired({day(25).start: frozenset({"age"}), day(15).start: frozenset({"age", "city"})})
    found = members_of(monitor(trailing="10d"), day(30), COLUMNS, [day(n) for n in range(30)], fired)
    assert numbers(found.windows, "age") == [19, *range(20, 25), *range(26, 30)]
    assert numbers(found.windows, "city") == list(range(20, 30))
    assert numbers(found.windows, OUTCOMES) == list(range(20, 30))
    assert found.filling == {day(19)}


def test_what_fired_before_is_not_taken_for_it() -> None:
    """The place of day 25 is not taken by day 19, which fired too; the copy on day 28 counts for nothing."""
    fired = Fired({day(n).start: frozenset({"age"}) for n in (19, 25)}, {day(28).start})
    found = members_of(monitor(trailing="10d"), day(30), COLUMNS, [day(n) for n in range(30)], fired)
    assert numbers(found.windows, "age") == [17, 18, *range(20, 25), 26, 27, 29]
    assert numbers(found.windows, "city") == [*range(19, 28), 29]


def test_a_lasting_change_does_not_become_the_norm() -> None:
    fired = Fired({day(n).start: frozenset({"age"}) for n in range(12, 30)})
    found = members_of(monitor(trailing="10d"), day(30), COLUMNS, [day(n) for n in range(30)], fired)
    assert numbers(found.windows, "age") == list(range(2, 12))


def test_where_nothing_clean_is_left_the_oldest_are_taken_back() -> None:
    fired = Fired({day(n).start: frozenset({"age"}) for n in range(30)})
    found = members_of(monitor(trailing="10d"), day(30), COLUMNS, [day(n) for n in range(30)], fired)
    assert numbers(found.windows, "age") == list(range(20, 20 + LEAST))


@pytest.mark.parametrize("weeks", [4, 8])
def test_the_same_weekday_is_learned_from_all_weekdays(weeks: int) -> None:
    fired = Fired({day(63).start: frozenset({"age"})})
    watched = monitor(same_weekday=weeks)
    found = members_of(watched, day(70), COLUMNS, [day(n) for n in range(70)], fired)
    clean = [70 - 7 * n for n in range(weeks, 0, -1)]
    assert numbers(found.windows, "city") == clean
    assert numbers(found.windows, "age") == [70 - 7 * (weeks + 1), *clean[:-1]]
    assert numbers(found.pool, "city") == list(range(70 - 7 * weeks, 70))
    assert numbers(found.pool, "age") == [n for n in range(70 - 7 * weeks, 70) if n != 63]
