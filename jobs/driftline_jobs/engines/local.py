"""The engine of one machine: threads over splits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from driftline_jobs.engines.base import JoinRequest
from driftline_jobs.engines.process import Spent
from driftline_jobs.profiles.columns.arrays import ready_for_threads
from driftline_jobs.sources.labels.collect import collect
from driftline_jobs.sources.labels.counts import JoinCounts
from driftline_jobs.sources.labels.join import LabelJoin
from driftline_jobs.sources.labels.rows import label_rows, prediction_rows
from driftline_jobs.sources.parquet.small_splits import bundled
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan, scan_splits
from driftline_jobs.sources.profiling.scan_result import ScanResult
from driftline_jobs.sources.profiling.survey import Survey, SurveyPlan, merge_surveys, survey_split
from driftline_jobs.tasks.outcomes import OutcomesByCell

if TYPE_CHECKING:
    from driftline_schemas.settings import Settings

S = TypeVar("S")
T = TypeVar("T")
_SMALL = 1 << 15
"""Rows of a split below which its profiles are mostly calls, which wait for the interpreter's lock."""


class LocalEngine:
    """Threads over splits, in their order, at most one more in flight than there are threads: what waits
    to be merged is bounded however long the log is."""

    name = "local"

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or len(os.sched_getaffinity(0))

    def survey(self, splits: Sequence[Split], plan: SurveyPlan) -> Survey:
        """See ``Engine.survey``."""
        seen = _each(splits, self._worth(splits), lambda split: survey_split(split, plan))
        return merge_surveys([survey for _, survey in seen])

    def scan(self, splits: Sequence[Split], plan: ScanPlan) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        """See ``Engine.scan``."""
        threads = self._worth(splits)
        # what is one split may be as much work as many: then threads share its columns
        share = max(1, threads // max(len(splits), 1))
        bundles = self._bundled(splits, len(plan.columns))
        yield from _each(bundles, threads, lambda bundle: scan_splits(bundle, plan, share))

    def outcomes(self, join: JoinRequest) -> tuple[OutcomesByCell, JoinCounts]:
        """See ``Engine.outcomes``."""
        with LabelJoin(
            join.predictions, memory_limit=join.memory_limit, threads=self._threads, expected=join.rows
        ) as table:
            table.add_predictions(
                batch
                for _, batches in _each(
                    self._bundled(join.prediction_splits, len(join.predictions.schema())),
                    self._worth(join.prediction_splits),
                    lambda bundle: prediction_rows(bundle, join.predictions),
                )
                for batch in batches
            )
            labels = join.labels
            if labels is not None:
                table.add_labels(
                    batch
                    for _, batch in _each(
                        join.label_splits,
                        self._worth([split for _, split in join.label_splits]),
                        lambda numbered: label_rows(numbered[1], numbered[0], labels),
                    )
                )
            outcomes = collect(table.joined(), join.predictions, join.task)
            return outcomes, table.counts

    def spent(self) -> Spent:
        """See ``Engine.spent``: its threads are of this process."""
        return Spent()

    def close(self) -> None:
        """Nothing to let go of: threads end with the call that needed them."""

    def _bundled(self, splits: Sequence[Split], columns: int) -> list[list[Split]]:
        """Small splits together; what is far away is waited for, by all threads."""
        far = any(split.location.is_remote for split in splits)
        most = {"most": -(-len(splits) // self._threads)} if far and splits else {}
        return list(bundled(splits, columns, **most))

    def _worth(self, splits: Sequence[Split]) -> int:
        """How many threads are faster than one: what is small and near keeps them waiting for one another."""
        near_and_small = (not split.location.is_remote and split.rows < _SMALL for split in splits)
        return 1 if all(near_and_small) else self._threads


def open_local(settings: Settings) -> LocalEngine:
    """The engine ``local`` of these settings."""
    return LocalEngine(settings.threads)


def _each(items: Sequence[S], threads: int, task: Callable[[S], T]) -> Iterator[tuple[S, T]]:
    """``task`` of each item, in about their order."""
    waiting: dict[Future[T], S] = {}
    ready_for_threads()
    with ThreadPoolExecutor(threads, thread_name_prefix="driftline") as pool:
        try:
            for item in items:
                waiting[pool.submit(task, item)] = item
                if len(waiting) > threads:
                    yield from _done(waiting)
            while waiting:
                yield from _done(waiting)
        finally:
            for future in waiting:
                future.cancel()


def _done(waiting: dict[Future[T], S]) -> Iterator[tuple[S, T]]:
    finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in finished:
        yield waiting.pop(future), future.result()
