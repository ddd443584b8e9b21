"""The judgement part: the fold over windows, from the first that changed.

What a window says on its own is in the other parts. Here stands what depends on other windows: the
comparison with the previous one, ids that come again, shifts that last, what segments have to do with a
change, and the alerts with their lives. All are made from what is published, so single runs, a range and a
parallel backfill end in the same tables.
"""

from __future__ import annotations

from dataclasses import replace

from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.pipeline.context import Job, attempt, failed_if_left
from driftline_jobs.pipeline.failed_checks import report_failed
from driftline_jobs.pipeline.steps.alerts import alert_events, window_label
from driftline_jobs.pipeline.steps.attribution import explain_published
from driftline_jobs.pipeline.steps.judged import PART, Judged, publish_attempts
from driftline_jobs.pipeline.steps.judgement_rolling import judge_moving
from driftline_jobs.pipeline.steps.previous_window import add_previous
from driftline_jobs.pipeline.steps.repeated_ids import follow_ids
from driftline_jobs.pipeline.steps.sustained_shift import follow_windows
from driftline_jobs.pipeline.unfinished import unjudged
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables import runs
from driftline_jobs.tables.alerts import add_alerts, published_alerts
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

_TABLES = ("drift_metrics", "quality_metrics", "attributions", "alerts")


def publish_judgement(job: Job, reference: Reference, calibrations: Calibrations) -> Judged:
    """Judge the windows that were run, and those after them that this changes."""
    job.progress.stage("judge")
    with job.store.stay_connected():
        return _judge(job, reference, calibrations)


def _judge(job: Job, reference: Reference, calibrations: Calibrations) -> Judged:
    asked, published = job.windows, _published_windows(job, reference)
    if not asked:
        return Judged()
    # with them those that an earlier run has left without: what follows rests on their judgement
    left = unjudged(job)
    job = replace(job, windows=sorted({*asked, *(window for window in published if window.start in left)}))
    repeats = follow_ids(job, reference, published)
    report_failed(job.progress, {window: repeats.check_of(window) for window in asked})
    if job.monitor.reference.moves:
        return judge_moving(job, reference, calibrations, published, repeats, asked)
    sustained = follow_windows(job, reference, calibrations, published, [window_label(w) for w in published])
    before, shifted = published_alerts(job.store, job.monitor), sustained.changed(job) | repeats.changed()
    events = alert_events(job, published, sustained.findings(), repeats, before)
    again = set(job.windows)
    due = [
        window
        for window in published
        if window in again
        or job.monitor.calendar.previous(window) in again
        or window.start in shifted
        or events.get(window, []) != before.get(window.start, [])
    ]
    judged = Judged()
    for window in asked:
        judged.note(events.get(window, []))
    if not due:
        return judged
    attempts = [attempt(job, window, PART, reference_id=reference.reference_id) for window in due]
    job.store.begin(attempts)
    builders = {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}
    with failed_if_left(job.store, lambda: attempts):
        record_of = dict(zip(due, attempts, strict=True))
        add_previous(job, reference, builders["drift_metrics"], due, attempts)
        sustained.add_rows(builders["drift_metrics"], job, reference, record_of)
        explain_published(job, reference, builders["attributions"], record_of)
        for window, record in record_of.items():
            repeats.add_rows(builders["quality_metrics"], job.monitor.monitor, window, record)
            add_alerts(builders["alerts"], job.monitor.monitor, window, record.run_id, events.get(window, []))
        publish_attempts(job, attempts, builders, judged)
    return judged


def _published_windows(job: Job, reference: Reference) -> list[Window]:
    """The published windows that have the reference's bins, ascending; others keep their judgement."""
    found = runs.current_runs(job.store, job.monitor, "data", columns=["window_start", "binning_id"])
    return sorted(
        job.monitor.calendar.containing(run["window_start"])
        for run in found
        if run["binning_id"] == reference.binning.binning_id
    )
