"""A run is invisible until it is whole, replaces the run before it, and can be asked for again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from tests.stores import behind
from tests.stores.makers import day, drift, inputs, performance, run

from driftline_jobs.stores import RunRecord, Store, open_store


def values(rows: pa.Table) -> set[object]:
    return set(rows.column("value").to_pylist())


def test_published_rows_come_back_as_they_were(store: Store) -> None:
    runs = [run("r1", 0), run("r2", 1)]
    rows = drift(runs)
    store.publish(runs, {"drift_metrics": rows}, inputs(runs))

    back = store.current("drift_metrics", "flights")

    assert back.schema.types == rows.schema.types
    assert back.schema.names == rows.schema.names
    order = [("window_start", "ascending"), ("column_name", "ascending"), ("metric", "ascending")]
    assert back.sort_by(order).to_pylist() == rows.sort_by(order).to_pylist()
    assert store.current("run_inputs", "flights").column("run_id").to_pylist() == ["r1", "r2"]


def test_the_run_row_comes_back_with_the_stores_stamps(store: Store) -> None:
    record = run("r1", engine="local", rows_read=12, cpu_seconds=0.25, peak_memory_bytes=7, code_version="1")
    before = datetime.now(UTC)
    store.publish([record], {})
    after = datetime.now(UTC)

    [row] = store.current_runs("flights", "data").to_pylist()

    # A server's clock may differ from ours by what clocks differ by.
    assert before - timedelta(seconds=5) <= row["published_at"] <= after + timedelta(seconds=5)
    assert row["status"] == "published"
    assert row["superseded_at"] is None
    assert row["engine"] == "local"
    assert row["rows_read"] == 12
    assert row["cpu_seconds"] == 0.25
    assert row["peak_memory_bytes"] == 7
    assert row["window_start"] == day(0)


def test_a_later_run_takes_the_place_of_the_earlier_whole(store: Store) -> None:
    first, second = run("r1"), run("r2")
    store.publish([first], {"drift_metrics": drift([first], ["a", "b", "c"], value=1.0)})
    store.publish([second], {"drift_metrics": drift([second], ["a"], value=2.0)})

    rows = store.current("drift_metrics", "flights")

    assert values(rows) == {2.0}
    assert set(rows.column("column_name").to_pylist()) == {"a"}
    history = store.execute_read(
        "SELECT run_id, superseded_at, published_at FROM runs ORDER BY run_id"
    ).to_pylist()
    assert history[0]["superseded_at"] == history[1]["published_at"]
    assert history[1]["superseded_at"] is None


def test_parts_are_published_apart(store: Store) -> None:
    data, labels = run("r1"), run("r2", part="performance")
    store.publish([data], {"drift_metrics": drift([data])})
    store.publish([labels], {"performance_metrics": performance([labels], 0.6)})
    again = run("r3", part="performance")
    store.publish([again], {"performance_metrics": performance([again], 0.8)})

    assert values(store.current("performance_metrics", "flights")) == {0.8}
    assert set(store.current("drift_metrics", "flights").column("run_id").to_pylist()) == {"r1"}
    assert store.current_runs("flights", "data").column("run_id").to_pylist() == ["r1"]
    assert store.current_runs("flights", "performance").column("run_id").to_pylist() == ["r3"]


def test_windows_granularities_and_monitors_do_not_replace_one_another(store: Store) -> None:
    runs = [
        run("r1", 0),
        run("r2", 1),
        run("r3", 0, monitor="trains"),
        run("r4", 0, granularity="month", window_end=day(31)),
    ]
    store.publish(runs, {"drift_metrics": drift(runs)})

    assert set(store.current("drift_metrics", "flights").column("run_id").to_pylist()) == {"r1", "r2", "r4"}
    only = store.current("drift_metrics", "flights", granularity="day", end=day(1))
    assert set(only.column("run_id").to_pylist()) == {"r1"}


def test_current_is_bounded_half_open_and_sorted(store: Store) -> None:
    runs = [run(f"r{number}", number) for number in (3, 1, 2, 0)]
    store.publish(runs, {"drift_metrics": drift(runs, ["b", "a"])})

    rows = store.current(
        "drift_metrics", "flights", start=day(1), end=day(3), columns=["column_name", "run_id"]
    )

    assert rows.column_names == ["column_name", "run_id"]
    pairs = list(zip(*rows.to_pydict().values(), strict=True))
    assert pairs == [("a", "r1"), ("a", "r1"), ("b", "r1"), ("b", "r1"), *[(c, "r2") for c in "aabb"]]


def test_as_of_shows_what_was_known_then(store: Store) -> None:
    stamps = []
    for number in range(4):
        record = run(f"r{number}")
        store.publish([record], {"drift_metrics": drift([record], value=float(number))}, inputs([record]))
        stamps.append(store.current_runs("flights", "data").column("published_at")[0].as_py())

    for number, stamp in enumerate(stamps):
        assert values(store.current("drift_metrics", "flights", as_of=stamp)) == {float(number)}
        assert store.current("runs", "flights", as_of=stamp).column("run_id").to_pylist() == [f"r{number}"]
        assert store.current("run_inputs", "flights", as_of=stamp).column("run_id").to_pylist() == [
            f"r{number}"
        ]
    just_before = stamps[0] - timedelta(microseconds=1)
    assert store.current("drift_metrics", "flights", as_of=just_before).num_rows == 0


def test_at_every_moment_exactly_one_run_of_a_window_counts(store: Store) -> None:
    for number in range(5):
        store.publish([run(f"r{number}")], {})
    stamps = (
        store.execute_read("SELECT published_at AS at FROM runs ORDER BY run_id").column("at").to_pylist()
    )
    assert stamps == sorted(set(stamps))
    for stamp in stamps:
        for moment in (stamp, stamp + timedelta(microseconds=1)):
            assert store.current("runs", "flights", as_of=moment).num_rows == 1


def test_a_clock_that_went_back_does_not_make_two_runs_current(store: Store, url: str) -> None:
    store.publish([run("r1")], {})
    future = datetime.now(UTC) + timedelta(hours=1)
    behind.write(url, f"UPDATE runs SET published_at = '{future:%Y-%m-%d %H:%M:%S}+00'")

    store.publish([run("r2")], {})

    published = {row["run_id"]: row for row in store.execute_read("SELECT * FROM runs").to_pylist()}
    assert published["r2"]["published_at"] > published["r1"]["published_at"]
    assert published["r1"]["superseded_at"] == published["r2"]["published_at"]


def test_publishing_again_with_the_same_ids_does_nothing(store: Store) -> None:
    runs = [run("r1", 0), run("r2", 1)]
    for _ in range(2):  # the second call stands for one whose first answer was lost on the way
        store.publish(runs, {"drift_metrics": drift(runs)}, inputs(runs))

    assert store.execute_read("SELECT COUNT(*) AS n FROM drift_metrics").column("n").to_pylist() == [8]
    assert store.execute_read("SELECT COUNT(*) AS n FROM runs").column("n").to_pylist() == [2]


def test_attempts_run_and_fail_without_being_seen(store: Store) -> None:
    store.publish([run("r1")], {"drift_metrics": drift([run("r1")])})
    attempt = run("r2")
    store.begin([attempt])
    store.fail([attempt], "DataError", "no such column")

    assert set(store.current("drift_metrics", "flights").column("run_id").to_pylist()) == {"r1"}
    rows = store.execute_read(
        "SELECT run_id, status, error_kind, error FROM runs ORDER BY run_id"
    ).to_pylist()
    assert [row["status"] for row in rows] == ["published", "failed"]
    assert rows[1]["error_kind"] == "DataError"
    assert rows[1]["error"] == "no such column"


def test_the_next_attempt_clears_what_a_dead_one_left(store: Store) -> None:
    store.begin([run("r1"), run("other_day", 1), run("other_part", part="performance")])
    store.begin([run("r2")])

    status = dict(store.execute_read("SELECT run_id, status FROM runs").to_pandas().to_numpy().tolist())
    assert status == {"r1": "failed", "r2": "running", "other_day": "running", "other_part": "running"}
    kinds = (
        store.execute_read("SELECT error_kind FROM runs WHERE run_id = 'r1'").column("error_kind").to_pylist()
    )
    assert kinds == ["abandoned"]


def test_an_attempt_that_was_thought_dead_may_still_publish(store: Store) -> None:
    slow, fast = run("r1"), run("r2")
    store.begin([slow])
    store.begin([fast])
    store.publish([fast], {"drift_metrics": drift([fast], value=2.0)})
    store.publish([slow], {"drift_metrics": drift([slow], value=1.0)})

    # Later wins, whole.
    assert values(store.current("drift_metrics", "flights")) == {1.0}
    assert store.execute_read("SELECT COUNT(*) AS n FROM runs").column("n").to_pylist() == [2]


def test_begin_and_publish_make_one_row(store: Store) -> None:
    record = run("r1")
    store.begin([record])
    store.begin([record])
    store.publish([replace(record, rows_read=77)], {})
    store.begin([record])
    store.fail([record], "Late", "this run is published, and stays so")

    rows = store.execute_read("SELECT status, rows_read FROM runs").to_pylist()
    assert rows == [{"status": "published", "rows_read": 77}]


def test_threads_that_publish_one_window_at_once_leave_one_run(store: Store, url: str) -> None:
    start = threading.Barrier(6)

    def publish(number: int) -> None:
        with open_store(url, wait_seconds=60) as mine:
            record = run(f"r{number}")
            start.wait()
            mine.publish([record], {"drift_metrics": drift([record], value=float(number))})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(publish, range(6)))

    [winner] = store.current_runs("flights", "data").to_pylist()
    assert values(store.current("drift_metrics", "flights")) == {float(winner["run_id"][1:])}
    history = store.execute_read(
        "SELECT published_at, superseded_at FROM runs ORDER BY published_at"
    ).to_pylist()
    assert len(history) == 6
    assert [row["superseded_at"] for row in history[:-1]] == [row["published_at"] for row in history[1:]]


def test_an_empty_list_of_runs_is_nothing_to_do(store: Store) -> None:
    store.begin([])
    store.publish([], {})
    store.fail([], "x", "y")
    assert store.execute_read("SELECT COUNT(*) AS n FROM runs").column("n").to_pylist() == [0]


Change = Callable[[RunRecord], tuple[list[RunRecord], dict[str, pa.Table]]]


def _unknown_table(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record], {"drift_metric": drift([record])}


def _rows_of_another_run(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record], {"drift_metrics": drift([run("somebody_else")])}


def _rows_of_another_window(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record], {"drift_metrics": drift([replace(record, window_start=day(9), window_end=day(10))])}


def _rows_of_another_part(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record], {"performance_metrics": performance([record])}


def _the_same_fact_twice(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record], {"drift_metrics": pa.concat_tables([drift([record]), drift([record])])}


def _a_missing_column(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record], {"drift_metrics": drift([record]).drop_columns(["status"])}


def _two_runs_of_a_window(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [record, replace(record, run_id="twin")], {}


def _an_empty_window(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [replace(record, window_end=record.window_start)], {}


def _no_time_zone(record: RunRecord) -> tuple[list[RunRecord], dict[str, pa.Table]]:
    return [replace(record, as_of=datetime(2013, 1, 1))], {}  # noqa: DTZ001


@pytest.mark.parametrize(
    "change",
    [
        _unknown_table,
        _rows_of_another_run,
        _rows_of_another_window,
        _rows_of_another_part,
        _the_same_fact_twice,
        _a_missing_column,
        _two_runs_of_a_window,
        _an_empty_window,
        _no_time_zone,
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(store: Store, change: Change) -> None:
    runs, tables = change(run("r1"))
    with pytest.raises(ValueError, match=r"."):
        store.publish(runs, tables)
    assert store.execute_read("SELECT COUNT(*) AS n FROM runs").column("n").to_pylist() == [0]


def test_a_transaction_that_breaks_half_way_leaves_nothing(store: Store, url: str) -> None:
    good = run("r1")
    store.publish([good], {"drift_metrics": drift([good])})
    # The rows go in first, the run last: take the run's table away from under it.
    bad = run("r2")
    behind.write(url, "ALTER TABLE runs RENAME COLUMN labels_matched TO gone")
    with pytest.raises(Exception, match="labels_matched"):
        store.publish([bad], {"drift_metrics": drift([bad])})
    behind.write(url, "ALTER TABLE runs RENAME COLUMN gone TO labels_matched")

    assert store.execute_read("SELECT DISTINCT run_id FROM drift_metrics").column("run_id").to_pylist() == [
        "r1"
    ]
    again = run("r3", 1)
    store.publish([again], {"drift_metrics": drift([again])})
    assert store.current("drift_metrics", "flights", start=day(1)).num_rows == 4
