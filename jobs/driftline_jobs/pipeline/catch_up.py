"""Late data: what lies in the log and label folders beside what was read, and a run of what that changes.

catch_up
  changed_windows   listings against ``run_inputs``; only objects that are new or replaced are looked into;
                    and windows that an earlier run has begun and not ended
  run again         data and performance of windows whose log changed, performance alone for new labels
  judgement         folded from the first of them
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from driftline_jobs.pipeline.context import Job, opened
from driftline_jobs.pipeline.identity import check_identity
from driftline_jobs.pipeline.plans import scan_plan
from driftline_jobs.pipeline.request import Progress, RunRequest, SilentProgress
from driftline_jobs.pipeline.steps.data import publish_data, refuse_if_any
from driftline_jobs.pipeline.steps.judgement import publish_judgement
from driftline_jobs.pipeline.steps.label_join import matched_windows
from driftline_jobs.pipeline.steps.performance import is_mature, publish_performance
from driftline_jobs.pipeline.steps.reference import by_reference, establish_reference
from driftline_jobs.pipeline.unfinished import never_published, unfinished
from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.listing.objects import LogObject
from driftline_jobs.sources.parquet.splits import InputState
from driftline_jobs.tables import performance_metrics, quality_metrics, run_inputs, runs
from driftline_schemas.monitor import LabelSource
from driftline_schemas.window import Window, from_us

_A_DAY = timedelta(days=1)
"""A label's date is as good as any time of that day."""


class Cause(StrEnum):
    """Why a window is run again."""

    LOG = "log"
    LABELS = "labels"
    MATURED = "matured"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class ChangedWindow:
    """A window that late data changes, or that was not ended; ``causes`` in the order of ``Cause``."""

    window: Window
    causes: tuple[Cause, ...]


def catch_up(
    request: RunRequest, progress: Progress | None = None, *, dry_run: bool = False
) -> list[ChangedWindow]:
    """Run again exactly the windows between ``first`` and ``last`` that have changed or were not ended.

    Returns them, ascending; with ``dry_run`` nothing is run. Errors are those of ``run``.
    """
    with opened(request, progress or SilentProgress()) as job:
        since = check_identity(job)
        published = [window for window in _published(job) if since is None or window.start >= since]
        never = [window for window in _never_published(job) if since is None or window.start >= since]
        if not published and not never:
            return []
        changed = [ChangedWindow(window, (Cause.UNFINISHED,)) for window in never]
        if published:
            reference, _ = establish_reference(job)
            changed = sorted(
                [*changed, *changed_windows(job, reference, published)], key=lambda one: one.window
            )
        if changed and not dry_run:
            logs = {one.window for one in changed if Cause.LOG in one.causes} | set(never)
            parts = by_reference(replace(job, windows=[one.window for one in changed]))
            refuse_if_any([why for part in parts for why in _run_again(part, logs).values()])
        return changed


def _run_again(job: Job, logs: Collection[Window]) -> Mapping[Window, str]:
    """Publish the performance of windows that have one reference, and the data of those in ``logs``.

    The data too where it was published against another reference than there is now: the parts of a window
    must rest on the same. Returns why windows were refused.
    """
    reference, calibrations = establish_reference(job)
    external = _at_another_reference(job, reference)
    again = [window for window in job.windows if window in logs or window.start in external]
    refused: Mapping[Window, str] = {}
    if again:
        refused = publish_data(replace(job, windows=again), reference, calibrations).refused
        job = replace(job, windows=[window for window in job.windows if window not in refused])
    publish_performance(job, reference, calibrations)
    publish_judgement(job, reference, calibrations)
    return refused


def _at_another_reference(job: Job, reference: Reference) -> set[datetime]:
    own = (reference.reference_id, reference.binning.binning_id)
    columns = ("window_start", "reference_id", "binning_id")
    start, end = job.windows[0].start, job.windows[-1].end
    return {
        run["window_start"]
        for run in runs.current_runs(job.store, job.monitor, "data", start, end, columns)
        if (run["reference_id"], run["binning_id"]) != own
    }


def changed_windows(job: Job, reference: Reference, published: Sequence[Window]) -> list[ChangedWindow]:
    """The published windows that new or replaced objects, new labels, or time itself have changed, and those
    of which a part is missing or rests on something else than the others."""
    causes: dict[Window, set[Cause]] = {}
    for cause, windows in (
        (Cause.LOG, _log_changed(job, published)),
        (Cause.LABELS, _labels_changed(job, reference, published)),
        (Cause.MATURED, _matured(job, published)),
        (Cause.UNFINISHED, _unfinished(job, published)),
    ):
        for window in windows:
            causes.setdefault(window, set()).add(cause)
    return [
        ChangedWindow(window, tuple(cause for cause in Cause if cause in causes[window]))
        for window in sorted(causes)
    ]


def _published(job: Job) -> list[Window]:
    start, end = job.request.first.start, job.request.last.end
    found = runs.current_runs(job.store, job.monitor, "data", start, end, ["window_start"])
    return sorted(job.monitor.calendar.containing(run["window_start"]) for run in found)


def _never_published(job: Job) -> list[Window]:
    first, last = job.request.first.start, job.request.last.end
    starts = never_published(job.store, job.monitor)
    return sorted(job.monitor.calendar.containing(start) for start in starts if first <= start < last)


def _unfinished(job: Job, published: Sequence[Window]) -> list[Window]:
    starts = unfinished(job)
    return [window for window in published if window.start in starts]


def _unknown(objects: Iterable[LogObject], inputs: Sequence[Mapping[str, Any]]) -> list[LogObject]:
    """Objects that no published run has read as they are now."""
    known = {(row["uri"], row["etag"]) for row in inputs}
    return [found for found in objects if (found.uri, found.etag) not in known]


def _log_changed(job: Job, published: Sequence[Window]) -> list[Window]:
    inputs = run_inputs.objects_read(job.store, job.monitor, "prediction")
    fresh = _unknown(job.log.listing(published[0].start, published[-1].end).objects, inputs)
    if not fresh:
        return []
    inspection = job.log.look_into(fresh, published[0].start, published[-1].end)
    replaced = {found.uri for found in fresh}
    # windows that had rows of a replaced object lose them, wherever the new one's rows lie
    had = {row["window_start"] for row in inputs if row["uri"] in replaced and row["rows_matched"]}
    return [w for w in published if w.start in had or _may_hold(inspection, w)]


def _may_hold(inspection: LogInspection, window: Window) -> bool:
    """Whether the objects' own times, or else their folders, say that they hold rows of the window."""
    for state in inspection.inputs:
        if state.is_passed_over:
            continue
        if state.min_us is not None and state.max_us is not None:
            if from_us(state.min_us) < window.end and from_us(state.max_us) >= window.start:
                return True
        elif state.object.folder is not None:
            start, end = state.object.folder
            if start < window.end and end > window.start:
                return True
        elif state.state != "empty":
            return True
    return False


def _labels_changed(job: Job, reference: Reference, published: Sequence[Window]) -> list[Window]:
    source = job.monitor.labels
    if job.labels is None or not isinstance(source, LabelSource):
        return []
    inputs = run_inputs.objects_read(job.store, job.monitor, "label")
    fresh = _unknown(job.labels.listing(published[0].start, published[-1].end).objects, inputs)
    if not fresh:
        return []
    # Which predictions they are for, only their ids tell: one join of these objects with the log.
    looked_into = job.labels.look_into(fresh)
    states = looked_into.inputs
    young = [w for w in published if any(_within_reach(state, w, source) for state in states)]
    if not young:
        return []
    log = job.log.inspect(young[0].start, young[-1].end)
    plan = scan_plan(job.monitor, log.columns, reference.binning, young, job.hiding)
    matched = matched_windows(job, log, looked_into, plan, young)
    # what came and matches nothing is counted where labels are missing
    lacking = quality_metrics.windows_lacking_labels(job.store, job.monitor)
    return [w for w in young if w in matched or w.start in lacking]


def _within_reach(state: InputState, window: Window, source: LabelSource) -> bool:
    """Whether labels of this object touch the window, by its folder's date, or else by their own times: those
    that are somewhat older than its predictions do, since a clock may be wrong."""
    if state.object.folder is not None:
        start, end = state.object.folder
        return end > window.start and start < window.end + source.catch_up
    if not state.all_timed or state.min_us is None or state.max_us is None:
        return True
    first, last = from_us(state.min_us), from_us(state.max_us)
    oldest = window.start - source.catch_up - _A_DAY
    return last > oldest and first < window.end + source.catch_up


def _matured(job: Job, published: Sequence[Window]) -> list[Window]:
    source = job.monitor.labels
    if not isinstance(source, LabelSource):
        return []
    provisional = performance_metrics.windows_not_final(job.store, job.monitor)
    return [w for w in published if w.start in provisional and is_mature(source, w, job.request.as_of)]
