"""A new reference and new bins for a monitor, from one window on; the windows before it keep theirs.

    rebase
      make     the log as it is now, surveyed and profiled; a moving reference is founded before that window
      keep     beside the earlier ones, which stay: what was published can still be traced to what it rests on

Nothing that is published changes: the windows from there on meet the new reference when they are run again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from driftline_jobs.pipeline.context import Job, opened
from driftline_jobs.pipeline.identity import check_calendar
from driftline_jobs.pipeline.request import Progress, RunRequest, SilentProgress
from driftline_jobs.pipeline.steps.reference import make_reference, stored_ids
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables import runs
from driftline_schemas.errors import DataError
from driftline_schemas.window import Window


@dataclass(frozen=True, slots=True)
class Rebased:
    """What a rebase has made: the reference, whether its bins are others than before, and which published
    windows still rest on an earlier one (the first and the last, None if there are none)."""

    reference_id: str
    binning_id: str
    rows: int
    new_bins: bool
    published: tuple[Window, Window] | None


def rebase(request: RunRequest, progress: Progress | None = None) -> Rebased:
    """Make a new reference for every window from ``request.first`` on.

    Raises:
        ConfigError: the monitor does not fit the log, or names no reference that can be had.
        DataError: the reference holds no rows.
        TransientError: the log, the labels or the store could not be reached.
    """
    with opened(request, progress or SilentProgress()) as whole:
        check_calendar(whole.store, whole.monitor)
        job = replace(whole, windows=[request.first])
        before = stored_ids(job)
        reference = make_reference(job, effective_from=request.first.start)
        now = stored_ids(job)
        if now is None or now[0] != reference.reference_id:
            raise DataError(
                f"{job.monitor.monitor}: the log gives the reference {reference.reference_id} once more, "
                "which a later one has replaced since: rebase from another window"
            )
        return Rebased(
            reference_id=reference.reference_id,
            binning_id=reference.binning.binning_id,
            rows=reference.rows,
            new_bins=before is None or before[1] != reference.binning.binning_id,
            published=_resting_on_another(job, reference),
        )


def _resting_on_another(job: Job, reference: Reference) -> tuple[Window, Window] | None:
    columns = ("window_start", "reference_id")
    found = runs.current_runs(job.store, job.monitor, "data", job.windows[0].start, columns=columns)
    windows = sorted(
        job.monitor.calendar.containing(run["window_start"])
        for run in found
        if run["reference_id"] != reference.reference_id
    )
    return (windows[0], windows[-1]) if windows else None
