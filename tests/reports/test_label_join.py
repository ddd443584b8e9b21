"""A model is not said to have held where its labels could not be matched with its predictions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.reports.test_muting import LATER, alert, inputs, muted
from tests.reports.test_verdict import Rows, common, days, drift, performed, view

from driftline_reports.mail import render_mail
from driftline_reports.muting import without_muted
from driftline_reports.page import render_view
from driftline_reports.view import View, build_view
from driftline_reports.view_model import plain
from driftline_schemas.levels import Level

Checks = dict[str, tuple[float, object, bool | None]]
SHORT: Checks = {"label_coverage": (0.1, [0.5, None], False)}
NONE: Checks = {"label_coverage": (0.0, [0.5, None], False)}
REPEATED: Checks = {"label_coverage": (0.0, [0.5, None], None), "repeated_ids": (1000.0, 10.0, False)}


def unlike(prediction: str, label: str) -> Checks:
    """No label came under the id that its prediction has."""
    expected = {"at_most": 10.0, "prediction_id": prediction, "label_id": label}
    return {**NONE, "unlike_ids": (1000.0, expected, False), "unmatched_labels": (900.0, None, None)}


def joined(checks: Checks, **performance: Any) -> Rows:
    """Calm days, the last with these checks of its labels, and a good figure unless said otherwise."""
    rows = days()
    for name, (value, expected, passed) in checks.items():
        written = None if expected is None else json.dumps(expected)
        rows["quality_metrics"].append(
            {**common(0), "column_name": "*", "check_name": name}
            | {"value": value, "expected": written, "passed": passed}
        )
    rows["performance_metrics"][0] |= {"label_coverage": checks["label_coverage"][0], **performance}
    return rows


def without_figure(status: str) -> dict[str, Any]:
    """What a realized figure is that could not be had."""
    nothing = dict.fromkeys(("value", "ci_low", "ci_high", "degraded"))
    return {**nothing, "n": 0, "status": status}


NO_LABELS = without_figure("no_labels")


def said(found: View) -> str:
    """All that the verdict and the mail say."""
    verdict, mail = found.verdict, render_mail(found)
    told = (verdict.headline, verdict.where, verdict.since, verdict.sure)
    return "\n".join([*map(plain, told), mail.subject, mail.text])


@pytest.mark.parametrize(
    ("checks", "figures"),
    [
        (SHORT, {}),
        (NONE, NO_LABELS),
        (unlike("0042", "42"), NO_LABELS),
        (REPEATED, without_figure("ids_repeat")),
        ({"label_coverage": (0.98, [0.5, None], True), "repeated_ids": (50.0, 10.0, False)}, {}),
        ({"label_coverage": (0.9, [0.5, None], True), "unlike_ids": (80.0, 10.0, False)}, {}),
    ],
)
@pytest.mark.parametrize(("drifted", "estimated"), [(True, False), (False, True)])
def test_a_model_whose_labels_do_not_reach_it_did_not_hold(
    checks: Checks,
    figures: dict[str, Any],
    drifted: bool,  # noqa: FBT001
    estimated: bool,  # noqa: FBT001
) -> None:
    rows = joined(checks, **figures)
    rows["drift_metrics"][0] = drift(0, "humidity", drifted=drifted)
    if estimated:
        rows["performance_metrics"].append(performed(0, 0.8, "estimated"))
    found = view(rows)
    failed = any(passed is False for _, _, passed in checks.values())
    assert found.verdict.level is (Level.FAULTY if failed else Level.CHANGED)
    for words in ("model held", "model holds", "Nothing broke"):
        assert words not in said(found)


def test_an_estimate_is_not_overruled_by_the_labels_of_a_few() -> None:
    rows = joined(SHORT)
    rows["performance_metrics"].append(performed(0, 0.6, "estimated"))
    verdict = view(rows).verdict
    assert verdict.level is Level.FAULTY
    assert "by an estimate without labels" in plain(verdict.headline)
    assert "Only 10.0% of the predictions have a label" in plain(verdict.where)


@pytest.mark.parametrize(
    ("prediction", "label", "how"),
    [
        ("0042", "42", "zeros in front"),
        ("AB-7", "ab-7", "capitals"),
        ("id7", " id7  ", "blanks, quotes or braces around them"),
        ("42", "42.0", "the type, of which one is a float"),
        ("0A1B2C3D-4E5F-4A6B-8C7D-00000000002A", "0a1b2c3d4e5f4a6b8c7d00000000002a", "capitals and hyphens"),
        (
            "{0a1b2c3d-4e5f-4a6b-8c7d-00000000002a}",
            "0a1b2c3d4e5f4a6b8c7d00000000002a",
            "blanks, quotes or braces around them and hyphens",
        ),
        ("a" * 79 + "…", "b" * 79 + "…", "how they are written"),
    ],
)
def test_how_ids_differ(prediction: str, label: str, how: str) -> None:
    found = view(joined(unlike(prediction, label), **NO_LABELS))
    assert plain(found.verdict.headline) == (
        f"Labels cannot be matched with predictions: their ids differ in {how}, "
        f"for example “{prediction}” in the log and “{label}” among the labels."
    )
    assert "Next step: write ids alike in the log and among the labels." in plain(found.verdict.where)


def test_columns_that_changed_stand_before_the_labels() -> None:
    rows = joined(unlike("0042", "42"), **NO_LABELS)
    rows["drift_metrics"][0] = drift(0, "humidity", drifted=True)
    verdict = view(rows).verdict
    assert plain(verdict.headline) == "1 of 1 column changed; what that does to the model is not known."
    assert "Labels cannot be matched with predictions: their ids differ in zeros in front" in plain(
        verdict.where
    )


@pytest.mark.parametrize(
    ("checks", "figures", "headline", "step"),
    [
        (
            REPEATED,
            without_figure("ids_repeat"),
            "Labels cannot be matched with predictions: 1 000 predictions have ids that earlier windows had.",
            "let logs.prediction_id name a column that differs for every prediction",
        ),
        (
            {"label_coverage": (0.0, [0.5, None], None)},
            without_figure("ids_repeat"),
            "Labels cannot be matched with predictions: their ids come again in other windows.",
            "let logs.prediction_id name a column that differs for every prediction",
        ),
        (
            {"label_coverage": (0.98, [0.5, None], True), "repeated_ids": (50.0, 10.0, False)},
            {},
            "Labels may be about other predictions: 50 predictions have ids that earlier windows had.",
            "let logs.prediction_id name a column that differs for every prediction",
        ),
        (
            {**NONE, "unmatched_labels": (900.0, None, None)},
            NO_LABELS,
            "No label matches a prediction of this window: of 900 that could be about it, none is.",
            "whether labels.prediction_id (request_id) and logs.prediction_id (request_id) hold the same ids",
        ),
        (
            {**NONE, "early_labels": (990.0, 10.0, False)},
            NO_LABELS,
            "Labels cannot be matched with predictions: 990 of them are older than what they are about.",
            "let labels.timestamp be when the outcome became known, and mind the zones",
        ),
        (
            {**NONE, "unreadable_label_times": (990.0, 0, False)},
            NO_LABELS,
            "Labels cannot be matched with predictions: the times of 990 of them cannot be read.",
            "give every label a time, in the unit that its type says, or name no labels.timestamp",
        ),
        (
            {**NONE, "quarantined_label_objects": (2.0, 0, False)},
            NO_LABELS,
            "Labels could not be read: 2 of their objects are set aside.",
            "the inputs of the run say why",
        ),
        (
            {**NONE, "inexact_label_ids": (700.0, 0, False)},
            NO_LABELS,
            "Labels cannot be matched with predictions: 700 labels have ids that a float may have rounded.",
            "write ids as integers or as text",
        ),
        (
            {**NONE, "inexact_ids": (700.0, 0, False)},
            NO_LABELS,
            "Labels cannot be matched with predictions: 700 of these have ids that a float may have rounded.",
            "write ids as integers or as text",
        ),
        (
            {**NONE, "unreadable_labels": (800.0, 0, False)},
            NO_LABELS,
            "Labels cannot be matched with predictions: 800 of them are no value of the task.",
            "see whether labels.label names the column of outcomes",
        ),
        (
            {**NONE, "conflicting_labels": (800.0, 0, False)},
            NO_LABELS,
            "Labels cannot be matched with predictions: 800 of these have labels that contradict each other.",
            "let labels.timestamp tell which label of a prediction is the newest",
        ),
        (  # one is not why the others lack theirs
            {**SHORT, "unreadable_labels": (1.0, 0, False)},
            {},
            "Only 10.0% of the predictions have a label, at least 50.0% of them should by now.",
            "see whether labels still arrive",
        ),
        (
            SHORT,
            {},
            "Only 10.0% of the predictions have a label, at least 50.0% of them should by now.",
            "see whether labels still arrive",
        ),
        (NONE, NO_LABELS, "No prediction of this window has a label, though they are due.", "still arrive"),
    ],
)
def test_what_keeps_labels_from_predictions(
    checks: Checks, figures: dict[str, Any], headline: str, step: str
) -> None:
    found = view(joined(checks, **figures))
    if not any(passed is False for _, _, passed in checks.values()):
        assert found.verdict.level is Level.CALM
        assert plain(found.verdict.headline) == (
            f"No column changed; how well the model does is not known: {headline[0].lower()}{headline[1:]}"
        )
    else:
        assert found.verdict.level is Level.FAULTY
        assert plain(found.verdict.headline).replace("\u202f", " ") == headline
    assert step in plain(found.verdict.where)
    assert plain(found.verdict.headline)[:40] in render_mail(found).text


@pytest.mark.parametrize(
    ("checks", "status", "labels"),
    [
        (
            unlike("0042", "42"),
            "no_labels",
            "No label could be matched with a prediction of this window: if any came, it counts for nothing.",
        ),
        (
            REPEATED,
            "ids_repeat",
            "The labels of this window are left out: nobody knows which predictions they are about.",
        ),
        (NONE, "no_labels", "No label of this window has arrived, and the time that they take is over."),
    ],
)
def test_labels_that_came_are_not_said_to_be_outstanding(checks: Checks, status: str, labels: str) -> None:
    found = view(joined(checks, **without_figure(status)))
    assert plain(found.performance.labels) == labels
    assert labels in plain(found.verdict.sure)


def test_labels_that_are_not_due_yet_are_not_missing() -> None:
    rows = joined({"label_coverage": (0.1, [0.5, None], None)}, is_final=False)
    verdict = view(rows).verdict
    assert verdict.level is Level.CALM
    assert plain(verdict.headline) == "Nothing broke."


def test_a_mute_does_not_make_a_model_hold() -> None:
    rows = joined(unlike("0042", "42"), **NO_LABELS)
    rows["performance_metrics"].append(performed(0, 0.8, "estimated"))
    names = ("label_coverage", "unlike_ids")
    rows["alerts"] = [alert(name, "*", name, evidence="{}") for name in names]
    rows["alert_actions"] = [muted(name, LATER) for name in names]
    told, count = without_muted(inputs(rows))
    assert count == 2
    found = build_view(told)
    assert found.verdict.level is Level.CALM
    assert "Nothing broke" not in said(found) + render_view(found)
    assert plain(found.verdict.headline).startswith(
        "No column changed; how well the model does is not known: labels cannot be matched"
    )


def test_what_is_expected_of_ids_is_no_code() -> None:
    (check,) = (
        check
        for check in view(joined(unlike("0042", "42"), **NO_LABELS)).quality.failed
        if check.title == "unlike ids"
    )
    assert check.expected == "at most 10, not “0042” in the log and “42” among the labels"
