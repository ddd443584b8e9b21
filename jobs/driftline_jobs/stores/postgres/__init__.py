"""Summary tables in the schema ``driftline`` of a Postgres database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftline_jobs.stores.base import Store


def open_postgres(url: str, *, wait_seconds: float, silence_seconds: float) -> Store:
    """The store ``postgresql://…``; see ``driftline_jobs.stores.open_store``."""
    from driftline_jobs.stores.postgres.database import PostgresDatabase
    from driftline_jobs.stores.sql_store import SqlStore

    return SqlStore(PostgresDatabase(url, silence_seconds=silence_seconds), wait_seconds=wait_seconds)
