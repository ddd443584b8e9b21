"""The stores of the summary tables: one set of promises, kept on DuckDB, on Postgres, and by other stores."""

from __future__ import annotations

from driftline_jobs.stores.base import QueryError, RunRecord, Store
from driftline_jobs.stores.urls import scheme_of
from driftline_schemas.extensions import STORES
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
    member = STORES.load(scheme_of(url))
    store: Store = member(url, wait_seconds=wait_seconds, silence_seconds=silence_seconds)
    return store
