"""Where a fixed limit has to do, the tables say why, and neither alert nor page gives another reason."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench

LONG = {"reference": {"window": ["2024-01-01", "2024-01-13"]}}
AFTER = 14


def source(bench: Bench, number: int, column: str = "amount", metric: str = "psi") -> object:
    return bench.drift(number, column, metric)["threshold_source"]


def evidence(bench: Bench, number: int, column: str) -> str:
    (row,) = bench.current("alerts", number, column_name=column, metric="psi").to_dict("records")
    return str(json.loads(row["evidence"])["sentence"])


def test_of_a_reference_of_few_windows(bench: Bench) -> None:
    bench.reference()
    bench.days(REFERENCE_DAYS, REFERENCE_DAYS, amount=pa.array(np.full(ROWS, 1e6)))
    bench.run(REFERENCE_DAYS)
    assert source(bench, REFERENCE_DAYS) == "fixed_few_windows"
    said = evidence(bench, REFERENCE_DAYS, "amount")
    assert "a fixed limit, the reference having too few windows to learn one" in said


def test_of_a_window_of_few_rows(bench: Bench) -> None:
    """The reference has twelve windows: it is this one that is too small."""
    bench.overrides = LONG | {"alerts": {"min_rows": ROWS + 1}}
    bench.days(0, 11)
    bench.days(AFTER, AFTER, amount=pa.array(np.full(ROWS, 1e6)))
    bench.run(AFTER)
    assert source(bench, AFTER) == "fixed_few_rows"
    said = evidence(bench, AFTER, "amount")
    assert "a fixed limit, the window having too few rows for the learned one" in said


def test_of_a_column_without_values(bench: Bench) -> None:
    """Missing values are a bin of their own: what is calibrated of the bins says so, and no fixed limit."""
    bench.overrides = LONG
    bench.days(0, 11)
    bench.days(AFTER, AFTER, amount=pa.nulls(ROWS, pa.float64()))
    bench.run(AFTER)
    assert source(bench, AFTER) is None
    found = bench.drift(AFTER, "amount", "chi_squared")
    assert (found["threshold_source"], found["drifted"]) == ("calibrated", True)
    assert source(bench, AFTER, "city", "chi_squared") == "calibrated"


def test_of_a_column_that_the_reference_has_no_value_of(bench: Bench) -> None:
    bench.overrides = LONG
    bench.days(0, 11, amount=pa.nulls(ROWS, pa.float64()))
    bench.days(AFTER, AFTER)
    bench.run(AFTER)
    assert source(bench, AFTER) == "fixed_no_values"
    assert source(bench, AFTER, metric="null_fraction_delta") == "fixed_no_values"


@pytest.mark.parametrize(
    ("column", "metric"), [("amount", "null_fraction_delta"), ("city", "unseen_fraction")]
)
def test_of_a_figure_that_is_zero_all_along(bench: Bench, column: str, metric: str) -> None:
    """There are windows enough and rows enough, and nothing varies: no more is said than that it is fixed."""
    bench.overrides = LONG
    bench.days(0, 11)
    bench.days(AFTER, AFTER)
    bench.run(AFTER)
    assert source(bench, AFTER, column, metric) == "fixed_default"
