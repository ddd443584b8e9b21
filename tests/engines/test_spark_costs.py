"""What work on Spark costs is that of the processes that do it, not of the driver that waits for them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench
from tests.engines.workload import Workload, joined, scanned

from driftline_jobs.engines import open_engine
from driftline_jobs.engines.base import Engine
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.engines.process import Spent, peak_memory_bytes
from driftline_jobs.engines.spark import tasks as spark_tasks
from driftline_jobs.engines.spark.engine import SparkEngine
from driftline_jobs.pipeline.context import Meter
from driftline_schemas.settings import Settings

pytestmark = pytest.mark.slow

LARGE = 600 << 20


def test_processor_time_of_tasks(work: Workload, spark: SparkEngine) -> None:
    """Two tasks that burn half a second of processor time each cost a second at least."""
    before = spark.spent().cpu_seconds
    assert list(spark._each(spark._distributed([(1,), (2,)]), burned).collect()) == [1, 2]
    assert spark.spent().cpu_seconds - before >= 1.0
    before = spark.spent().cpu_seconds
    inspection, plan = work.planned()
    scanned(spark, inspection, plan)
    after_scan = spark.spent().cpu_seconds
    joined(spark, work.join(inspection, plan))
    assert before < after_scan < spark.spent().cpu_seconds
    assert LocalEngine(2).spent() == Spent()


def test_memory_is_that_of_the_largest_worker(spark: SparkEngine) -> None:
    """One task of two holds much for a moment; this process never did."""
    before = peak_memory_bytes()
    assert list(spark._each(spark._distributed([(1,), (LARGE,)]), filled).collect()) == [1, LARGE]
    assert LARGE < spark.spent().peak_memory_bytes < 2 * LARGE
    assert peak_memory_bytes() < before + LARGE // 2


def burned(records: Iterable[tuple[int]]) -> Iterator[int]:
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
    for (record,) in records:
        yield record


def filled(records: Iterable[tuple[int]]) -> Iterator[int]:
    for (size,) in records:
        yield int(np.ones(size, np.uint8).sum())


def test_a_task_is_charged_with_what_passes_from_its_first_record_to_its_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([10.0, 12.5])
    monkeypatch.setattr("driftline_jobs.engines.spark.tasks.time.process_time", lambda: next(clock))
    monkeypatch.setattr("driftline_jobs.engines.spark.tasks.peak_memory_bytes", lambda: 7)
    spent: list[Spent] = []

    class Till:
        def add(self, term: Spent) -> None:
            spent.append(term)

    assert list(spark_tasks.metered(Till(), lambda records: iter(list(records) * 2), [1, 2])) == [1, 2, 1, 2]
    assert spent == [Spent(2.5, 7)]


def test_a_window_has_its_share_of_the_time_and_the_whole_of_the_memory() -> None:
    most = 1 << 50
    told = iter([Spent(3.0, 5), Spent(4.0, most)])
    meter = Meter(lambda: next(told))
    first, second = meter.read(2), meter.read(1)
    assert 1.5 <= first.cpu_seconds < 2.5
    assert 1.0 <= second.cpu_seconds < 2.0
    assert first.peak_memory_bytes == pytest.approx(peak_memory_bytes(), rel=0.1)
    assert second.peak_memory_bytes == most


def test_a_run_says_what_its_workers_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Spent] = []

    @contextmanager
    def noted(settings: Settings) -> Iterator[Engine]:
        with open_engine(settings) as engine:
            yield engine
            seen.append(engine.spent())

    monkeypatch.setattr("driftline_jobs.pipeline.context.open_engine", noted)
    monkeypatch.setattr(
        "driftline_jobs.pipeline.context.peak_memory_bytes", lambda: 1
    )  # a driver of which nothing is to be seen
    before = time.process_time()
    bench = Bench(tmp_path)
    bench.reference()
    bench.days(REFERENCE_DAYS, REFERENCE_DAYS)
    bench.run(REFERENCE_DAYS, settings={"engine": "spark", "spark_master": "local[2]"})
    own = time.process_time() - before
    (workers,) = seen
    costs = bench.query("SELECT part, cpu_seconds, peak_memory_bytes FROM runs")
    assert {row["part"] for row in costs} == {"data", "performance", "judgement"}
    assert {row["peak_memory_bytes"] for row in costs if row["part"] != "data"} == {workers.peak_memory_bytes}
    assert all(0 < row["peak_memory_bytes"] <= workers.peak_memory_bytes for row in costs)
    assert workers.cpu_seconds < sum(row["cpu_seconds"] for row in costs) < workers.cpu_seconds + own
