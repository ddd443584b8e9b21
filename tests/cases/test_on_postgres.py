"""Postgres holds of every case what DuckDB does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.cases.catalogue import CASES
from tests.cases.running import Cases
from tests.end_to_end.builder import assert_same_tables, normalised
from tests.stores import behind
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.stores import open_store

# Numbers at the ends of their type.
AT_ONCE = ("mostly_zero",)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in AT_ONCE else pytest.mark.long) for name in CASES]
)
def test_both_stores_hold_the_same(cases: Cases, postgres: PostgresServer, name: str) -> None:
    url = postgres.url(postgres.create_database())
    there, here = cases.run(name, store=url), cases.run(name)
    assert there.said.status == here.said.status
    if not there.said.status:
        with closing(open_store(url)) as theirs, closing(open_store(here.store)) as ours:
            assert_same_tables(normalised(theirs, "case"), normalised(ours, "case"))
    behind.write(url, "DROP SCHEMA IF EXISTS driftline CASCADE")
