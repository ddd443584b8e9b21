"""What is muted stands on the page as muted; a mail neither counts nor names it until the mute ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.reports.readback import read
from tests.reports.sample_story import monitor
from tests.reports.sample_tables import to_tables
from tests.reports.test_verdict import DAY, Rows, checked, common, days, drift, performed

from driftline_reports.inputs import MonitorHistory, ReportInputs
from driftline_reports.mail import render_mail
from driftline_reports.monitor_page import build_monitor_page
from driftline_reports.muting import without_muted
from driftline_reports.page import render_page
from driftline_reports.view import build_view
from driftline_reports.view_model import plain
from driftline_schemas.levels import Level

NOW = DAY + timedelta(days=1)
LATER = NOW + timedelta(days=3)


def alert(name: str, column: str = "humidity", metric: str = "psi", **others: Any) -> dict[str, Any]:
    return {
        **common(0),
        "alert_id": name,
        "column_name": column,
        "metric": metric,
        "severity": "high",
        "state": "open",
        "first_window": DAY,
        "last_window": DAY,
        "evidence": json.dumps({"sentence": f"{name} of {column}", "threshold": 0.2}),
        **others,
    }


def muted(name: str, until: datetime | None = LATER, at: datetime = DAY) -> dict[str, Any]:
    return {
        "monitor": "flight_delay",
        "alert_id": name,
        "action": "mute" if until else "acknowledge",
        "until": until,
        "actor": "ana",
        "acted_at": at,
        "comment": None,
    }


def inputs(rows: Mapping[str, Any]) -> ReportInputs:
    watched = monitor()
    return ReportInputs(watched, watched.calendar.containing(DAY), to_tables(rows), {}, NOW)


@pytest.fixture
def rows() -> Rows:
    """Two columns drifted, and each has its alert."""
    made = days()
    made["drift_metrics"] += [drift(0, column, drifted=True) for column in ("gusts", "rain")]
    made["alerts"] = [alert("a", "gusts"), alert("b", "rain")]
    return made


def test_the_mail_is_about_the_rest(rows: Rows) -> None:
    rows["alert_actions"] = [muted("a")]
    told, count = without_muted(inputs(rows))
    assert count == 1
    mail = render_mail(build_view(told), muted=count)
    for text in (mail.subject, mail.text, read(mail.html).text):
        assert "gusts" not in text
    assert "rain" in mail.text
    assert "1 of 2 columns changed" in mail.subject
    assert "1 alert is muted and left out here; the report has all." in mail.text
    assert "1 alert is muted and left out here; the report has all." in read(mail.html).text


def test_the_page_shows_it_as_muted(rows: Rows) -> None:
    rows["alert_actions"] = [muted("a")]
    given = inputs(rows)
    alerts = {found.subject: found for found in build_view(given).quality.alerts}
    assert alerts["gusts"].muted == "14\xa0Jul\xa02013, 00:00:00"
    assert alerts["rain"].muted == ""
    text = read(render_page(given)).text
    assert "muted until 14\xa0Jul\xa02013, 00:00:00" in text
    assert "2 of 3 columns changed" in text, "the page's verdict counts what is muted too"


def test_the_monitors_page_shows_it_as_muted(rows: Rows) -> None:
    rows["alert_actions"] = [muted("b")]
    given = inputs(rows)
    page = build_monitor_page(MonitorHistory(given.monitor, given.tables), NOW)
    assert {alert.subject: bool(alert.muted) for _, alert in page.alerts} == {"gusts": False, "rain": True}


def test_a_mute_ends_by_itself(rows: Rows) -> None:
    rows["alert_actions"] = [muted("a", until=NOW)]
    given = inputs(rows)
    assert without_muted(given) == (given, 0)
    assert not any(found.muted for found in build_view(given).quality.alerts)


@pytest.mark.parametrize(
    ("actions", "count"),
    [
        ([muted("a", at=DAY), muted("a", NOW - timedelta(hours=1), DAY + timedelta(hours=2))], 0),
        ([muted("a", NOW - timedelta(hours=1), DAY), muted("a", at=DAY + timedelta(hours=2))], 1),
        ([muted("a", at=DAY), muted("a", None, DAY + timedelta(hours=2))], 1),
        ([muted("of another alert")], 0),
        ([{**muted("a"), "monitor": "another"}], 0),
    ],
    ids=["shortened", "prolonged", "acknowledged as well", "another alert", "another monitor"],
)
def test_the_newest_mute_counts(rows: Rows, actions: list[dict[str, Any]], count: int) -> None:
    rows["alert_actions"] = actions
    assert without_muted(inputs(rows))[1] == count


def test_muted_performance_decides_nothing(rows: Rows) -> None:
    rows["performance_metrics"][0] = performed(0, 0.6)
    rows["alerts"].append(alert("c", "*", "roc_auc"))
    rows["alert_actions"] = [muted("c")]
    given = inputs(rows)
    assert build_view(given).verdict.level is Level.BROKEN
    told = build_view(without_muted(given)[0])
    assert told.verdict.level is Level.CHANGED
    assert "broke" not in plain(told.verdict.headline)


def test_a_failed_check_and_the_drift_of_a_column_are_muted_apart(rows: Rows) -> None:
    rows["quality_metrics"][0] = checked(0, passed=False)
    rows["drift_metrics"][0] = drift(0, "humidity", drifted=True)
    check = alert("d", metric="null_fraction", evidence=json.dumps({"threshold": None}))
    rows["alerts"] += [check, alert("e")]
    rows["alert_actions"] = [muted("d")]
    told = build_view(without_muted(inputs(rows))[0])
    assert told.quality.failed == ()
    assert "humidity" in {change.name for change in told.changes.shown}
    rows["alert_actions"] = [muted("e")]
    told = build_view(without_muted(inputs(rows))[0])
    assert [check.column for check in told.quality.failed] == ["humidity"]
    assert "humidity" not in {change.name for change in told.changes.shown}


@pytest.mark.parametrize("check", ["new_column", "moves_by_nature"])
def test_the_alert_about_many_columns_mutes_their_check_and_no_other(rows: Rows, check: str) -> None:
    of_rows = {**checked(0, passed=False), "column_name": "*", "check_name": "rows"}
    of_columns = [
        {**checked(0, passed=False), "column_name": column, "check_name": check}
        for column in ("gusts", "rain")
    ]
    rows["quality_metrics"] = [of_rows, *of_columns]
    rows["alerts"].append(alert("g", "*", check, evidence=json.dumps({"threshold": None})))
    rows["alert_actions"] = [muted("g")]
    told, count = without_muted(inputs(rows))
    assert count == 1
    decided = [(row["check_name"], row["passed"]) for row in told.tables["quality_metrics"].to_pylist()]
    assert decided == [("rows", False), (check, None), (check, None)]


def test_an_alert_of_one_segment_mutes_that_segment_alone(rows: Rows) -> None:
    cell = {"segment": "origin", "segment_value": "EWR"}
    rows["drift_metrics"].append({**drift(0, "gusts", drifted=True), **cell})
    rows["alerts"].append(alert("f", "gusts", **cell))
    rows["alert_actions"] = [muted("f")]
    told, count = without_muted(inputs(rows))
    assert count == 1
    wind = [row for row in told.tables["drift_metrics"].to_pylist() if row["column_name"] == "gusts"]
    assert {row["segment_value"]: row["drifted"] for row in wind} == {"*": True, "EWR": None}


def test_earlier_windows_and_the_tables_stay_as_they_were(rows: Rows) -> None:
    rows["drift_metrics"].append(drift(1, "gusts", drifted=True))
    rows["alert_actions"] = [muted("a")]
    given = inputs(rows)
    told = without_muted(given)[0]
    earlier = DAY - timedelta(days=1)
    kept = [
        row["drifted"]
        for row in told.tables["drift_metrics"].to_pylist()
        if row["column_name"] == "gusts" and row["window_start"].replace(tzinfo=UTC) == earlier
    ]
    assert kept == [True]
    assert given.tables["alerts"].num_rows == 2
    assert sum(bool(row["drifted"]) for row in given.tables["drift_metrics"].to_pylist()) == 3
