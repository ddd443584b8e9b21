"""From the definitions of tables and views to SQL, for each dialect.

Names are not qualified: in Postgres everything lives in the schema ``driftline``, which whoever runs the
statements puts on the search path; in DuckDB in ``main``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from driftline_schemas.table_definitions import Column, ColumnType, Table, load_tables
from driftline_schemas.view_definitions import View, load_views

POSTGRES_SCHEMA = "driftline"
_RUN_COLUMNS = ("monitor", "window_start", "window_end", "granularity", "part")


class Dialect(StrEnum):
    """The stores' kinds of SQL."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


_TYPES = {
    Dialect.DUCKDB: {
        ColumnType.TEXT: "VARCHAR",
        ColumnType.JSON: "VARCHAR",
        ColumnType.INTEGER: "BIGINT",
        ColumnType.NUMBER: "DOUBLE",
        ColumnType.BOOLEAN: "BOOLEAN",
        ColumnType.TIMESTAMP: "TIMESTAMP",
        ColumnType.BLOB: "BLOB",
    },
    Dialect.POSTGRES: {
        ColumnType.TEXT: "text",
        ColumnType.JSON: "text",
        ColumnType.INTEGER: "bigint",
        ColumnType.NUMBER: "double precision",
        ColumnType.BOOLEAN: "boolean",
        ColumnType.TIMESTAMP: "timestamptz",
        ColumnType.BLOB: "bytea",
    },
}


def quote_name(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """``text`` as an SQL literal. For text of our own: values of others go in as parameters."""
    return "'" + text.replace("'", "''") + "'"


def create_statements(dialect: Dialect) -> list[str]:
    """Every statement that makes an empty store of the present version: tables, views, comments."""
    return [*table_statements(dialect), *view_statements(dialect)]


def table_statements(dialect: Dialect) -> list[str]:
    """Tables, indices and their comments."""
    statements = []
    for table in load_tables().values():
        statements.append(_create_table(table, dialect))
        statements.extend(_indices(table, dialect))
        statements.extend(_comments("TABLE", table.name, table.comment, table.columns))
    return statements


def view_statements(dialect: Dialect) -> list[str]:
    """The ``current_`` views, the ``_as_of`` table functions, the ready views, and their comments."""
    statements = []
    if dialect is Dialect.POSTGRES:
        statements.append('CREATE TYPE time_window AS ("start" timestamptz, "end" timestamptz)')
        statements.append("CREATE TYPE test_result AS (statistic double precision, pvalue double precision)")
    for table in load_tables().values():
        if table.parts:
            statements.extend(_history_statements(table, dialect))
    for view in load_views().values():
        statements.extend(_ready_view(view, dialect))
    return statements


def create_script(dialect: Dialect) -> str:
    """``create_statements`` as one script: what a migration that sets up a store is written from."""
    return "".join(f"{statement};\n\n" for statement in create_statements(dialect)).rstrip() + "\n"


def column_type(column: Column, dialect: Dialect) -> str:
    """SQL type of ``column``."""
    return _TYPES[dialect][column.type]


def _create_table(table: Table, dialect: Dialect) -> str:
    lines = [
        f"  {quote_name(column.name)} {column_type(column, dialect)}{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    ]
    # Keys are kept by the publishing transaction. An index on a key of texts would cost more than the rows,
    # and Postgres refuses an entry of more than 2.7 kB, which a column's name may well have.
    if table.name == "runs" and dialect is Dialect.POSTGRES:
        lines.append('  PRIMARY KEY ("run_id")')
    return f"CREATE TABLE {table.name} (\n" + ",\n".join(lines) + "\n)"


def _indices(table: Table, dialect: Dialect) -> Iterator[str]:
    """By windows in Postgres only: DuckDB finds these by the bounds it keeps of every row group. A reference
    is found by its id in both, since whoever scans for one decodes the states of all."""
    if table.name == "reference_sets":
        yield "CREATE INDEX reference_sets_id ON reference_sets (reference_id)"
    if dialect is Dialect.DUCKDB:
        return
    if table.windowed:
        yield f"CREATE INDEX {table.name}_window ON {table.name} (monitor, window_start)"
    elif table.published:
        yield f"CREATE INDEX {table.name}_run ON {table.name} (run_id)"
    if table.name == "runs":
        yield (
            "CREATE UNIQUE INDEX runs_current ON runs (monitor, granularity, window_start, part) "
            "WHERE status = 'published' AND superseded_at IS NULL"
        )


def _history_statements(table: Table, dialect: Dialect) -> Iterator[str]:
    view = f"current_{table.name}"
    current = "r.status = 'published' AND r.superseded_at IS NULL"
    yield f"CREATE VIEW {view} AS\n{_history_query(table, current)}"
    yield from _comments(
        "VIEW",
        view,
        f"The present answer: {table.name} of the newest published run of each "
        "(monitor, granularity, window_start, part). " + table.comment,
        _history_columns(table),
    )
    moment = "moment" if dialect is Dialect.DUCKDB else f"{table.name}_as_of.moment"
    then = f"r.published_at <= {moment} AND (r.superseded_at IS NULL OR r.superseded_at > {moment})"
    name = f"{table.name}_as_of"
    if dialect is Dialect.DUCKDB:
        yield f"CREATE MACRO {name}(moment) AS TABLE\n{_history_query(table, then)}"
        kind = "MACRO TABLE"
    else:
        # The body is parsed now, so that it means the same whatever the caller's search path is.
        yield (
            f"CREATE FUNCTION {name}(moment timestamptz) RETURNS SETOF {view}\n"
            f"LANGUAGE sql STABLE PARALLEL SAFE\nBEGIN ATOMIC\n{_history_query(table, then)};\nEND"
        )
        kind = "FUNCTION"
    yield f"COMMENT ON {kind} {name} IS " + quote_text(
        f"What current_{table.name} showed at a moment (UTC). Exact as far back as nothing was pruned."
    )


def _history_columns(table: Table) -> tuple[Column, ...]:
    """Columns of the table's history; a table without window columns gets those of its run in front."""
    if table.windowed:
        return table.columns
    runs = load_tables()["runs"]
    return tuple(runs.column(name) for name in _RUN_COLUMNS) + table.columns


def _history_query(table: Table, condition: str) -> str:
    if table.name == "runs":
        names = ", ".join(f"r.{quote_name(name)}" for name in table.column_names)
        # A run that is not published has no published_at: the condition of the past leaves it out too.
        return f"SELECT {names}\nFROM runs r\nWHERE {condition}"
    columns = [column.name for column in _history_columns(table)]
    names = ", ".join(f"{'t' if name in table.column_names else 'r'}.{quote_name(name)}" for name in columns)
    # monitor and window_start follow from run_id: joined, they let a filter on them reach both sides.
    window = " AND r.monitor = t.monitor AND r.window_start = t.window_start" if table.windowed else ""
    of_runs = (
        f"SELECT {names}\nFROM {table.name} t\nJOIN runs r ON r.run_id = t.run_id{window}\nWHERE {condition}"
    )
    if table.name != "run_inputs":
        return of_runs
    # The objects of a reference are there once, and shown with every run that rests on it.
    shown = names.replace('t."run_id"', 'r."run_id"')
    return (
        f"{of_runs} AND t.role <> 'reference'\nUNION ALL\nSELECT {shown}\nFROM {table.name} t\n"
        f"JOIN runs r ON r.reference_id = t.run_id AND r.part = 'data'\n"
        f"WHERE t.role = 'reference' AND {condition}"
    )


def _ready_view(view: View, dialect: Dialect) -> Iterator[str]:
    yield f"CREATE VIEW {view.name} AS\n{view.sql(dialect)}"
    yield f"COMMENT ON VIEW {view.name} IS {quote_text(view.comment)}"
    for column in view.columns:
        yield (f"COMMENT ON COLUMN {view.name}.{quote_name(column.name)} IS {quote_text(column.comment)}")


def _comments(kind: str, name: str, comment: str, columns: tuple[Column, ...]) -> Iterator[str]:
    yield f"COMMENT ON {kind} {name} IS {quote_text(comment)}"
    for column in columns:
        yield f"COMMENT ON COLUMN {name}.{quote_name(column.name)} IS {quote_text(column.comment)}"
