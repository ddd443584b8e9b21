"""The judgement part: the fold over windows, from the first that changed.

What a window says on its own is in the other parts. Here stands what depends on other windows: the
comparison with the previous one, ids that come again, shifts that last, what segments have to do with a
change, and the alerts with their lives; and where the reference moves, drift and performance themselves. All
are made from what is published, so single runs, a range and a parallel backfill end in the same tables.

    beginning    the window before the first that was run, or that rests on what has changed since
    say          what each window after it says by itself (``judgement_fixed``, ``judgement_rolling``)
    steps_of     what the windows before it add to that, one step after the other
    publish      those that were run, and those of which anything became another
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.pipeline.context import Job, failed_if_left
from driftline_jobs.pipeline.failed_checks import report_failed
from driftline_jobs.pipeline.steps.alerts import Alerts, acknowledged_since, alert_rows
from driftline_jobs.pipeline.steps.fold import FoldStep, Followed, Said, Saying
from driftline_jobs.pipeline.steps.impacts import Impacts
from driftline_jobs.pipeline.steps.incidents import Incidents
from driftline_jobs.pipeline.steps.judged import Judged, publish_attempts
from driftline_jobs.pipeline.steps.judgement_fixed import FixedSaying
from driftline_jobs.pipeline.steps.judgement_rolling import MovingSaying
from driftline_jobs.pipeline.steps.lasting_performance import LastingPerformance
from driftline_jobs.pipeline.steps.previous_window import add_previous
from driftline_jobs.pipeline.steps.repeated_ids import Repeats, follow_ids
from driftline_jobs.pipeline.steps.sustained_shift import SustainedShifts
from driftline_jobs.pipeline.steps.wholes import Wholes
from driftline_jobs.pipeline.unfinished import unjudged
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables import fold_states, runs
from driftline_jobs.tables.alerts import published_alerts
from driftline_jobs.tables.fold_states import Known, add_state
from driftline_jobs.tables.reading import EVER
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

_TABLES = (
    "drift_metrics",
    "quality_metrics",
    "performance_metrics",
    "performance_curves",
    "attributions",
    "alerts",
    "impacts",
    "incidents",
    "fold_states",
)


def steps_of(
    job: Job,
    reference: Reference,
    calibrations: Calibrations,
    published: Sequence[Window],
    wholes: Wholes,
) -> list[FoldStep]:
    """What is made of each window in the light of those before it, in this order.

    Args:
        reference, calibrations: of the start, where the reference moves.
        published: all windows that share its bins, ascending.
        wholes: the profiles of those that are gone through.
    """
    steps: list[FoldStep] = [SustainedShifts(job, reference, calibrations, wholes), Impacts(job, reference)]
    if LastingPerformance.applies(job, reference):
        steps.append(LastingPerformance(job, reference, calibrations, published))
    return [*steps, Alerts(job, published), Incidents(job, reference)]


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
    basis = f"{job.monitor.config_hash}-{reference.reference_id}"
    first, before, known = _beginning(job, published, basis)
    windows = [window for window in published if before is None or window.start > before]
    repeats = follow_ids(job, reference, published, windows[0].start)
    report_failed(job.progress, {window: repeats.check_of(window) for window in asked})
    wholes = Wholes(job, reference.binning, windows)
    steps = steps_of(job, reference, calibrations, published, wholes)
    for step in steps:
        step.begin(known.state_of(step.name), windows)
    saying: Saying = (
        MovingSaying(job, reference, calibrations, published, windows, repeats, wholes, first)
        if job.monitor.reference.moves
        else FixedSaying(job, reference, windows, repeats, wholes)
    )
    judged, batch = Judged(), _Batch(job, reference, saying, repeats, basis)
    changes = _Changes(job, windows, repeats)
    with failed_if_left(job.store, lambda: batch.attempts):
        for window in windows:
            said = saying.say(window, anew=changes.touch(window))
            followed = {step.name: step.follow(said) for step in steps}
            known = Known.of({name: one.state for name, one in followed.items()}, known.digest)
            saying.note(said)
            if window in asked:
                judged.note(alert_rows(said.alerts))
            if changes.touch(window) or saying.is_new(said) or changes.in_what_is_known(said, known):
                batch.add(said, followed, known)
            if len(batch.attempts) >= saying.at_once:
                batch.publish(judged)
        batch.publish(judged)
    saying.report(asked)
    return judged


def _beginning(job: Job, published: Sequence[Window], basis: str) -> tuple[datetime, datetime | None, Known]:
    """The first window that may have changed, the window to go on from, and what was known after it.

    None where nothing is kept that can be gone on from: then the fold begins with the first of all.
    """
    broken = fold_states.first_broken(job.store, job.monitor, published[0].start)
    first = min(window.start for window in job.windows)
    first = first if broken is None else min(first, broken)
    while True:
        before = fold_states.newest_before(job.store, job.monitor, first, basis)
        if before is None:
            return first, None, Known()
        known = fold_states.known_after(job.store, job.monitor, before)
        seen_from = acknowledged_since(job, known.state_of(Alerts.name))
        if seen_from is None:
            return first, before, known
        first = seen_from


class _Changes:
    """Which windows are to be published, because something about them became another."""

    def __init__(self, job: Job, windows: Sequence[Window], repeats: Repeats) -> None:
        self._calendar = job.monitor.calendar
        self._again, self._repeated = set(job.windows), repeats.changed()
        span = (job.store, job.monitor, windows[0].start, EVER)
        self._digests = fold_states.published_digests(*span)
        self._alerts = published_alerts(*span) if len(self._digests) < len(windows) else {}

    def touch(self, window: Window) -> bool:
        """Whether the window was run, or the one before it, or its ids turned out to repeat or not to."""
        return (
            window in self._again
            or self._calendar.previous(window) in self._again
            or window.start in self._repeated
        )

    def in_what_is_known(self, said: Said, known: Known) -> bool:
        """Whether the steps have come to know something else than is published; by the alerts, where an older
        version has published no more than these."""
        published = self._digests.get(said.window.start)
        if published is None:
            return alert_rows(said.alerts) != self._alerts.get(said.window.start, [])
        return published != (known.digest, known.follows)


class _Batch:
    """Windows that are judged but not yet published."""

    def __init__(self, job: Job, reference: Reference, saying: Saying, repeats: Repeats, basis: str) -> None:
        self._job = job
        self._reference = reference
        self._saying = saying
        self._repeats = repeats
        self._basis = basis
        self._records: dict[Window, RunRecord] = {}
        self._builders = self._empty()

    @staticmethod
    def _empty() -> dict[str, TableBuilder]:
        return {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}

    @property
    def attempts(self) -> list[RunRecord]:
        """Of its windows."""
        return list(self._records.values())

    def add(self, said: Said, followed: Mapping[str, Followed], known: Known) -> None:
        """Take a window into the next publication."""
        window, monitor = said.window, self._job.monitor.monitor
        record = self._saying.record(said)
        self._records[window] = record
        self._repeats.add_rows(self._builders["quality_metrics"], monitor, window, record)
        for one in followed.values():
            one.add_rows(self._builders, record.run_id)
        add_state(self._builders["fold_states"], monitor, window, record.run_id, self._basis, known)

    def publish(self, judged: Judged) -> None:
        """Publish what was taken in."""
        if not self._records:
            return
        windows, job = list(self._records), self._job
        job.store.begin(self.attempts)
        self._saying.add_rows(self._builders, self._records)
        add_previous(job, self._reference, self._builders["drift_metrics"], windows, self.attempts)
        publish_attempts(job, self.attempts, self._builders, judged)
        self._records, self._builders = {}, self._empty()


def _published_windows(job: Job, reference: Reference) -> list[Window]:
    """The published windows that have the reference's bins, ascending; others keep their judgement."""
    found = runs.current_runs(job.store, job.monitor, "data", columns=["window_start", "binning_id"])
    return sorted(
        job.monitor.calendar.containing(run["window_start"])
        for run in found
        if run["binning_id"] == reference.binning.binning_id
    )
