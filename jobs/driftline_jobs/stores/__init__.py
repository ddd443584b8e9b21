"""The stores of the summary tables: one set of promises, kept on DuckDB and on Postgres."""

from __future__ import annotations

from driftline_jobs.stores.base import QueryError, RunRecord, Store
from driftline_jobs.stores.sql_store import SqlStore
from driftline_jobs.stores.urls import duckdb_path, scheme_of
from driftline_schemas.settings import Settings

__all__ = ["QueryError", "RunRecord", "Store", "open_store", "store_of"]


def store_of(settings: Settings) -> Store:
    """The store that the settings name; see ``open_store``."""
    return open_store(settings.store, wait_seconds=settings.timeout, silence_seconds=settings.timeout)


def open_store(url: str, *, wait_seconds: float = 60.0, silence_seconds: float = 60.0) -> Store:
    """The store at ``url`` (see ``driftline_jobs.stores.urls``). Connects to nothing yet.

    ``wait_seconds`` bounds how long a call waits for other processes, or for a server that went away;
    ``silence_seconds`` how long a server may take to answer.
    Raises ``ConfigError`` for a URL that names no kind of store.
    """
    if scheme_of(url) == "duckdb":
        from driftline_jobs.stores.duckdb.database import DuckDbDatabase

        path, copy = duckdb_path(url)
        return SqlStore(DuckDbDatabase(path, copy), wait_seconds=wait_seconds)
    from driftline_jobs.stores.postgres.database import PostgresDatabase

    return SqlStore(PostgresDatabase(url, silence_seconds=silence_seconds), wait_seconds=wait_seconds)
