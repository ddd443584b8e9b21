"""Every test of the stores runs on both of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.stores import Store, open_store

KINDS = ("duckdb", "postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_url(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, _numbers: Iterator[int]
) -> Callable[[], str]:
    """Makes the URL of a store that holds nothing yet."""

    def make() -> str:
        number = next(_numbers)
        if kind == "duckdb":
            return f"duckdb:///{tmp_path / f'store{number}.duckdb'}"
        import psycopg

        server: PostgresServer = request.getfixturevalue("postgres")
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE test{number}".encode())
        return server.url(f"test{number}")

    return make


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store of the present version."""
    store = open_store(url, wait_seconds=20)
    store.migrate()
    yield store
    store.close()
