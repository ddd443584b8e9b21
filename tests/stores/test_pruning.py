"""Old runs go, the newest of a window stays, whatever its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from tests.stores import behind
from tests.stores.makers import drift, inputs, performance, reference_set, run

from driftline_jobs.stores import Store
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables

DAY = timedelta(days=1)
COMMENTS = {
    "duckdb": "SELECT comment FROM duckdb_tables() WHERE table_name = 'runs'",
    "postgresql": "SELECT obj_description('driftline.runs'::regclass)",
}


def age(url: str, run_id: str, days: int) -> None:
    """Make a run ``days`` older than it is."""
    shift = f"INTERVAL '{days}' DAY"
    behind.write(
        url,
        f"UPDATE runs SET published_at = published_at - {shift}, superseded_at = superseded_at - {shift}, "
        f"started_at = started_at - {shift}, finished_at = finished_at - {shift} WHERE run_id = '{run_id}'",
    )


def runs_left(store: Store) -> list[object]:
    return list(store.execute_read("SELECT run_id FROM runs ORDER BY run_id").column("run_id").to_pylist())


def reference(
    reference_id: str, days: int, effective_from: datetime | None = None
) -> tuple[pa.Table, pa.Table]:
    """A reference made so many days ago, and what was learned from it."""
    created = datetime.now(UTC) - days * DAY
    learned = TableBuilder(load_tables()["calibrations"])
    learned.add(
        1,
        reference_id=reference_id,
        monitor="flights",
        column_name="carrier",
        statistic="psi",
        k_windows=31,
        created_at=created,
    )
    return reference_set(reference_id, created, effective_from=effective_from), learned.to_arrow()


def test_superseded_runs_go_with_all_their_rows_once_they_are_old(store: Store, url: str) -> None:
    for run_id in ("r1", "r2", "r3"):
        record, labels = run(run_id), run(f"{run_id}_labels", part="performance")
        store.publish(
            [record, labels],
            {"drift_metrics": drift([record]), "performance_metrics": performance([labels])},
            inputs([record, labels]),
        )
    age(url, "r1", 500)
    age(url, "r2", 100)
    age(url, "r3", 900)  # published very long ago, but still the newest of its window

    assert store.prune(400 * DAY) == 1

    assert runs_left(store) == ["r1_labels", "r2", "r2_labels", "r3", "r3_labels"]
    for table in ("drift_metrics", "run_inputs"):
        ids = store.execute_read(f"SELECT DISTINCT run_id FROM {table}").column("run_id").to_pylist()
        assert "r1" not in ids
        assert {"r2", "r3"} <= set(ids)
    assert store.current("drift_metrics", "flights").num_rows == 4


def test_a_store_can_be_pruned_to_its_present_answer(store: Store) -> None:
    for number in range(3):
        record = run(f"r{number}")
        store.publish([record], {"drift_metrics": drift([record], value=float(number))})
    before = store.current("drift_metrics", "flights")
    store.fail([run("failed", 1, finished_at=datetime(2014, 1, 1, tzinfo=UTC))], "Error", "x")
    store.begin([run("dead", 2, started_at=datetime(2014, 1, 1, tzinfo=UTC))])

    assert store.prune(timedelta(0)) == 4

    assert runs_left(store) == ["r2"]
    assert store.current("drift_metrics", "flights").equals(before)
    assert store.execute_read("SELECT COUNT(*) AS n FROM drift_metrics").column("n").to_pylist() == [4]
    assert store.prune(timedelta(0)) == 0


def test_the_room_of_what_is_pruned_is_there_again(store: Store, url: str) -> None:
    def publish(run_id: str) -> None:
        record = run(run_id)
        columns = [f"column {number} of {run_id}" for number in range(4_000)]
        store.publish([record], {"drift_metrics": drift([record], columns)})

    def size() -> int:
        store.close()
        if url.startswith("duckdb"):
            return Path(url.removeprefix("duckdb:///")).stat().st_size
        ((found,),) = behind.read(url, "SELECT pg_total_relation_size('driftline.drift_metrics')")
        return int(str(found))

    publish("r1")
    once = size()
    for number in range(2, 5):
        publish(f"r{number}")
        assert store.prune(timedelta(0)) == 1
    # room for the rows that are there, and for those that replace them
    assert size() < 2.5 * once
    comments = behind.read(url, COMMENTS[url.partition(":")[0]])
    assert ("One row per attempt to publish one part of one window",) in [
        (str(text).partition(".")[0],) for (text,) in comments
    ]


def test_young_attempts_stay(store: Store) -> None:
    now = datetime.now(UTC)
    store.begin([run("running", 1, started_at=now)])
    store.fail([run("failed", 2, started_at=now)], "Error", "x")
    assert store.prune(DAY) == 0
    assert runs_left(store) == ["failed", "running"]


def test_references_go_with_the_last_run_that_rests_on_them(store: Store) -> None:
    for reference_id, days in (("used", 500), ("unused", 500), ("young", 2), ("todays", 0)):
        sets, learned = reference(reference_id, days)
        store.put_once("reference_sets", sets)
        store.put_once("calibrations", learned)
    store.publish([run("r1", reference_id="used")], {})

    store.prune(400 * DAY)
    assert store.current("reference_sets", "flights").column("reference_id").to_pylist() == [
        *("todays", "used", "young")
    ]
    # However little is to be kept, a run that is under way may need the reference it has just made.
    store.prune(timedelta(0))
    assert store.current("reference_sets", "flights").column("reference_id").to_pylist() == ["todays", "used"]
    assert store.current("calibrations", "flights").column("reference_id").to_pylist() == ["todays", "used"]


def test_a_rebase_waits_for_its_windows(store: Store) -> None:
    for table, rows in zip(
        ("reference_sets", "calibrations"),
        reference("rebased", 500, datetime(2013, 1, 5, tzinfo=UTC)),
        strict=True,
    ):
        store.put_once(table, rows)
    store.prune(400 * DAY)
    for table in ("reference_sets", "calibrations"):
        assert store.current(table, "flights").column("reference_id").to_pylist() == ["rebased"]


def test_a_negative_time_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="cannot keep"):
        store.prune(-DAY)
