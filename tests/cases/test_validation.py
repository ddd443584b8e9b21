"""``validate`` remarks on every case whose file does not fit its data, with the next step; on no other."""

from __future__ import annotations

import pytest
from tests.cases.catalogue import CASES
from tests.cases.running import Cases, remarks

# What is said of a case: the value or column that it is about, and what to change.
SAID = {
    "positive_left_out": ("churn", "positive_label"),
    "score_percent": ("100", "score_scale"),
    "score_logit": ("[0, 1]", "score_scale"),
    "null_then_double": ("late_num", "rebase"),
    "epoch_millis": ("ts", "timestamp_unit"),
    "training_set": ("no times", "'ts'"),
    "ids_repeat": ("cust-", "prediction_id"),
    "moving_columns": ("seq", "ignore"),
    "reference_half_there": ("10 of 14 days", "reference"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_does_not_fit_is_said(cases: Cases, name: str) -> None:
    said = remarks(cases.validate(name))
    for word in SAID[name]:
        assert word in said


@pytest.mark.parametrize("name", sorted(CASES.keys() - SAID.keys()))
def test_what_fits_is_left_alone(cases: Cases, name: str) -> None:
    said = cases.validate(name)
    assert remarks(said) == ""
    assert said.status == 0, said.text
