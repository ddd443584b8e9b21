"""Columns that get their first values, and their type, only after the reference."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp
from tests.end_to_end.builder import ROWS, Bench, assert_same_tables, day, normalised

from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.reporting.report import gather
from driftline_jobs.stores import open_store
from driftline_reports.page import lay_out
from driftline_schemas.monitor import load_monitor

CAME, LAST = 5, 7
NAMES = ("amounts", "declared", "flags", "words", "moments")


def late_columns(number: int) -> dict[str, pa.Array]:
    """Of each column nulls of no type, and from a day on values, one in ten missing."""
    if number < CAME:
        return dict.fromkeys(NAMES, pa.nulls(ROWS))
    random = np.random.default_rng(number)
    missing = np.arange(ROWS) % 10 == 0
    start = datetime(2023, 5, number, tzinfo=UTC)
    return {
        "amounts": pa.array(random.lognormal(4, 3, ROWS), mask=missing),
        "declared": pa.array(random.integers(0, 1000, ROWS), mask=missing),
        "flags": pa.array(random.random(ROWS) < 0.3, mask=missing),
        "words": pa.array(random.choice(["a", "b", "c"], ROWS), mask=missing),
        "moments": pa.array([start + timedelta(hours=h) for h in range(ROWS)], pa.timestamp("us", "UTC")),
    }


def written(bench: Bench) -> None:
    bench.overrides["features"] = {"numeric": ["declared"]}
    for number in range(LAST + 1):
        made = bench.rows(number, **late_columns(number))
        bench.write(number, made)
        bench.write_labels(number, made)


def values(number: int, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    array = late_columns(number)[name].drop_null()
    if name == "moments":
        return np.array([moment.timestamp() for moment in array.to_pylist()])
    return np.array(array, np.float64)


def test_they_are_profiled_as_what_they_are(bench: Bench) -> None:
    written(bench)
    bench.run(4, LAST)
    for name in NAMES:
        described = bench.described(4, name)
        assert (described["count"], described["nulls"]) == (ROWS, ROWS)
    for number in (CAME, LAST):
        for name in ("amounts", "declared", "moments"):
            described, exact = bench.described(number, name), values(number, name)
            assert described["column_kind"] == ("datetime" if name == "moments" else "numeric")
            assert (described["count"], described["nulls"]) == (ROWS, ROWS - len(exact))
            assert described["mean"] == pytest.approx(exact.mean(), rel=1e-12)
            assert (described["min"], described["max"]) == (exact.min(), exact.max())
            for share in (1, 25, 50, 75, 99):
                quantile = np.quantile(exact, share / 100, method="inverted_cdf")
                assert described[f"p{share:02}"] == pytest.approx(quantile, rel=0.01)
        for name, kind in (("flags", "boolean"), ("words", "categorical")):
            described = bench.described(number, name)
            array = late_columns(number)[name].drop_null()
            counts = {str(e["values"]).lower(): e["counts"] for e in array.value_counts().to_pylist()}
            top = {entry["value"]: entry["count"] for entry in json.loads(described["top_values"])}
            assert (described["column_kind"], top) == (kind, counts)


def test_the_change_is_said_once_and_nothing_is_called_drift(bench: Bench) -> None:
    written(bench)
    bench.run(4, LAST)
    assert bench.checks(4, "changed_type") == []
    for number in range(CAME, LAST + 1):
        assert bench.checks(number, "changed_type") == sorted(NAMES)
    rows = bench.current("drift_metrics", CAME, comparison="reference")
    late = rows[rows["column_name"].isin(NAMES)]
    assert set(late["status"]) == {"no_reference_values"}
    assert late["drifted"].isna().all()
    alerts = bench.current("alerts")
    about = alerts[alerts["column_name"].isin(NAMES)]
    assert dict(about.groupby("column_name")["alert_id"].nunique()) == dict.fromkeys(sorted(NAMES), 1)
    assert set(about["metric"]) == {"changed_type"}


def test_each_window_is_compared_with_the_one_before(bench: Bench) -> None:
    written(bench)
    bench.run(4, LAST)
    for name in ("amounts", "declared", "moments"):
        exact = ks_2samp(values(LAST, name), values(LAST - 1, name)).statistic
        drift = bench.drift(LAST, name, "ks", "previous")
        assert drift["value"] <= exact + 1e-12 <= drift["upper_bound"] + 2e-12
    assert bench.drift(LAST, "amounts", "ks", "previous")["value"] > 0.0


def test_neither_the_range_nor_another_type_between_objects_leaves_a_trace(bench: Bench) -> None:
    """Of one window two objects hold other types: the rarer values are counted, and not missing."""
    written(bench)
    odd = bench.rows(6, 30, **dict.fromkeys(NAMES, pa.array(["odd"] * 30)))
    bench.write(6, odd, "odd.parquet")
    bench.run(4, LAST)
    described = bench.described(6, "amounts")
    numbers = values(6, "amounts")
    found = (described["column_kind"], described["nans"], described["nulls"])
    assert found == ("numeric", 30, ROWS - len(numbers))
    assert described["mean"] == pytest.approx(numbers.mean(), rel=1e-12)
    assert bench.check(6, "values_of_another_type", "amounts")["value"] == 30
    assert bench.described(6, "words")["count"] == ROWS + 30
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in (7, 5, 6, 4):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_the_page_and_the_validation_name_them(bench: Bench) -> None:
    written(bench)
    bench.run(4, LAST)
    path = bench.monitor_file()
    monitor = load_monitor(path)
    (remark,) = [remark.text for remark in check_log(monitor, path.parent).remarks if "rebase" in remark.text]
    assert all(f"{name} (" in remark for name in NAMES)
    with open_store(bench.store_url) as store:
        inputs = gather(store, monitor, monitor.calendar.containing(day(LAST)), day(LAST + 1))
    _, page = lay_out(inputs)
    assert all(name in page for name in NAMES)
