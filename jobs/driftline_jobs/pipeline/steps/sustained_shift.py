"""Small shifts that last: one detector a column, and their rows of ``drift_metrics``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from driftline_jobs.detection.alerts import Finding, Place, Topic
from driftline_jobs.detection.limits import rule_verdicts
from driftline_jobs.detection.sustained_shift import Detector, Evidence, Observed
from driftline_jobs.detection.verdicts import DETECTOR, YES, Verdicts, either, verdicts
from driftline_jobs.evaluate.calibrations import Calibrations, PublishedTest
from driftline_jobs.evaluate.cells import MeasuredCell, kinds, missing_share
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.alerts import window_label
from driftline_jobs.pipeline.steps.fold import Builders, Followed, Known, Said
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables import drift_metrics
from driftline_jobs.tables.columns import common, verdict_columns
from driftline_jobs.tables.reading import EVER
from driftline_schemas.metrics import SUSTAINED_SHIFT
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window


class SustainedShifts:
    """Follows every calibrated column over the windows, by the tests that are published.

    Windows of the reference itself are passed over: the calibration was learned from them.
    """

    name = SUSTAINED_SHIFT

    def __init__(self, job: Job, reference: Reference, calibrations: Calibrations) -> None:
        self._job = job
        self._reference = reference
        self._calibrations = calibrations
        self._limit = calibrations.lasting_limit
        self._columns = {
            column: followed
            for column in sorted(reference.binning.columns)
            if (followed := calibrations.followed(column))
        }
        self._rules = [rule for rule in job.monitor.alerts.rules if rule.metric == SUSTAINED_SHIFT]
        self._kinds = kinds(reference.binning)
        self._detectors: dict[str, Detector] = {}
        self._observed: dict[tuple[Window, str], dict[str, Observed]] = {}

    def begin(self, state: Known, windows: Sequence[Window]) -> None:
        """See ``FoldStep``."""
        known = state or {}
        self._detectors = {
            column: Detector(followed, self._limit, known.get(column))
            for column, followed in self._columns.items()
        }
        self._observe(windows)

    def follow(self, said: Said) -> Followed:
        """See ``FoldStep``."""
        window = said.window
        reported = {
            one.place.column
            for one in said.findings
            if one.topic is Topic.DRIFT and one.place == one.place.whole
        }
        evidence: dict[str, Evidence] = {}
        for column, detector in self._detectors.items():
            observed = self._observed.pop((window, column), {})
            found = detector.step(observed, window_label(window), reported=table_column(column) in reported)
            if found is not None:
                evidence[column] = found
        if self._rules or any(found.alarm for found in evidence.values()):
            judged = self._verdicts(evidence)
            for at, (column, found) in enumerate(evidence.items()):
                if judged.exceeded[at] == YES:
                    said.findings.append(_finding(column, found, judged, at))
        state = {column: detector.state for column, detector in self._detectors.items()}
        return Followed(state, partial(self._add_rows, window, evidence))

    def _verdicts(self, evidence: Mapping[str, Evidence]) -> Verdicts:
        """(columns,) by the detector's own limit, and by the rules that are about the evidence."""
        won = np.array([one.won for one in evidence.values()])
        alarm = np.array([one.alarm for one in evidence.values()], np.bool_)
        found = verdicts(np.full(len(won), self._limit), DETECTOR, alarm, np.ones(len(won), np.bool_))
        for at, column in enumerate(evidence if self._rules else ()):
            own = np.where(np.arange(len(won)) == at, won, np.nan)
            ruled = rule_verdicts(self._rules, SUSTAINED_SHIFT, own, column=column)
            found = found if ruled is None else either(found, ruled)
        return found

    def _add_rows(
        self, window: Window, evidence: Mapping[str, Evidence], builders: Builders, run_id: str
    ) -> None:
        cell = MeasuredCell(window, WHOLE, run_id, {}, 0)
        builders["drift_metrics"].add(
            len(evidence),
            **common(self._job.monitor.monitor, [cell] * len(evidence)),
            column_name=[table_column(column) for column in evidence],
            column_kind=[self._kinds[column] for column in evidence],
            comparison="reference",
            metric=SUSTAINED_SHIFT,
            value=[found.won for found in evidence.values()],
            **verdict_columns(self._verdicts(evidence), "drifted"),
            reference_id=self._reference.reference_id,
            status="ok",
        )

    def _observe(self, windows: Sequence[Window]) -> None:
        place = {window.start: at for at, window in enumerate(windows) if not self._reference.holds(window)}
        names = {table_column(name): name for name in self._columns}
        published: dict[tuple[str, str], PublishedTest] = {}
        job = self._job
        for row in drift_metrics.tested(job.store, job.monitor, windows[0].start, EVER):
            column, at = names.get(row["column_name"]), place.get(row["window_start"])
            if column is None or at is None:
                continue
            found = published.setdefault((column, row["metric"]), PublishedTest.of_none(len(windows)))
            found.value[at], found.p_value[at] = row["value"], row["p_value"]
            found.n[at], found.m[at] = row["n_current"], row["n_reference"]
        labels = [self._calibrations.cycle(window.start) for window in windows]
        whole = self._reference.cells.get(WHOLE, {})
        for (column, metric), found in published.items():
            calibration = self._columns[column].get(metric)
            if calibration is None:
                continue
            observed = found.observed(metric, calibration, labels, missing_share(whole.get(column)))
            for window, one in zip(windows, observed, strict=True):
                if one is not None:
                    self._observed.setdefault((window, column), {})[metric] = one


def _finding(column: str, found: Evidence, judged: Verdicts, at: int) -> Finding:
    return Finding(
        place=Place(table_column(column)),
        topic=Topic.DRIFT,
        metric=SUSTAINED_SHIFT,
        strength=1.0,
        value=found.won,
        threshold=float(judged.threshold[at]),
        threshold_source=str(judged.source[at]),
        detail=None if found.since is None else f"grown since {found.since}",
    )
