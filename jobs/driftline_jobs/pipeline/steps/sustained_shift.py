"""Small shifts that last: the detector over all published windows, and its rows of ``drift_metrics``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from driftline_jobs.detection.alerts import Finding, Place, Topic
from driftline_jobs.detection.limits import rule_verdicts
from driftline_jobs.detection.sustained_shift import Course
from driftline_jobs.detection.verdicts import DETECTOR, YES, Verdicts, either, verdicts
from driftline_jobs.evaluate.calibrations import Calibrations, PublishedTest
from driftline_jobs.evaluate.cells import MeasuredCell, kinds, missing_share
from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables import drift_metrics
from driftline_jobs.tables.columns import common, verdict_columns
from driftline_schemas.metrics import SUSTAINED_SHIFT
from driftline_schemas.monitor import Rule
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window


@dataclass(frozen=True)
class SustainedShifts:
    """What the detector made of every column, over ``windows`` in their order.

    ``rules`` are the monitor's: some may be about the evidence.
    """

    windows: Sequence[Window]
    labels: Sequence[str]
    courses: Mapping[str, Course]
    limit: float
    rules: Sequence[Rule] = ()

    def findings(self) -> dict[datetime, list[Finding]]:
        """Alarms, by the start of the window."""
        found: dict[datetime, list[Finding]] = {}
        for column, course in self.courses.items():
            verdict = self._verdict(column, course)
            for at in np.flatnonzero(verdict.exceeded == YES).tolist():
                since = int(course.since[at])
                found.setdefault(self.windows[at].start, []).append(
                    Finding(
                        place=Place(table_column(column)),
                        topic=Topic.DRIFT,
                        metric=SUSTAINED_SHIFT,
                        strength=1.0,
                        value=float(course.won[at]),
                        threshold=float(verdict.threshold[at]),
                        threshold_source=str(verdict.source[at]),
                        detail=f"grown since {self.labels[since]}" if since >= 0 else None,
                    )
                )
        return found

    def _verdict(self, column: str, course: Course) -> Verdicts:
        """(W,) by the detector's own limit, and by the rules that are about the evidence."""
        judged = np.isfinite(course.z)
        # evidence that stands still in a window that was not tested says nothing of that window
        own = verdicts(np.full(len(judged), self.limit), DETECTOR, course.alarm & judged, judged)
        won = np.where(judged, course.won, np.nan)
        ruled = rule_verdicts(self.rules, SUSTAINED_SHIFT, won, column=column)
        return own if ruled is None else either(own, ruled)

    def changed(self, job: Job) -> set[datetime]:
        """Starts of the windows whose published rows, if they have any, say something else."""
        published = {
            (row["window_start"], row["column_name"]): row["value"]
            for row in drift_metrics.sustained(job.store, job.monitor)
        }
        now = {(self.windows[at].start, table_column(column)): won for column, at, won in self._judged()}
        known = {window.start for window in self.windows}
        return {key[0] for key in now.keys() | published.keys() if now.get(key) != published.get(key)} & known

    def _judged(self) -> Iterator[tuple[str, int, float]]:
        for column, course in self.courses.items():
            for at in np.flatnonzero(np.isfinite(course.z)).tolist():
                yield column, at, float(course.won[at])

    def add_rows(
        self, table: TableBuilder, job: Job, reference: Reference, attempts: Mapping[Window, RunRecord]
    ) -> None:
        """Append one row per column and window that was judged, for the windows of ``attempts``."""
        kind = kinds(reference.binning)
        for column, course in self.courses.items():
            places = [
                at for at in np.flatnonzero(np.isfinite(course.z)).tolist() if self.windows[at] in attempts
            ]
            cells = [
                MeasuredCell(self.windows[at], WHOLE, attempts[self.windows[at]].run_id, {}, 0)
                for at in places
            ]
            table.add(
                len(places),
                **common(job.monitor.monitor, cells),
                column_name=table_column(column),
                column_kind=kind[column],
                comparison="reference",
                metric=SUSTAINED_SHIFT,
                value=course.won[places],
                **verdict_columns(self._verdict(column, course).at(places), "drifted"),
                reference_id=reference.reference_id,
                status="ok",
            )


def follow_windows(
    job: Job,
    reference: Reference,
    calibrations: Calibrations,
    windows: Sequence[Window],
    labels: Sequence[str],
) -> SustainedShifts:
    """Follow every calibrated column over the windows, by the tests that are published.

    Windows of the reference itself are passed over: the calibration was learned from them.
    """
    place = {window.start: at for at, window in enumerate(windows) if not reference.holds(window)}
    names = {table_column(name): name for name in reference.binning.columns}
    published: dict[tuple[str, str], PublishedTest] = {}
    for row in drift_metrics.tested(job.store, job.monitor):
        column, at = names.get(row["column_name"]), place.get(row["window_start"])
        if column is None or at is None:
            continue
        key = (column, row["metric"])
        found = published.setdefault(key, PublishedTest.of_none(len(windows)))
        found.value[at], found.p_value[at] = row["value"], row["p_value"]
        found.n[at], found.m[at] = row["n_current"], row["n_reference"]
        found.drifted[at] = bool(row["drifted"])
    whole = reference.cells.get(WHOLE, {})
    missing = {name: missing_share(whole.get(name)) for name, _ in published}
    courses, limit = calibrations.follow_columns(published, [window.start for window in windows], missing)
    return SustainedShifts(windows, labels, courses, limit, job.monitor.alerts.rules)
