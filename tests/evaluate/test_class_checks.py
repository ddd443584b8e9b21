"""Checks of classes and scores, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from driftline_jobs.evaluate.check import Check
from driftline_jobs.evaluate.class_checks import outcome_checks
from driftline_jobs.tasks.binary import BinaryOutcomes
from driftline_jobs.tasks.multiclass import MulticlassOutcomes
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.monitor import Monitor


def monitor_of(**logs: Any) -> Monitor:
    named = {"uri": "logs", "timestamp": "ts", "prediction_id": "id", "prediction": "pred", "score": "p"}
    return Monitor.model_validate(
        {
            "monitor": "case",
            "task": "binary_classification",
            "logs": named | logs,
            "labels": {"uri": "labels", "prediction_id": "id", "label": "outcome"},
            "reference": {"window": ["2026-01-01", "2026-01-15"]},
        }
    )


def checks(outcome: Outcomes, reference: Outcomes | None, **logs: Any) -> dict[str, Check]:
    return {check.name: check for check in outcome_checks(monitor_of(**logs), outcome, reference)}


REFERENCE = BinaryOutcomes(
    predictions=1000,
    labelled=1000,
    label_positives=300,
    other_labels={"0": 690, "2": 10},
    missing_scores=100,
    confusion=[500, 200, 100, 200],
)


def test_scores_that_are_missing_are_told_from_those_out_of_range() -> None:
    outcome = BinaryOutcomes(
        labelled=200, missing_scores=30, no_probabilities=4, scored_no_probabilities=5, confusion=[50] * 4
    )
    found = checks(outcome, REFERENCE)
    missing, beyond = found["missing_score_fraction"], found["scores_out_of_range"]
    assert (missing.value, missing.expected, missing.passed) == (0.15, pytest.approx(0.15), True)
    assert (beyond.value, beyond.expected, beyond.passed) == (5.0, 0, False)
    alone = checks(outcome, None)["missing_score_fraction"]
    assert (alone.expected, alone.passed) == (0.05, False)
    assert "scores_out_of_range" not in checks(outcome, REFERENCE, score_scale="unbounded")
    assert "missing_score_fraction" not in checks(outcome, REFERENCE, score=None)


def test_predictions_that_are_missing() -> None:
    found = checks(BinaryOutcomes(labelled=200, confusion=[90, 0, 0, 90]), REFERENCE)[
        "missing_prediction_fraction"
    ]
    assert (found.value, found.expected, found.passed) == (0.1, 0.05, False)
    assert "missing_prediction_fraction" not in checks(BinaryOutcomes(), REFERENCE, prediction=None)


def test_without_labels_nothing_is_said() -> None:
    found = checks(BinaryOutcomes(predictions=10), REFERENCE)
    assert (found["missing_score_fraction"].value, found["missing_score_fraction"].passed) == (None, None)
    assert found["unknown_classes"].passed


def test_labels_of_a_third_class_are_counted() -> None:
    outcome = BinaryOutcomes(labelled=100, label_positives=20, other_labels={"0": 30, "2": 10, "3": 40})
    unknown = checks(outcome, REFERENCE)["unknown_classes"]
    # the negative class is the reference's, though another is more frequent here
    assert (unknown.column, unknown.value, unknown.passed) == ("outcome", 50.0, False)
    assert checks(outcome, None)["unknown_classes"].value == 40.0


def test_outcomes_of_an_older_format_do_not_know_their_classes() -> None:
    assert "unknown_classes" not in checks(BinaryOutcomes(labelled=100, label_positives=20), REFERENCE)


def test_labels_that_the_reference_lacks_are_counted_of_several_classes() -> None:
    reference = MulticlassOutcomes(label_counts=[5, 4, 3], other_labels={"rare": 3})
    outcome = MulticlassOutcomes(labelled=20, label_counts=[8, 2, 10], other_labels={"rare": 6, "new": 4})
    assert checks(outcome, reference)["unknown_classes"].value == 4.0
    assert checks(outcome, None)["unknown_classes"].value == 10.0
