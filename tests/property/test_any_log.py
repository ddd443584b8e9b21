"""Any log that the contract admits gives the figures of its raw rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.cases.running import command
from tests.property import agreement, shapes
from tests.property.shapes import LogShape
from tests.property.writing import WINDOW, write

# The same logs everywhere: a failure anywhere is one that anybody can have again.
ALWAYS_THE_SAME = settings(
    deadline=None,
    derandomize=True,
    database=None,
    # A run takes a second, so that a smaller example would take many minutes to find: the first one is told.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def check(shape: LogShape) -> None:
    """Write the log, run its window, compare."""
    with tempfile.TemporaryDirectory() as folder:
        written = write(shape, Path(folder))
        store = f"duckdb:///{folder}/tables.duckdb"
        said = command(
            *("run", written.monitor, "--period", f"{WINDOW:%Y-%m-%d}", "--store", store),
            *("--as-of", "2024-03-01"),
        )
        assert said.status == 0, said.err
        tables = agreement.Tables.of(store)
        agreement.assert_rows(tables, written)
        prefix = "payload." if shape.in_struct else ""
        for name, column in shape.columns.items():
            agreement.assert_described(tables.described(prefix + name), column, written.features[name])
        agreement.assert_performance(tables, written.rows)


@settings(ALWAYS_THE_SAME, max_examples=8)
@given(shapes.logs())
def test_figures_are_those_of_the_raw_rows(shape: LogShape) -> None:
    check(shape)


@pytest.mark.long
@pytest.mark.timeout(1800)  # each example is a run
@settings(ALWAYS_THE_SAME, max_examples=100)
@given(shapes.logs())
def test_figures_of_many_logs_are_those_of_their_raw_rows(shape: LogShape) -> None:
    check(shape)
