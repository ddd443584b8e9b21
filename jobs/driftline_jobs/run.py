"""The main path: read the log once, profile, measure, judge, publish.

    identity       the windows of a monitor have one calendar, and come from one log
    noted          the windows that are asked for, so that what ends too early can be completed
    run            in parts, where `driftline rebase` has given the later windows another reference
      establish    the reference: found in the store, or surveyed, profiled, learned from and kept
      data         one scan over all windows; each is measured and published as soon as it is whole
      performance  labels joined to predictions, published apart, so that late labels leave the rest alone
      judgement    the fold over windows: what depends on other windows, and alerts

Nothing flows back: a step reads only what the steps before it have left.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from driftline_jobs.pipeline.context import Job, opened
from driftline_jobs.pipeline.identity import check_identity, check_period
from driftline_jobs.pipeline.request import Progress, RunOutcome, RunRequest, SilentProgress
from driftline_jobs.pipeline.steps.data import Attempts, Published, noted, publish_data, refuse_if_any
from driftline_jobs.pipeline.steps.judged import Judged
from driftline_jobs.pipeline.steps.judgement import publish_judgement
from driftline_jobs.pipeline.steps.performance import publish_performance
from driftline_jobs.pipeline.steps.reference import by_reference, establish_reference
from driftline_schemas.window import Window


def run(request: RunRequest, progress: Progress | None = None) -> RunOutcome:
    """Publish every window that is asked for.

    Raises:
        ConfigError: the monitor does not fit the log.
        DataError: the data is wrong; or a window has fewer rows than were published before: then all the
            others are published first.
        TransientError: the log, the labels or the store could not be reached.
    """
    started = time.perf_counter()
    with opened(request, progress or SilentProgress()) as job:
        check_period(job, check_identity(job))
        with noted(job) as attempts:
            parts = [_publish(part, attempts) for part in by_reference(job)]
        refuse_if_any([why for part in parts for why in part.data.refused.values()])
        return RunOutcome(
            windows=tuple(window for part in parts for window in part.windows),
            run_ids=tuple(run_id for part in parts for run_id in part.run_ids),
            alerts=sum(part.judgement.open_alerts for part in parts),
            rows_read=sum(part.data.rows_read for part in parts),
            rows_quarantined=sum(part.data.rows_quarantined for part in parts),
            wall_seconds=time.perf_counter() - started,
        )


@dataclass(frozen=True)
class _Part:
    windows: Sequence[Window]
    data: Published
    performance: Published
    judgement: Judged

    @property
    def run_ids(self) -> Iterator[str]:
        yield from self.data.run_ids
        yield from self.performance.run_ids
        yield from self.judgement.run_ids


def _publish(job: Job, attempts: Attempts) -> _Part:
    """Publish windows that have one reference."""
    reference, calibrations = establish_reference(job)
    data = publish_data(job, reference, calibrations, attempts)
    accepted = replace(job, windows=[window for window in job.windows if window not in data.refused])
    performance = publish_performance(accepted, reference, calibrations)
    judgement = publish_judgement(accepted, reference, calibrations)
    return _Part(accepted.windows, data, performance, judgement)
