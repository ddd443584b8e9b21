"""Small shifts that last: one detector a column, and their rows of ``drift_metrics``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from driftline_jobs.detection.alerts import Finding, Place, Topic
from driftline_jobs.detection.followed import in_words
from driftline_jobs.detection.limits import rule_verdicts
from driftline_jobs.detection.sustained_shift import Detector, Evidence
from driftline_jobs.detection.verdicts import DETECTOR, YES, Verdicts, either, verdicts
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.cells import MeasuredCell, kinds
from driftline_jobs.evaluate.sustained_shift import ByStatistic, observe
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.alerts import window_label
from driftline_jobs.pipeline.steps.fold import Builders, Followed, Known, Said
from driftline_jobs.pipeline.steps.wholes import AHEAD, Wholes
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.rolling import rows_of
from driftline_jobs.tables.columns import common, verdict_columns
from driftline_schemas.metrics import SUSTAINED_SHIFT
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window


class SustainedShifts:
    """Follows every calibrated column over the windows, from their profiles.

    Args:
        reference, calibrations: of the start, also where the reference moves: what that follows in small
            steps is found all the same. Its own windows are passed over: the calibration was learned from
            them.
        wholes: the profiles of the windows.
    """

    name = SUSTAINED_SHIFT

    def __init__(self, job: Job, reference: Reference, calibrations: Calibrations, wholes: Wholes) -> None:
        self._job = job
        self._reference = reference
        self._calibrations = calibrations
        self._limit = calibrations.lasting_limit
        self._wholes = wholes
        self._rules = [rule for rule in job.monitor.alerts.rules if rule.metric == SUSTAINED_SHIFT]
        self._kinds = kinds(reference.binning)
        self._detectors: dict[str, Detector] = {}
        self._windows: Sequence[Window] = ()
        self._observed: dict[Window, Mapping[str, ByStatistic]] = {}

    def begin(self, state: Known, windows: Sequence[Window]) -> None:
        """See ``FoldStep``."""
        known = state or {}
        self._detectors = {
            column: Detector(followed, self._limit, known.get(column))
            for column, followed in self._calibrations.followed.items()
            if column in self._reference.binning.columns
        }
        self._windows = windows

    def follow(self, said: Said) -> Followed:
        """See ``FoldStep``."""
        window = said.window
        reported = {
            one.place.column
            for one in said.findings
            if one.topic is Topic.DRIFT and one.place == one.place.whole
        }
        evidence: dict[str, Evidence] = {}
        observed = self._observed_in(window)
        for column, detector in self._detectors.items():
            told = table_column(column) in reported
            found = detector.step(observed.get(column, {}), window_label(window), reported=told)
            if found is not None:
                evidence[column] = found
        if self._rules or any(found.alarm for found in evidence.values()):
            judged = self._verdicts(evidence)
            for at, (column, found) in enumerate(evidence.items()):
                if judged.exceeded[at] == YES:
                    said.findings.append(self._finding(column, found, judged, at))
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

    def _observed_in(self, window: Window) -> Mapping[str, ByStatistic]:
        if window not in self._observed:
            at = self._windows.index(window)
            ahead = self._windows[at : at + AHEAD]
            self._observed = {one: {} for one in ahead}
            tested = [one for one in ahead if self._is_tested(one)]
            found = self._of_season(tested) if self._reference.seasonal else self._against(tested)
            self._observed |= dict(zip(tested, found, strict=True))
        return self._observed[window]

    def _against(self, windows: Sequence[Window]) -> Sequence[Mapping[str, ByStatistic]]:
        """The windows, all of one season where that counts, beside the reference."""
        reference = self._reference
        cells = reference.without(windows[0]) if windows and reference.seasonal else reference.cells
        profiles = [(one.start, self._wholes.of(one)) for one in windows]
        every, here = reference.cells.get(WHOLE, {}), cells.get(WHOLE, {})
        return observe(self._calibrations, reference.binning, here, profiles, every)

    def _of_season(self, windows: Sequence[Window]) -> Sequence[Mapping[str, ByStatistic]]:
        return [found for window in windows for found in self._against([window])]

    def _is_tested(self, window: Window) -> bool:
        if self._reference.holds(window):
            return False
        return rows_of(self._wholes.of(window)) >= self._job.monitor.alerts.min_rows

    def _finding(self, column: str, found: Evidence, judged: Verdicts, at: int) -> Finding:
        detail = None
        if found.since is not None and found.by is not None:
            start = "reference of the start" if self._job.monitor.reference.moves else "reference"
            labels = self._reference.binning.columns[column].shown().labels or ()
            detail = (
                f"{in_words(found.by, found.sign, labels)} than in the {start}, grown since {found.since}"
            )
        return Finding(
            place=Place(table_column(column)),
            topic=Topic.DRIFT,
            metric=SUSTAINED_SHIFT,
            strength=1.0,
            value=found.won,
            threshold=float(judged.threshold[at]),
            threshold_source=str(judged.source[at]),
            detail=detail,
        )
