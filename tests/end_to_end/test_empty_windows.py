"""A window without rows says that it has none. About anything else it judges nothing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, day

from driftline_schemas.task_specs import task_spec

FIRST, LAST = 13, 24
PERFORMANCE_NAMES = set(task_spec("binary_classification").metric_names)
EMPTY = range(15, 19)
FIXED = {"reference": {"window": ["2024-01-01", "2024-01-13"]}}
MOVING = {"reference": {"window": None, "trailing": "12d"}}


@pytest.fixture(params=[FIXED, MOVING], ids=["fixed", "moving"])
def folded(bench: Bench, request: pytest.FixtureRequest) -> list[dict[Hashable, Any]]:
    """Two bad days, four without rows, six good ones: the alerts of all windows."""
    bench.overrides = request.param
    bench.days(0, 11)
    far = pa.array(np.random.default_rng(0).gamma(2.0, 10.0, ROWS) + 50_000.0)
    truth = pa.array(1 - bench.rows(FIRST)["class"].to_numpy())
    bench.days(FIRST, FIRST + 1, amount=far, truth=truth)
    bench.days(EMPTY.stop, LAST)
    bench.run(FIRST, LAST)
    found: list[dict[Hashable, Any]] = bench.current("alerts").to_dict("records")
    return found


def course(alerts: list[dict[Hashable, Any]], metrics: set[str], column: str) -> dict[int, tuple[str, int]]:
    """State and last window of an alert, by the number of the window."""
    return {
        (row["window_start"] - day(0)).days: (row["state"], (row["last_window"] - day(0)).days)
        for row in alerts
        if row["metric"] in metrics and row["column_name"] == column and row["segment"] == "*"
    }


@pytest.mark.parametrize(
    ("metrics", "column"),
    [
        ({"anderson_darling", "psi", "mean_shift", "chi_squared"}, "amount"),
        ({"minimum", "maximum"}, "amount"),
        (PERFORMANCE_NAMES, "*"),
    ],
)
def test_alerts_are_neither_prolonged_nor_brought_to_an_end(
    folded: list[dict[Hashable, Any]], metrics: set[str], column: str
) -> None:
    """Three good windows end an alert: those that have rows."""
    found = course(folded, metrics, column)
    assert found[FIRST + 1] == ("open", FIRST + 1)
    for number in EMPTY:
        assert found[number] == ("open", FIRST + 1), number
    assert found[EMPTY.stop + 1] == ("open", FIRST + 1)
    assert found[EMPTY.stop + 2] == ("resolved", FIRST + 1)
    assert EMPTY.stop + 3 not in found


def test_that_there_are_no_rows_is_an_alert_of_its_own(folded: list[dict[Hashable, Any]]) -> None:
    found = course(folded, {"rows"}, "*")
    assert set(found) == set(range(EMPTY.start, EMPTY.stop + 3))
    for number in EMPTY:
        assert found[number] == ("open", number)
    assert found[EMPTY.stop + 2] == ("resolved", EMPTY.stop - 1)
