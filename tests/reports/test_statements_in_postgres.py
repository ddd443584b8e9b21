"""The statements a page shows, asked of a real Postgres in another zone: the same figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pyarrow as pa
import pytest
from tests.reports.hostile_inputs import hostile
from tests.reports.readback import Rows, exact, key_of, read
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample
from tests.stores.postgres_server import PostgresServer

from driftline_reports.inputs import ReportInputs
from driftline_reports.page import render_page


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    server = PostgresServer()
    server.start()
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as opened:
            opened.execute("SET TimeZone = 'America/New_York'")
            yield opened
    finally:
        server.remove()


def column_type(field: pa.Field) -> str:
    if pa.types.is_timestamp(field.type):
        return "timestamptz"
    if pa.types.is_floating(field.type):
        return "double precision"
    if pa.types.is_integer(field.type):
        return "bigint"
    if pa.types.is_boolean(field.type):
        return "boolean"
    return "bytea" if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type) else "text"


def load(connection: psycopg.Connection, inputs: ReportInputs) -> None:
    for name, table in inputs.tables.items():
        columns = ", ".join(f'"{field.name}" {column_type(field)}' for field in table.schema)
        connection.execute(f"DROP TABLE IF EXISTS current_{name}")
        connection.execute(f"CREATE TABLE current_{name} ({columns})")
        with connection.cursor().copy(f"COPY current_{name} FROM STDIN") as copy:
            for row in table.to_pylist():
                copy.write_row(
                    [v.replace("\x00", "\u2400") if isinstance(v, str) else v for v in row.values()]
                )


def answer(connection: psycopg.Connection, sql: str, keys: list[str]) -> Rows:
    cursor = connection.execute(sql.encode())
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {key_of([row[key] for key in keys]): row for row in rows}


def in_utc(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    "inputs",
    [lambda: make(Sample(monitor={"granularity": "hour", "timezone": "America/New_York"})), hostile],
    ids=["hourly in a zone", "hostile"],
)
def test_every_figure_is_what_postgres_returns(
    connection: psycopg.Connection, inputs: Callable[[], ReportInputs]
) -> None:
    made = inputs()
    load(connection, made)
    page = read(render_page(made))
    answers = {name: answer(connection, sql, page.keys[name]) for name, sql in page.queries.items()}
    assert len(page.figures) > 100
    for figure in page.figures:
        assert exact(in_utc(answers[figure.query][figure.row][figure.column])) == figure.value, figure
