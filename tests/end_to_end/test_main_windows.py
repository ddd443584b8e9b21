"""Windows that are not plain days, and the cells within them."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
from tests.end_to_end.builder import ROWS, Bench, day, texts

from driftline_jobs.stores import open_store


def test_days_of_a_zone_with_summer_time(bench: Bench) -> None:
    """The day on which New York's clocks go forward has 23 hours, and every row is in one day."""
    start = dt.datetime(2024, 3, 4, 5, tzinfo=dt.UTC)  # midnight in New York
    hours = [start + dt.timedelta(hours=i) for i in range(8 * 24)]
    bench.overrides = {
        "timezone": "America/New_York",
        "base": "hour",
        "labels": None,
        "reference": {"window": ["2024-03-04", "2024-03-07"]},
    }
    made = bench.rows(0, count=len(hours))
    made["at"] = pa.array(hours, pa.timestamp("us", "UTC"))
    bench.put(pa.table(made), "logs/all.parquet")
    bench.run("2024-03-09", "2024-03-11")
    rows = bench.current("profile_metrics", column_name="*", segment="*", model_version="*")
    assert rows["count"].tolist() == [24, 23, 24]
    assert [f"{start:%m-%d %H}" for start in rows["window_start"]] == ["03-09 05", "03-10 05", "03-11 04"]
    profiles = bench.current("profiles", column_name="amount", segment="*", model_version="*")
    assert profiles.groupby("window_start").size().tolist() == [24, 23, 24]


def test_hours_as_windows(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    bench.overrides = {"granularity": "hour", "alerts": {"min_rows": 1}}
    bench.run("2024-01-05T03", "2024-01-05T06")
    rows = bench.current("profile_metrics", column_name="*", segment="*", model_version="*")
    assert rows["count"].tolist() == [ROWS // 24] * 4
    accuracy = bench.current(
        "performance_metrics", metric="accuracy", kind="realized", windows=1, segment="*", model_version="*"
    )
    assert accuracy["n"].tolist() == [ROWS // 24] * 4


def test_cells_are_the_whole_every_version_and_every_segment_value(bench: Bench) -> None:
    bench.overrides = {"segments": ["city", ["city", "plan"]], "alerts": {"min_rows": 20}}
    for number in range(5):
        names = [f"c{i % 104}" for i in range(416)] + ["big"] * 50 + [None] * 30 + ["*"] * 25
        count = len(names)
        plan = [("a", None)[i % 2] for i in range(count)]
        made = bench.rows(number, count=count, city=texts(names), plan=texts(plan))
        made["version"] = texts([("v1", "v2", None, "*")[i % 4] for i in range(count)])
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4)
    counted = bench.current("profile_metrics", 4, column_name="*")
    cities = counted[counted["segment"] == "city"].set_index("segment_value")["count"].to_dict()
    assert cities["big"] == 50
    assert cities["__null__"] == 30
    assert cities["\\*"] == 25
    assert cities["__other__"] == 6 * 4  # 106 values and null: the six last of equals have no cell
    assert len(cities) == 102
    assert sum(cities.values()) == 521
    versions = counted[counted["segment"] == "*"].set_index("model_version")["count"].to_dict()
    assert versions == {"*": 521, "v1": 131, "v2": 130, "__null__": 130, "\\*": 130}
    crossed = counted[counted["segment"] == '["city","plan"]']
    assert json.dumps(["big", "__null__"], separators=(",", ":")) in set(crossed["segment_value"])
    measured = set(bench.current("drift_metrics", 4, segment="city")["segment_value"])
    assert measured == {"big", "__null__", "\\*", "__other__"}  # the others have too few rows
    described = bench.one(
        "profile_metrics", 4, column_name="amount", segment="city", segment_value="big", model_version="*"
    )
    amounts = np.asarray(bench.rows(4, count=521)["amount"].to_numpy())[416:466]
    np.testing.assert_allclose(described["mean"], amounts.mean(), rtol=1e-8)


def test_a_labelled_folder_that_is_not_there_and_then_is(bench: Bench) -> None:
    for number in range(5):
        bench.write(number, bench.rows(number))
    bench.run(4)
    assert bench.performance(4, "accuracy")["status"] == "no_labels"
    bench.write_labels(4, bench.rows(4))
    bench.run(4, as_of=day(6))
    assert bench.performance(4, "accuracy")["n"] == ROWS
    assert not bench.performance(4, "accuracy")["is_final"]  # labels take seven days to mature
    with open_store(bench.store_url) as store:
        runs = store.execute_read("SELECT part, status FROM runs WHERE superseded_at IS NOT NULL").to_pylist()
    assert {run["part"] for run in runs} == {"data", "performance", "judgement"}
