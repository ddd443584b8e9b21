"""Whatever a log may hold passes through both stores unharmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from tests.stores.makers import binning, day, drift, inputs, performance, run

from driftline_jobs.stores import QueryError, Store

HOSTILE = [
    "'; DROP TABLE runs; --",
    '"quoted"',
    "back\\slash",
    "$1 %s {} :name ?",
    "\U0001f9ea\U0001f600 é 中文 \u202eright to left",
    "line\nbreak\r\n\ttab",
    "x" * 64,
    "ü" * 10_000,
    " leading and trailing ",
    "",
    "NULL",
    "\x01\x1b[31m",
]


def test_hostile_texts_come_back_as_they_were(store: Store) -> None:
    runs = [run("r1")]
    store.publish(runs, {"drift_metrics": drift(runs, HOSTILE, metrics=["psi"])})
    assert store.current("drift_metrics", "flights").column("column_name").to_pylist() == sorted(HOSTILE)
    for text in HOSTILE:
        found = store.execute_read(
            "SELECT column_name FROM current_drift_metrics WHERE column_name = $1", [text]
        )
        assert found.column("column_name").to_pylist() == [text]


@pytest.mark.parametrize("monitor", HOSTILE[:6])
def test_hostile_monitors_too(store: Store, monitor: str) -> None:
    runs = [run("r1", monitor=monitor)]
    store.begin(runs)
    store.publish(runs, {"drift_metrics": drift(runs)}, inputs(runs, HOSTILE))
    assert store.put_once("binnings", binning("b", monitor)) == 1
    assert store.current("drift_metrics", monitor).num_rows == 4
    assert store.current("run_inputs", monitor).column("uri").to_pylist() == sorted(HOSTILE)
    assert store.current("binnings", monitor).num_rows == 1
    assert store.current("drift_metrics", monitor + "x").num_rows == 0


def test_nul_becomes_its_picture_in_rows_and_in_questions(store: Store) -> None:
    runs = [run("r1", monitor="a\0b")]
    store.publish(runs, {"drift_metrics": drift([run("r1", monitor="a\0b")], ["c\0"])})
    rows = store.current("drift_metrics", "a\0b")
    assert set(rows.column("column_name").to_pylist()) == {"c␀"}
    assert set(rows.column("monitor").to_pylist()) == {"a␀b"}
    store.fail([run("r2", 1, monitor="a\0b")], "Error", "bad\0byte")
    assert store.execute_read("SELECT error FROM runs WHERE run_id = 'r2'").to_pylist() == [
        {"error": "bad␀byte"}
    ]


def test_numbers_keep_every_bit(store: Store) -> None:
    numbers = [0.1, -0.0, 1e-308, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, 1 / 3]
    runs = [run(f"r{i}", i, part="performance") for i in range(len(numbers))]
    rows = [performance([record], value) for record, value in zip(runs, numbers, strict=True)]
    store.publish(runs, {"performance_metrics": pa.concat_tables(rows)})
    back = store.current("performance_metrics", "flights").column("value").to_pylist()
    assert [value.hex() for value in back] == [value.hex() for value in numbers]


def test_integers_booleans_and_bytes(store: Store) -> None:
    record = run("r1", rows_read=2**63 - 1, bytes_read=-(2**63))
    store.publish([record], {"drift_metrics": drift([record], drifted=False)})
    [row] = store.current_runs("flights", "data").to_pylist()
    assert (row["rows_read"], row["bytes_read"]) == (2**63 - 1, -(2**63))
    assert store.current("drift_metrics", "flights").column("drifted").to_pylist() == [False] * 4
    state = bytes(range(256)) * 1000
    store.put_once("binnings", binning("b", state=state))
    assert store.current("binnings", "flights").column("state").to_pylist() == [state]


def test_instants_are_kept_to_the_microsecond_whatever_their_zone(store: Store) -> None:
    local = datetime(2013, 3, 10, 1, 59, 59, 999999, tzinfo=ZoneInfo("America/New_York"))
    record = run("r1", window_start=local, window_end=local + timedelta(hours=1), granularity="hour")
    store.publish([record], {"drift_metrics": drift([record])})
    [start] = set(store.current("drift_metrics", "flights").column("window_start").to_pylist())
    assert start == datetime(2013, 3, 10, 6, 59, 59, 999999, tzinfo=UTC)
    assert store.current("drift_metrics", "flights", start=local).num_rows == 4
    assert store.current("drift_metrics", "flights", start=local + timedelta(microseconds=1)).num_rows == 0


def test_what_is_put_once_stays(store: Store) -> None:
    assert store.put_once("binnings", binning("b1", state=b"first")) == 1
    assert store.put_once("binnings", binning("b1", state=b"second")) == 0
    assert store.put_once("binnings", binning("b2")) == 1
    rows = store.current("binnings", "flights")
    assert rows.column("binning_id").to_pylist() == ["b1", "b2"]
    assert rows.column("state")[0].as_py() == b"first"


def test_of_equal_keys_in_one_call_the_first_is_put(store: Store) -> None:
    both = pa.concat_tables([binning("b1", state=b"first"), binning("b1", state=b"second"), binning("b0")])
    assert store.put_once("binnings", both) == 2
    assert store.current("binnings", "flights").column("state").to_pylist() == [b"\x00\x01\xff", b"first"]
    assert store.put_once("binnings", both.slice(0, 0)) == 0
    with pytest.raises(ValueError, match="belong to runs"):
        store.put_once("drift_metrics", drift([]))


def test_queries_are_answered_with_the_same_types(store: Store) -> None:
    store.publish([run("r1")], {})
    answer = store.execute_read(
        "SELECT SUM(rows_read) AS total, AVG(rows_read) AS mean, COUNT(*) AS n, MAX(window_start) AS newest, "
        "CAST(1.5 AS NUMERIC(10, 2)) AS exact, 'x' AS word, TRUE AS yes FROM runs"
    )
    assert [str(kind) for kind in answer.schema.types] == [
        *("double", "double", "int64", "timestamp[us, tz=UTC]", "double", "string", "bool")
    ]
    assert answer.to_pylist() == [
        {"total": 1000, "mean": 1000, "n": 1, "newest": day(0), "exact": 1.5, "word": "x", "yes": True}
    ]
    parameters = [day(0), "flights", 5, 0.5, None]
    given = store.execute_read(
        "SELECT COUNT(*) AS n FROM runs WHERE window_start = $1 AND monitor = $2 AND rows_read > $3 "
        "AND cpu_seconds > $4 AND superseded_at IS NOT DISTINCT FROM $5",
        parameters,
    )
    assert given.column("n").to_pylist() == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM runs",
        "INSERT INTO schema_version VALUES (99, 'x', now())",
        "CREATE TABLE mine (a INTEGER)",
        "UPDATE runs SET monitor = 'x'",
        "SELECT 1; DELETE FROM runs",
        "COMMIT; DELETE FROM runs",
    ],
)
def test_a_read_changes_nothing(store: Store, statement: str) -> None:
    store.publish([run("r1")], {})
    with pytest.raises(QueryError):
        store.execute_read(statement)
    assert store.execute_read("SELECT COUNT(*) AS n FROM runs").column("n").to_pylist() == [1]


def test_a_refused_query_is_shown_with_its_cause(store: Store) -> None:
    with pytest.raises(QueryError, match=r"(?s)colour.*SELECT colour FROM runs"):
        store.execute_read("SELECT colour FROM runs")
    # The store goes on.
    assert store.execute_read("SELECT 1 AS one").column("one").to_pylist() == [1]
    with pytest.raises(ValueError, match="without a zone"):
        store.execute_read("SELECT $1", [datetime(2013, 1, 1)])  # noqa: DTZ001
