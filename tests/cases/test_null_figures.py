"""A figure is null only where it cannot be had, and then says why."""

from __future__ import annotations

import pytest
from tests.cases.catalogue import CASES
from tests.cases.running import Cases
from tests.cases.writing import Frame

from driftline_schemas.task_specs import task_spec

OF_CLASSES = ("accuracy", "f1", "precision", "recall")
CALIBRATED = ("brier", "ece", "log_loss")
# Figures of performance that may be null: by case, with the reason in a word.
ABSENT: dict[str, tuple[str, ...]] = {
    "score_percent": CALIBRATED,  # no probabilities
    "score_logit": CALIBRATED,
    "score_only": OF_CLASSES,  # no predicted class
    # Nobody knows which of the predictions with one id a label is about, in the reference neither.
    "ids_repeat": task_spec("binary_classification").metric_names,
}
# Their runs refuse.
REFUSED = ("positive_left_out", "epoch_millis")
# No labels on these days.
UNLABELLED = ("labels_stop",)


@pytest.mark.parametrize("name", sorted(CASES.keys() - {*REFUSED, *UNLABELLED}))
def test_no_figure_of_performance_is_null_without_need(cases: Cases, name: str) -> None:
    rows = cases.run(name).current("performance_metrics")
    assert len(rows)
    null = _null(rows[rows["class_label"] != "__other__"])
    assert set(null["metric"]) <= set(ABSENT.get(name, ())), null.to_string()


def test_where_no_labels_have_come_no_realized_figure_is_there(cases: Cases) -> None:
    rows = cases.run("labels_stop").current("performance_metrics")
    realized = rows["kind"].isin(["realized", "estimate_error"])
    assert _null(rows[~realized]).empty
    assert _null(rows[realized & (rows["label_coverage"] > 0)]).empty


@pytest.mark.parametrize("name", sorted(CASES.keys() - set(REFUSED)))
def test_no_figure_of_drift_is_null_without_need(cases: Cases, name: str) -> None:
    rows = cases.run(name).current("drift_metrics")
    assert len(rows)
    # The first window that is run has none before it.
    null = _null(
        rows[(rows["comparison"] == "reference") | (rows["window_start"] > rows["window_start"].min())]
    )
    if name == "null_then_double":
        # Neither the reference nor the first windows have a value of these columns.
        null = null[~null["column_name"].str.startswith("late_")]
    if name == "labels_stop":
        null = null[null["column_name"] != "outcome"]
    if name == "moving_columns":
        null = null[null["status"] != "no_words"]  # of ids
    assert null.empty, null.to_string()


@pytest.mark.parametrize("name", sorted(CASES.keys() - set(REFUSED)))
def test_every_null_figure_gives_its_reason(cases: Cases, name: str) -> None:
    for table in ("performance_metrics", "drift_metrics"):
        rows = cases.run(name).current(table)
        null = rows[rows["value"].isna()]
        assert not null["status"].eq("ok").any(), null[null["status"].eq("ok")].to_string()
        assert all(len(reason.split()) >= 3 for reason in null["reason"])


def _null(rows: Frame) -> Frame:
    return rows[rows["value"].isna()]
