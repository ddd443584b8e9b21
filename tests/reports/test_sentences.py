"""Sentences of the page that must not say what is not so."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.reports.test_verdict import DAY, Rows, checked, common, days, drift, performed, ran, view

from driftline_reports import formats
from driftline_reports.page import render_view
from driftline_reports.view_model import plain
from driftline_schemas.levels import Level
from driftline_schemas.monitor import LabelColumn


def alert(metric: str, column: str = "humidity", seen: int = 0, **cell: str) -> dict[str, Any]:
    """An open alert, last seen so many days ago."""
    return {
        **common(0, **cell),
        "alert_id": f"{metric} {column}",
        "column_name": column,
        "metric": metric,
        "severity": "low",
        "state": "open",
        "first_window": DAY - timedelta(days=20),
        "last_window": DAY - timedelta(days=seen),
        "evidence": "{}",
    }


def test_an_interval_within_the_limit_is_not_the_figure_within_it() -> None:
    """The figure lies beyond; that it may have done so by chance is something else."""
    rows = days()
    rows["performance_metrics"][0] |= performed(0, 0.69, degraded=False)
    found = view(rows)
    assert found.verdict.level is Level.CALM
    assert "ROC AUC is 0.690, beyond its limit of 0.700, but by no more than chance may do" in plain(
        found.verdict.where
    )
    assert "<td>beyond, within chance</td>" in render_view(found)


@pytest.mark.parametrize(("value", "beyond"), [(0.39, False), (0.41, True)])
def test_of_a_loss_the_other_side_is_beyond(value: float, beyond: bool) -> None:  # noqa: FBT001
    rows = days()
    for row in rows["performance_metrics"]:
        row |= {"metric": "log_loss_macro", "value": value, "threshold": 0.4, "degraded": False}
    said = plain(view(rows).verdict.where)
    assert ("beyond its limit of 0.400" in said) is beyond
    assert ("within its limit of 0.400" in said) is not beyond


def test_a_figure_beyond_its_limit_is_not_within_it_though_it_does_not_count() -> None:
    rows = days()
    rows["drift_metrics"] += [
        drift(0, "pressure", drifted=True),
        drift(0, "pressure", drifted=False, metric="chi_squared", value=30.0, threshold=20.0),
        drift(0, "pressure", drifted=False, metric="null_fraction_delta", value=-0.01, threshold=0.05),
    ]
    found = view(rows)
    (card,) = found.changes.shown
    assert {figure.metric: figure.uncounted for figure in card.figures} == {
        "psi": False,
        "chi_squared": True,
        "null_fraction_delta": False,
    }
    page = render_view(found)
    assert page.count("<td>beyond, not counted</td>") == 1


def test_an_alert_of_a_column_is_not_one_of_the_model() -> None:
    rows = days()
    rows["alerts"] = [alert("psi", seen=2), alert("rows", "*", seen=2), alert("roc_auc", "*", seen=2)]
    verdict = view(rows).verdict
    assert verdict.level is Level.ONGOING
    assert plain(verdict.headline) == "3 alerts are open, by what came before."
    assert plain(verdict.where) == "Open alerts: humidity (PSI), the model (ROC AUC) and the rows (rows)."


def test_an_alert_is_called_by_the_figure_that_its_sentence_tells_of() -> None:
    rows = days()
    told = {"metric": "accuracy", "sentence": "the model does worse: accuracy 0.44 is below 0.64"}
    rows["alerts"] = [alert("precision", "*") | {"evidence": json.dumps(told)}]
    (found,) = view(rows).quality.alerts
    assert (found.metric, found.evidence) == ("Accuracy", told["sentence"])


def test_of_a_window_without_rows_no_label_is_awaited() -> None:
    rows = days()
    rows["runs"][0] = ran(0, 0)
    rows["performance_metrics"][0] |= {"value": None, "degraded": None, "label_coverage": None}
    assert view(rows).performance.labels == ()


def test_an_alert_that_this_window_brings_is_not_one_of_before() -> None:
    """A part of the rows says so, and the whole does not."""
    rows = days()
    rows["alerts"] = [alert("roc_auc", "*", segment="origin", segment_value="EWR")]
    verdict = view(rows).verdict
    assert plain(verdict.headline) == (
        "Nothing is wrong with the whole, but 1 alert is open, of parts of the rows among them."
    )
    assert plain(verdict.where) == "Open alerts: the model, origin = EWR (ROC AUC)."


def test_columns_that_moved_together_are_not_the_model() -> None:
    rows = days()
    rows["drift_metrics"].append(drift(0, "*", drifted=True, metric="gaussian_kl"))
    verdict = view(rows).verdict
    assert plain(verdict.headline) == "Columns moved together, none of them alone."
    assert plain(verdict.where) == "In how the numeric columns go together. "


@pytest.mark.parametrize(
    ("metric", "subject"),
    [
        ("rows", "the rows"),
        ("freshness", "the rows"),
        ("label_coverage", "the rows"),
        ("f1_macro", "the model"),
        ("mae", "the model"),
        ("gaussian_kl", "the columns together"),
    ],
)
def test_what_an_alert_without_a_column_is_about(metric: str, subject: str) -> None:
    rows = days()
    rows["alerts"] = [alert(metric, "*")]
    assert [shown.subject for shown in view(rows).quality.alerts] == [subject]


def test_no_column_was_judged_is_not_that_none_changed() -> None:
    rows = days()
    rows["performance_metrics"] = [performed(back, 0.6) for back in range(6)]
    for row in rows["drift_metrics"]:
        row["drifted"] = None
    assert "No input column was judged: look at the labels" in plain(view(rows).verdict.where)


def test_a_model_that_is_not_judged_is_not_said_to_have_held() -> None:
    rows = days()
    for row in rows["performance_metrics"]:
        row |= {"threshold": None, "degraded": None}
    verdict = view(rows).verdict
    assert verdict.level is Level.CALM
    assert plain(verdict.headline) == "No column changed; how well the model does is not judged."


@pytest.mark.parametrize(
    ("coverage", "final", "said"),
    [
        (0.4, True, "Labels have arrived for 40.0% of the rows; the time that they take is over."),
        (1.0, True, "Labels have arrived for 100% of the rows; they are complete."),
        (0.0, True, "No label of this window has arrived, and the time that they take is over."),
        (0.0, False, "No label of this window has arrived yet."),
    ],
)
def test_labels_are_complete_only_if_all_are_there(coverage: float, final: bool, said: str) -> None:  # noqa: FBT001
    rows = days()
    rows["performance_metrics"][0] |= performed(0, 0.8, is_final=final, label_coverage=coverage)
    found = view(rows)
    assert plain(found.performance.labels) == said
    assert said in plain(found.verdict.sure)


def test_labels_of_the_log_itself_do_not_come_later() -> None:
    found = view(days(), labels=LabelColumn(column="arrived_late"))
    assert plain(found.performance.labels) == (
        "Labels have arrived for 98.0% of the rows; they come with the log, so no others will."
    )


def limited(*sources: str) -> Rows:
    """A calm day of columns whose limits come from there, and a model with a rule."""
    rows = days(1)
    rows["drift_metrics"] = [
        drift(0, f"c{at}", drifted=False, threshold_source=source) for at, source in enumerate(sources)
    ]
    return rows


@pytest.mark.parametrize(
    ("sources", "which", "why"),
    [
        (
            ("fixed_no_times", "fixed_no_times"),
            "The limits of all columns",
            "the rows of the reference have no times, so it has no windows to learn from",
        ),
        (
            ("calibrated", "fixed_few_windows", "calibrated"),
            "The limits of 1 column",
            "the reference has too few windows to learn from",
        ),
        (
            ("fixed_few_rows", "fixed_few_rows", "rule"),
            "The limits of 2 columns",
            "this window has fewer rows than alerts.min_rows (500)",
        ),
    ],
)
def test_why_limits_are_fixed(sources: tuple[str, ...], which: str, why: str) -> None:
    found = view(limited(*sources))
    said = f"{which} are fixed sizes, and none that were learned: {why}."
    assert plain(found.changes.limits) == said
    assert said in render_view(found)


def test_of_limits_that_are_learned_or_given_nothing_is_said() -> None:
    found = view(limited("calibrated", "calibrated_blocks", "rule"))
    assert found.changes.limits == ()
    assert "fixed sizes" not in render_view(found)


@pytest.mark.parametrize(
    ("source", "said"),
    [("calibrated", "about 1.0% of clean windows raise an alarm"), ("fixed_no_times", "is not known")],
)
def test_only_learned_limits_have_a_rate_of_false_alarms(source: str, said: str) -> None:
    assert said in plain(view(limited(source)).verdict.sure)


def test_a_check_with_nothing_to_compare_says_so() -> None:
    rows = days(1)
    rows["quality_metrics"].append(
        {**checked(0, passed=True), "column_name": "*", "check_name": "freshness", "value": 211.0}
        | {"expected": None, "passed": None}
    )
    (found,) = view(rows).quality.reported
    assert (found.title, found.expected) == ("freshness", "the reference has nothing to compare with")


@pytest.mark.parametrize(
    ("check", "value", "text"),
    [
        ("label_coverage", 0.25, "25.0%"),
        ("freshness", 90.0, "1 min 30 s"),
        ("changed_type", 1.0, "1"),
        ("scores_out_of_range", 1596.0, "1 596"),
        ("maximum", 0.5, "0.500"),
    ],
)
def test_a_check_is_shown_in_its_unit(check: str, value: float, text: str) -> None:
    rows = days(1)
    rows["quality_metrics"].append({**checked(0, passed=False), "check_name": check, "value": value})
    (found,) = view(rows).quality.failed
    assert found.value.text.replace("\N{NARROW NO-BREAK SPACE}", " ") == text


def test_an_estimate_is_not_said_to_be_the_figure() -> None:
    rows = days()
    rows["performance_metrics"] = [performed(back, 0.8, "estimated", degraded=False) for back in range(6)]
    assert "ROC AUC is 0.800 by an estimate without labels" in plain(view(rows).verdict.where)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (2e-9, "<0.001"), (-2e-9, ">−0.001"), (0.0006, "0.001"), (-0.25, "−0.250")],
)
def test_what_is_not_zero_does_not_read_as_zero(value: float, text: str) -> None:
    """A recall of 0.000 is not worse than a limit of 0.000."""
    assert formats.decimals(value) == text
