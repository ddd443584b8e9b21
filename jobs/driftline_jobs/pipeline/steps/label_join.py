"""Labels joined to the predictions of a range of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from driftline_jobs.engines.base import JoinRequest
from driftline_jobs.evaluate.label_checks import LabelFindings
from driftline_jobs.metrics.figures import FloatArray
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.plans import label_plan, prediction_plan
from driftline_jobs.profiles.cell import WHOLE, Cell, CellKey
from driftline_jobs.profiles.id_sketch import IdSketch
from driftline_jobs.sources.base import LogInspection, ProfileSource
from driftline_jobs.sources.labels.counts import JoinCounts
from driftline_jobs.sources.labels.pruning import near_and_beside, predictions_about
from driftline_jobs.sources.labels.rows import LabelPlan
from driftline_jobs.sources.labels.values import LEAST, SAMPLE, LabelValues, LabelValuesPlan
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.rescan import around_damage
from driftline_jobs.tasks.outcomes import OutcomePlan, Outcomes, OutcomesByCell
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.monitor import LabelSource
from driftline_schemas.window import Window, to_us

T = TypeVar("T")
N = TypeVar("N", int, float)


@dataclass(frozen=True)
class JoinedWindows:
    """What became of the predictions of each window.

    Attributes:
        base: outcomes per base window and cell, by window.
        by_window: the same, merged over the base windows.
        findings: what the join met beside, by window.
        ids: the ids of each base window by its start, by window.
        matched: labels that counted, per window and label object uri.
        inspection: the label objects, or None where the log has the labels itself.
        predictions: the objects of the log, without those that turned out to be damaged.
        nothing: outcomes of no rows, in the shape that the others have.
        labels_read: uris of the label objects that were read: those with ids near the predictions'.
        label_rows: rows of labels that were read, over all windows; unmatched: those of them that are about
            no prediction of any.
    """

    base: dict[Window, OutcomesByCell]
    by_window: dict[Window, dict[Cell, Outcomes]]
    findings: dict[Window, LabelFindings]
    ids: dict[Window, dict[int, IdSketch]]
    matched: dict[Window, dict[str, int]]
    inspection: LogInspection | None
    predictions: LogInspection
    nothing: Outcomes
    labels_read: frozenset[str] = frozenset()
    label_rows: int = 0
    unmatched: int = 0

    def ids_of(self, window: Window) -> IdSketch:
        """The ids of all its base windows."""
        return IdSketch.merged(self.ids.get(window, {}).values())


def join_outcomes(
    job: Job,
    source: ProfileSource,
    inspection: LogInspection,
    scan: ScanPlan,
    windows: Sequence[Window],
    labels: LogInspection | None = None,
) -> JoinedWindows | None:
    """Join once over all windows of a source; None when it has no labels.

    ``labels`` are the label objects to join, by default all that may hold labels of the windows.
    """
    if source.monitor.labels is None:
        return None
    found = _label_objects(job, source, windows) if labels is None else labels
    return Joining(job, source, scan, windows).joined(inspection, found)


def label_values(
    job: Job, source: ProfileSource, inspection: LogInspection, scan: ScanPlan, windows: Sequence[Window]
) -> tuple[FloatArray, LogInspection | None]:
    """(n,) labels of the predictions of these windows, ascending: a sample, to make their bins from; and the
    objects that they are in, without those that turned out to be damaged."""
    if source.monitor.labels is None:
        return np.empty(0), None
    pieces = max(len(scan.bounds_us) - 1 - len(scan.gaps), 1)
    task = LabelValuesPlan(max(SAMPLE // pieces, LEAST))
    whole = replace(scan, model_version=None, segments=())
    found = Joining(job, source, whole, windows, task).joined(
        inspection, _label_objects(job, source, windows)
    )
    collected = [cells[WHOLE] for cells in found.by_window.values() if WHOLE in cells]
    values = LabelValues.of_all(values for values in collected if isinstance(values, LabelValues))
    return values.sample(), found.inspection


def _label_objects(job: Job, source: ProfileSource, windows: Sequence[Window]) -> LogInspection | None:
    if not isinstance(source.monitor.labels, LabelSource) or job.labels is None:
        return None
    return job.labels.inspect(windows[0].start, windows[-1].end)


def withholding(
    job: Job,
    source: ProfileSource,
    inspection: LogInspection,
    scan: ScanPlan,
    windows: Sequence[Window],
    joined: JoinedWindows,
    withheld: frozenset[Window],
) -> JoinedWindows:
    """The same with no labels in the windows ``withheld``: nobody knows which predictions they are about."""
    if not withheld:
        return joined
    bare = Joining(job, source, scan, windows).joined(inspection, None)
    return replace(
        joined,
        base=_either(joined.base, bare.base, withheld),
        by_window=_either(joined.by_window, bare.by_window, withheld),
        findings={
            window: replace(found, withheld=window in withheld) for window, found in joined.findings.items()
        },
        matched={window: found for window, found in joined.matched.items() if window not in withheld},
    )


def _either(
    usual: Mapping[Window, T], other: Mapping[Window, T], chosen: frozenset[Window]
) -> dict[Window, T]:
    usual_ones = {window: found for window, found in usual.items() if window not in chosen}
    return usual_ones | {window: found for window, found in other.items() if window in chosen}


@dataclass(frozen=True)
class _Sides:
    """What is joined: the objects of the log, and of the labels where these are in some of their own."""

    predictions: LogInspection
    labels: LogInspection | None

    def without(self, uri: str, reason: str) -> _Sides:
        """See ``LogInspection.without``."""
        if self.labels and uri in {split.object.uri for split in self.labels.splits}:
            return replace(self, labels=self.labels.without(uri, reason))
        return replace(self, predictions=self.predictions.without(uri, reason))


@dataclass(frozen=True)
class Joining:
    """One join of a range of windows; ``task`` is what becomes of the rows, by default outcomes. ``below`` is
    that of ``PredictionPlan``."""

    job: Job
    source: ProfileSource
    scan: ScanPlan
    windows: Sequence[Window]
    task: OutcomePlan | None = None
    below: int | None = None

    def joined(self, inspection: LogInspection, found: LogInspection | None) -> JoinedWindows:
        """Join the labels ``found`` to the predictions; None for no labels but those in the log itself."""
        done, sides = around_damage(_Sides(inspection, found), self._once, self.job.progress)
        outcomes, counts, request, beside = done
        inspection, found = sides.predictions, sides.labels
        base: dict[Window, OutcomesByCell] = {}
        for key, outcome in outcomes.items():
            base.setdefault(self._window_at(key.base_start_us), {})[key] = outcome
        uris = {number: split.object.uri for number, split in request.label_splits}
        matched: dict[Window, dict[str, int]] = {}
        for (number, at), count in counts.matched.items():
            of_window = matched.setdefault(self._window_of(at), {})
            of_window[uris[number]] = of_window.get(uris[number], 0) + count
        ids: dict[Window, dict[int, IdSketch]] = {}
        for at, sampled in counts.ids.items():
            ids.setdefault(self._window_of(at), {})[int(self.scan.bounds_us[at])] = sampled.sketch
        return JoinedWindows(
            base=base,
            by_window={window: merged_outcomes(cells) for window, cells in base.items()},
            findings=self._findings(counts, request, found, beside),
            ids=ids,
            matched=matched,
            inspection=found,
            predictions=inspection,
            nothing=request.task.nothing(),
            labels_read=frozenset(uris.values()),
            label_rows=sum(counts.label_rows.values()),
            unmatched=max(sum(counts.label_rows.values()) - sum(counts.met.values()), 0),
        )

    def _once(self, sides: _Sides) -> tuple[OutcomesByCell, JoinCounts, JoinRequest, Sequence[Split]]:
        near, beside = self._near(sides.predictions, sides.labels)
        request = self._request(sides.predictions, sides.labels, near)
        return (*self.job.engine.outcomes(request), request, beside)

    def _near(
        self, inspection: LogInspection, found: LogInspection | None
    ) -> tuple[Sequence[Split], Sequence[Split]]:
        if found is None:
            return (), ()
        return near_and_beside(found.splits, inspection.splits)

    def _request(
        self, inspection: LogInspection, found: LogInspection | None, splits: Sequence[Split]
    ) -> JoinRequest:
        monitor, labels = self.source.monitor, self.source.monitor.labels
        numbers: dict[str, int] = {}
        for split in splits:
            numbers.setdefault(split.object.uri, len(numbers))
        return JoinRequest(
            predictions=replace(prediction_plan(monitor, self.scan), below=self.below),
            prediction_splits=inspection.splits,
            labels=label_plan(monitor, labels, found, self.scan)
            if isinstance(labels, LabelSource) and found
            else None,
            label_splits=tuple((numbers[split.object.uri], split) for split in splits),
            task=self.task or task_of(monitor, self.scan.binning),
            memory_limit=self.job.request.settings.memory_limit,
        )

    def _window_at(self, start_us: int) -> Window:
        starts = [to_us(window.start) for window in self.windows]
        return self.windows[int(np.searchsorted(starts, start_us, side="right")) - 1]

    def _window_of(self, base: int) -> Window:
        return self._window_at(int(self.scan.bounds_us[base]))

    def _findings(
        self,
        counts: JoinCounts,
        request: JoinRequest,
        found: LogInspection | None,
        beside: Sequence[Split],
    ) -> dict[Window, LabelFindings]:
        per_window = {
            name: self._by_window(getattr(counts, name))
            for name in (
                "duplicated",
                "conflicting",
                "without_id",
                "inexact_id",
                "early",
                "null_labels",
                "unreadable_labels",
                "unreadable_times",
            )
        }
        met = self._by_window(counts.met)
        unlike = self._by_window({at: sampled.count_unlike for at, sampled in counts.ids.items()})
        examples = {
            self._window_of(at): sampled.example
            for at, sampled in sorted(counts.ids.items())
            if sampled.example
        }
        plan, splits = request.labels, request.label_splits
        # what was not read, of folders that name no date, is about no prediction of any window
        unread = sum(split.rows - (split.ids.nulls if split.ids else 0) for split in beside)
        read = self._read_for(counts.label_rows, plan, splits)
        without = self._read_for(counts.labels_without_id, plan, splits)
        inexact = self._read_for(counts.labels_inexact_id, plan, splits)
        return {
            window: LabelFindings(
                **{name: found_.get(window, 0) for name, found_ in per_window.items()},
                labels_inexact_id=inexact.get(window, 0),
                labels_unmatched=unread
                + max(
                    read.get(window, 0)
                    - without.get(window, 0)
                    - inexact.get(window, 0)
                    - met.get(window, 0),
                    0,
                ),
                quarantined_objects=sum(
                    state.state == "quarantined" for state in (found.candidates(window) if found else ())
                ),
                unlike=unlike.get(window, 0.0),
                example=examples.get(window),
            )
            for window in self.windows
        }

    def _by_window(self, counts: Mapping[int, N]) -> dict[Window, N]:
        found: dict[Window, N] = {}
        for at, count in counts.items():
            window = self._window_of(at)
            found[window] = found[window] + count if window in found else count
        return found

    def _read_for(
        self, counts: Mapping[int, int], plan: LabelPlan | None, splits: Sequence[tuple[int, Split]]
    ) -> dict[Window, int]:
        """Rows per object as rows per window: an object is read for each window that it may touch."""
        found: dict[Window, int] = {}
        if plan is None:
            return found
        ends = [[to_us(window.start), to_us(window.end)] for window in self.windows]
        bases = np.searchsorted(self.scan.bounds_us, ends)
        touched = {number: plan.touched(split) for number, split in splits}
        for number, count in counts.items():
            first, last = touched[number]
            for at in np.flatnonzero((bases[:, 0] <= last) & (bases[:, 1] > first)).tolist():
                found[self.windows[at]] = found.get(self.windows[at], 0) + count
        return found


def matched_windows(
    job: Job, inspection: LogInspection, labels: LogInspection, scan: ScanPlan, windows: Sequence[Window]
) -> list[Window]:
    """The windows that hold predictions which some of these label objects are about."""
    about = predictions_about(labels.splits, inspection.splits)
    inspection = replace(inspection, found=replace(inspection.found, splits=tuple(about)))
    joined = join_outcomes(job, job.log, inspection, scan, windows, labels)
    if joined is None:
        return []
    return [window for window in windows if window in joined.matched or joined.findings[window].met]


def merged_outcomes(base: OutcomesByCell) -> dict[Cell, Outcomes]:
    """Outcomes of base windows as one per cell."""
    parts: dict[Cell, list[Outcomes]] = {}
    for key in sorted(base):
        parts.setdefault(cell_of(key), []).append(base[key])
    return {cell: several[0].merged(several) for cell, several in parts.items()}


def cell_of(key: CellKey) -> Cell:
    """The cell of a window that a base window's cell belongs to."""
    return Cell(key.model_version, key.segment, key.segment_value)
