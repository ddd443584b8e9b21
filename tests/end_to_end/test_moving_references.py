"""References that move with the window, against the raw rows of the windows they are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from sklearn import metrics
from tests.end_to_end.builder import ROWS, Bench, day

from driftline_schemas.errors import DataError

FIRST, LAST = 12, 20
TRAILING: dict[str, Any] = {
    "reference": {"window": None, "trailing": "10d"},
    "alerts": {"min_rows": 10},
}


def written(bench: Bench, first: int = 0, last: int = LAST, **columns: object) -> dict[int, pd.DataFrame]:
    """Days of log and labels, and what pandas makes of them."""
    days = bench.days(first, last, **columns)
    return {number: pa.table(made).to_pandas() for number, made in days.items()}


def tvd(now: pd.Series, then: pd.Series) -> float:
    """Total variation distance of two columns of texts."""
    p, q = now.value_counts(normalize=True), then.value_counts(normalize=True)
    return float(p.sub(q, fill_value=0.0).abs().sum() / 2)


def concat(days: dict[int, pd.DataFrame], numbers: Sequence[int]) -> pd.DataFrame:
    """The rows of some days."""
    return pd.concat([days[number] for number in numbers])


def members(bench: Bench, number: int) -> list[int]:
    """The days that the reference of a day is made of, by the profiles' rows in ``reference_sets``."""
    (run,) = bench.query(
        "SELECT s.rows, s.window_start, s.window_end FROM current_runs r "
        "JOIN reference_sets s ON s.reference_id = r.reference_id "
        f"WHERE r.part = 'judgement' AND r.window_start = '{day(number):%Y-%m-%d}'"
    )
    start = (run["window_start"] - day(0)).days
    end = (run["window_end"] - day(0)).days
    found = list(range(start, end))
    return found if run["rows"] == ROWS * len(found) else [-1]


def filled(bench: Bench, number: int) -> list[tuple[float, str]]:
    """On how many of how many days a day's reference has rows, by the check that counts them."""
    rows = bench.current("quality_metrics", number, check_name="reference_windows_with_rows")
    return list(zip(rows["value"], rows["expected"], strict=True))


def test_the_days_before_each_window(bench: Bench) -> None:
    days = written(bench)
    bench.overrides = TRAILING
    bench.run(FIRST, LAST)
    for number in (FIRST, FIRST + 1, LAST):
        before = list(range(number - 10, number))
        found = bench.drift(number, "city", "tvd")
        then = concat(days, before)
        assert found["value"] == pytest.approx(tvd(days[number]["city"], then["city"]), abs=1e-12)
        assert found["n_reference"] == 10 * ROWS
        assert members(bench, number) == before
        accuracy = bench.performance(number, "accuracy")
        now = days[number]
        assert accuracy["value"] == pytest.approx(metrics.accuracy_score(now["truth"], now["class"]))
        assert accuracy["reference_value"] == pytest.approx(
            metrics.accuracy_score(then["truth"], then["class"])
        )
        assert found["threshold_source"] in {"calibrated", None}
    assert bench.drift(FIRST, "city", "chi_squared")["p_value"] > 0


def test_the_same_weekday_of_the_weeks_before(bench: Bench) -> None:
    days = written(bench, last=29)
    bench.overrides = {"reference": {"window": None, "same_weekday": 3}, "alerts": {"min_rows": 10}}
    bench.run(21, 29)
    for number in (21, 25, 29):
        then = concat(days, [number - 21, number - 14, number - 7])
        assert bench.drift(number, "city", "tvd")["value"] == pytest.approx(
            tvd(days[number]["city"], then["city"]), abs=1e-12
        )
        assert filled(bench, number) == [(3.0, "3")]


def test_another_version_in_the_same_window(bench: Bench) -> None:
    versions = pa.array(["v1", "v1", "v2"] * (ROWS // 3))
    days = written(bench, last=3, version=versions)
    bench.overrides = {"reference": {"window": None, "model_version": "v1"}, "alerts": {"min_rows": 10}}
    bench.run(0, 3)
    for number in (0, 3):
        rows = days[number]
        old, new = rows[rows["version"] == "v1"], rows[rows["version"] == "v2"]
        found = bench.drift(number, "city", "tvd")
        assert found["value"] == pytest.approx(tvd(new["city"], old["city"]), abs=1e-12)
        assert found["n_reference"] == len(old)
        accuracy = bench.performance(number, "accuracy")
        assert accuracy["value"] == pytest.approx(metrics.accuracy_score(new["truth"], new["class"]))
        assert accuracy["reference_value"] == pytest.approx(
            metrics.accuracy_score(old["truth"], old["class"])
        )
        versions_there = bench.current("drift_metrics", number, column_name="city", metric="tvd")
        assert set(versions_there["model_version"]) == {"*", "v2"}


def test_a_column_that_fired_stays_out_of_its_own_reference_alone(bench: Bench) -> None:
    """From one day on the amounts are others: their reference does not follow, so that the alert stays open.

    The cities' reference goes on with the days, amounts or not.
    """
    days = written(bench, last=FIRST - 1)
    for number in range(FIRST, FIRST + 12):
        made = bench.rows(number, amount=pa.array(np.random.default_rng(number).normal(500, 5, ROWS)))
        bench.write(number, made)
        bench.write_labels(number, made)
        days[number] = pa.table(made).to_pandas()
    bench.overrides = TRAILING
    bench.run(FIRST, FIRST + 11)
    before = concat(days, range(FIRST - 10, FIRST))
    for number in range(FIRST, FIRST + 12):
        now = days[number]
        found = bench.drift(number, "amount", "wasserstein")
        assert found["n_reference"] == 10 * ROWS
        expected = stats.wasserstein_distance(now["amount"], before["amount"])
        assert found["value"] == pytest.approx(expected, rel=0.005)
        assert True in bench.current("drift_metrics", number, column_name="amount")["drifted"].tolist()
        last_ten = concat(days, range(number - 10, number))
        city = bench.drift(number, "city", "tvd")
        assert city["value"] == pytest.approx(tvd(now["city"], last_ten["city"]), abs=1e-12)
        assert filled(bench, number) == [(10.0, "10")]
    alerts = bench.current("alerts", FIRST + 11, column_name="amount")
    assert set(alerts["state"]) == {"open"}
    assert max(json.loads(evidence)["windows"] for evidence in alerts["evidence"]) == 12


@pytest.mark.slow
def test_single_runs_end_where_a_range_ends(bench: Bench) -> None:
    written(bench)
    bench.overrides = TRAILING
    bench.run(FIRST, LAST)
    single = Bench(bench.root, overrides=TRAILING, store_name="single.duckdb")
    for number in range(FIRST, LAST + 1):
        single.run(number)
    for table, key in KEY.items():
        one, other = (
            found.current(table).drop(columns=["run_id"]).sort_values(list(key)).reset_index(drop=True)
            for found in (bench, single)
        )
        pd.testing.assert_frame_equal(one, other)


KEY = {
    "drift_metrics": ("window_start", "model_version", "column_name", "comparison", "metric"),
    "performance_metrics": ("window_start", "model_version", "kind", "windows", "metric"),
    "quality_metrics": ("window_start", "column_name", "check_name"),
    "alerts": ("window_start", "alert_id"),
    "attributions": ("window_start", "segment_value", "metric", "column_name"),
}


def test_late_rows_change_the_references_of_later_windows(bench: Bench) -> None:
    days = written(bench)
    bench.overrides = TRAILING
    bench.run(FIRST, LAST)
    before = bench.drift(LAST, "city", "tvd")["value"]
    late = bench.rows(900, count=60, at=bench.rows(15, count=60)["at"])
    bench.write(15, late, name="late.parquet")
    bench.run(15)
    after = bench.drift(LAST, "city", "tvd")["value"]
    then = pd.concat([concat(days, range(LAST - 10, LAST)), pa.table(late).to_pandas()])
    assert after == pytest.approx(tvd(days[LAST]["city"], then["city"]), abs=1e-12)
    assert after != before


def test_excluded_days_are_left_out(bench: Bench) -> None:
    days = written(bench)
    exclude = [[f"{day(14):%Y-%m-%d}", f"{day(16):%Y-%m-%d}"]]
    bench.overrides = TRAILING | {"reference": TRAILING["reference"] | {"exclude": exclude}}
    bench.run(FIRST, LAST)
    then = concat(days, [10, 11, 12, 13, 16, 17, 18, 19])
    assert bench.drift(LAST, "city", "tvd")["value"] == pytest.approx(
        tvd(days[LAST]["city"], then["city"]), abs=1e-12
    )


def test_a_first_window_with_nothing_before_it(bench: Bench) -> None:
    written(bench, first=3, last=5)
    bench.overrides = TRAILING
    with pytest.raises(DataError, match="start with a later window"):
        bench.run(3)
