"""Did it break, where, since when, how sure: the sentences, from tables written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.reports.sample_story import monitor
from tests.reports.sample_tables import run_id, to_tables

from driftline_reports.inputs import ReportInputs
from driftline_reports.view import View, build_view
from driftline_reports.view_model import plain
from driftline_schemas.levels import Level

DAY = datetime(2013, 7, 10, tzinfo=UTC)
Rows = dict[str, list[dict[str, Any]]]


def common(back: int, **cell: str) -> dict[str, Any]:
    """The first columns of the day ``back`` days ago."""
    window = monitor().calendar.containing(DAY - timedelta(days=back))
    return {
        "monitor": "flight_delay",
        "window_start": window.start,
        "window_end": window.end,
        "granularity": "day",
        "model_version": "*",
        "segment": "*",
        "segment_value": "*",
        "run_id": run_id(window, "data"),
        **cell,
    }


def drift(
    back: int, column: str, *, drifted: bool | None, q: float | None = None, **others: Any
) -> dict[str, Any]:
    return {
        **common(back),
        "column_name": column,
        "column_kind": "numeric",
        "comparison": "reference",
        "metric": "psi",
        "value": 0.4 if drifted else 0.02,
        "threshold": 0.2,
        "threshold_source": "rule",
        "drifted": drifted,
        "q_value": q,
        "status": "ok",
        **others,
    }


def performed(back: int, value: float, kind: str = "realized", **others: Any) -> dict[str, Any]:
    return {
        **common(back),
        "metric": "roc_auc",
        "kind": kind,
        "value": value,
        "ci_low": value - 0.02,
        "ci_high": value + 0.02,
        "n": 900,
        "label_coverage": 0.98 if kind == "realized" else None,
        "is_final": True if kind == "realized" else None,
        "threshold": 0.7,
        "threshold_source": "rule",
        "degraded": value < 0.7,
        "status": "ok",
        **others,
    }


def ran(back: int, rows: int = 1000) -> dict[str, Any]:
    row = {k: v for k, v in common(back).items() if k not in {"model_version", "segment", "segment_value"}}
    return {
        **row,
        "part": "data",
        "status": "published",
        "as_of": DAY,
        "published_at": DAY,
        "rows_read": rows,
    }


def checked(back: int, *, passed: bool) -> dict[str, Any]:
    return {
        **common(back),
        "column_name": "humidity",
        "check_name": "null_fraction",
        "value": 0.3,
        "expected": "0.05",
        "passed": passed,
    }


def view(rows: Mapping[str, Iterable[Mapping[str, Any]]], **changes: Any) -> View:
    watched = monitor(**changes)
    inputs = ReportInputs(
        watched, watched.calendar.containing(DAY), to_tables(rows), {}, DAY + timedelta(days=1)
    )
    return build_view(inputs)


def days(count: int = 6) -> Rows:
    """Calm days: a column within its limit, a model above its own."""
    rows: Rows = {"runs": [], "drift_metrics": [], "performance_metrics": [], "quality_metrics": []}
    for back in range(count):
        rows["runs"].append(ran(back))
        rows["drift_metrics"].append(drift(back, "humidity", drifted=False))
        rows["performance_metrics"].append(performed(back, 0.8))
        rows["quality_metrics"].append(checked(back, passed=True))
    return rows


def test_nothing_broke() -> None:
    verdict = view(days()).verdict
    assert verdict.level is Level.CALM
    assert plain(verdict.headline) == "Nothing broke."
    assert plain(verdict.where) == (
        "None of 1 column changed; ROC AUC is 0.800, within its limit of 0.700; "
        "all 1 check of the data passed."
    )
    assert plain(verdict.since) == "Calm at least since Fri 5\xa0Jul\xa02013 (6 windows)."


def test_it_broke_since_three_days_in_one_segment() -> None:
    rows = days()
    rows["performance_metrics"] = [performed(back, 0.6 if back < 3 else 0.8) for back in range(6)]
    rows["attributions"] = [
        {
            **common(0, segment="origin", segment_value="EWR"),
            "metric": "roc_auc",
            "column_name": "*",
            "mix": -0.01,
            "rate": -0.15,
            "share": 0.8,
            "n": 300,
        },
        {
            **common(0, segment="origin", segment_value="JFK"),
            "metric": "roc_auc",
            "column_name": "*",
            "mix": 0.0,
            "rate": -0.04,
            "share": 0.2,
            "n": 300,
        },
    ]
    verdict = view(rows).verdict
    assert verdict.level is Level.BROKEN
    assert plain(verdict.headline) == "ROC AUC is 0.600, below its limit of 0.700."
    assert plain(verdict.since) == "Since Mon 8\xa0Jul\xa02013, 3 windows in a row."
    assert plain(verdict.where).startswith("Most of it in origin = EWR and origin = JFK.")
    assert "No input column changed" in plain(verdict.where)
    assert plain(verdict.sure).startswith("Its 95% interval, 0.580 to 0.620, lies wholly beyond the limit.")
    assert plain(verdict.sure).endswith(
        "Labels have arrived for 98.0% of the rows; the time that they take is over."
    )


def test_an_interval_across_the_limit_is_said() -> None:
    rows = days(1)
    rows["performance_metrics"] = [performed(0, 0.69)]
    verdict = view(rows).verdict
    assert "reaches across the limit: chance may have a part" in plain(verdict.sure)
    assert plain(verdict.since) == "This is the only window so far: there is no earlier one to tell."


def test_open_labels_are_said() -> None:
    rows = days()
    rows["performance_metrics"][0] |= performed(0, 0.6, is_final=False, label_coverage=0.25)
    verdict = view(rows).verdict
    assert verdict.level is Level.BROKEN
    assert plain(verdict.since) == "New in this window."
    assert (
        "Labels have arrived for 25.0% of the rows; figures are provisional until 18\xa0Jul\xa02013"
        in plain(verdict.sure)
    )


def test_an_estimate_alone_is_a_suspicion() -> None:
    rows = days()
    rows["performance_metrics"] = [
        performed(back, 0.6 if back < 2 else 0.8, "estimated") for back in range(6)
    ]
    verdict = view(rows, labels=None).verdict
    assert verdict.level is Level.SUSPECT
    assert plain(verdict.headline) == (
        "ROC AUC is 0.600, below its limit of 0.700, by an estimate without labels."
    )
    assert plain(verdict.since) == "Since Tue 9\xa0Jul\xa02013, 2 windows in a row."
    assert plain(verdict.sure).endswith("There are no labels: only inputs and estimates are judged.")


def test_final_labels_overrule_the_estimate() -> None:
    rows = days()
    rows["performance_metrics"] += [performed(0, 0.6, "estimated")]
    assert view(rows).verdict.level is Level.CHANGED


def test_the_model_held_though_its_data_changed() -> None:
    rows = days()
    rows["drift_metrics"] = [
        drift(back, column, drifted=back < 2 and column == "humidity", q=1e-4)
        for back in range(6)
        for column in ("humidity", "pressure")
    ]
    verdict = view(rows).verdict
    assert verdict.level is Level.CHANGED
    assert plain(verdict.headline) == "The model held, but its data changed: 1 of 2 columns changed."
    assert plain(verdict.where) == "Changed most: humidity. "
    assert plain(verdict.since) == "humidity: since Tue 9\xa0Jul\xa02013, 2 days."
    assert plain(verdict.sure).startswith("humidity: once in about 27 years by chance (q <0.001).")


def test_a_new_column_after_others() -> None:
    rows = days()
    rows["drift_metrics"] = [drift(back, "humidity", drifted=0 < back < 4, q=1e-4) for back in range(6)]
    rows["drift_metrics"] += [drift(back, "pressure", drifted=back == 0, q=1e-4) for back in range(6)]
    assert plain(view(rows).verdict.since) == (
        "pressure: new in this window. Some column changed in each of the last 4 windows."
    )


def test_a_fixed_limit_gives_no_certainty() -> None:
    rows = days()
    rows["drift_metrics"][0] = drift(0, "humidity", drifted=True)
    verdict = view(rows, labels=None).verdict
    assert "humidity: limit from the monitor file, so no chance of error is known." in plain(verdict.sure)


def test_faults_of_the_data_alone() -> None:
    rows = days()
    rows["quality_metrics"][0] = checked(0, passed=False)
    verdict = view(rows).verdict
    assert verdict.level is Level.FAULTY
    assert plain(verdict.headline) == "The data has faults: 1 of 1 checks failed; the model held."
    assert plain(verdict.where) == "Failed checks: null fraction (humidity)."


def test_no_row_arrived() -> None:
    rows: Rows = {"runs": [ran(0, 0), ran(1)], "quality_metrics": [checked(0, passed=False)]}
    found = view(rows)
    assert found.verdict.level is Level.EMPTY
    assert plain(found.verdict.headline) == "No data: not one row arrived in this window."
    assert plain(found.changes.absent) == "No row arrived in this window, so there is nothing to compare."


def test_nothing_was_judged() -> None:
    found = view({"runs": [ran(0)]})
    assert found.verdict.level is Level.UNJUDGED
    assert plain(found.verdict.headline) == "Nothing could be judged in this window."


def test_a_window_without_data_does_not_end_a_bad_stretch() -> None:
    rows = days()
    rows["performance_metrics"] = [
        performed(back, 0.6 if back < 4 else 0.8) for back in range(6) if back != 2
    ]
    rows["runs"][2] = ran(2, 0)
    assert plain(view(rows).verdict.since) == "Since Sun 7\xa0Jul\xa02013, 3 windows in a row."


def test_a_stretch_as_long_as_what_is_known() -> None:
    rows = days()
    rows["performance_metrics"] = [performed(back, 0.6) for back in range(6)]
    assert plain(view(rows).verdict.since) == "At least since Fri 5\xa0Jul\xa02013, 6 windows in a row."


def test_superseded_and_failed_runs_do_not_count() -> None:
    rows = days()
    rows["runs"] += [
        {**ran(0, 5), "run_id": "old", "superseded_at": DAY},
        {**ran(0, 7), "run_id": "dead", "status": "failed"},
    ]
    found = view(rows)
    assert plain(found.head.rows) == "1\u202f000 rows"


@pytest.mark.parametrize(("state", "level"), [("open", Level.ONGOING), ("resolved", Level.CALM)])
def test_an_alert_that_is_open_is_no_calm(state: str, level: Level) -> None:
    rows = days()
    rows["alerts"] = [
        {
            **common(0),
            "alert_id": "a",
            "column_name": "humidity",
            "metric": "psi",
            "severity": "warning",
            "state": state,
            "first_window": DAY - timedelta(days=20),
            "last_window": DAY,
            "evidence": "{}",
        }
    ]
    found = view(rows)
    assert found.verdict.level is level
    assert found.quality.alerts[0].first == "Thu 20\xa0Jun\xa02013"


WEIGHTS = {"a": 1.0, "b": 0.1, "c": 0.5}


def impact(column: str, value: float, importance: float) -> dict[str, Any]:
    return {
        **common(0),
        "column_name": column,
        "metric": "mean_score",
        "value": value,
        "reference_value": 0.2,
        "noise": 0.01,
        "importance": importance,
        "status": "ok",
    }


def test_ranked_by_effect_certainty_and_importance() -> None:
    def pair(column: str, js: float, q: float) -> list[dict[str, Any]]:
        shown = drift(0, column, drifted=None, metric="js_distance", value=js, threshold=None)
        return [drift(0, column, drifted=True, q=q), shown]

    rows = {
        "runs": [ran(0)],
        "drift_metrics": [*pair("a", 0.2, 0.0), *pair("b", 0.5, 0.0), *pair("c", 0.6, 0.9)],
    }
    watched = monitor()
    inputs = ReportInputs(
        watched, watched.calendar.containing(DAY), to_tables(rows), {}, DAY + timedelta(days=1)
    )

    def order(page: ReportInputs) -> list[str]:
        return [change.name for change in build_view(page).changes.shown]

    # Effects times certainties: a 0.2, b 0.5, c 0.6 × 0.1 = 0.06.
    assert order(inputs) == ["b", "a", "c"]
    # Times weights: a 0.2, b 0.5 × 0.1 = 0.05, c 0.06 × 0.5 = 0.03.
    weighed = {**rows, "impacts": [impact(column, 0.0, share) for column, share in WEIGHTS.items()]}
    assert order(replace(inputs, tables=to_tables(weighed))) == ["a", "b", "c"]
    # What moves the scores beyond their noise stands before what does not.
    moved = {**rows, "impacts": [impact("a", 0.001, 0.9), impact("c", -0.05, 0.1)]}
    assert order(replace(inputs, tables=to_tables(moved)))[0] == "c"


def test_a_column_is_told_by_this_window_before_what_it_has_summed_up_to() -> None:
    sustained: dict[str, Any] = {"metric": "sustained_shift", "value": 22_000.0, "threshold": 22_000.0}
    rows: Rows = {
        "runs": [ran(0)],
        "drift_metrics": [
            drift(0, "both", drifted=True, q=0.001, value=0.21),
            drift(0, "both", drifted=True, q=None, **{**sustained, "value": 90_000.0}),
            drift(0, "summed", drifted=False, q=0.5),
            drift(0, "summed", drifted=True, q=None, **sustained),
        ],
    }
    shown = {change.name: change.lead for change in view(rows).changes.shown}
    assert {name: lead.title for name, lead in shown.items() if lead} == {
        "both": "PSI",
        "summed": "Sustained shift",
    }
