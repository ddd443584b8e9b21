"""Times of other types, and times that no calendar has, through whole runs."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, assert_same_tables, day, normalised

from driftline_jobs.pipeline.catch_up import catch_up
from driftline_jobs.pipeline.published_range import published_range
from driftline_jobs.pipeline.request import RunRequest
from driftline_jobs.stores import open_store
from driftline_schemas.errors import DriftlineError
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

BEYOND = {
    "nanoseconds among microseconds": 1_704_412_800_000_000_000,
    "INT64_MIN": -(2**63),
    "INT64_MAX": 2**63 - 1,
    "the year 10000": 253_402_300_800_000_000,
    "the year 0": -62_167_219_200_000_000,
    "9999-12-31": 253_402_214_400_000_000,
}


def with_odd(made: Columns, *values: int) -> Columns:
    """The rows with other times from the tenth on."""
    times = made["at"].view(pa.int64()).to_numpy().copy()
    times[10 : 10 + len(values)] = values
    return {**made, "at": pa.array(times, pa.int64()).view(pa.timestamp("us", "UTC"))}


def undated(bench: Bench, columns: Columns, name: str) -> None:
    """Rows in a folder that says nothing of their time."""
    bench.put(pa.table({n: v for n, v in columns.items() if n != "truth"}), f"logs/{name}.parquet")


@pytest.mark.parametrize("dated", [True, False], ids=["dated", "undated"])
def test_rows_beyond_all_calendars_are_set_aside_and_counted_once(bench: Bench, *, dated: bool) -> None:
    odd = len(BEYOND)
    for number in range(REFERENCE_DAYS + 3):
        made = bench.rows(number)
        # bounds of objects then reach out on one side or on both
        values = {5: tuple(BEYOND.values()), 1: (-(2**63),), 6: (BEYOND["9999-12-31"],)}.get(number, ())
        if dated:
            bench.write(number, with_odd(made, *values))
        else:
            undated(bench, with_odd(made, *values), f"part-{number}")
        bench.write_labels(number, made)
    bench.run(4, 6)
    assert [bench.described(n, "*")["count"] for n in (4, 5, 6)] == [ROWS, ROWS - odd, ROWS - 1]
    assert [bench.check(n, "rows_set_aside")["value"] for n in (4, 5, 6)] == [0, odd, 1]
    assert bench.drift(4, "amount", "psi")["n_reference"] == REFERENCE_DAYS * ROWS - 1
    expected = np.delete(bench.rows(5)["amount"].to_numpy(), np.arange(10, 10 + odd))
    assert bench.described(5, "amount")["mean"] == pytest.approx(expected.mean(), rel=1e-9)
    last = day(5).timestamp() + (ROWS - 1) * 86400 / ROWS
    assert bench.check(5, "freshness")["value"] == day(6).timestamp() - last
    found = "dt=2024-01-07" if dated else "part-6"
    (bounds,) = bench.query(
        "SELECT DISTINCT min_timestamp AS low, max_timestamp AS high FROM current_run_inputs "
        f"WHERE role = 'prediction' AND uri LIKE '%{found}%'"
    )
    assert (bounds["low"], bounds["high"]) == (day(6), None)
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in (6, 4, 5):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_catch_up_after_an_object_with_such_a_row(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    bench.run(4, 6)
    undated(bench, with_odd(bench.rows(5, 40), -(2**63)), "late")
    path = bench.monitor_file()
    monitor, settings = load_monitor(path), Settings(store=bench.store_url, threads=2)
    known = published_range(monitor, settings)
    assert known is not None
    found = catch_up(RunRequest(monitor, path, *known, settings, known[1].end))
    assert day(5) in {one.window.start for one in found}
    assert bench.described(5, "*")["count"] == ROWS + 39
    assert sum(bench.check(n, "rows_set_aside")["value"] for n in (4, 5, 6)) == 1


def test_a_data_set_elsewhere_with_such_a_row(bench: Bench) -> None:
    bench.overrides = {"reference": {"window": None, "uri": "training"}}
    made = bench.rows(0, 400)
    made["label"] = made.pop("truth")
    bench.put(pa.table(with_odd(made, BEYOND["the year 10000"])), "training/rows.parquet")
    bench.days(20, 20)
    bench.run(20)
    assert bench.drift(20, "amount", "ks")["n_reference"] == 399


def test_such_values_in_a_feature_are_profiled(bench: Bench) -> None:
    def until(number: int) -> pa.Array:
        times = np.arange(ROWS) * 10**9 + number
        times[7 : 7 + len(BEYOND)] = list(BEYOND.values())
        return pa.array(times, pa.int64()).view(pa.timestamp("us"))

    for number in range(REFERENCE_DAYS + 1):
        made = bench.rows(number, until=until(number))
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4)
    described = bench.described(4, "until")
    raw = until(4).view(pa.int64()).to_numpy() / 1e6
    assert (described["column_kind"], described["nulls"]) == ("datetime", 0)
    assert (described["min"], described["max"]) == (raw.min(), raw.max())


# -- times of other types ----------------------------------------------------------------------------

SINCE = {"s": 10**6, "ms": 1000, "us": 1, "ns": None}


def stored_as(times: pa.Array, unit: str, kind: pa.DataType) -> pa.Array:
    """Times as whole numbers of a unit, floored to it."""
    micros = times.view(pa.int64()).to_numpy()
    per = SINCE[unit]
    counts = micros * 1000 if per is None else micros // per
    return pa.array(counts).cast(kind)


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("s", pa.uint32()), ("ms", pa.int64()), ("ns", pa.uint64())],
    ids=str,
)
def test_whole_numbers_by_their_unit(bench: Bench, unit: str, kind: pa.DataType) -> None:
    """Of the log and of its labels: the same tables as with timestamps."""
    expected = {}
    for way in ("timestamps", "numbers"):
        bench.root.joinpath(way).mkdir()
        one = Bench(bench.root / way)
        one.overrides = {"labels": {"timestamp": "told"}}
        if way == "numbers":
            one.overrides["logs"] = {"timestamp_unit": unit}
        for number in range(REFERENCE_DAYS + 1):
            made = one.rows(number)
            at = made["at"].cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))
            told = at if way == "timestamps" else stored_as(at, unit, kind)
            one.write(number, {**made, "at": told})
            # every label twice, the later one right
            wrong = pa.array(1 - made["truth"].to_numpy())
            before = pa.array(np.zeros(ROWS, np.int64)).cast(told.type)
            one.write_labels(number, {**made, "truth": wrong}, told=before)
            one.write_labels(number, made, arrived=number + 2, told=told)
        one.run(4)
        accuracy = one.performance(4, "accuracy")["value"]
        made = one.rows(4)
        assert accuracy == pytest.approx(accuracy_score(made["truth"], made["class"]))
        checks = one.current("quality_metrics", 4).set_index(["column_name", "check_name"])["value"]
        expected[way] = (one.described(4, "*")["count"], accuracy, checks.to_dict())
    assert expected["numbers"] == expected["timestamps"]


def test_dates_are_midnight_of_the_monitors_zone(bench: Bench) -> None:
    bench.overrides = {"timezone": "Europe/Berlin"}
    for number in range(REFERENCE_DAYS + 2):
        dates = pa.array([date(2024, 1, 1 + number)] * ROWS)
        made = bench.rows(number, at=dates)
        bench.put(pa.table({n: v for n, v in made.items() if n != "truth"}), f"logs/{number}.parquet")
        bench.write_labels(number, made)
    bench.run(4, 5)
    rows = bench.current("profile_metrics", column_name="*", segment="*", model_version="*")
    assert rows["count"].tolist() == [ROWS, ROWS]
    stale = bench.current("quality_metrics", check_name="freshness")["value"]
    assert stale.tolist() == [86400.0, 86400.0]  # every row at the first moment of its day


def test_labels_whose_time_is_a_date_or_none(bench: Bench) -> None:
    bench.overrides = {"labels": {"timestamp": "told"}}
    for number in range(REFERENCE_DAYS + 1):
        made = bench.rows(number)
        bench.write(number, made)
        wrong = pa.array(1 - made["truth"].to_numpy())
        bench.write_labels(number, {**made, "truth": wrong}, told=pa.array([date(2024, 1, 7)] * ROWS))
        bench.write_labels(
            number, made, arrived=number + 2, told=pa.array([date(2024, 1, 8)] * ROWS, pa.date64())
        )
    bench.run(4)
    made = bench.rows(4)
    assert bench.performance(4, "accuracy")["value"] == accuracy_score(made["truth"], made["class"])


def test_numbers_without_a_unit_are_refused_by_the_name_of_the_key(bench: Bench) -> None:
    written: dict[int, Any] = bench.reference()
    for number, made in written.items():
        bench.write(number, {**made, "at": stored_as(made["at"], "ms", pa.int64())})
    with pytest.raises(DriftlineError, match=r"logs\.timestamp_unit"):
        bench.run(4)
