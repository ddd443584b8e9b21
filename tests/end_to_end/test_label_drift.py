"""Labels that the log itself has are watched like its other columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.metrics import accuracy_score, mean_absolute_error
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench

from driftline_jobs.pipeline.catch_up import catch_up
from driftline_jobs.pipeline.published_range import published_range
from driftline_jobs.pipeline.request import RunRequest
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

IN_THE_LOG = {"uri": None, "prediction_id": None, "label": None, "catch_up": None, "column": "outcome"}
Values = np.ndarray[tuple[int], np.dtype[np.float64]]


def _outcomes(bench: Bench, number: int, *, shifted: bool = False) -> Values:
    truth: Values = bench.rows(number)["truth"].to_numpy().astype(np.float64)
    return np.maximum(truth, np.arange(ROWS) % 2) if shifted else truth


def test_the_classes_of_a_label(bench: Bench) -> None:
    bench.overrides = {"labels": IN_THE_LOG}
    for number in range(REFERENCE_DAYS + 1):
        values = _outcomes(bench, number, shifted=number == REFERENCE_DAYS)
        missing = np.arange(ROWS) < 12
        bench.write(number, bench.rows(number, outcome=pa.array(values.astype(np.int8), mask=missing)))
    bench.run(REFERENCE_DAYS)
    before = np.concatenate([_outcomes(bench, number)[12:] for number in range(REFERENCE_DAYS)])
    now = _outcomes(bench, REFERENCE_DAYS, shifted=True)[12:]
    row = bench.drift(REFERENCE_DAYS, "outcome", "tvd")
    assert row["column_kind"] == "label"
    # of all rows, those without a label among them, which are as many each day
    assert row["value"] == pytest.approx(abs(now.mean() - before.mean()) * (ROWS - 12) / ROWS, rel=1e-9)
    assert bench.drift(REFERENCE_DAYS, "outcome", "psi")["drifted"]
    said = bench.rows(REFERENCE_DAYS)["class"].to_numpy()[12:]
    assert bench.performance(REFERENCE_DAYS, "accuracy")["value"] == accuracy_score(now, said)

    path = bench.monitor_file()
    monitor, settings = load_monitor(path), Settings(store=bench.store_url)
    known = published_range(monitor, settings)
    assert known is not None
    late = bench.rows(REFERENCE_DAYS, outcome=pa.array(np.ones(ROWS, np.int8)))
    bench.write(REFERENCE_DAYS, late)
    request = RunRequest(monitor, path, *known, settings, monitor.calendar.containing(known[0].end).end)
    assert len(catch_up(request)) == 1
    assert bench.described(REFERENCE_DAYS, "outcome")["nulls"] == 0


def test_the_values_of_a_regressions_label(bench: Bench) -> None:
    bench.overrides = {
        "task": "regression",
        "labels": IN_THE_LOG,
        "logs": {"score": None, "prediction": "guess"},
    }
    values = {}
    for number in range(REFERENCE_DAYS + 1):
        made = bench.rows(number)
        guess = made["amount"].to_numpy()
        values[number] = guess * (1.0 + made["score"].to_numpy()) * (2 if number == REFERENCE_DAYS else 1)
        bench.write(number, {**made, "guess": made["amount"], "outcome": pa.array(values[number])})
    bench.run(REFERENCE_DAYS)
    now = values.pop(REFERENCE_DAYS)
    row = bench.drift(REFERENCE_DAYS, "outcome", "wasserstein")
    assert (row["column_kind"], row["n_current"]) == ("label", ROWS)
    expected = wasserstein_distance(now, np.concatenate(list(values.values())))
    assert row["value"] == pytest.approx(expected, rel=0.01)
    error = mean_absolute_error(now, bench.rows(REFERENCE_DAYS)["amount"].to_numpy())
    assert bench.performance(REFERENCE_DAYS, "mae")["value"] == pytest.approx(error, rel=1e-6)


def test_the_values_of_a_regressions_label_that_comes_later(bench: Bench) -> None:
    """Joined by their ids they are watched as if the log had them, also by a training set that has them."""
    bench.overrides = {"task": "regression", "logs": {"score": None, "prediction": "guess"}}
    values = {}
    for number in range(REFERENCE_DAYS + 2):
        made = bench.rows(number)
        factor = 2 if number > REFERENCE_DAYS else 1
        values[number] = made["amount"].to_numpy() * (1.0 + made["score"].to_numpy()) * factor
        made |= {"guess": made["amount"], "truth": pa.array(values[number])}
        bench.write(number, made)
        if number != REFERENCE_DAYS:
            bench.write_labels(number, made)
        else:  # one in two has a label
            bench.write_labels(number, {name: made[name][::2] for name in ("id", "truth")})
    bench.run(REFERENCE_DAYS, REFERENCE_DAYS + 1)
    before = np.concatenate([values[number] for number in range(REFERENCE_DAYS)])
    for number, rows in ((REFERENCE_DAYS, values[REFERENCE_DAYS][::2]), (REFERENCE_DAYS + 1, values[5])):
        row = bench.drift(number, "label", "wasserstein")
        assert (row["column_kind"], row["n_current"], row["n_reference"]) == (
            "label",
            len(rows),
            len(before),
        )
        assert row["value"] == pytest.approx(wasserstein_distance(rows, before), rel=0.02)
        ks = bench.drift(number, "label", "ks")
        assert ks["lower_bound"] <= ks_2samp(rows, before).statistic <= ks["upper_bound"]
    assert not bench.drift(REFERENCE_DAYS, "label", "psi")["drifted"]
    assert bench.drift(REFERENCE_DAYS + 1, "label", "psi")["drifted"]

    training = pa.table({**bench.rows(0), "guess": bench.rows(0)["amount"], "label": pa.array(values[0])})
    bench.put(training.drop_columns(["truth"]), "training/rows.parquet")
    bench.overrides = {**bench.overrides, "reference": {"window": None, "uri": "training"}}
    bench.run(REFERENCE_DAYS + 1)
    row = bench.drift(REFERENCE_DAYS + 1, "label", "wasserstein")
    assert row["n_reference"] == ROWS
    assert row["value"] == pytest.approx(wasserstein_distance(values[5], values[0]), rel=0.03)


def test_a_data_set_elsewhere_may_have_no_labels(bench: Bench) -> None:
    bench.overrides = {"labels": IN_THE_LOG, "reference": {"window": None, "uri": "training"}}
    bench.put(pa.table(bench.rows(0, truth=None)), "training/rows.parquet")
    bench.write(9, bench.rows(9, outcome=bench.rows(9)["truth"]))
    bench.run(9)
    assert "outcome" not in set(bench.current("drift_metrics", 9)["column_name"])
    assert bench.performance(9, "accuracy")["n"] == ROWS
