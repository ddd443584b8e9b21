"""Classes of a monitor file against those that occur: what is a fault, what is only said, what fits."""

from __future__ import annotations

from typing import Any

import pytest

from driftline_jobs.tasks.class_names import Occurring, listed, nearest
from driftline_jobs.tasks.registry import task_class
from driftline_schemas.monitor import Monitor

SCORES = {"no": "p0", "se": "p1", "dk": "p2"}


def monitor_of(**changes: Any) -> Monitor:
    logs = {"uri": "logs", "timestamp": "ts", "prediction": "pred", "score": "p"}
    document: dict[str, Any] = {
        "monitor": "case",
        "task": "binary_classification",
        "logs": logs | changes.pop("logs", {}),
        "labels": {"column": "y"},
        "reference": {"window": ["2026-01-01", "2026-01-15"]},
    }
    return Monitor.model_validate(document | changes)


def found(monitor: Monitor, labels: dict[str, int], predictions: dict[str, int]) -> list[tuple[bool, str]]:
    occurring = Occurring(labels, predictions, "in the reference")
    return [(misfit.is_fault, misfit.text) for misfit in task_class(monitor.task).misfits(monitor, occurring)]


@pytest.mark.parametrize(
    ("positive", "labels", "predictions", "words"),
    [
        # the positive label left out, so 1
        (None, {"churn": 30, "stay": 70}, {"churn": 28, "stay": 72}, ("where none is given", "'churn' (30)")),
        (None, {"churn": 30, "stay": 70}, {}, ("positive_label: 'churn'",)),
        # a word spelled otherwise
        ("yes", {"Yes": 30, "No": 70}, {"Yes": 1, "No": 9}, ("Did you mean positive_label: 'Yes'?",)),
        ("yes", {"yes ": 30, "no ": 70}, {}, ("Did you mean positive_label: 'yes '?",)),
        ("1", {"01": 30, "00": 70}, {}, ("'01' (30)",)),
        # no positive label in the reference, but predictions show that it is called otherwise
        (None, {"stay": 70}, {"churn": 3, "stay": 72}, ("they are 'stay' (70)",)),
        # nothing but predictions is known
        (None, {}, {"churn": 3, "stay": 72}, ("never predicted", "or positive_label")),
        # predictions are called otherwise than labels
        (None, {"1": 30, "0": 70}, {"reject": 20, "approve": 80}, ("logs.positive_prediction: 'reject'",)),
        (None, {"1": 30, "0": 70}, {"approve": 80}, ("logs.positive_prediction",)),
    ],
)
def test_a_positive_class_that_occurs_nowhere_is_a_fault(
    positive: str | None, labels: dict[str, int], predictions: dict[str, int], words: tuple[str, ...]
) -> None:
    monitor = monitor_of(**({} if positive is None else {"positive_label": positive}))
    ((is_fault, text),) = found(monitor, labels, predictions)
    assert is_fault
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        ({"1": 30, "0": 70}, {"1": 10, "0": 90}),
        ({"1": 30, "0": 70}, {}),
        ({"1": 30, "0": 70}, {"0": 100}),  # a model that never says so
        ({"1": 30}, {"1": 10, "0": 90}),
        ({}, {"1": 10, "0": 90}),
        ({}, {"0": 90}),
        ({}, {}),
    ],
)
def test_what_may_be_rare_is_none(labels: dict[str, int], predictions: dict[str, int]) -> None:
    assert found(monitor_of(), labels, predictions) == []


def test_labels_of_one_class_that_is_not_positive_are_said_and_no_fault() -> None:
    for predictions in ({"0": 90}, {"1": 4, "0": 86}, {}):
        ((is_fault, text),) = found(monitor_of(), {"0": 90}, predictions)
        assert not is_fault
        assert "none of the labels in the reference is '1', all are '0' (90)" in text


def test_a_third_class_is_said() -> None:
    said = found(monitor_of(), {"1": 30, "0": 60, "unknown": 10}, {"1": 30, "0": 60, "refer": 10})
    assert [is_fault for is_fault, _ in said] == [False, False]
    assert "'0' (60), 'unknown' (10)" in said[0][1]
    assert "'0' (60), 'refer' (10)" in said[1][1]


def test_a_positive_prediction_that_is_named_must_occur_too() -> None:
    monitor = monitor_of(logs={"positive_prediction": "rejected"})
    labels = {"1": 30, "0": 70}
    assert found(monitor, labels, {"rejected": 1, "approved": 9}) == []
    ((is_fault, text),) = found(monitor, labels, {"reject": 1, "approve": 9})
    assert is_fault
    assert "Did you mean logs.positive_prediction: 'reject'?" in text
    assert found(monitor, labels, {"approve": 9}) == []


def test_score_keys() -> None:
    monitor = monitor_of(task="multiclass_classification", logs={"score": SCORES})
    assert found(monitor, {"no": 5, "se": 3}, {"dk": 1, "no": 7}) == []
    # none of them, or one that is spelled otherwise: a fault
    said = found(monitor, {"0": 5, "1": 3, "2": 2}, {})
    assert [is_fault for is_fault, _ in said] == [True, True, True]
    assert "'no' is no label and no prediction in the reference: they are '0' (5)" in said[0][1]
    ((is_fault, text),) = found(monitor, {"no": 5, "se": 3, "DK": 2}, {})
    assert is_fault
    assert "'dk'" in text
    assert "Did you mean 'DK'?" in text
    # a class that is rare, and one that nobody scores
    ((is_fault, text),) = found(monitor, {"no": 5, "se": 3}, {})
    assert not is_fault
    assert "'dk'" in text
    ((is_fault, text),) = found(monitor, {"no": 5, "se": 3, "dk": 1, "fi": 4}, {})
    assert not is_fault
    assert "without a score: 'fi' (4)" in text


def test_the_nearest_name() -> None:
    assert nearest("tail_nmber", ["tail_number", "carrier"]) == "tail_number"
    assert nearest("YES", ["yes ", "no"]) == "yes "
    assert nearest("1", ["churn", "stay"]) is None
    assert listed({f"c{n}": n for n in range(1, 9)}) == (
        "'c8' (8), 'c7' (7), 'c6' (6), 'c5' (5), 'c4' (4), 'c3' (3) and 2 more"
    )
