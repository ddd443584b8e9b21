"""Spark says of every case what one machine does, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.cases.catalogue import CASES
from tests.cases.running import Cases
from tests.end_to_end.builder import assert_same_tables, normalised

from driftline_jobs.engines.spark.engine import SparkEngine
from driftline_jobs.stores import open_store

# Sums over many decades, types that differ, columns of the path: the others take long.
SOME = ("heavy_tails", "null_then_double", "columns_in_path")
pytestmark = pytest.mark.slow
MASTER = "local[2]"


@pytest.fixture(scope="module")
def spark() -> Iterator[str]:
    """The name of a master, whose session all runs find: a new one for each takes longer than the run."""
    with pytest.MonkeyPatch.context() as patch:
        # Spark would listen on the address of the host's name.
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        engine = SparkEngine(MASTER)
        yield MASTER
        engine.close()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SOME else pytest.mark.long) for name in CASES]
)
def test_both_engines_give_the_same_tables(cases: Cases, spark: str, name: str) -> None:
    here = cases.run(name)
    url = here.store.removesuffix(".duckdb") + "-spark.duckdb"
    there = cases.run(name, store=url, flags={"--engine": "spark", "--spark-master": spark})
    assert there.said.status == here.said.status, there.said.err
    if there.said.status:
        assert there.said.err.partition("error:")[2] == here.said.err.partition("error:")[2]
        return
    with closing(open_store(url)) as theirs, closing(open_store(here.store)) as ours:
        assert_same_tables(normalised(theirs, "case"), normalised(ours, "case"))
