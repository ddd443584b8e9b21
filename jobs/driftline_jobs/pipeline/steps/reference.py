"""Establish the reference: found in the store, or surveyed, profiled and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.label_drift import label_column
from driftline_jobs.evaluate.learning import learn
from driftline_jobs.metrics.figures import Status, reason_of
from driftline_jobs.metrics.nature import NEXT_STEP
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.names_in_file import check_addresses, check_columns, check_reference
from driftline_jobs.pipeline.plans import decision_of, scan_plan, watched
from driftline_jobs.pipeline.steps.by_score import rows_by_score
from driftline_jobs.pipeline.steps.label_join import join_outcomes, label_values, withholding
from driftline_jobs.pipeline.steps.losses import reference_losses
from driftline_jobs.pipeline.steps.reference_data import ReferenceData, objects_of, reference_data
from driftline_jobs.pipeline.steps.repeated_ids import repeating
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.profiles.moments import share_of_rows
from driftline_jobs.references.by_score import ByScore
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.scanned import Scanned, reference_from
from driftline_jobs.references.season import by_season
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.listing.passed_over import in_words
from driftline_jobs.sources.parquet.agreement import named_columns
from driftline_jobs.sources.profiling.survey import SAMPLE_ROWS, SurveyPlan, binning_from
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.sources.rescan import around_damage
from driftline_jobs.tables import reference_sets
from driftline_jobs.tables.binnings import add_binning
from driftline_jobs.tables.calibrations import add_calibrations, calibrations_from, learned_rows
from driftline_jobs.tables.reading import Row
from driftline_jobs.tables.run_inputs import add_reference_inputs
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.metrics import MOVES_BY_NATURE
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window, to_us


def establish_reference(job: Job) -> tuple[Reference, Calibrations]:
    """The monitor's reference and what was learned from it. Made on the first run, from then on only read.

    Raises:
        ConfigError: a class or a rule of the monitor matches nothing in it.
        DataError: the reference holds no rows, so nothing can be compared with it.
    """
    known = _known(job)
    if known is not None:
        check_reference(job.monitor, known[0])
    if known is None:
        make_reference(job)
        known = _known(job)  # that of another first run, if that was faster
    if known is None:
        raise DataError(f"{job.monitor.monitor}: the store has lost the reference that was just made")
    if not known[0].timed:
        job.progress.event("reference_without_times", uri=job.monitor.reference.uri, limits="fixed sizes")
    if moving := sorted(known[1].natures.columns):
        job.progress.event(MOVES_BY_NATURE, columns=", ".join(moving), next_step=NEXT_STEP)
    return known


def _known(job: Job) -> tuple[Reference, Calibrations] | None:
    with job.store.stay_connected():
        found = stored_reference(job)
        return None if found is None else (found, _learned(job, found))


def make_reference(job: Job, effective_from: datetime | None = None) -> Reference:
    """Survey, profile and keep a reference, for all windows or for those from ``effective_from`` on.

    Errors are those of ``establish_reference``.
    """
    job.progress.stage("reference")
    data = reference_data(job)
    _check_sensitive(job, data.inspection)
    source, timed = data.source, data.inspection.timed
    binning, inspection = around_damage(data.inspection, partial(_bins, job, data), job.progress)
    plan = scan_plan(source.monitor, inspection.columns, binning, data.windows, job.hiding, timed=timed)
    # by window: one that comes twice, the second time without a damaged object, counts once
    profiles: dict[Window, WindowProfile] = {}
    for batch in source.profiles(inspection, plan, data.windows, job.engine.scan, job.progress):
        profiles |= {profile.window: profile for profile in batch.windows}
        inspection = batch.inspection
    labels: LogInspection | None = None
    if job.monitor.task_spec.numeric and label_column(job.monitor, binning) is not None:
        # labels that are no column of the log are known once they are joined, and only then have bins
        values, labels = label_values(job, source, inspection, plan, data.windows)
        binning = replace(binning, labels=ordered_bins("label", values) if len(values) else None)
        plan = replace(plan, binning=binning)
    outcomes = join_outcomes(job, source, inspection, plan, data.windows, labels)
    again: frozenset[Window] = frozenset()
    if outcomes is not None:
        again = repeating(job.monitor, outcomes, data.windows)
        outcomes = withholding(job, source, inspection, plan, data.windows, outcomes, again)
        if again:
            job.progress.event("labels_left_out", reason=reason_of(Status.IDS_REPEAT))
    profiled = list(profiles.values())
    scanned = Scanned(
        profiled,
        outcomes.by_window if outcomes else {},
        {window: outcomes.ids_of(window) for window in outcomes.ids} if outcomes else {},
        external=job.monitor.reference.uri is not None,
        timed=timed,
        objects=objects_of(inspection, profiled),
        seasonal=timed and by_season(job.monitor),
        losses=reference_losses(inspection, data.windows, profiles, timed=timed),
    )
    reference = reference_from(job.monitor.monitor, source_of(job), binning, scanned, effective_from)
    if not reference.rows:
        raise _no_rows(data, inspection)
    check_reference(job.monitor, reference)
    calibrations = learn(reference, job.monitor, task_of(job.monitor, binning))
    labelled = [window for window in data.windows if window not in again]
    by_score = rows_by_score(
        job, source, inspection, plan, (labelled, outcomes), (reference, calibrations.natures)
    )
    _store(job, reference, calibrations, by_score)
    job.progress.event("reference", reference_id=reference.reference_id, rows=reference.rows)
    return reference


def _check_sensitive(job: Job, inspection: LogInspection) -> None:
    """Before a value is kept: what is sensitive must be the name of a column, here or in the windows, and in
    no address."""
    check_addresses(job.monitor, (state.object for state in inspection.inputs))
    if set(job.monitor.features.sensitive_columns) - inspection.names:
        later = job.log.inspect(job.windows[0].start, job.windows[-1].end)
        check_columns(job.monitor, inspection.names | later.names)


def _learned(job: Job, reference: Reference) -> Calibrations:
    return calibrations_from(learned_rows(job.store, reference.reference_id), job.monitor, reference)


def source_of(job: Job) -> str:
    """Canonical JSON of everything in the monitor that a reference depends on."""
    content = job.monitor.model_dump(mode="json", exclude={"description", "owner", "alerts", "notify"})
    content["features"].pop("critical", None)  # what they are worth is no matter of the reference
    return canonical_json(content)


def by_reference(job: Job) -> list[Job]:
    """The job in parts, ascending, so that the windows of each have one reference: the monitor was rebased
    between them."""
    alike = _of_the_same_words(job)
    parts: list[tuple[str | None, list[Window]]] = []
    for window in job.windows:
        found = _effective(alike, window)
        if not parts or parts[-1][0] != found:
            parts.append((found, []))
        parts[-1][1].append(window)
    return [replace(job, windows=windows) for _, windows in parts]


def stored_reference(job: Job) -> Reference | None:
    """The reference of the job's first window that was made from the same words, None if there is none.

    Raises ConfigError when it was made with another salt.
    """
    found = _effective(_of_the_same_words(job), job.windows[0])
    if found is None:
        return None
    row = reference_sets.row_with_bins(job.store, found)
    # before what it holds is read: the hashes in it are of no use
    _check_salt(job, Binning.from_bytes(row["binning"]))
    return reference_sets.read_reference(row)


def _check_salt(job: Job, binning: Binning) -> None:
    """Hashes of another salt than that of the bins would all be values that the reference does not have."""
    if binning.salt_fingerprint in ("", job.hiding.fingerprint):
        return
    hashed = ", ".join(sorted(job.hiding.hashed))
    period = job.monitor.calendar.label(job.windows[0])
    raise ConfigError(
        f"{job.monitor.monitor}: DRIFTLINE_SALT is another salt than the reference was made with, so hashes "
        f"of {hashed} could not be compared with it. Set that salt again, or make a new reference: "
        f"`driftline rebase {job.request.monitor_path} --period {period}`"
    )


def stored_ids(job: Job) -> tuple[str, str] | None:
    """The ids of that reference and of its bins, whatever format these are of."""
    found = _effective(_of_the_same_words(job), job.windows[0])
    binning_id = None if found is None else reference_sets.binning_of(job.store, found)
    return None if found is None or binning_id is None else (found, binning_id)


def _of_the_same_words(job: Job) -> list[Row]:
    """The references of the monitor that were made from the same words, the oldest first."""
    return reference_sets.of_source(job.store, job.monitor.monitor, source_of(job))


def _effective(alike: Sequence[Mapping[str, Any]], window: Window) -> str | None:
    """Which is the window's: the newest that rebased it, or else the one that all windows began with.

    Of those that all began with, the oldest: two first runs at once may both have made one.
    """
    rebased = [row for row in alike if row["effective_from"] and row["effective_from"] <= window.start]
    initial = [row for row in alike if row["effective_from"] is None]
    found = rebased[-1] if rebased else initial[0] if initial else None
    return None if found is None else str(found["reference_id"])


def _bins(job: Job, data: ReferenceData, inspection: LogInspection) -> Binning:
    monitor, timed = data.source.monitor, inspection.timed
    if not inspection.splits:
        raise _no_rows(data, inspection)
    columns = watched(monitor, inspection.columns)
    rows = sum(split.rows for split in inspection.splits)
    survey = job.engine.survey(
        inspection.splits,
        SurveyPlan(
            watched=tuple(columns),
            columns=inspection.columns,
            time=monitor.log_time if timed else None,
            segments=monitor.segments,
            intervals_us=tuple((to_us(window.start), to_us(window.end)) for window in data.windows)
            if timed
            else (),
            sample_share=SAMPLE_ROWS / max(rows, 1),
            hiding=job.hiding,
            decision=decision_of(monitor),
        ),
    )
    if not survey.rows:
        raise _no_rows(data, inspection)
    # what rows a window of the log will have is not to be told from a data set that has none
    share = share_of_rows(survey.rows / len(data.windows)) if timed else 1.0
    named = named_columns(monitor, "reference")
    own_columns = [
        watch for watch in columns if watch.column.name in survey.names or watch.column.name in named
    ]
    return replace(binning_from(survey, own_columns, job.hiding), moment_share=share)


def _no_rows(data: ReferenceData, inspection: LogInspection) -> DataError:
    monitor = data.source.monitor
    first, last = data.windows[0].start, data.windows[-1].end
    period = f" from {first:%Y-%m-%d} to {last:%Y-%m-%d}" if inspection.timed else ""
    said = f"the reference{period} has no rows in {monitor.logs.uri}"
    aside = [state for state in inspection.inputs if state.state == "quarantined"]
    if aside:
        said += f", where {len(aside):,} objects were set aside ({aside[0].object.uri}: {aside[0].reason})"
    if passed_over := in_words(inspection.passed_over_at_all):
        said += f" (passed over there: {passed_over})"
    step = _NEXT_STEP[monitor.reference.kind]
    return DataError(f"{monitor.monitor}: {said}: {'mend what set them aside, or ' if aside else ''}{step}")


_NEXT_STEP = {
    "window": "name a reference that the log covers",
    "uri": "name a data set that holds rows",
    "trailing": "start with a later window, or name a fixed reference.window",
    "same_weekday": "start with a later window, or name a fixed reference.window",
    "model_version": "start with a window that the log covers, or name a fixed reference.window",
}


def _store(job: Job, reference: Reference, calibrations: Calibrations, by_score: ByScore | None) -> None:
    if reference_sets.binning_of(job.store, reference.reference_id) is not None:
        return  # written last: all that goes with it is there, its objects as it was first made from them
    now = datetime.now(UTC)
    # a reference that is found has all that goes with it
    tables = {
        name: TableBuilder(load_tables()[name])
        for name in ("run_inputs", "binnings", "calibrations", "reference_sets")
    }
    add_reference_inputs(tables["run_inputs"], reference)
    add_binning(tables["binnings"], reference.monitor, reference.binning, now)
    add_calibrations(tables["calibrations"], reference, calibrations, now)
    reference_sets.add_reference(tables["reference_sets"], reference, now, reference.effective_from, by_score)
    for name, rows in tables.items():
        job.store.put_once(name, rows.to_arrow(), reference.monitor)
