"""An engine of processes: every core has an interpreter of its own, where threads take turns at one.

What a process gives has to be sent back, and a process has to be started: for large logs of
small objects with many columns, whose work is mostly calls.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.engines.process import Spent, peak_memory_bytes
from driftline_jobs.sources.parquet.small_splits import bundled
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan, scan_splits
from driftline_jobs.sources.profiling.scan_result import ScanResult
from driftline_jobs.sources.profiling.survey import Survey, SurveyPlan, merge_surveys, survey_split
from driftline_schemas.settings import Settings

S = TypeVar("S")
T = TypeVar("T")


def open_processes(settings: Settings) -> ProcessEngine:
    """The entry point: as many processes as ``--threads`` says, or one per core."""
    return ProcessEngine(settings.threads or len(os.sched_getaffinity(0)))


class ProcessEngine(LocalEngine):
    """See ``driftline_jobs.engines.base.Engine``. Labels are joined in this process, as by ``local``."""

    name = "processes"

    def __init__(self, processes: int) -> None:
        super().__init__(processes)
        self._ahead = processes + 1
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"))
        self._spent = Spent()

    def survey(self, splits: Sequence[Split], plan: SurveyPlan) -> Survey:
        """The first look at a reference."""
        return merge_surveys([seen for _, seen in self._each(partial(survey_split, plan=plan), splits)])

    def scan(self, splits: Sequence[Split], plan: ScanPlan) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        """Profiles, with the splits that they come from."""
        return self._each(partial(scan_splits, plan=plan), bundled(splits, len(plan.columns)))

    def _each(self, task: Callable[[S], T], items: Iterable[S]) -> Iterator[tuple[S, T]]:
        """``task`` of each item, in their order; what waits to be merged is bounded."""
        waiting: deque[tuple[S, Future[tuple[T, Spent]]]] = deque()
        try:
            for item in items:
                waiting.append((item, self._pool.submit(_metered, task, item)))
                if len(waiting) > self._ahead:
                    yield self._done(*waiting.popleft())
            while waiting:
                yield self._done(*waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()

    def _done(self, item: S, future: Future[tuple[T, Spent]]) -> tuple[S, T]:
        result, spent = future.result()
        self._spent += spent
        return item, result

    def spent(self) -> Spent:
        """What the processes have taken."""
        return self._spent

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


def _metered(task: Callable[[S], T], item: S) -> tuple[T, Spent]:
    before = time.process_time()
    result = task(item)
    return result, Spent(time.process_time() - before, peak_memory_bytes())
