"""Which changes are told of at once, and which were told before."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.stores.makers import day

from driftline_jobs.reporting.messages.changes import Change, at_once, changes_of, untold


def row(name: str = "i1", state: str = "new", severity: str = "medium", **values: Any) -> dict[str, Any]:
    columns = json.dumps(values.pop("columns", ["carrier"]))
    given = {
        "certain": False,
        "first_window": day(1),
        "last_window": day(1),
        "window_start": day(1),
        **values,
    }
    return {"incident_id": name, "state": state, "severity": severity, "columns": columns, **given}


def names(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.incident_id, change.change) for change in changes]


def told(name: str, change: str, number: int = 1) -> dict[str, Any]:
    return {"incident_id": name, "change": change, "window_start": day(number)}


def test_only_what_happens_is_a_change_and_bad_news_come_first() -> None:
    rows = [
        row("a", "resolved", "critical"),
        row("b", "new", "medium"),
        row("c", "ongoing", "critical"),
        row("d", "acknowledged", "critical"),
        row("e", "accepted", "critical"),
        row("f", "escalated", "high"),
        row("g", "new", "high", certain=True),
    ]
    assert names(changes_of(rows)) == [
        ("g", "opened"),
        ("f", "escalated"),
        ("b", "opened"),
        ("a", "resolved"),
    ]
    assert names(changes_of(rows, {"g", "a"})) == [("f", "escalated"), ("b", "opened")]


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [
        ("low", ["critical", "high", "medium", "low"]),
        ("medium", ["critical", "high", "medium"]),
        ("high", ["critical", "high"]),
        ("critical", ["critical"]),
    ],
)
def test_the_rest_waits_for_the_digest(at_least: str, expected: list[str]) -> None:
    changes = changes_of(
        row(severity, severity=severity) for severity in ("low", "high", "medium", "critical")
    )
    assert [change.incident_id for change in at_once(changes, at_least, ())] == expected


def test_a_critical_column_never_waits() -> None:
    changes = changes_of([row("a", severity="low", columns=["origin"]), row("b", severity="low")])
    assert names(at_once(changes, "critical", {"carrier"})) == [("b", "opened")]


@pytest.mark.parametrize(("severity", "last", "told"), [("high", 1, 0), ("high", 2, 1), ("critical", 1, 1)])
def test_the_end_of_what_was_seen_once_waits_for_the_digest(severity: str, last: int, told: int) -> None:
    ended = row("a", "resolved", severity, last_window=day(last), window_start=day(5))
    assert len(at_once(changes_of([ended]), "low", ())) == told


def test_a_change_is_told_once() -> None:
    changes = changes_of([row("a"), row("b", "escalated", "high")])
    assert names(untold(changes, [], day(1))) == [("b", "escalated"), ("a", "opened")]
    assert untold(changes, [told("a", "opened"), told("b", "escalated")], day(1)) == []


def test_a_window_has_one_message_but_for_what_is_critical() -> None:
    before = [told("a", "opened")]
    assert untold(changes_of([row("a"), row("b", severity="high")]), before, day(1)) == []
    late = changes_of([row("a"), row("c", severity="critical"), row("d", "resolved", "critical")])
    assert names(untold(late, before, day(1))) == [("c", "opened")]
    assert untold(late, [*before, told("c", "opened")], day(1)) == []


def test_a_message_about_no_incident_is_the_windows_one_too() -> None:
    assert untold(changes_of([row("a")]), [told("*", "always")], day(1)) == []


def test_a_digest_keeps_nobody_from_hearing_more() -> None:
    changes = changes_of([row("a", "escalated")])
    assert names(untold(changes, [told("a", "digest"), told("*", "digest")], day(1))) == [("a", "escalated")]


def test_a_change_that_moves_to_another_window_is_not_told_again() -> None:
    changes = changes_of([row("a")])
    assert untold(changes, [told("a", "opened", 3)], day(1)) == []
    ended = [told("a", "opened", 1), told("a", "resolved", 5)]
    assert untold(changes_of([row("a", "resolved")]), ended, day(6)) == []
    assert names(untold(changes, ended, day(9))) == [("a", "opened")]  # it came back
    # of an older window that is looked at again, nothing is new
    assert untold(changes, ended, day(1)) == []


def test_the_oldest_of_equals_comes_first() -> None:
    rows = [row("a"), row("b", first_window=day(1) - timedelta(days=3))]
    assert names(changes_of(rows)) == [("b", "opened"), ("a", "opened")]
