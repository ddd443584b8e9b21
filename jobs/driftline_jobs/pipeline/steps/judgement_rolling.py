"""What windows say against a reference that moves: each against those before it, in their order.

What a window is compared with depends on which windows before it are under an alert, and so do its own
alerts. Hence drift and performance are judged here, and not with the window alone: from the first window that
was run on, every one whose reference has changed is judged again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa

from driftline_jobs.detection.alerts import Finding, Topic
from driftline_jobs.detection.verdicts import SUSTAINED
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.estimates import ESTIMATED
from driftline_jobs.evaluate.label_drift import label_column
from driftline_jobs.evaluate.learning import learn
from driftline_jobs.evaluate.losses import reference_checks
from driftline_jobs.evaluate.quality import LIMITED_BY_REFERENCE, reference_limited_checks
from driftline_jobs.pipeline.context import Job, attempt
from driftline_jobs.pipeline.steps.alerts import (
    finding,
    published_findings,
    published_topics,
)
from driftline_jobs.pipeline.steps.attribution import Explained, explain
from driftline_jobs.pipeline.steps.data import add_reference_drift
from driftline_jobs.pipeline.steps.fold import Builders, Said
from driftline_jobs.pipeline.steps.judged import PART
from driftline_jobs.pipeline.steps.losses import filled_of, moving_losses, published_filled, report_moving
from driftline_jobs.pipeline.steps.performance import add_judged_performance, performance_cells
from driftline_jobs.pipeline.steps.pieces import Pieces
from driftline_jobs.pipeline.steps.repeated_ids import CHECK as REPEATED_IDS
from driftline_jobs.pipeline.steps.repeated_ids import Repeats
from driftline_jobs.pipeline.steps.wholes import Wholes
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.moments import added
from driftline_jobs.references.losses import ReferenceLosses
from driftline_jobs.references.members import OUTCOMES, Fired, members_of
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.rolling import MovingReference, Piece, moving_reference, rows_of
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables import performance_metrics, runs
from driftline_jobs.tables.calibrations import add_calibrations
from driftline_jobs.tables.quality_metrics import add_checks, windows_limited_with_their_data
from driftline_jobs.tables.reading import EVER
from driftline_jobs.tables.reference_sets import add_reference
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.metrics import SUSTAINED_SHIFT
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window

_TABLES = ("drift_metrics", "quality_metrics", "performance_metrics", "performance_curves", "attributions")
_OF_THE_LOG = frozenset({Topic.QUALITY, Topic.COLUMNS, Topic.SETUP})
"""Topics that are judged with the window alone, whatever it is compared with."""
_NOTHING = dict.fromkeys(("q_value", "reference_value", "threshold", "threshold_source")) | {
    "column_name": "*"
}


@dataclass(frozen=True)
class _Fresh:
    """A window judged by its reference of now.

    Attributes:
        tables: its rows, but for alerts.
        findings: what is wrong, by drift and performance; topics: which of them were judged.
    """

    window: Window
    record: RunRecord
    reference: MovingReference
    tables: Mapping[str, TableBuilder]
    findings: list[Finding]
    topics: set[Topic]


class MovingSaying:
    """See ``fold.Saying``.

    Args:
        initial, calibrations: the reference of the start; of what it teaches stands what moves by nature.
        published: all windows that share its bins, of which ``windows`` are gone through.
        first: windows from there on are judged anew where their reference has changed.
    """

    at_once = 16

    def __init__(
        self,
        job: Job,
        initial: Reference,
        calibrations: Calibrations,
        published: Sequence[Window],
        windows: Sequence[Window],
        repeats: Repeats,
        wholes: Wholes,
        first: datetime,
    ) -> None:
        self._job = job
        self._initial = initial
        self._natures = calibrations.natures
        self._first = first
        self._wholes = wholes
        start = windows[0].start
        span = (job.store, job.monitor, start, EVER)
        self._pieces = Pieces(job, initial, published)
        judged = runs.current_runs(
            job.store, job.monitor, PART, start, EVER, ["window_start", "reference_id"]
        )
        self._judged_by = {run["window_start"]: run["reference_id"] for run in judged}
        self._filled_before = published_filled(job, start, EVER)
        self._findings = published_findings(job, repeats, start, EVER)
        self._topics = published_topics(job, start, EVER)
        self._contradicted_before = performance_metrics.contradicted_windows(*span)
        self._limited_before = windows_limited_with_their_data(*span)
        self._columns = frozenset((*initial.binning.columns, OUTCOMES))
        self._labels = {table_column(name): name for name in initial.binning.columns}
        self._label = label_column(job.monitor, initial.binning)
        self._with_rows = [one for one in self._pieces.known if self._pieces.have_rows(one)]
        self._fired = Fired()
        if job.monitor.reference.model_version is None:
            earlier = published_findings(job, repeats, self._pieces.known[0].start, start)
            for at, findings in earlier.items():
                self._note(at, findings)
        self._fresh: dict[Window, _Fresh] = {}
        self._lacking: dict[Window, ReferenceLosses] = {}

    def say(self, window: Window, *, anew: bool) -> Said:
        """See ``Saying``."""
        reference, losses = self._reference_of(window), self._losses_of(window)
        if losses and losses.absent:
            self._lacking[window] = losses
        findings = self._findings.pop(window.start, [])
        topics = self._topics.get(window.start, set())
        contradicted = window.start in self._contradicted_before
        if anew or (window.start >= self._first and self._has_changed(window, reference, losses)):
            fresh = self._fresh[window] = self._judge(window, reference)
            before = window.start in self._limited_before
            findings = [one for one in findings if not _is_judged_here(one, before=before)] + fresh.findings
            topics = (topics & _OF_THE_LOG) | fresh.topics
            contradicted = _contradicted(fresh.tables)
        return Said(window, reference, findings, topics, contradicted, partial(self._wholes.of, window))

    def is_new(self, said: Said) -> bool:
        """See ``Saying``."""
        return said.window in self._fresh

    def note(self, said: Said) -> None:
        """See ``Saying``."""
        self._note(said.window.start, said.findings)

    def record(self, said: Said) -> RunRecord:
        """See ``Saying``."""
        if said.window not in self._fresh:
            self._fresh[said.window] = self._judge(said.window, self._reference_of(said.window))
        return self._fresh[said.window].record

    def add_rows(self, builders: Builders, records: Mapping[Window, RunRecord]) -> None:
        """See ``Saying``."""
        fresh = [self._fresh.pop(window) for window in records]
        for one in fresh:
            for name, builder in one.tables.items():
                builders[name].extend(builder)
            whole = MeasuredCell(one.window, WHOLE, one.record.run_id, {}, 0)
            checks = reference_checks(self._losses_of(one.window))
            add_checks(builders["quality_metrics"], self._job.monitor.monitor, whole, checks)
        self._job.store.put_once("reference_sets", _reference_rows(fresh))

    def report(self, asked: Sequence[Window]) -> None:
        """See ``Saying``."""
        lacking = {window: losses for window, losses in self._lacking.items() if window in asked}
        report_moving(self._job.progress, lacking, self._job.monitor.calendar)

    def _reference_of(self, window: Window) -> MovingReference:
        """What the window is compared with: those before it, each column without those that fired in it."""
        monitor, source, binning = self._job.monitor, self._initial.source, self._initial.binning
        if monitor.reference.model_version is not None:
            pieces = [self._pieces.of(window).of_version(monitor.reference.model_version)]
            return moving_reference(monitor.monitor, source, binning, window, pieces)
        with_rows = self._with_rows[: bisect_left(self._with_rows, window)]
        members = members_of(monitor, window, self._columns, with_rows, self._fired)
        pieces, pool = (
            [self._pieces.of(one).only(columns) for one, columns in several.items()]
            for several in (members.windows, members.pool)
        )
        return moving_reference(monitor.monitor, source, binning, window, pieces, pool, members.filling)

    def _losses_of(self, window: Window) -> ReferenceLosses | None:
        """Which of the windows before it that the window is to be compared with have no rows."""
        return moving_losses(self._job.monitor, window, self._pieces.have_rows)

    def _has_changed(
        self, window: Window, reference: MovingReference, losses: ReferenceLosses | None
    ) -> bool:
        """Whether the window was last judged by another reference, or one that lacked other windows."""
        before = self._filled_before.get(window.start)
        lacks_others = before is not None and before != filled_of(losses)
        return lacks_others or reference.reference_id != self._judged_by.get(window.start)

    def _note(self, start: datetime, findings: Sequence[Finding]) -> None:
        """Keep in mind what fired, so that later references do without it."""
        fired = set()
        for one in findings:
            if one.metric == SUSTAINED_SHIFT or one.windows > 1 or one.threshold_source == SUSTAINED:
                continue  # found against the start: what the reference follows stays in it
            if one.topic is Topic.PERFORMANCE:
                fired.add(OUTCOMES)
            elif one.topic in {Topic.DRIFT, Topic.QUALITY} and one.place.column in self._labels:
                fired.add(self._labels[one.place.column])
            elif one.topic is Topic.DRIFT and one.place.column == self._label:
                fired.add(OUTCOMES)
            elif one.metric == REPEATED_IDS:
                self._fired.wholly.add(start)
        if fired:
            self._fired.columns[start] = frozenset(fired)

    def _judge(self, window: Window, reference: MovingReference) -> _Fresh:
        """Hold a window against its reference, by what the reference teaches."""
        job = self._job
        tables = {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}
        monitor = job.monitor
        record = attempt(job, window, PART, reference_id=reference.reference_id)
        piece = self._pieces.of(window)
        if monitor.reference.model_version is not None:
            piece = piece.without_version(monitor.reference.model_version)
        task = task_of(monitor, self._initial.binning)
        calibrations = learn(reference, monitor, task, self._natures)
        cells = list(_measured(piece, record.run_id, monitor.alerts.min_rows))
        moments = added(piece.moments.values()) if piece.moments else None
        add_reference_drift(tables["drift_metrics"], job, reference, calibrations, [cells], [moments])
        if monitor.labels is not None:
            outcomes = {WHOLE: task.nothing(), **piece.outcomes}
            measured = list(performance_cells(job, reference, window, record.run_id, outcomes))
            add_judged_performance(tables, job, reference, calibrations, measured)
        now, cycle = piece.cells.get(WHOLE, {}), calibrations.cycle(window.start)
        of_version = monitor.reference.model_version is not None  # whose rows are no measure of the others'
        rows = self._pieces.of(window).rows
        checks = reference_limited_checks(now, rows, reference, calibrations, cycle, count=not of_version)
        if window.start in self._limited_before:
            checks = []
        whole = MeasuredCell(window, WHOLE, record.run_id, {}, piece.rows)
        add_checks(tables["quality_metrics"], monitor.monitor, whole, checks)
        findings, topics = _said(tables)
        drifted = {one.place.column for one in findings if one.topic is Topic.DRIFT}
        explain(job, tables["attributions"], [_explained(piece, record.run_id, reference, cells, drifted)])
        learned_rows = TableBuilder(load_tables()["calibrations"])
        add_calibrations(learned_rows, reference, calibrations, datetime.now(UTC))
        self._job.store.put_once("calibrations", learned_rows.to_arrow())
        return _Fresh(window, record, reference, tables, findings, topics)


def _is_judged_here(one: Finding, *, before: bool) -> bool:
    """Whether a finding depends on what the window is compared with, and so is made anew with it.

    ``before``: whether its checks were made with its data, as an older version did.
    """
    limited = one.topic is Topic.QUALITY and one.metric in LIMITED_BY_REFERENCE and not before
    return one.topic not in _OF_THE_LOG or limited


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
