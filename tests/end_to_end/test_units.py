"""A regression whose errors are of 1e-12 is judged as one whose errors are of one: in other units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, Columns, day

Floats = npt.NDArray[np.float64]
DAYS = 12
TINY = 2.0**-40
"""About 1e-12, and a power of two: scaling by it rounds nothing."""
REGRESSION = {
    "task": "regression",
    "logs": {"prediction": "predicted", "score": None},
    "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(DAYS):%Y-%m-%d}"]},
}
IN_UNITS = ("mae", "rmse", "bias")
FIGURES = ("value", "ci_low", "ci_high", "reference_value", "trivial_value", "threshold")


def write(bench: Bench, number: int, truth: Floats, predicted: Floats) -> None:
    """A day of a regression and its labels."""
    columns: Columns = {
        "score": None,
        "class": None,
        "truth": pa.array(truth),
        "predicted": pa.array(predicted),
    }
    made = bench.rows(number, ROWS, **columns)
    bench.write(number, made)
    bench.write_labels(number, made)


def figures(root: Path, unit: float) -> pd.DataFrame:
    """Of a clean day and of one with twice the errors, in the unit."""
    root.mkdir()
    bench = Bench(root, REGRESSION)
    for number in range(DAYS + 2):
        random = np.random.default_rng([number, 3])
        truth = random.normal(50.0, 10.0, ROWS)
        error = random.normal(0.0, 2.0 if number > DAYS else 1.0, ROWS) * np.exp(random.normal(0.0, 0.05))
        write(bench, number, truth * unit, (truth + error) * unit)
    bench.run(DAYS, DAYS + 1)
    found = bench.current("performance_metrics").set_index(["window_start", "metric", "kind", "windows"])
    return found[found["model_version"] == "*"].sort_index()


@pytest.mark.slow
def test_figures_intervals_and_verdicts_are_the_same_in_any_unit(tmp_path: Path) -> None:
    usual, tiny = figures(tmp_path / "usual", 1.0), figures(tmp_path / "tiny", TINY)
    assert len(usual) == len(tiny)
    for key in usual.index.tolist():
        row, other = usual.loc[key], tiny.loc[key]
        unit = TINY if key[1] in IN_UNITS else 1.0
        for name in FIGURES:
            assert other[name] == pytest.approx(row[name] * unit, rel=1e-9, abs=0.0, nan_ok=True), (key, name)
        for name in ("degraded", "threshold_source", "status", "n"):
            assert (other[name] == row[name]) or (pd.isna(other[name]) and pd.isna(row[name])), (key, name)
    worse = tiny.xs(("mae", "realized", 1), level=("metric", "kind", "windows")).iloc[-1]
    assert (worse["degraded"], worse["threshold_source"]) == (True, "calibrated")


def test_a_reference_without_an_interval_decides_nothing_and_says_so(tmp_path: Path) -> None:
    """Four of its 480 rows make up its squares; by the mean of the errors' sizes the window is judged."""
    bench = Bench(tmp_path, {"task": "regression", "logs": {"prediction": "predicted", "score": None}})
    for number in range(5):
        random = np.random.default_rng([number, 5])
        truth = random.normal(50.0, 10_000.0, ROWS)
        error = random.normal(0.0, 1.0, ROWS)
        error[0] = 1.0 if number == 4 else 9_000.0
        write(bench, number, truth, truth + error + (200_000.0 if number == 4 else 0.0))
    bench.run(4)
    row = bench.performance(4, "rmse")
    assert row["value"] > 20 * row["reference_value"]
    assert (row["degraded"], row["threshold_source"], pd.isna(row["threshold"])) == (None, None, True)
    assert "no limit: the reference's figure has no interval" in row["reason"]
    assert bench.performance(4, "mae")["reason"] is None
