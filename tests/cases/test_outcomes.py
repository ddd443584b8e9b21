"""What goes wrong is never published as if nothing had: a failed check, or the run refuses."""

from __future__ import annotations

import pytest
from tests.cases.catalogue import CASES
from tests.cases.running import Cases

REFUSED = {"positive_left_out": "positive_label", "epoch_millis": "timestamp_unit"}
CHECKED = (
    "score_percent",
    "score_logit",
    "null_then_double",
    "labels_stop",
    "ids_repeat",
    "reference_half_there",
)
# What has really changed, and what moves by nature.
ALERTED = (*CHECKED, "renamed_category", "score_only", "moving_columns")


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_next_step(cases: Cases, name: str) -> None:
    said = cases.run(name).said
    assert said.status in {2, 3}
    assert REFUSED[name] in said.err


@pytest.mark.parametrize("name", CHECKED)
def test_published_with_a_failed_check(cases: Cases, name: str) -> None:
    ran = cases.run(name)
    assert ran.said.status == 0
    assert ran.current("quality_metrics")["passed"].eq(False).any()


@pytest.mark.parametrize("name", sorted(CASES.keys() - {*REFUSED, *ALERTED}))
def test_published_without_a_fault(cases: Cases, name: str) -> None:
    ran = cases.run(name)
    assert ran.said.status == 0, ran.said.text
    assert "no alerts" in ran.said.out
    checks = ran.current("quality_metrics")
    assert not checks["passed"].eq(False).any(), checks[checks["passed"].eq(False)].to_string()
