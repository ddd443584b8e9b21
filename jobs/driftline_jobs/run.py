"""The main path: read the log once, profile, measure, judge, publish.

    run
      establish    the reference: found in the store, or surveyed, profiled, learned from and kept
      data         one scan over all windows; each is measured and published as soon as it is whole
      performance  labels joined to predictions, published apart, so that late labels leave the rest alone
      judgement    the fold over windows: what depends on other windows, and alerts

Nothing flows back: a step reads only what the steps before it have left.
"""

from __future__ import annotations

import time

from driftline_jobs.job import opened
from driftline_jobs.publish.data import publish_data
from driftline_jobs.publish.judgement import publish_judgement
from driftline_jobs.publish.performance import publish_performance
from driftline_jobs.publish.reference import establish_reference
from driftline_jobs.request import Progress, RunOutcome, RunRequest, SilentProgress
from driftline_schemas.errors import DataError


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
        reference, calibrations = establish_reference(job)
        data = publish_data(job, reference, calibrations)
        job.windows = [window for window in job.windows if window not in data.refused]
        performance = publish_performance(job, reference, calibrations)
        judgement = publish_judgement(job, reference, calibrations)
        if data.refused:
            first, *others = data.refused.values()
            raise DataError(first + (f" (and {len(others)} more windows)" if others else ""))
        return RunOutcome(
            windows=tuple(job.windows),
            run_ids=(*data.run_ids, *performance.run_ids, *judgement.run_ids),
            alerts=judgement.open_alerts,
            rows_read=data.rows_read,
            rows_quarantined=data.rows_quarantined,
            wall_seconds=time.perf_counter() - started,
        )
