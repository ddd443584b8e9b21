"""An engine that keeps nobody waiting: while it works for long, others may have the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from driftline_jobs.engines.base import Engine, JoinRequest
from driftline_jobs.labels.collect import OutcomesByCell
from driftline_jobs.labels.counts import JoinCounts
from driftline_jobs.logs.splits import Split
from driftline_jobs.process import Spent
from driftline_jobs.profile.scan import ScanPlan
from driftline_jobs.profile.scan_result import ScanResult
from driftline_jobs.profile.survey import Survey, SurveyPlan

_SHORT = 200_000
"""Rows near by that take no longer than opening a store again."""


class ConsiderateEngine:
    """``engine``, which calls ``let_go`` before whatever takes longer than a moment."""

    def __init__(self, engine: Engine, let_go: Callable[[], None]) -> None:
        self._engine, self._let_go = engine, let_go
        self.name = engine.name

    def survey(self, splits: Sequence[Split], plan: SurveyPlan) -> Survey:
        """See ``Engine.survey``."""
        self._before(splits)
        return self._engine.survey(splits, plan)

    def scan(self, splits: Sequence[Split], plan: ScanPlan) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        """See ``Engine.scan``."""
        results = self._engine.scan(splits, plan)
        while True:
            self._before(splits)  # what came before may have been published in between
            found = next(results, None)
            if found is None:
                return
            yield found

    def outcomes(self, join: JoinRequest) -> tuple[OutcomesByCell, JoinCounts]:
        """See ``Engine.outcomes``."""
        self._before([*join.prediction_splits, *(split for _, split in join.label_splits)])
        return self._engine.outcomes(join)

    def spent(self) -> Spent:
        """See ``Engine.spent``."""
        return self._engine.spent()

    def close(self) -> None:
        """See ``Engine.close``."""
        self._engine.close()

    def _before(self, splits: Sequence[Split]) -> None:
        near = not any(split.location.is_s3 for split in splits)
        if self.name != "local" or not near or sum(split.rows for split in splits) > _SHORT:
            self._let_go()
