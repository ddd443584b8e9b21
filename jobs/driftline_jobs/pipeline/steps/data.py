"""The data part: profiles, descriptions, checks, and drift against the reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.cells import MeasuredCell, measured_cells
from driftline_jobs.evaluate.check import Check
from driftline_jobs.evaluate.class_checks import prediction_checks
from driftline_jobs.evaluate.drift import Pair, judged_drift, measure_drift
from driftline_jobs.evaluate.losses import Losses, loss_checks, reference_checks
from driftline_jobs.evaluate.multivariate import judged_multivariate, multivariate_drift_of
from driftline_jobs.evaluate.quality import LogFindings, data_checks, reference_limited_checks
from driftline_jobs.pipeline.context import Job, attempt, failed_if_left
from driftline_jobs.pipeline.names_in_file import check_addresses, check_columns
from driftline_jobs.pipeline.plans import scan_plan
from driftline_jobs.pipeline.steps.losses import known_losses, losses_of, report_losses, report_reference
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.moments import MomentSums, added
from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.base import LogInspection, ScannedWindows
from driftline_jobs.sources.parquet.splits import InputState
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables import runs
from driftline_jobs.tables.drift_metrics import add_drift, add_multivariate
from driftline_jobs.tables.profile_metrics import add_descriptions, add_row_counts
from driftline_jobs.tables.profiles import add_profiles
from driftline_jobs.tables.quality_metrics import add_checks
from driftline_jobs.tables.run_inputs import add_inputs
from driftline_schemas.errors import DataError
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

PART = "data"
Attempts = dict[Window, RunRecord]
_AT_ONCE = 64
_TABLES = ("profiles", "profile_metrics", "drift_metrics", "quality_metrics", "run_inputs")


@dataclass
class Published:
    """What a step has left; ``refused`` says of a window why it was not published, ``losses`` what is not
    among its rows."""

    run_ids: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_quarantined: int = 0
    refused: dict[Window, str] = field(default_factory=dict)
    losses: dict[Window, Losses] = field(default_factory=dict)


@contextmanager
def noted(job: Job) -> Iterator[Attempts]:
    """Note the windows that are asked for as being run, before anything is read for them.

    Whatever ends the run before they are published, the store then says so, and a catch-up completes them.
    """
    attempts = {window: attempt(job, window, PART) for window in job.windows}
    job.store.begin(list(attempts.values()))
    with failed_if_left(job.store, attempts.values):
        yield attempts


def publish_data(
    job: Job, reference: Reference, calibrations: Calibrations, attempts: Attempts | None = None
) -> Published:
    """Scan once, publish each window as soon as it is whole.

    ``attempts`` are those that were ``noted`` for these windows, and are brought up to date. A window that
    would lose rows that were published is refused, unless that is allowed: the others are published all the
    same.
    """
    if attempts is None:
        with noted(job) as fresh:
            return publish_data(job, reference, calibrations, fresh)
    inspection = job.log.inspect(
        job.windows[0].start, job.windows[-1].end, expected=reference.binning.storages
    )
    check_addresses(job.monitor, (state.object for state in inspection.inputs))
    if inspection.columns:
        for unmatched in check_columns(job.monitor, inspection.names | reference.binning.storages.keys()):
            job.progress.event("name_matches_nothing", reason=unmatched)
    plan = scan_plan(job.monitor, inspection.columns, reference.binning, job.windows, job.hiding)
    job.progress.stage("profile", len(inspection.splits))
    known = {"reference_id": reference.reference_id, "binning_id": reference.binning.binning_id}
    for window in job.windows:
        attempts[window] = replace(
            attempts[window], reference_id=reference.reference_id, binning_id=reference.binning.binning_id
        )
    before = _rows_published(job)
    published = Published()
    scanned = job.log.profiles(inspection, plan, job.windows, job.engine.scan, job.progress)
    for batch in _gathered(scanned):
        accepted = []
        for profile in batch.windows:
            if profile.count < before.get(profile.window.start, 0) and not job.request.allow_missing:
                lost = _lost(profile, before[profile.window.start])
                published.refused[profile.window] = lost
                job.store.fail([attempts[profile.window]], DataError.__name__, lost)
                attempts[profile.window] = replace(attempts[profile.window], status="failed")
                continue
            if attempts[profile.window].status == "published":  # once more, without a damaged object
                attempts[profile.window] = attempt(job, profile.window, PART, **known)
            accepted.append(profile)
        _publish(
            job, reference, calibrations, ScannedWindows(accepted, batch.inspection), attempts, published
        )
        inspection = batch.inspection
    report_losses(job.progress, inspection, job.windows, published.losses.values())
    report_reference(job.progress, known_losses(job, reference), job.monitor.granularity)
    return published


def _gathered(batches: Iterator[ScannedWindows]) -> Iterator[ScannedWindows]:
    """Several windows at a time, so that one transaction and one call of each formula serve them all."""
    waiting: list[WindowProfile] = []
    inspection: LogInspection | None = None
    for batch in batches:
        if inspection is not None and batch.inspection is not inspection and waiting:
            yield ScannedWindows(waiting, inspection)
            waiting = []
        inspection = batch.inspection
        waiting += batch.windows
        while len(waiting) >= _AT_ONCE:
            yield ScannedWindows(waiting[:_AT_ONCE], inspection)
            waiting = waiting[_AT_ONCE:]
    if waiting and inspection is not None:
        yield ScannedWindows(waiting, inspection)


def _rows_published(job: Job) -> dict[datetime, int]:
    start, end = job.windows[0].start, job.windows[-1].end
    found = runs.current_runs(job.store, job.monitor, PART, start, end, ["window_start", "rows_read"])
    return {run["window_start"]: run["rows_read"] or 0 for run in found}


def refuse_if_any(refused: Sequence[str]) -> None:
    """Raise DataError for windows that were refused, with the first reason."""
    if refused:
        first, *others = refused
        raise DataError(first + (f" (and {len(others)} more windows)" if others else ""))


def _lost(profile: WindowProfile, before: int) -> str:
    return (
        f"the window of {profile.window.start:%Y-%m-%d %H:%M} UTC was published with {before:,} rows, "
        f"the log now has {profile.count:,}: put the missing objects back, or run it with --allow-missing"
    )


def _publish(
    job: Job,
    reference: Reference,
    calibrations: Calibrations,
    batch: ScannedWindows,
    attempts: dict[Window, RunRecord],
    published: Published,
) -> None:
    if not batch.windows:
        return
    builders = {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}
    monitor = job.monitor.monitor
    cells = []
    of_reference = known_losses(job, reference)
    bytes_read: dict[Window, int] = {}
    for profile in batch.windows:
        run_id = attempts[profile.window].run_id
        measured = measured_cells(profile, run_id, job.monitor.alerts.min_rows)
        cells.append(measured)
        add_profiles(builders["profiles"], monitor, profile, run_id)
        add_row_counts(builders["profile_metrics"], monitor, profile, run_id)
        inputs = builders["run_inputs"]
        states = add_inputs(inputs, run_id, batch.inspection, profile.window, profile.matched)
        losses = losses_of(batch.inspection, profile, states)
        found = findings(batch.inspection, profile, states)
        cycle = calibrations.cycle(profile.window.start)
        checks = data_checks(profile, reference, found, calibrations)
        if not job.monitor.reference.moves:  # where it does, its limits are the fold's to say
            now = profile.cells.get(WHOLE, {})
            checks += reference_limited_checks(now, profile.count, reference, calibrations, cycle)
        checks += [*_class_checks(job.monitor, profile, reference), *loss_checks(losses)]
        checks += reference_checks(of_reference)
        add_checks(builders["quality_metrics"], monitor, measured[0], checks)
        published.losses[profile.window] = losses
        bytes_read[profile.window] = sum(state.object.size_bytes for state in states if state.state == "read")
    every = [cell for measured in cells for cell in measured]
    add_descriptions(builders["profile_metrics"], monitor, every, reference.binning)
    if not job.monitor.reference.moves:  # where it does, what a window is compared with is the fold's to say
        moments = [added(p.moments.values()) if p.moments else None for p in batch.windows]
        add_reference_drift(builders["drift_metrics"], job, reference, calibrations, cells, moments)

    costs = asdict(job.meter.read(len(batch.windows)))
    records = []
    for profile in batch.windows:
        record = replace(
            attempts[profile.window],
            status="published",
            finished_at=datetime.now(UTC),
            rows_read=profile.count,
            rows_quarantined=profile.set_aside,
            bytes_read=bytes_read[profile.window],
            **costs,
        )
        attempts[profile.window] = record
        records.append(record)
        published.run_ids.append(record.run_id)
        published.rows_read += profile.count
        published.rows_quarantined += profile.set_aside
    read = builders.pop("run_inputs").to_arrow()
    job.store.publish(records, {name: builder.to_arrow() for name, builder in builders.items()}, read)


def _class_checks(monitor: Monitor, profile: WindowProfile, reference: Reference) -> list[Check]:
    name = monitor.logs.prediction
    current = None if name is None else profile.cells.get(WHOLE, {}).get(name)
    if name is None or current is None or not current.rows:
        return []
    before = reference.cells.get(WHOLE, {}).get(name)
    return prediction_checks(monitor, name, reference.binning.columns[name], current, before)


def add_reference_drift(
    table: TableBuilder,
    job: Job,
    reference: Reference,
    calibrations: Calibrations,
    cells: Sequence[Sequence[MeasuredCell]],
    moments: Sequence[MomentSums | None],
) -> None:
    """Every measured cell of each window against the same of the reference, without the window's own rows;
    and its columns together, by the moments of the whole, where it has any.
    """
    pairs = []
    for measured in cells:
        against = reference.without(measured[0].window)
        pairs += [Pair.of(cell, against) for cell in measured]
    columns = measure_drift(pairs, reference.binning)
    enough = job.monitor.alerts.min_rows
    whole = [pair.current.cell == WHOLE and pair.current.rows >= enough for pair in pairs]
    usual = calibrations.judge_drift(
        columns, [pair.current.window.start for pair in pairs], np.array(whole, np.bool_)
    )
    judged = judged_drift(job.monitor, pairs, columns, usual, calibrations.natures)
    add_drift(table, job.monitor.monitor, pairs, judged, "reference", reference.reference_id)
    wholes = [measured[0] for measured in cells]
    multivariate = multivariate_drift_of(wholes, moments, reference, calibrations.natures.columns)
    if multivariate is not None:
        tested = np.array([whole.rows >= enough for whole in wholes], np.bool_)
        starts = [whole.window.start for whole in wholes]
        calibrated = calibrations.judge_multivariate(multivariate, starts, tested)
        verdicts = judged_multivariate(job.monitor, multivariate, calibrated)
        add_multivariate(table, job.monitor.monitor, wholes, multivariate, verdicts, reference.reference_id)


def findings(inspection: LogInspection, profile: WindowProfile, states: Sequence[InputState]) -> LogFindings:
    """What the objects of the window brought up; ``states`` are its candidates."""
    # only objects that hold rows of it: what a neighbour's object lacks is for the neighbour to say
    uris = set(profile.matched)
    columns: dict[tuple[str, str], int] = {}
    for finding in inspection.findings:
        if finding.object_uri in uris:
            key = (finding.check, finding.column)
            columns[key] = columns.get(key, 0) + 1
    quarantined = sum(state.state == "quarantined" for state in states)
    return LogFindings(profile.set_aside, quarantined, columns)
