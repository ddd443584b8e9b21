"""Every test of the stores runs on both of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.stores import behind
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
def databases() -> list[str]:
    """Names of databases that hold nothing and are free: making one takes longer than most tests."""
    return []


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_url(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, databases: list[str]
) -> Iterator[Callable[[], str]]:
    """Makes the URL of a store that holds nothing yet."""
    numbers = itertools.count(1)
    taken: list[str] = []

    def make() -> str:
        if kind == "duckdb":
            return f"duckdb:///{tmp_path / f'store{next(numbers)}.duckdb'}"
        server: PostgresServer = request.getfixturevalue("postgres")
        name = databases.pop() if databases else server.create_database()
        taken.append(name)
        return server.url(name)

    yield make
    for name in taken:
        behind.write(request.getfixturevalue("postgres").url(name), "DROP SCHEMA IF EXISTS driftline CASCADE")
        databases.append(name)


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty DuckDB store of the present version, to be copied: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "store.duckdb"
    with open_store(f"duckdb:///{path}") as store:
        store.migrate()
    return path


@pytest.fixture
def store(url: str, empty_file: Path) -> Iterator[Store]:
    """An empty store of the present version."""
    if url.startswith("duckdb"):
        shutil.copyfile(empty_file, url.removeprefix("duckdb:///"))
    store = open_store(url, wait_seconds=20)
    store.migrate()
    yield store
    store.close()
