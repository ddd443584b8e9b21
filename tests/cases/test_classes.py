"""Classes are compared by value, scalars of the monitor file mean what is written."""

from __future__ import annotations

import pytest
from tests.cases import oracles
from tests.cases.agreement import assert_calm, assert_figures
from tests.cases.running import Cases, remarks

DAYS = (14, 15)


@pytest.mark.parametrize("number", DAYS)
def test_yes_is_read_as_written(cases: Cases, number: int) -> None:
    ran = cases.run("positive_yes")
    assert_calm(ran, number)
    assert_figures(ran, number, oracles.binary(ran.raw(number), "yes"))


def test_figures_of_yes_as_literal_numbers(cases: Cases) -> None:
    right = {"accuracy": 0.718333, "roc_auc": 0.769119, "f1": 0.602353}
    found = {name: cases.run("positive_yes").performance(15, name)["value"] for name in right}
    assert found == pytest.approx(right, abs=1e-3)
    assert found["accuracy"] == pytest.approx(right["accuracy"], abs=5e-7)
    assert found["f1"] == pytest.approx(right["f1"], abs=5e-7)


def test_a_positive_class_that_occurs_nowhere_is_refused(cases: Cases) -> None:
    """No accuracy of 1.000 among rows that are all negative."""
    said, ran = cases.validate("positive_left_out"), cases.run("positive_left_out")
    assert said.status == 2
    assert ran.said.status in {2, 3}
    for text in (remarks(said), ran.said.err):
        for word in ("positive_label", "churn", "stay"):
            assert word in text
    assert ran.count("SELECT count(*) FROM current_performance_metrics WHERE value IS NOT NULL") == 0


@pytest.mark.parametrize("name", ["churn", "stay"])
def test_with_the_positive_class_named_its_figures_are_right(cases: Cases, name: str) -> None:
    variant = cases.edited(
        "positive_left_out", f"positive_{name}", lambda content: content.update(positive_label=name)
    )
    assert remarks(cases.validate("positive_left_out", variant)) == ""
    ran = cases.run("positive_left_out", variant)
    assert_calm(ran, *DAYS)
    rows = ran.raw(15)
    rows["p"] = rows["p"] if name == "churn" else 1 - rows["p"]
    right = oracles.binary(rows, name)
    if name == "churn":
        assert_figures(ran, 15, right)
    else:
        # The score stays that of churn, so only the figures of predicted classes change sides.
        confusion = ("accuracy", "precision", "recall", "f1", "positive_rate")
        assert_figures(ran, 15, {metric: right[metric] for metric in confusion})


@pytest.mark.parametrize("number", DAYS)
def test_booleans_and_texts_are_the_same_classes(cases: Cases, number: int) -> None:
    ran = cases.run("bool_and_text")
    assert_calm(ran, number)
    rows = ran.raw(number)
    truth = rows.assign(y=rows["y"].eq("True").astype(int), pred=rows["pred"].astype(int))
    right = oracles.binary(truth)
    assert_figures(ran, number, right)
    if number == 15:
        assert right["accuracy"] == pytest.approx(0.718333, abs=5e-7)
        assert right["roc_auc"] == pytest.approx(0.769119, abs=5e-7)


@pytest.mark.parametrize("number", DAYS)
def test_a_class_may_be_called_no(cases: Cases, number: int) -> None:
    ran = cases.run("class_called_no")
    assert_calm(ran, number)
    right = oracles.multiclass(ran.raw(number), {"no": "p0", "se": "p1", "dk": "p2"})
    for (metric, name), value in right.items():
        assert_figures(ran, number, {metric: value}, class_label=name)
    if number == 15:
        literal = {
            ("accuracy", None): 0.603333,
            ("log_loss", None): 0.854144,
            ("roc_auc", "no"): 0.772154,
            ("roc_auc_macro", None): 0.780730,
        }
        assert {key: right[key] for key in literal} == pytest.approx(literal, abs=5e-7)
    labels = ran.current("performance_metrics", number)["class_label"].dropna()
    assert set(labels) - {"__other__"} == {"no", "se", "dk"}
