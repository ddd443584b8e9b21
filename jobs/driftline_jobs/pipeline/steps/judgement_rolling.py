"""The fold where the reference moves: each window against those before it, in their order.

What a window is compared with depends on which windows before it are under an alert, and so do its own
alerts. Hence drift and performance are judged here, and not with the window alone: from the first window that
was run on, every one whose reference has changed is judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from driftline_jobs.detection.alerts import Finding, Fold, Topic, WindowFindings
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.estimates import ESTIMATED
from driftline_jobs.evaluate.label_drift import label_column
from driftline_jobs.evaluate.learning import learn
from driftline_jobs.evaluate.losses import reference_checks
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.evaluate.quality import LIMITED_BY_REFERENCE, reference_limited_checks
from driftline_jobs.pipeline.context import Job, attempt, failed_if_left
from driftline_jobs.pipeline.steps.alerts import (
    alert_rows,
    finding,
    open_before,
    published_findings,
    published_topics,
    window_label,
)
from driftline_jobs.pipeline.steps.attribution import Explained, explain
from driftline_jobs.pipeline.steps.data import add_reference_drift
from driftline_jobs.pipeline.steps.judged import PART, Judged, publish_attempts
from driftline_jobs.pipeline.steps.losses import filled_of, moving_losses, published_filled, report_moving
from driftline_jobs.pipeline.steps.performance import add_judged_performance, performance_cells
from driftline_jobs.pipeline.steps.pieces import Pieces
from driftline_jobs.pipeline.steps.previous_window import add_previous
from driftline_jobs.pipeline.steps.repeated_ids import CHECK as REPEATED_IDS
from driftline_jobs.pipeline.steps.repeated_ids import Repeats
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.moments import added
from driftline_jobs.references.losses import ReferenceLosses
from driftline_jobs.references.members import OUTCOMES, Fired, members_of
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.rolling import MovingReference, Piece, moving_reference, rows_of
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables import alert_actions, performance_metrics, runs
from driftline_jobs.tables.alerts import AlertRow, add_alerts, published_alerts
from driftline_jobs.tables.calibrations import add_calibrations
from driftline_jobs.tables.quality_metrics import add_checks, windows_limited_with_their_data
from driftline_jobs.tables.reference_sets import add_reference
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window

_TABLES = (
    "drift_metrics",
    "quality_metrics",
    "performance_metrics",
    "performance_curves",
    "attributions",
    "alerts",
)
_OF_THE_LOG = frozenset({Topic.QUALITY, Topic.COLUMNS, Topic.SETUP})
"""Topics that are judged with the window alone, whatever it is compared with."""
_AT_ONCE = 16
_NOTHING = dict.fromkeys(("q_value", "reference_value", "threshold", "threshold_source")) | {
    "column_name": "*"
}


def judge_moving(
    job: Job,
    initial: Reference,
    calibrations: Calibrations,
    published: Sequence[Window],
    repeats: Repeats,
    counted: Sequence[Window],
) -> Judged:
    """Judge the windows that were run, and those after them that this changes.

    The alerts of those in ``counted`` are counted. Of the founding reference's ``calibrations`` stands what
    moves by nature.
    """
    judged = Judged()
    if not job.windows:
        return judged
    fold_ = _Fold(job, initial, published, repeats)
    first, asked = min(job.windows), set(job.windows)
    batch, repeated = _Batch(job, initial, calibrations.natures, repeats), repeats.changed()
    lacking: dict[Window, ReferenceLosses] = {}
    with failed_if_left(job.store, lambda: batch.attempts):
        for window in published:
            if window < first:
                fold_.pass_over(window)
                continue
            reference = fold_.reference_of(window)
            losses = fold_.losses_of(window)
            before = job.monitor.calendar.previous(window)
            changed = fold_.has_changed(window, reference, losses)
            fresh = batch.judge(fold_, window, reference) if changed or {window, before} & asked else None
            alerts = fold_.step(window, fresh)
            if window in counted:
                judged.note(alerts)
                lacking |= {window: losses} if losses and losses.absent else {}
            same = alerts == fold_.alerts_before.get(window.start, []) and window.start not in repeated
            if fresh is None and same:
                continue
            batch.add(fresh or batch.judge(fold_, window, reference), alerts)
            if len(batch.attempts) >= _AT_ONCE:
                batch.publish(judged)
        batch.publish(judged)
    report_moving(job.progress, lacking, job.monitor.calendar)
    return judged


@dataclass(frozen=True)
class _Fresh:
    """A window judged by its reference of now.

    Attributes:
        tables: its rows, but for alerts.
        findings: what is wrong, by drift and performance; topics: which of them were judged.
        losses: which windows the reference lacks.
    """

    window: Window
    record: RunRecord
    reference: MovingReference
    tables: Mapping[str, TableBuilder]
    findings: list[Finding]
    topics: set[Topic]
    losses: ReferenceLosses | None


class _Fold:
    """What is known of the windows so far."""

    def __init__(self, job: Job, initial: Reference, published: Sequence[Window], repeats: Repeats) -> None:
        self.job = job
        self.initial = initial
        self.pieces = Pieces(job, initial, published)
        self.alerts_before = published_alerts(job.store, job.monitor)
        self.judged_by = {
            run["window_start"]: run["reference_id"]
            for run in runs.current_runs(job.store, job.monitor, PART)
        }
        self._filled_before = published_filled(job)
        self._findings, self._topics = published_findings(job, repeats), published_topics(job)
        self._contradicted_before = performance_metrics.contradicted_windows(job.store, job.monitor)
        self._alerts = Fold(
            job.monitor.monitor,
            opened=open_before(job, published, self.alerts_before),
            acknowledged=alert_actions.acknowledged(job.store, job.monitor.monitor),
            renewed=True,
            moves=True,
        )
        self.limited_before = windows_limited_with_their_data(job.store, job.monitor)
        self._fired = Fired()
        self._columns = frozenset((*initial.binning.columns, OUTCOMES))
        self._labels = {table_column(name): name for name in initial.binning.columns}
        self._label = label_column(job.monitor, initial.binning)

    def reference_of(self, window: Window) -> MovingReference:
        """What the window is compared with: those before it, each column without those that fired in it."""
        monitor, source, binning = self.job.monitor, self.initial.source, self.initial.binning
        if monitor.reference.model_version is not None:
            pieces = [self.pieces.of(window).of_version(monitor.reference.model_version)]
            return moving_reference(monitor.monitor, source, binning, window, pieces)
        with_rows = [one for one in self.pieces.known if one < window and self.pieces.have_rows(one)]
        members = members_of(monitor, window, self._columns, with_rows, self._fired)
        pieces, pool = (
            [self.pieces.of(one).only(columns) for one, columns in several.items()]
            for several in (members.windows, members.pool)
        )
        return moving_reference(monitor.monitor, source, binning, window, pieces, pool)

    def losses_of(self, window: Window) -> ReferenceLosses | None:
        """Which of the windows before it that the window is to be compared with have no rows."""
        return moving_losses(self.job.monitor, window, self.pieces.have_rows)

    def has_changed(self, window: Window, reference: MovingReference, losses: ReferenceLosses | None) -> bool:
        """Whether the window was last judged by another reference, or one that lacked other windows."""
        before = self._filled_before.get(window.start)
        lacks_others = before is not None and before != filled_of(losses)
        return lacks_others or reference.reference_id != self.judged_by.get(window.start)

    def pass_over(self, window: Window) -> None:
        """Go on past a window that stays as it is."""
        self.step(window, None)

    def step(self, window: Window, fresh: _Fresh | None) -> list[AlertRow]:
        """The alerts of the window, given those before it."""
        findings = self._findings.get(window.start, [])
        topics = self._topics.get(window.start, set())
        if fresh is not None:
            before = window.start in self.limited_before
            findings = [one for one in findings if not _is_judged_here(one, before=before)] + fresh.findings
            topics = (topics & _OF_THE_LOG) | fresh.topics
        contradicted = (
            window.start in self._contradicted_before if fresh is None else _contradicted(fresh.tables)
        )
        said = WindowFindings(window.start, window_label(window), findings, frozenset(topics), contradicted)
        alerts = self._alerts.step(said)
        self._note(window, findings)
        return alert_rows(alerts)

    def _note(self, window: Window, findings: Sequence[Finding]) -> None:
        """Keep in mind what fired, so that later references do without it."""
        fired = set()
        for one in findings:
            if one.topic is Topic.PERFORMANCE:
                fired.add(OUTCOMES)
            elif one.topic in {Topic.DRIFT, Topic.QUALITY} and one.place.column in self._labels:
                fired.add(self._labels[one.place.column])
            elif one.topic is Topic.DRIFT and one.place.column == self._label:
                fired.add(OUTCOMES)
            elif one.metric == REPEATED_IDS:
                self._fired.wholly.add(window.start)
        if fired:
            self._fired.columns[window.start] = frozenset(fired)


def _is_judged_here(one: Finding, *, before: bool) -> bool:
    """Whether a finding depends on what the window is compared with, and so is made anew with it.

    ``before``: whether its checks were made with its data, as an older version did.
    """
    limited = one.topic is Topic.QUALITY and one.metric in LIMITED_BY_REFERENCE and not before
    return one.topic not in _OF_THE_LOG or limited


class _Batch:
    """Windows that are judged but not yet published."""

    def __init__(self, job: Job, initial: Reference, natures: Natures, repeats: Repeats) -> None:
        self.job = job
        self.initial = initial
        self.natures = natures
        self._repeats = repeats
        self.attempts: list[RunRecord] = []
        self._judged: list[_Fresh] = []
        self._builders: dict[str, TableBuilder] = self._empty()

    def _empty(self) -> dict[str, TableBuilder]:
        return {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}

    def judge(self, fold_: _Fold, window: Window, reference: MovingReference) -> _Fresh:
        """Hold a window against its reference, by what the reference teaches."""
        job, tables = self.job, self._empty()
        monitor = job.monitor
        record = attempt(job, window, PART, reference_id=reference.reference_id)
        piece = fold_.pieces.of(window)
        if monitor.reference.model_version is not None:
            piece = piece.without_version(monitor.reference.model_version)
        task = task_of(monitor, self.initial.binning)
        calibrations = learn(reference, monitor, task, self.natures)
        cells = list(_measured(piece, record.run_id, monitor.alerts.min_rows))
        moments = added(piece.moments.values()) if piece.moments else None
        add_reference_drift(tables["drift_metrics"], job, reference, calibrations, [cells], [moments])
        if monitor.labels is not None:
            outcomes = {WHOLE: task.nothing(), **piece.outcomes}
            measured = list(performance_cells(job, reference, window, record.run_id, outcomes))
            add_judged_performance(tables, job, reference, calibrations, measured)
        now, cycle = piece.cells.get(WHOLE, {}), calibrations.cycle(window.start)
        of_version = monitor.reference.model_version is not None  # whose rows are no measure of the others'
        rows = fold_.pieces.of(window).rows
        checks = reference_limited_checks(now, rows, reference, calibrations, cycle, count=not of_version)
        if window.start in fold_.limited_before:
            checks = []
        whole = MeasuredCell(window, WHOLE, record.run_id, {}, piece.rows)
        add_checks(tables["quality_metrics"], monitor.monitor, whole, checks)
        findings, topics = _said(tables)
        drifted = {one.place.column for one in findings if one.topic is Topic.DRIFT}
        explain(job, tables["attributions"], [_explained(piece, record.run_id, reference, cells, drifted)])
        learned_rows = TableBuilder(load_tables()["calibrations"])
        add_calibrations(learned_rows, reference, calibrations, datetime.now(UTC))
        self.job.store.put_once("calibrations", learned_rows.to_arrow())
        return _Fresh(window, record, reference, tables, findings, topics, fold_.losses_of(window))

    def add(self, fresh: _Fresh, alerts: Sequence[AlertRow]) -> None:
        """Take a window into the next publication."""
        self.job.store.begin([fresh.record])
        self.attempts.append(fresh.record)
        self._judged.append(fresh)
        monitor, quality = self.job.monitor.monitor, self._builders["quality_metrics"]
        self._repeats.add_rows(quality, monitor, fresh.window, fresh.record)
        whole = MeasuredCell(fresh.window, WHOLE, fresh.record.run_id, {}, 0)
        add_checks(quality, monitor, whole, reference_checks(fresh.losses))
        add_alerts(
            self._builders["alerts"], self.job.monitor.monitor, fresh.window, fresh.record.run_id, alerts
        )

    def publish(self, judged: Judged) -> None:
        """Publish what was taken in."""
        if not self._judged:
            return
        for fresh in self._judged:
            for name, builder in fresh.tables.items():
                self._builders[name].extend(builder)
        windows = [fresh.window for fresh in self._judged]
        add_previous(self.job, self.initial, self._builders["drift_metrics"], windows, self.attempts)
        self.job.store.put_once("reference_sets", _reference_rows(self._judged))
        publish_attempts(self.job, self.attempts, self._builders, judged)
        self.attempts, self._judged, self._builders = [], [], self._empty()


def _measured(piece: Piece, run_id: str, min_rows: int) -> Iterator[MeasuredCell]:
    """The whole, always, and every version and segment value of at least ``min_rows`` rows."""
    yield MeasuredCell(piece.window, WHOLE, run_id, piece.cells.get(WHOLE, {}), piece.rows)
    for cell in sorted(piece.cells):
        rows = rows_of(piece.cells[cell])
        if cell != WHOLE and rows >= min_rows:
            yield MeasuredCell(piece.window, cell, run_id, piece.cells[cell], rows)


def _explained(
    piece: Piece, run_id: str, reference: Reference, cells: Sequence[MeasuredCell], drifted: set[str]
) -> Explained:
    profiles = {
        cell.cell: {name: found for name, found in cell.profiles.items() if table_column(name) in drifted}
        for cell in cells
        if cell.cell.model_version == WHOLE.model_version
    }
    measured = {cell.cell for cell in cells}
    outcomes = {cell: found for cell, found in piece.outcomes.items() if cell in measured and found.labelled}
    return Explained(piece.window, run_id, reference, profiles if drifted else {}, outcomes)


def _said(tables: Mapping[str, TableBuilder]) -> tuple[list[Finding], set[Topic]]:
    """What the rows say is wrong, and what they have judged."""
    findings, topics = [], set()
    for topic, name, decides in (
        (Topic.DRIFT, "drift_metrics", "drifted"),
        (Topic.PERFORMANCE, "performance_metrics", "degraded"),
    ):
        for row in tables[name].to_arrow().to_pylist():
            if row[decides] is not None:
                topics.add(Topic.ESTIMATE if row.get("kind") == ESTIMATED else topic)
            if row[decides]:
                findings.append(finding(topic, _NOTHING | row))
    findings += [
        finding(Topic.QUALITY, _NOTHING | row | {"metric": row["check_name"]})
        for row in tables["quality_metrics"].to_arrow().to_pylist()
        if row["passed"] is False
    ]
    return findings, topics


def _contradicted(tables: Mapping[str, TableBuilder]) -> bool:
    """Whether labels have contradicted an estimate (``performance_metrics.CONTRADICTED``)."""
    return any(
        row["kind"] == ESTIMATED and row["threshold"] is not None and row["degraded"] is None
        for row in tables["performance_metrics"].to_arrow().to_pylist()
    )


def _reference_rows(judged: Sequence[_Fresh]) -> pa.Table:
    """Rows of ``reference_sets``: which windows each reference is made of."""
    table = TableBuilder(load_tables()["reference_sets"])
    for fresh in judged:
        add_reference(table, fresh.reference, datetime.now(UTC))
    return table.to_arrow()
