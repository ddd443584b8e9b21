"""The engine of a cluster: Spark places the work and tries it again, the tasks read their splits themselves.

Spark's own Parquet reader took five to seven times as long. A task reads its splits as on one machine and
hands on profiles as bytes; these are merged in the cluster, so the driver gets one per key.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from driftline_jobs.engines.base import JoinRequest
from driftline_jobs.engines.process import Spent
from driftline_jobs.engines.spark import join as spark_join
from driftline_jobs.engines.spark import tasks as spark_tasks
from driftline_jobs.engines.spark.session import awaits_executors, executors, spark_context, spark_errors
from driftline_jobs.engines.spark.tasks import Bare, Shared
from driftline_jobs.sources.labels.counts import JoinCounts
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.scan_result import ScanResult
from driftline_jobs.sources.profiling.survey import Survey, SurveyPlan, merge_surveys
from driftline_jobs.tasks.outcomes import OutcomesByCell
from driftline_schemas.errors import TerminalError, TransientError

if TYPE_CHECKING:
    from pyspark import RDD
    from pyspark.accumulators import AccumulatorParam

    from driftline_schemas.settings import Settings

PATIENCE_SECONDS = 60.0
_WAVES_AT_ONCE = 2
_TASKS_PER_CORE = 4
_MOST_ROWS_PER_TASK = 2_000_000
_POLL_SECONDS = 1.0
_TRANSIENT = re.compile(r"driftline_schemas\.errors\.(?:TransientError|StoreBusyError): (.+)")
_DEFECT = "PythonException"
_CAUSE = re.compile(r"(?:Job aborted due to stage failure|Caused by|Exception): *(.+)")

S = TypeVar("S")
T = TypeVar("T")
Bundle = tuple[S, ...]


class SparkEngine:
    """See ``Engine``. Splits go to the cluster in waves, two under way at a time: while the driver works on
    what one wave gave, the next keeps the cluster busy, and what the driver holds is bounded."""

    name = "spark"

    def __init__(
        self, master: str, threads: int | None = None, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        with ExitStack() as stack:
            self._context = stack.enter_context(spark_context(master, threads, patience_seconds))
            self._threads = stack.enter_context(ThreadPoolExecutor(_WAVES_AT_ONCE, "driftline-spark"))
            self._opened = stack.pop_all()
        self._spent = self._context.accumulator(Spent(), _added_up())
        self._patience_seconds = patience_seconds
        self._awaits_executors = awaits_executors(self._context)
        self._last_seen = time.monotonic()

    @property
    def _slots(self) -> int:
        return max(int(self._context.defaultParallelism), 1)

    def survey(self, splits: Sequence[Split], plan: SurveyPlan) -> Survey:
        """See ``Engine.survey``."""
        if not splits:
            return merge_surveys([])
        with self._shared(plan) as shared:
            tasks = self._distributed(bundles(splits, _rows, self._slots))
            looks = self._each(tasks, spark_tasks.surveyed, shared)
            seen: Survey | TerminalError = self._run(lambda: looks.treeReduce(spark_tasks.survey_of_both))
        if isinstance(seen, TerminalError):
            raise seen
        return seen

    def scan(self, splits: Sequence[Split], plan: ScanPlan) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        """See ``Engine.scan``."""
        tasks = bundles(splits, _rows, self._slots)
        size = _TASKS_PER_CORE * self._slots
        waves = [tasks[at : at + size] for at in range(0, len(tasks), size)]
        with self._shared(plan) as shared:
            for wave, records in self._in_turn(waves, partial(self._scan_wave, shared)):
                yield [split for bundle in wave for split in bundle], spark_tasks.assembled(records)

    def _scan_wave(
        self, shared: Shared[ScanPlan], wave: Sequence[Bundle[Split]]
    ) -> list[spark_tasks.ScanRecord]:
        profiles = self._each(self._distributed(wave), spark_tasks.scanned, shared)
        placed = profiles.partitionBy(min(self._slots, len(wave)), int)
        found: list[spark_tasks.ScanRecord] = self._each(placed, spark_tasks.merged).collect()
        return found

    def outcomes(self, join: JoinRequest) -> tuple[OutcomesByCell, JoinCounts]:
        """See ``Engine.outcomes``."""
        slots = self._slots
        parts = spark_join.parts_of(sum(join.rows), slots, join.memory_limit)
        plan = spark_join.JoinPlan(join.predictions, join.labels, join.task, join.memory_limit, parts)
        predictions = bundles(join.prediction_splits, _rows, slots)
        if not predictions:
            return {}, JoinCounts()
        with self._shared(plan) as shared:
            asked = self._distributed(predictions)
            if join.predictions.prediction_id is None:
                outcomes = self._each(asked, spark_join.counted, shared)
            else:
                sides = self._each(asked, spark_join.prediction_parts, shared)
                answered = bundles(join.label_splits, lambda numbered: numbered[1].rows, slots)
                if answered:
                    labels = self._each(self._distributed(answered), spark_join.label_parts, shared)
                    sides = sides.union(labels)
                outcomes = self._each(sides.partitionBy(parts, int), spark_join.joined, shared)
            gathered = self._each(outcomes.partitionBy(min(slots, parts), int), spark_join.gathered)
            return spark_join.all_outcomes(self._run(gathered.collect))

    def spent(self) -> Spent:
        """See ``Engine.spent``: of the tasks that succeeded, without what Spark itself takes."""
        found: Spent = self._spent.value
        return found

    def close(self) -> None:
        """Stop the session, if it is ours."""
        self._opened.close()

    def _each(self, tasks: RDD[Any], work: Callable[..., Iterator[Any]], *shared: object) -> RDD[Any]:
        """What ``work`` gives for the records of each partition; what it costs is noted."""
        return tasks.mapPartitions(partial(spark_tasks.metered, self._spent, partial(work, *shared)))

    def _distributed(self, tasks: Sequence[Bundle[S]]) -> RDD[Any]:
        return self._context.parallelize(tasks, len(tasks))

    @contextmanager
    def _shared(self, value: T) -> Iterator[Shared[T]]:
        shared = self._context.broadcast(Bare(value))
        try:
            yield shared  # type: ignore[misc]  # a Bare becomes the value itself on the way
        finally:
            shared.unpersist(blocking=False)

    def _run(self, action: Callable[[], T]) -> T:
        for _, result in self._in_turn([None], lambda _: action()):
            return result
        raise AssertionError("one action gives one result")

    def _in_turn(self, items: Iterable[S], action: Callable[[S], T]) -> Iterator[tuple[S, T]]:
        """Each item with what ``action`` gave for it, in their order, a few under way at a time."""
        tag = f"driftline-{uuid4().hex}"

        def tagged(item: S) -> T:
            self._context.addJobTag(tag)
            try:
                return action(item)
            finally:
                self._context.removeJobTag(tag)

        waiting: deque[tuple[S, Future[T]]] = deque()
        ahead = iter(items)
        try:
            while True:
                while len(waiting) < _WAVES_AT_ONCE and (item := next(ahead, self)) is not self:
                    waiting.append((item, self._threads.submit(tagged, item)))  # type: ignore[arg-type]
                if not waiting:
                    return
                item, future = waiting[0]
                result = self._result(future)
                waiting.popleft()
                yield item, result
        finally:
            if waiting:
                self._cancel(tag, [future for _, future in waiting])

    def _result(self, future: Future[T]) -> T:
        self._last_seen = time.monotonic()
        try:
            while not future.done():
                wait([future], _POLL_SECONDS)
                self._check_executors()
            return future.result()
        except spark_errors() as error:
            raise _meaning(error) from error

    def _check_executors(self) -> None:
        """Spark itself would wait for ever for a cluster that has lost all its workers."""
        now = time.monotonic()
        if not self._awaits_executors or executors(self._context):
            self._last_seen = now
        elif now - self._last_seen > self._patience_seconds:
            raise TransientError(
                f"the Spark master {self._context.master} has had no worker for us in "
                f"{self._patience_seconds:.0f} s: bring its workers back and run again"
            )

    def _cancel(self, tag: str, futures: Sequence[Future[Any]]) -> None:
        for future in futures:
            future.cancel()
        with suppress(*spark_errors(), OSError):  # when Spark is gone there is nothing left to cancel
            self._context.cancelJobsWithTag(tag)
        wait(futures)


def open_spark(settings: Settings) -> SparkEngine:
    """The engine ``spark`` of these settings."""
    return SparkEngine(settings.spark_master, settings.threads)


def _added_up() -> AccumulatorParam[Spent]:
    """How Spark adds up what its tasks have spent."""
    from pyspark.accumulators import AccumulatorParam

    class AddedUp(AccumulatorParam[Spent]):
        def zero(self, value: Spent) -> Spent:  # noqa: ARG002
            return Spent()

        def addInPlace(self, value1: Spent, value2: Spent) -> Spent:  # noqa: N802  Spark's name
            return value1 + value2

    return AddedUp()


def _meaning(error: Exception) -> Exception:
    """What failed in the cluster: something that may pass, or a defect of a task, which stays as it is."""
    said = str(error)
    found = _TRANSIENT.search(said)
    if found:
        return TransientError(found[1])
    if _DEFECT in said:
        return error
    cause = _CAUSE.search(said)
    reason = cause[1] if cause else (said.splitlines() or [type(error).__name__])[0]
    return TransientError(
        f"Spark gave up: {reason[:300]}. If its workers die again and again, give them more memory"
    )


def _rows(split: Split) -> int:
    return split.rows


def bundles(splits: Sequence[S], rows: Callable[[S], int], slots: int) -> list[Bundle[S]]:
    """Consecutive splits, one task each: many small objects together, large ones apart, and enough tasks for
    all the cores to end at about the same time."""
    enough = min(sum(map(rows, splits)) // (slots * _TASKS_PER_CORE), _MOST_ROWS_PER_TASK)
    found: list[list[S]] = []
    room = 0
    for split in splits:
        if not found or rows(split) > room:
            found.append([])
            room = enough
        found[-1].append(split)
        room -= rows(split)
    return [tuple(bundle) for bundle in found]
