"""Forward only, numbered, and ending where the definitions are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from tests.stores import behind
from tests.stores.makers import drift, run

from driftline_jobs.stores import open_store
from driftline_jobs.stores.database import Database
from driftline_jobs.stores.duckdb.database import DuckDbDatabase
from driftline_jobs.stores.migrate import Migration, migrate, migrations, version_of
from driftline_jobs.stores.postgres.database import PostgresDatabase
from driftline_jobs.stores.urls import duckdb_path
from driftline_schemas.ddl import Dialect, create_script
from driftline_schemas.errors import ConfigError, DriftlineError

CATALOGUE = {
    "duckdb": [
        (
            "SELECT table_name, column_name, data_type, is_nullable, comment "
            "FROM duckdb_columns() WHERE NOT internal"
        ),
        "SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal",
        "SELECT view_name, comment, sql FROM duckdb_views() WHERE NOT internal",
        "SELECT function_name, comment, macro_definition FROM duckdb_functions() WHERE NOT internal",
    ],
    "postgres": [
        (
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attnum, "
            "col_description(c.oid, a.attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "WHERE c.relnamespace = 'driftline'::regnamespace AND a.attnum > 0"
        ),
        (
            "SELECT c.relname, c.relkind, obj_description(c.oid, 'pg_class') FROM pg_class c "
            "WHERE c.relnamespace = 'driftline'::regnamespace"
        ),
        "SELECT viewname, definition FROM pg_views WHERE schemaname = 'driftline'",
        (
            "SELECT p.proname, pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc') FROM pg_proc p "
            "WHERE p.pronamespace = 'driftline'::regnamespace"
        ),
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'driftline'",
    ],
}


def database(url: str) -> Database:
    return DuckDbDatabase(*duckdb_path(url)) if url.startswith("duckdb") else PostgresDatabase(url)


def version(url: str) -> int:
    with closing(database(url)) as opened, opened.reading(10) as session:
        return version_of(session, opened.dialect)


def catalogue(url: str) -> list[list[str]]:
    """Everything the catalogue says of the store, but for where the bookkeeping of versions is."""
    kind = "duckdb" if url.startswith("duckdb") else "postgres"
    answers = [sorted(map(str, behind.read(url, query))) for query in CATALOGUE[kind]]
    return [[row for row in answer if "schema_version" not in row] for answer in answers]


def test_all_migrations_together_give_what_the_definitions_say(new_url: Callable[[], str], kind: str) -> None:
    dialect = Dialect(kind)
    migrated, defined = new_url(), new_url()
    with open_store(migrated) as store:
        store.migrate()
    as_defined = Migration(1, "as_defined", create_script(dialect))
    with closing(database(defined)) as opened:
        migrate(opened, [as_defined], 10)

    assert catalogue(migrated) == catalogue(defined), (
        "the definitions have changed: write a new migration. (Before the first release: make 0001 anew, "
        "from driftline_schemas.ddl.create_script)"
    )


@pytest.mark.parametrize("earlier", range(len(migrations(Dialect.DUCKDB))))
def test_from_every_earlier_version(new_url: Callable[[], str], kind: str, earlier: int) -> None:
    steps = migrations(Dialect(kind))
    url, fresh = new_url(), new_url()
    with closing(database(url)) as opened:
        assert migrate(opened, steps[:earlier], 10) == earlier
    assert version(url) == earlier

    with open_store(url) as store, open_store(fresh) as other:
        assert store.migrate() == len(steps)
        assert store.migrate() == len(steps)
        other.migrate()
        assert catalogue(url) == catalogue(fresh)
        store.publish([run("r1")], {"drift_metrics": drift([run("r1")])})
        assert store.current("drift_metrics", "flights").num_rows == 4


def test_both_dialects_have_the_same_steps() -> None:
    duckdb, postgres = (migrations(dialect) for dialect in Dialect)
    assert [(step.number, step.name) for step in duckdb] == [(step.number, step.name) for step in postgres]
    assert [step.number for step in duckdb] == list(range(1, len(duckdb) + 1))


STEPS = [
    Migration(1, "first", "CREATE TABLE one (a BIGINT); CREATE TABLE more (a BIGINT);"),
    Migration(2, "second", "ALTER TABLE one ADD COLUMN b BIGINT; INSERT INTO one VALUES (1, 2);"),
    Migration(3, "third", "CREATE TABLE three (a BIGINT);"),
]


def test_steps_are_applied_once_and_in_order(url: str) -> None:
    with closing(database(url)) as opened:
        assert migrate(opened, STEPS[:2], 10) == 2
        behind.write(url, "INSERT INTO one VALUES (3, 4)")
        assert migrate(opened, STEPS, 10) == 3
    assert behind.read(url, "SELECT a, b FROM one ORDER BY a") == [(1, 2), (3, 4)]
    assert behind.read(url, "SELECT version, name FROM schema_version ORDER BY version") == [
        *((1, "first"), (2, "second"), (3, "third"))
    ]


def test_a_step_that_fails_takes_the_others_with_it(url: str) -> None:
    broken = Migration(3, "broken", "CREATE TABLE three (a BIGINT); SELECT no_such_column FROM one;")
    with closing(database(url)) as opened:
        migrate(opened, STEPS[:1], 10)
        with pytest.raises(DriftlineError, match="no_such_column"):
            migrate(opened, [*STEPS[:2], broken], 10)
        assert version(url) == 1
        assert migrate(opened, STEPS, 10) == 3


def test_many_who_migrate_at_once_do_it_once(url: str) -> None:
    def one(_: int) -> int:
        with open_store(url, wait_seconds=60) as store:
            return store.migrate()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, range(6))) == {len(migrations(Dialect.DUCKDB))}
    assert behind.read(url, "SELECT COUNT(*) FROM schema_version") == [(len(migrations(Dialect.DUCKDB)),)]


def test_a_store_of_a_newer_version_is_left_alone(url: str) -> None:
    store = open_store(url, wait_seconds=5)
    store.migrate()
    behind.write(
        url, "INSERT INTO schema_version SELECT 99, 'of tomorrow', max(applied_at) FROM schema_version"
    )
    for call in (
        store.migrate,
        lambda: store.execute_read("SELECT 1"),
        lambda: store.publish([run("r1")], {}),
    ):
        with pytest.raises(ConfigError, match=r"version 99, made by a newer Driftline.*update Driftline"):
            call()
    assert behind.read(url, "SELECT COUNT(*) FROM runs") == [(0,)]
    store.close()


def test_a_store_without_tables_says_what_to_do(url: str) -> None:
    database(url).create()
    message = "has no summary tables yet: run `driftline store migrate`"
    with open_store(url, wait_seconds=5) as store, pytest.raises(ConfigError, match=message):
        store.execute_read("SELECT 1")
