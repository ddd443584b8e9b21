"""Two workers and a master: the same answers, and the same again when a worker dies in the middle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engines.spark_cluster import SparkCluster, cluster
from tests.engines.workload import Workload, joined, merged_scan

from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.engines.spark.engine import SparkEngine
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_schemas.errors import TransientError

pytestmark = pytest.mark.slow
AGAIN = 3
"""How many times over the log is read, so that there is a middle to die in."""


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2) as running:
        yield running


@pytest.fixture
def spark(standalone: SparkCluster) -> Iterator[SparkEngine]:
    engine = SparkEngine(standalone.url)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def planned(work: Workload) -> tuple[LogInspection, ScanPlan]:
    return work.planned()


def test_a_cluster_gives_the_same_bytes(work: Workload, spark: SparkEngine, expected: dict[str, Any]) -> None:
    found = work.everything(spark)
    for what, value in expected.items():
        assert found[what] == value, what


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small log takes several waves."""
    monkeypatch.setattr("driftline_jobs.engines.spark.engine._MOST_ROWS_PER_TASK", 4_000)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("small_tasks")
def test_a_worker_dies_during_the_scan(
    standalone: SparkCluster, spark: SparkEngine, planned: tuple[LogInspection, ScanPlan]
) -> None:
    inspection, plan = planned
    splits = inspection.splits * AGAIN
    results = []
    engine = LocalEngine(2)
    expected = merged_scan(result for _, result in engine.scan(splits, plan))
    engine.close()

    for number, (_, result) in enumerate(spark.scan(splits, plan)):
        results.append(result)
        if number == 0:  # the second wave is under way
            standalone.workers.pop(0).kill()
    standalone.add_worker()

    assert len(results) > 1
    assert merged_scan(results) == expected


@pytest.mark.timeout(600)
def test_a_worker_dies_during_the_join(
    work: Workload, standalone: SparkCluster, spark: SparkEngine, planned: tuple[LogInspection, ScanPlan]
) -> None:
    request = work.join(*planned)
    engine = LocalEngine(2)
    expected = joined(engine, request)
    engine.close()
    died = threading.Event()

    def kill_when_rows_lie_with_a_worker() -> None:
        tracker = spark._context.statusTracker()
        while not died.wait(0.02):
            done = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if any(info is not None and info.numCompletedTasks >= 3 for info in done):
                standalone.workers.pop(0).kill()
                died.set()

    watching = threading.Thread(target=kill_when_rows_lie_with_a_worker)
    watching.start()
    try:
        found = joined(spark, request)
    finally:
        was_killed = died.is_set()
        died.set()
        watching.join()
    standalone.add_worker()

    assert was_killed
    assert found == expected


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("small_tasks")
def test_a_cluster_without_workers_is_given_up(
    tmp_path: Path, planned: tuple[LogInspection, ScanPlan]
) -> None:
    inspection, plan = planned
    with cluster(tmp_path / "cluster", workers=0) as empty:
        with pytest.raises(TransientError, match="no worker in 1 s"):
            SparkEngine(empty.url, patience_seconds=1)
        worker = empty.add_worker()
        engine = SparkEngine(empty.url, patience_seconds=60)
        engine._patience_seconds = 2
        try:
            under_way = engine.scan(inspection.splits * AGAIN, plan)
            next(iter(under_way))
            worker.kill()
            with pytest.raises(TransientError, match="no worker for us"):
                list(under_way)
        finally:
            engine.close()
