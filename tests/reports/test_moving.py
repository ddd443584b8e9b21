"""Columns that move by nature: what the page says of them, and what it no longer says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.reports.test_verdict import Rows, common, days, drift, view

from driftline_reports.page import render_view
from driftline_reports.view_model import plain
from driftline_schemas.levels import Level

HOW = {"seq": "its values go on from window to window", "trace_id": "texts of which most rows have their own"}


def check(column: str, value: float, expected: object, *, passed: bool | None) -> dict[str, Any]:
    return {
        **common(0),
        "column_name": column,
        "check_name": "moves_by_nature",
        "value": value,
        "expected": json.dumps(expected),
        "passed": passed,
    }


@pytest.fixture
def rows() -> Rows:
    """A calm day but for two columns that move by nature."""
    made = days(1)
    made["quality_metrics"].append(check("*", 2.0, 0, passed=False))
    for column, how in HOW.items():
        made["quality_metrics"].append(check(column, 1.0, how, passed=None))
        reason = f"moves by nature ({how}), so it is not judged: list it under features.ignore"
        made["drift_metrics"].append(
            drift(0, column, drifted=None, value=13.5, threshold=None, reason=reason)
        )
    return made


def test_the_page_names_them_and_says_what_to_do(rows: Rows) -> None:
    found = view(rows)
    assert plain(found.quality.moving.columns) == (
        "2 columns move by nature, so that no two windows are alike, and they are not judged: "
        "list them under features.ignore: seq, trace_id."
    )
    (failed,) = found.quality.failed
    assert (failed.title, failed.column, failed.value.text) == ("moves by nature", "the columns", "2")
    assert found.quality.reported == ()


def test_a_single_one_is_no_plural(rows: Rows) -> None:
    rows["quality_metrics"] = rows["quality_metrics"][:-1]
    assert plain(view(rows).quality.moving.columns) == (
        "1 column moves by nature, so that no two windows are alike, and it is not judged: "
        "list it under features.ignore: seq."
    )


def test_they_are_a_list_of_their_own(rows: Rows) -> None:
    changes = view(rows).changes
    assert {change.name: change.nature for change in changes.moving} == HOW
    assert [change.name for change in changes.quiet] == ["humidity"]
    assert (changes.watched, changes.judged) == (3, 1)
    page = render_view(view(rows))
    assert "2 columns that move by nature</summary>" in page
    for how in HOW.values():
        assert f"<td>{how}</td>" in page


def test_they_are_no_fault_of_the_data(rows: Rows) -> None:
    verdict = view(rows).verdict
    assert verdict.level is Level.CHANGED
    assert plain(verdict.headline) == (
        "Nothing broke, but columns that move by nature are watched and cannot be judged."
    )
    assert plain(verdict.where) == "List under features.ignore: seq and trace_id."


def test_a_reference_that_is_too_short_to_tell_is_said() -> None:
    made = days(1)
    short = check("*", 4.0, 8, passed=None) | {"check_name": "reference_windows"}
    made["quality_metrics"].append(short)
    found = view(made)
    said = plain(found.quality.moving.short)
    assert said.startswith("The reference has 4 windows, and 8 are needed to recognise columns")
    assert found.quality.reported == ()
    assert found.verdict.level is Level.CALM


def test_an_alert_about_them_is_about_the_columns(rows: Rows) -> None:
    sentence = "each of seq and trace_id moves by nature: list it under features.ignore; since 2013-07-10"
    row = common(0)
    rows["alerts"] = [
        {
            **row,
            "alert_id": "a1",
            "column_name": "*",
            "metric": "moves_by_nature",
            "severity": "low",
            "state": "open",
            "first_window": row["window_start"],
            "last_window": row["window_start"],
            "evidence": json.dumps({"sentence": sentence}),
        }
    ]
    (alert,) = view(rows).quality.alerts
    assert (alert.subject, alert.metric, alert.evidence) == ("the columns", "moves by nature", sentence)
