"""Summary tables in a DuckDB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftline_jobs.stores.base import Store


def open_duckdb(url: str, *, wait_seconds: float, silence_seconds: float) -> Store:
    """The store ``duckdb:///FILE``; see ``driftline_jobs.stores.open_store``."""
    from driftline_jobs.stores.duckdb.database import DuckDbDatabase
    from driftline_jobs.stores.sql_store import SqlStore
    from driftline_jobs.stores.urls import duckdb_path

    del silence_seconds  # a file does not keep silent
    return SqlStore(DuckDbDatabase(*duckdb_path(url)), wait_seconds=wait_seconds)
