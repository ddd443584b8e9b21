"""The performance part: labels joined to predictions, published apart from the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial

import numpy as np

from driftline_jobs.evaluate.calibrations import LABEL_SHARE, Calibrations
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.check import Check
from driftline_jobs.evaluate.class_checks import outcome_checks
from driftline_jobs.evaluate.drift import Pair, judged_drift
from driftline_jobs.evaluate.estimates import estimates
from driftline_jobs.evaluate.label_checks import label_checks
from driftline_jobs.evaluate.label_drift import label_drift
from driftline_jobs.evaluate.losses import label_loss_checks
from driftline_jobs.evaluate.performance import PerformanceCell, judged_performance
from driftline_jobs.pipeline.context import Job, attempt, failed_if_left
from driftline_jobs.pipeline.failed_checks import report_failed
from driftline_jobs.pipeline.plans import scan_plan
from driftline_jobs.pipeline.steps.counted_rows import NOT_JOINED, CountedRows, rows_counted
from driftline_jobs.pipeline.steps.data import Published
from driftline_jobs.pipeline.steps.label_join import JoinedWindows, join_outcomes, withholding
from driftline_jobs.pipeline.steps.losses import report_label_losses
from driftline_jobs.pipeline.steps.repeated_ids import repeating_beside
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables.drift_metrics import add_drift
from driftline_jobs.tables.performance_curves import add_curves
from driftline_jobs.tables.performance_metrics import add_estimates, add_performance
from driftline_jobs.tables.profiles import add_outcome_profiles
from driftline_jobs.tables.quality_metrics import add_checks
from driftline_jobs.tables.run_inputs import add_inputs
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.monitor import LabelColumn, LabelSource
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.table_names import ALL
from driftline_schemas.window import Window

PART = "performance"
_TABLES = (
    "profiles",
    "drift_metrics",
    "performance_metrics",
    "performance_curves",
    "quality_metrics",
    "run_inputs",
)


def publish_performance(job: Job, reference: Reference, calibrations: Calibrations) -> Published:
    """Join once over all windows, then publish them together; nothing to do without labels."""
    published = Published()
    if job.monitor.labels is None or not job.windows:
        return published
    job.progress.stage("labels")
    known = {"reference_id": reference.reference_id, "binning_id": reference.binning.binning_id}
    attempts = [attempt(job, window, PART, **known) for window in job.windows]
    job.store.begin(attempts)
    with failed_if_left(job.store, lambda: attempts):
        inspection = job.log.inspect(
            job.windows[0].start, job.windows[-1].end, expected=reference.binning.storages
        )
        counted = rows_counted(job)
        inspection = counted.without_set_aside(inspection)
        plan = scan_plan(job.monitor, inspection.columns, reference.binning, job.windows, job.hiding)
        joined = join_outcomes(job, job.log, inspection, plan, job.windows)
        if joined is not None:
            again = repeating_beside(job.monitor, joined, job.windows, reference)
            joined = withholding(job, job.log, inspection, plan, job.windows, joined, again)
            _publish(job, reference, calibrations, joined, counted, attempts, published)
    return published


def _publish(
    job: Job,
    reference: Reference,
    calibrations: Calibrations,
    joined: JoinedWindows,
    counted: CountedRows,
    attempts: Sequence[RunRecord],
    published: Published,
) -> None:
    builders = {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}
    cells: list[PerformanceCell] = []
    records = []
    checks_of: dict[Window, list[Check]] = {}
    costs = asdict(job.meter.read(len(attempts)))
    for window, record in zip(job.windows, attempts, strict=True):
        outcomes = joined.by_window.get(window, {})
        whole = outcomes.get(WHOLE) or joined.nothing
        found = joined.findings[window]
        cells += performance_cells(
            job, reference, window, record.run_id, {**outcomes, WHOLE: whole}, withheld=found.withheld
        )
        add_outcome_profiles(
            builders["profiles"],
            job.monitor.monitor,
            window,
            record.run_id,
            joined.base.get(window, {}),
            joined.ids.get(window, {}),
        )
        checked = MeasuredCell(window, WHOLE, record.run_id, {}, whole.predictions)
        lost = counted.of_objects(window, joined.predictions.damaged)
        checks = _checks(job, reference, joined, window, whole, lost)
        add_checks(builders["quality_metrics"], job.monitor.monitor, checked, checks)
        checks_of[window] = checks
        size = 0
        if joined.inspection is not None:
            matched = joined.matched.get(window, {})
            states = add_inputs(builders["run_inputs"], record.run_id, joined.inspection, window, matched)
            size = sum(s.object.size_bytes for s in states if s.object.uri in joined.labels_read)
        records.append(
            replace(
                record,
                status="published",
                finished_at=datetime.now(UTC),
                rows_read=whole.predictions,
                rows_quarantined=lost,
                bytes_read=size,
                labels_matched=whole.labelled,
                **costs,
            )
        )
    if not job.monitor.reference.moves:  # where it does, what a window is compared with is the fold's to say
        add_judged_performance(builders, job, reference, calibrations, cells)
    inputs = builders.pop("run_inputs").to_arrow()
    job.store.publish(records, {name: builder.to_arrow() for name, builder in builders.items()}, inputs)
    published.run_ids += [record.run_id for record in records]
    if joined.inspection is not None:
        job.progress.event("labels", rows=joined.label_rows, of_other_windows_or_none=joined.unmatched)
        report_label_losses(job.progress, joined.inspection, job.windows)
    report_failed(job.progress, checks_of)


def _checks(
    job: Job, reference: Reference, joined: JoinedWindows, window: Window, whole: Outcomes, lost: int
) -> list[Check]:
    """Every check of a window's labels and classes; ``lost`` rows were counted and could not be joined."""
    final = is_final(job.monitor.labels, window, job.request.as_of)
    checks = label_checks(job.monitor, whole, joined.findings[window], reference, window, mature=final)
    checks.append(Check("*", NOT_JOINED, float(lost), 0, passed=lost == 0))
    if joined.inspection is not None:
        checks += label_loss_checks(joined.inspection.passed_over_in([window]))
    return checks + outcome_checks(job.monitor, whole, reference.outcomes_without(window).get(WHOLE))


def add_judged_performance(
    builders: Mapping[str, TableBuilder],
    job: Job,
    reference: Reference,
    calibrations: Calibrations,
    cells: Sequence[PerformanceCell],
) -> None:
    """Figures of the cells, by labels and without them, judged by what was learned from the reference."""
    tested = [
        cell.cell.cell == WHOLE and cell.outcome.labelled >= job.monitor.alerts.min_rows for cell in cells
    ]
    usual = partial(calibrations.judge_performance, tested=np.array(tested, np.bool_))
    task = task_of(job.monitor, reference.binning)
    monitor, figures = job.monitor.monitor, builders["performance_metrics"]
    realized = judged_performance(job.monitor, cells, task, usual)
    add_performance(figures, monitor, cells, realized)
    add_curves(builders["performance_curves"], monitor, cells, task)
    add_estimates(figures, monitor, estimates(cells, task, realized, calibrations))
    labelled = [cell for cell in cells if cell.outcome.labelled]
    drift = label_drift(job.monitor, reference.binning, labelled, task)
    if drift is not None:
        starts = [cell.cell.window.start for cell in labelled]
        enough = np.array([flag for flag, cell in zip(tested, cells, strict=True) if cell.outcome.labelled])
        judged = calibrations.judge_drift([drift], starts, enough, share=LABEL_SHARE)
        pairs = [Pair(cell.cell, None) for cell in labelled]
        add_drift(
            builders["drift_metrics"],
            monitor,
            pairs,
            judged_drift(job.monitor, pairs, [drift], judged),
            "reference",
            reference.reference_id,
        )


def performance_cells(
    job: Job,
    reference: Reference,
    window: Window,
    run_id: str,
    outcomes: Mapping[Cell, Outcomes],
    *,
    withheld: bool = False,
) -> Iterator[PerformanceCell]:
    """The cells of a window that are measured, each beside the same of the reference."""
    against = reference.outcomes_without(window)
    final = is_final(job.monitor.labels, window, job.request.as_of)
    for cell in sorted(outcomes):
        outcome = outcomes[cell]
        if cell != WHOLE and outcome.labelled < job.monitor.alerts.min_rows:
            continue
        counterpart = WHOLE if cell.segment == ALL else Cell(ALL, cell.segment, cell.segment_value)
        yield PerformanceCell(
            MeasuredCell(window, cell, run_id, {}, outcome.predictions),
            outcome,
            against.get(counterpart),
            final,
            withheld,
        )


def is_final(labels: LabelSource | LabelColumn | None, window: Window, as_of: datetime) -> bool:
    """Whether the window is older than its labels take to mature; labels in the log itself come with it."""
    return not isinstance(labels, LabelSource) or is_mature(labels, window, as_of)


def is_mature(labels: LabelSource, window: Window, as_of: datetime) -> bool:
    """Whether the labels of a window have had the time that they take."""
    return as_of >= window.end + labels.mature_after
