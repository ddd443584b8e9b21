"""Every test of the stores runs on both of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from tests.stores import behind
from tests.stores.makers import day, drift, inputs, one_row, performance, run
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


@pytest.fixture
def filled(store: Store) -> Store:
    """Two days: on the first all is well, on the second carrier has drifted and an alert is open.

    A first run of the second day, with other figures, is superseded.
    """
    first, second, outdated = run("r1", 0), run("r2", 1, cpu_seconds=2.5), run("r0", 1, rows_read=500)
    labels = [run("p1", 0, part="performance"), run("p2", 1, part="performance")]
    verdict = run("j2", 1, part="judgement")
    store.publish([outdated], {"drift_metrics": drift([outdated], value=7.0, drifted=True)})
    store.publish(
        [first, second],
        {
            "drift_metrics": pa.concat_tables(
                [
                    drift([first], drifted=False),
                    drift([second], ["carrier"], value=0.5, drifted=True),
                    drift([second], ["distance"], value=0.1, drifted=False),
                ]
            ),
            "quality_metrics": pa.concat_tables(
                [
                    one_row("quality_metrics", first, column_name="*", check_name="freshness", passed=True),
                    one_row("quality_metrics", second, column_name="*", check_name="freshness", passed=False),
                ]
            ),
            "profile_metrics": one_row(
                "profile_metrics",
                second,
                column_name="distance",
                column_kind="numeric",
                count=200,
                nulls=20,
                nans=4,
                zeros=2,
                distinct_count=50,
                mean=3.5,
                p50=3.0,
                top_values=[[["a", 1]]],
            ),
        },
        inputs([first, second]),
    )
    store.publish(
        labels,
        {
            "performance_metrics": pa.concat_tables(
                [
                    performance([labels[0]], 0.8),
                    performance([labels[1]], 0.6, degraded=True, ci_low=0.55, ci_high=0.65),
                    performance([labels[1]], 0.7, kind="estimated", is_final=None),
                ]
            )
        },
    )
    store.publish(
        [verdict],
        {
            "alerts": one_row(
                "alerts",
                verdict,
                alert_id="a1",
                column_name="carrier",
                metric="psi",
                severity="high",
                state="open",
                first_window=day(1),
                last_window=day(1),
                evidence={"sentence": "carrier moved"},
            )
        },
    )
    store.fail([run("r9", 1, cpu_seconds=4.0)], "DataError", "x")
    return store
