"""Numbered, forward-only migrations, and the version a store is at.

A migration is a pair of files ``migrations/NNNN_name.<dialect>.sql``. Once released it is never edited: a
change of a table, a view or a comment is a new migration, and a test holds that all of them together give
exactly what the definitions in ``driftline_schemas`` say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from driftline_jobs.stores import salts
from driftline_jobs.stores.database import Database, Session
from driftline_schemas.ddl import POSTGRES_SCHEMA, Dialect
from driftline_schemas.errors import ConfigError

_SCHEMAS = {Dialect.DUCKDB: "main", Dialect.POSTGRES: POSTGRES_SCHEMA}
_VERSION_TABLE = {
    Dialect.DUCKDB: (
        "CREATE TABLE schema_version "
        "(version BIGINT NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
    ),
    Dialect.POSTGRES: (
        "CREATE TABLE schema_version "
        "(version bigint PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)"
    ),
}
# information_schema would do for both, but DuckDB takes ten times as long to lay it out.
_TABLES = {
    Dialect.DUCKDB: "duckdb_tables() WHERE schema_name = $1 AND table_name = $2",
    Dialect.POSTGRES: "information_schema.tables WHERE table_schema = $1 AND table_name = $2",
}
_VERSION_COMMENTS = """
COMMENT ON TABLE schema_version IS 'One row per migration that was applied to this store.';
COMMENT ON COLUMN schema_version.version IS 'Number of the migration; the greatest is the version.';
COMMENT ON COLUMN schema_version.name IS 'Name of the migration.';
COMMENT ON COLUMN schema_version.applied_at IS 'When it was applied. Unit: UTC.';
"""
_LOCK = "schema"


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    """One step forward: ``sql`` brings a store of version ``number - 1`` to version ``number``."""

    number: int
    name: str
    sql: str


def migrations(dialect: Dialect) -> tuple[Migration, ...]:
    """Every migration for ``dialect``, in order, numbered from 1 without gaps."""
    folder = resources.files("driftline_jobs.stores") / "migrations"
    suffix = f".{dialect}.sql"
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(suffix):
            number, _, name = entry.name.removesuffix(suffix).partition("_")
            found.append(Migration(int(number), name, entry.read_text(encoding="utf-8")))
    found.sort()
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations are not numbered without gaps: {[step.number for step in found]}")
    return tuple(found)


def version_of(session: Session, dialect: Dialect, *, is_ours: bool = False) -> int:
    """The version a store is at; 0 for one that holds nothing of ours, unless it is known to be ours."""
    if is_ours:
        return _newest(session)
    tables = session.query(
        f"SELECT COUNT(*) AS tables FROM {_TABLES[dialect]}",  # noqa: S608 - our own words
        [_SCHEMAS[dialect], "schema_version"],
    )
    if not tables.column("tables")[0].as_py():
        return 0
    return _newest(session)


def _newest(session: Session) -> int:
    newest = session.query("SELECT MAX(version) AS version FROM schema_version").column("version")[0].as_py()
    return int(newest or 0)


def require_version(session: Session, database: Database, wanted: int, *, is_ours: bool = False) -> None:
    """Raise ``ConfigError`` unless the store is at version ``wanted``; looks whether it is a store at all but
    where it ``is_ours``, as it was a moment ago."""
    found = version_of(session, database.dialect, is_ours=is_ours)
    if found > wanted:
        raise ConfigError(
            f"the store {database.name} is of version {found}, made by a newer Driftline; this one knows "
            f"version {wanted}: update Driftline"
        )
    if found < wanted:
        state = (
            "has no summary tables yet"
            if found == 0
            else f"is of version {found}, this Driftline needs {wanted}"
        )
        raise ConfigError(f"the store {database.name} {state}: run `driftline store migrate`")


def migrate(database: Database, steps: Sequence[Migration], wait_seconds: float) -> int:
    """Bring the store to the version of the last of ``steps``, all of them in one transaction; returns it.

    What SQL cannot do is done before, and may be done again if the steps fail.
    """
    database.create()
    wanted = len(steps)
    with database.reading(wait_seconds) as session:
        found = version_of(session, database.dialect)
        if found > wanted:
            require_version(session, database, wanted)
    if 0 < found < salts.VERSION <= wanted:
        salts.erase_salts(database, _LOCK, wait_seconds)
    if found < wanted:
        with database.writing(wait_seconds) as session:
            session.lock([_LOCK])
            # Looked at again, now that nobody else can be at it.
            found = version_of(session, database.dialect)
            if found == 0:
                if database.dialect is Dialect.POSTGRES:
                    session.run(f"CREATE SCHEMA IF NOT EXISTS {POSTGRES_SCHEMA}")
                session.run(_VERSION_TABLE[database.dialect])
                session.script(_VERSION_COMMENTS)
            for step in steps[found:]:
                session.script(step.sql)
                session.run(
                    "INSERT INTO schema_version VALUES ($1, $2, $3)", [step.number, step.name, session.now()]
                )
        # A connection remembers the types that were there when it was made.
        database.close()
    return wanted
