"""What analysts find: views with the right answers, comments on everything, queries that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from tests.stores import behind
from tests.stores.makers import day, drift, one_row, run
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.stores import RunRecord, Store
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.view_definitions import load_views

ROLE = Path(__file__).parents[2] / "infra" / "postgres" / "readonly_role.sql"


def test_latest_status_is_of_the_newest_window(filled: Store) -> None:
    [status] = filled.execute_read("SELECT * FROM latest_status").to_pylist()
    status.pop("published_at")
    assert status == {
        "monitor": "flights",
        "granularity": "day",
        "window_start": day(1),
        "window_end": day(2),
        "verdict": "alert",
        "rows_read": 1000,
        "rows_quarantined": None,
        "drifted_columns": 1,
        "degraded_metrics": 1,
        "failed_checks": 1,
        "open_alerts": 1,
        "level": "calm",
    }


def test_latest_status_of_quiet_monitors_is_ok(store: Store) -> None:
    records = [run("r1", monitor="quiet"), run("r2", monitor="odd")]
    store.publish(records, {"drift_metrics": drift([records[1]], drifted=True)})
    status = store.execute_read("SELECT monitor, verdict FROM latest_status ORDER BY monitor").to_pylist()
    assert status == [{"monitor": "odd", "verdict": "warning"}, {"monitor": "quiet", "verdict": "ok"}]


def incident(record: RunRecord, **values: object) -> pa.Table:
    given = {
        "incident_id": "i1",
        "state": "new",
        "severity": "medium",
        "topic": "drift",
        "certain": False,
        "headline": "carrier moved",
        "first_window": record.window_start,
        "last_window": record.window_start,
        "columns": ["carrier"],
        "alerts": ["a1"],
        "evidence": {},
    }
    return one_row("incidents", record, **{**given, **values})


@pytest.mark.parametrize(
    ("level", "given"),
    [
        ("broken", [{"topic": "performance", "certain": True}, {"topic": "data", "severity": "critical"}]),
        ("faulty", [{"topic": "data"}, {"topic": "performance", "severity": "high"}]),
        ("suspect", [{"topic": "performance", "severity": "high"}, {"state": "escalated"}]),
        ("changed", [{"state": "escalated"}, {"state": "ongoing", "topic": "performance", "certain": True}]),
        ("ongoing", [{"state": "ongoing"}, {"severity": "low"}]),
        ("ongoing", [{"state": "ongoing", "last_window": day(2)}]),  # it waits for its end
        ("calm", [{"severity": "low"}, {"state": "acknowledged"}, {"state": "accepted"}]),
        ("calm", [{"state": "resolved", "topic": "data", "severity": "critical"}]),
        ("calm", []),
    ],
)
def test_a_window_stands_at_the_worst_that_is_true_of_it(
    filled: Store, level: str, given: Sequence[Mapping[str, object]]
) -> None:
    data, judged = run("r3", 3), run("j3", 3, part="judgement")
    filled.publish([data], {"drift_metrics": drift([data], drifted=False)})
    rows = [incident(judged, **values, incident_id=f"i{at}") for at, values in enumerate(given)]
    filled.publish([judged], {"incidents": pa.concat_tables(rows)} if rows else {})
    assert filled.execute_read(
        "SELECT window_start, level FROM window_levels ORDER BY window_start"
    ).to_pylist() == [
        {"window_start": day(0), "level": "calm"},
        {"window_start": day(1), "level": "calm"},
        {"window_start": day(3), "level": level},
    ]
    assert filled.execute_read("SELECT level FROM latest_status").to_pylist() == [{"level": level}]


@pytest.mark.parametrize(
    ("level", "rows_read", "given"),
    [
        ("empty", 0, None),
        ("unjudged", 10, None),
        ("empty", 0, {"state": "ongoing", "last_window": day(0)}),
        ("ongoing", 0, {"state": "ongoing", "topic": "data"}),
        ("faulty", 0, {"topic": "data"}),
    ],
)
def test_where_nothing_was_judged_only_what_is_said_here_counts(
    store: Store, level: str, rows_read: int, given: Mapping[str, object] | None
) -> None:
    data, judged = run("r1", 1, rows_read=rows_read), run("j1", 1, part="judgement")
    store.publish([data], {"drift_metrics": drift([data], drifted=None)})
    store.publish([judged], {} if given is None else {"incidents": incident(judged, **given)})
    assert store.execute_read("SELECT level FROM window_levels").to_pylist() == [{"level": level}]


def test_monitors_are_as_their_newest_window_says(store: Store) -> None:
    said = '{"description":"late?","owner":"ml","reference":"2013-03-01 to 2013-03-31","task":"regression"}'
    store.publish([run("r1", 0, configuration="{}"), run("r2", 1, configuration=said, config_hash="b")], {})
    store.publish([run("r3", 0, monitor="older")], {})
    assert store.execute_read("SELECT * FROM monitors ORDER BY monitor").to_pylist() == [
        {
            "monitor": "flights",
            "granularity": "day",
            "owner": "ml",
            "description": "late?",
            "task": "regression",
            "reference": "2013-03-01 to 2013-03-31",
            "config_hash": "b",
            "last_window": day(1),
        },
        {
            "monitor": "older",
            "granularity": "day",
            **dict.fromkeys(("owner", "description", "task", "reference", "config_hash")),
            "last_window": day(0),
        },
    ]


def test_drift_calendar(filled: Store) -> None:
    calendar = filled.execute_read("SELECT * FROM drift_calendar ORDER BY window_start").to_pylist()
    assert [row["window_start"] for row in calendar] == [day(0), day(1)]
    assert [row["columns_judged"] for row in calendar] == [2, 2]
    assert [row["drifted_columns"] for row in calendar] == [0, 1]
    assert [row["drifted_share"] for row in calendar] == [0.0, 0.5]
    assert [row["largest_excess"] for row in calendar] == pytest.approx([0.5, 2.5])
    assert [row["failed_checks"] for row in calendar] == [0, 1]
    assert [row["open_alerts"] for row in calendar] == [0, 1]


def test_worst_columns(filled: Store) -> None:
    worst = filled.execute_read(
        "SELECT column_rank, column_name, metric, value, excess, drifted FROM worst_columns "
        "WHERE monitor = 'flights' AND window_start = $1 ORDER BY column_rank",
        [day(1)],
    ).to_pylist()
    assert [row["column_name"] for row in worst] == ["carrier", "distance"]
    assert [row["column_rank"] for row in worst] == [1, 2]
    assert [row["metric"] for row in worst] == ["ks", "ks"]  # as far beyond as psi, and first by name
    assert [row["excess"] for row in worst] == pytest.approx([2.5, 0.5])
    assert [row["drifted"] for row in worst] == [True, False]


def test_performance_comparison(filled: Store) -> None:
    both = filled.execute_read("SELECT * FROM performance_comparison ORDER BY window_start").to_pylist()
    assert [row["realized"] for row in both] == [0.8, 0.6]
    assert [row["estimated"] for row in both] == [None, 0.7]
    assert [row["is_final"] for row in both] == [True, True]
    assert [row["degraded"] for row in both] == [None, True]
    assert (both[1]["realized_low"], both[1]["realized_high"]) == (0.55, 0.65)


def test_monitor_costs_count_every_attempt(filled: Store) -> None:
    costs = filled.execute_read("SELECT * FROM monitor_costs ORDER BY window_start").to_pylist()
    assert [row["attempts"] for row in costs] == [2, 5]
    assert [row["failed"] for row in costs] == [0, 1]
    assert [row["cpu_seconds"] for row in costs] == [3.0, 2.5 + 1.5 * 3 + 4.0]
    # one attempt of the data part; and three, of which one was superseded and one failed
    assert [row["rows_read"] for row in costs] == [1000, 500 + 1000 + 1000]


def test_databricks_profile_metrics(filled: Store) -> None:
    [row] = filled.execute_read("SELECT * FROM databricks_profile_metrics").to_pylist()
    assert row["window"] == {"start": day(1), "end": day(2)}
    assert row["granularity"] == "1 day"
    assert (row["model_id"], row["slice_key"], row["slice_value"]) == (None, None, None)
    assert (row["count"], row["num_nulls"], row["num_nan"], row["num_zeros"]) == (200, 20, 4, 2)
    assert (row["avg"], row["median"]) == (3.5, 3.0)
    assert (row["percent_null"], row["percent_nan"], row["percent_zeros"]) == (10.0, 2.0, 1.0)
    assert row["percent_distinct"] == 25.0
    assert row["frequent_items"] == '[["a",1]]'
    assert row["min_length"] is None


def test_databricks_drift_metrics(filled: Store) -> None:
    found = filled.execute_read(
        "SELECT * FROM databricks_drift_metrics WHERE column_name = 'carrier' "
        "ORDER BY population_stability_index"
    ).to_pylist()
    assert [row["population_stability_index"] for row in found] == [0.1, 0.5]
    assert [row["ks_test"] for row in found] == [{"statistic": v, "pvalue": None} for v in (0.1, 0.5)]
    assert {row["drift_type"] for row in found} == {"BASELINE"}
    assert [row["count_delta"] for row in found] == [-4000, -4000]
    assert found[1]["window"] == {"start": day(1), "end": day(2)}


def test_views_have_the_columns_they_are_said_to_have(store: Store) -> None:
    kinds = {
        "text": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
    }
    for name, view in load_views().items():
        answer = store.execute_read(f"SELECT * FROM {name}")
        assert answer.column_names == [column.name for column in view.columns]
        for column in view.columns:
            kind = answer.schema.field(column.name).type
            fits = pa.types.is_struct(kind) if column.type == "struct" else kind == kinds[column.type]
            assert fits, (name, column.name, kind)


def test_every_worked_query_runs(filled: Store) -> None:
    queries = [query for table in load_tables().values() for query in table.queries]
    queries += [query for view in load_views().values() for query in view.queries]
    for query in queries:
        filled.execute_read(query.sql)


def test_no_column_needs_quotes_but_those_named_by_others(store: Store) -> None:
    for table in load_tables().values():
        store.execute_read(f"SELECT {', '.join(table.column_names)} FROM {table.name}")


def test_the_documented_filter_is_the_table_function(filled: Store) -> None:
    moments = filled.execute_read("SELECT published_at AS at FROM runs WHERE published_at IS NOT NULL")
    for moment in moments.column("at").to_pylist():
        by_filter = filled.execute_read(
            "SELECT d.* FROM drift_metrics d JOIN runs r ON r.run_id = d.run_id WHERE r.published_at <= $1 "
            "AND (r.superseded_at IS NULL OR r.superseded_at > $1)",
            [moment],
        )
        by_function = filled.execute_read("SELECT * FROM drift_metrics_as_of($1)", [moment])
        assert sorted(map(str, by_filter.to_pylist())) == sorted(map(str, by_function.to_pylist()))
        assert by_function.num_rows > 0


def test_everything_in_the_catalogue_has_a_comment(store: Store, url: str, kind: str) -> None:
    assert store.migrate() >= 1
    if kind == "duckdb":
        queries = [
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL",
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL",
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL",
            "SELECT function_name FROM duckdb_functions() WHERE NOT internal AND comment IS NULL",
        ]
    else:
        queries = [
            (
                "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                "WHERE c.relnamespace = 'driftline'::regnamespace AND a.attnum > 0 "
                "AND c.relkind IN ('r', 'v') AND col_description(c.oid, a.attnum) IS NULL"
            ),
            (
                "SELECT relname FROM pg_class c WHERE relnamespace = 'driftline'::regnamespace "
                "AND relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL"
            ),
            (
                "SELECT proname FROM pg_proc p WHERE pronamespace = 'driftline'::regnamespace "
                "AND obj_description(p.oid, 'pg_proc') IS NULL"
            ),
        ]
    for query in queries:
        assert behind.read(url, query) == []


@pytest.fixture
def analyst(store: Store, url: str, postgres: PostgresServer) -> str:
    """The URL of a login of the read-only role."""
    assert store
    import psycopg

    database = url.rpartition("/")[2]
    login = f"analyst_{database}"
    with psycopg.connect(url, autocommit=True) as owner:
        for _ in range(2):  # it may be run again
            owner.execute(ROLE.read_bytes())
        owner.execute(f"CREATE ROLE {login} LOGIN IN ROLE driftline_reader".encode())
        # A table that a later migration makes.
        owner.execute("CREATE TABLE driftline.later (a integer)")
    return postgres.url(database, login)


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_the_readonly_role_reads_all_but_the_bins_and_changes_nothing(analyst: str) -> None:
    import psycopg

    with psycopg.connect(analyst, autocommit=True) as connection:
        connection.execute("SET search_path TO driftline")
        for relation in [*load_tables(), *load_views(), "current_drift_metrics", "later"]:
            if relation != "binnings":
                connection.execute(f"SELECT * FROM {relation}".encode())
        connection.execute("SELECT * FROM drift_metrics_as_of(now())")
        for statement in (
            "SELECT binning_id FROM binnings",
            "DELETE FROM runs",
            "INSERT INTO later VALUES (1)",
            "CREATE TABLE driftline.mine (a integer)",
            "DROP VIEW latest_status",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
