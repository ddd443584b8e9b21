"""Ids that come again in other windows: a label of such an id may be that of another prediction."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import (
    REFERENCE_DAYS,
    ROWS,
    Bench,
    Table,
    assert_same_tables,
    day,
    normalised,
    texts,
)

from driftline_jobs.pipeline.catch_up import Cause, catch_up
from driftline_jobs.pipeline.published_range import published_range
from driftline_jobs.pipeline.request import RunRequest
from driftline_jobs.stores import open_store
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

TODAY = REFERENCE_DAYS


def _tables(bench: Bench) -> dict[str, Table]:
    with open_store(bench.store_url) as store:
        return normalised(store)


def _restarted(number: int) -> pa.Array:
    """Ids of a sequence that begins anew on the first day after the reference, and every day from then on."""
    return texts([f"r{number}-{k}" if number < TODAY else f"s-{k}" for k in range(ROWS)])


def test_where_a_reference_has_repeating_ids_no_figure_is_made_of_labels(bench: Bench) -> None:
    bench.days(0, TODAY + 1, id=texts([f"customer-{k}" for k in range(ROWS)]))
    bench.run(TODAY, TODAY + 1)
    for number in (TODAY, TODAY + 1):
        check = bench.check(number, "repeated_ids")
        assert (check["value"], json.loads(check["expected"]), check["passed"]) == (ROWS, 0.01 * ROWS, False)
        rows = bench.current("performance_metrics", number, kind="realized")
        assert set(rows["status"]) == {"ids_repeat"}
        assert rows["value"].isna().all()
        assert rows["reason"].str.contains("give every prediction an id of its own").all()
        assert (rows["label_coverage"] == 0.0).all()
        assert bench.check(number, "label_coverage")["passed"] is None
        estimated = bench.current("performance_metrics", number, kind="estimated")
        assert estimated["value"].isna().all()
        assert "repeated_ids" in set(bench.current("alerts", number)["metric"])
    assert bench.current("drift_metrics", TODAY, column_name="label").empty


def test_a_window_with_ids_of_the_reference_has_no_figures_either(bench: Bench) -> None:
    """Ids are unique within the reference, and one later day takes those of its last."""
    bench.reference()
    last = bench.rows(TODAY - 1)["id"]
    for number in (TODAY, TODAY + 1):
        made = bench.rows(number, id=last if number == TODAY else bench.rows(number)["id"])
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(TODAY, TODAY + 1)
    assert bench.check(TODAY, "repeated_ids")["value"] == ROWS
    assert bench.performance(TODAY, "accuracy")["status"] == "ids_repeat"
    assert bench.check(TODAY + 1, "repeated_ids")["value"] == 0
    assert bench.performance(TODAY + 1, "accuracy")["n"] == ROWS


def _write(bench: Bench) -> None:
    bench.overrides["labels"] = {"timestamp": "when"}
    for number in range(TODAY + 3):
        made = bench.rows(number, id=_restarted(number))
        bench.write(number, made)
        bench.write_labels(number, made, when=pa.array([day(number + 1)] * ROWS, pa.timestamp("us", "UTC")))


@pytest.mark.slow
def test_ids_that_begin_anew_after_the_reference_are_found_by_the_fold(bench: Bench) -> None:
    """Whatever the order in which the windows were run, the same ones are told of."""
    _write(bench)
    found: list[dict[str, Table]] = []
    for runs in ([(4, 6)], [(4, 4), (5, 5), (6, 6)], [(6, 6), (5, 5), (4, 4)], [(5, 6), (4, 4)]):
        bench.store_name = f"{len(found)}.duckdb"
        for first, last in runs:
            bench.run(first, last)
        checks = [bench.check(number, "repeated_ids") for number in (4, 5, 6)]
        assert [check["value"] for check in checks] == [0, ROWS, ROWS]
        assert [bool(check["passed"]) for check in checks] == [True, False, False]
        found.append(_tables(bench))
    for tables in found[1:]:
        assert_same_tables(found[0], tables)


def test_the_same_where_the_reference_moves(bench: Bench) -> None:
    bench.overrides = {"reference": {"window": None, "trailing": "4d"}}
    _write(bench)
    bench.run(TODAY + 1, TODAY + 2)
    bench.run(TODAY)
    values = [bench.check(number, "repeated_ids")["value"] for number in (4, 5, 6)]
    assert values == [0, ROWS, ROWS]
    alerts = bench.current("alerts")
    told = alerts[alerts["evidence"].str.contains("repeated_ids")]
    assert told["window_start"].dt.day.tolist() == [day(TODAY + 1).day, day(TODAY + 2).day]


def test_a_request_that_was_tried_again_the_next_day_is_within_what_may_be(bench: Bench) -> None:
    bench.reference()
    made = bench.rows(TODAY)
    made["id"] = pa.concat_arrays([bench.rows(TODAY - 1)["id"].slice(ROWS - 1), made["id"].slice(1)])
    bench.write(TODAY, made)
    bench.write_labels(TODAY, made)
    bench.run(TODAY)
    check = bench.check(TODAY, "repeated_ids")
    assert (check["value"], bool(check["passed"])) == (1, True)


def test_labels_that_count_for_nothing_are_caught_up_with(bench: Bench) -> None:
    """A label object that comes later and brings labels of other days, damaged ones and older ones."""
    bench.overrides = {"labels": {"timestamp": "when"}}
    for number in range(TODAY + 2):
        made = bench.rows(number)
        bench.write(number, made)
        bench.write_labels(number, made, when=pa.array([day(number + 1)] * ROWS, pa.timestamp("us", "UTC")))
    bench.run(TODAY, TODAY + 1)
    some = bench.rows(TODAY)["id"].slice(0, 50)
    old = {"id": some, "label": pa.array(np.zeros(50, np.int8))}
    old["when"] = pa.array([day(TODAY - 2)] * 50, pa.timestamp("us", "UTC"))
    bench.put(pa.table(old), f"labels/dt={day(TODAY + 3):%Y-%m-%d}/old.parquet")
    path = bench.monitor_file()
    monitor, settings = load_monitor(path), Settings(store=bench.store_url)
    known = published_range(monitor, settings)
    assert known is not None
    request = RunRequest(monitor, path, *known, settings, day(TODAY + 9))
    assert [(one.window.start, one.causes) for one in catch_up(request)] == [(day(TODAY), (Cause.LABELS,))]
    assert bench.check(TODAY, "early_labels")["value"] == 50
    assert catch_up(request) == []
