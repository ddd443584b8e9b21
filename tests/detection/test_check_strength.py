"""How bad a failed check is, by hand."""

from __future__ import annotations

import pytest

from driftline_jobs.detection.alerts import Severity, severity
from driftline_jobs.detection.check_strength import strength


@pytest.mark.parametrize(
    ("check", "value", "expected", "times", "limit"),
    [
        ("rows", 900.0, [1800.0, 2200.0], 7.91, 1800.0),  # ln(1989.97/900) over ln(2200/1989.97)
        ("rows", 2300.0, [1800.0, 2200.0], 1.44, 2200.0),
        ("rows", 0.0, [1800.0, 2200.0], 4.0, 1800.0),
        ("null_fraction", 0.04, 0.01, 4.0, 0.01),
        ("null_fraction", 1.0, 0.5, 4.0, 0.5),
        ("null_fraction", 0.06, 0.05, 1.2, 0.05),
        ("maximum", 9e9, [None, 100.0], 1.0, 100.0),
        ("minimum", -9.0, [0.0, None], 1.0, 0.0),
        ("missing_column", 3.0, 0, 1000.0, None),
        ("rows_set_aside", 3.0, 0, 1.0, None),
        ("unlike_ids", 3.0, {"at_most": 2.0}, 1.0, None),
        ("freshness", None, 60.0, 1.0, None),
    ],
)
def test_strength(
    check: str, value: float | None, expected: object, times: float, limit: float | None
) -> None:
    found = strength(check, value, expected)
    assert found.times == pytest.approx(times, rel=0.01)
    assert found.limit == limit


def test_half_of_the_rows_and_a_column_that_is_gone_are_no_small_things() -> None:
    for found in (strength("rows", 1000.0, [1700.0, 2300.0]), strength("missing_column", 1.0, 0)):
        assert severity(found.times, 1) is Severity.HIGH
