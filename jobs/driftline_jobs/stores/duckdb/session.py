"""Statements of one transaction on an open DuckDB file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from driftline_jobs.stores.arrow import from_store, parameter
from driftline_jobs.stores.base import QueryError
from driftline_jobs.stores.duckdb.refusals import refusals
from driftline_schemas.ddl import quote_name

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class DuckDbSession:
    """One transaction on an open file."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection
        self._registered = 0

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """See ``Session.run``."""
        with refusals(sql):
            self._connection.execute(sql, [_naive(parameter(value)) for value in parameters])

    def script(self, sql: str) -> None:
        """See ``Session.script``."""
        self.run(sql)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """See ``Session.query``."""
        with refusals(sql):
            relation = self._connection.sql(sql, params=[_naive(parameter(value)) for value in parameters])
            if relation is None:
                raise QueryError(f"this statement has no answer:\n{sql}")
            return from_store(relation.to_arrow_table())

    def insert(self, table: str, rows: pa.Table) -> None:
        """See ``Session.insert``."""
        self._registered += 1
        name = f"driftline_rows_{self._registered}"
        self.stage(name, rows)
        columns = ", ".join(quote_name(column) for column in rows.column_names)
        self.run(f"INSERT INTO {quote_name(table)} ({columns}) SELECT {columns} FROM {name}")  # noqa: S608
        self._connection.unregister(name)

    def stage(self, name: str, rows: pa.Table) -> None:
        """See ``Session.stage``."""
        # DuckDB's TIMESTAMP has no zone. Cast by DuckDB, an instant would go through the session's zone.
        fields = [
            pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
            for field in rows.schema
        ]
        self._connection.register(name, rows.cast(pa.schema(fields)))

    def lock(self, names: Sequence[str]) -> None:
        """Nothing to do: whoever writes the file has it alone."""

    def now(self) -> datetime:
        """See ``Session.now``."""
        return datetime.now(UTC)


def _naive(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
