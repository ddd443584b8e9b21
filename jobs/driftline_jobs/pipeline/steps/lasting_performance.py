"""Performance over several windows: the figures of the last 7 and 28 together, and small losses that last.

Of a window at most the last 28 are read. They are held against the reference; where it moves, against that of
the start: one that moves along would lose sight of what lasts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import numpy as np

from driftline_jobs.detection.alerts import Topic
from driftline_jobs.detection.sustained_loss import LossDetector
from driftline_jobs.detection.verdicts import SUSTAINED
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.evaluate.lasting import SPANS, Figures, LastingFigures, Pooled, Row, whole_figures
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.alerts import finding, window_label
from driftline_jobs.pipeline.steps.fold import Builders, Followed, Known, Said
from driftline_jobs.pipeline.steps.performance import is_final
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables.profiles import outcomes_of_wholes
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.table_names import ALL
from driftline_schemas.window import Window

_AHEAD = 32
_ROW = dict.fromkeys(("ci_low", "ci_high", "threshold", "threshold_source", "degraded", "q_value"))
_PLACE = {"model_version": ALL, "segment": ALL, "segment_value": ALL}


class LastingPerformance:
    """See ``fold.FoldStep``. Only where the reference has labels.

    ``published`` are all windows that share its bins, ascending.
    """

    name = "lasting_performance"

    def __init__(
        self, job: Job, reference: Reference, calibrations: Calibrations, published: Sequence[Window]
    ) -> None:
        self._job = job
        self._reference = reference
        self._task = task_of(job.monitor, reference.binning)
        self._figures = LastingFigures(calibrations, self._task, reference.outcomes[WHOLE])
        self._published = {window.start for window in published}
        self._windows: Sequence[Window] = ()
        self._detectors: dict[str, LossDetector] = {}
        self._read_until: datetime | None = None
        self._outcomes: dict[datetime, Outcomes] = {}
        self._short: dict[datetime, Outcomes] = {}
        self._measured: dict[datetime, Figures] = {}

    @staticmethod
    def applies(job: Job, reference: Reference) -> bool:
        """Whether there is anything to hold labels against."""
        whole = reference.outcomes.get(WHOLE)
        return job.monitor.labels is not None and whole is not None and whole.labelled > 0

    def begin(self, state: Known, windows: Sequence[Window]) -> None:
        """See ``FoldStep``."""
        self._detectors = self._figures.detectors((state or {}).get("losses", {}))
        self._windows = windows
        self._read_until = None
        self._outcomes, self._short, self._measured = {}, {}, {}

    def follow(self, said: Said) -> Followed:
        """See ``FoldStep``."""
        window, last = said.window, self._last(said.window)
        self._read(window, last[0])
        judges = not self._reference.holds(window)
        rows: list[Row] = []
        if window.start in self._outcomes:
            rows += self._figures.pooled_rows(self._pooled(last), judges=judges)
            rows += self._losses(window) if judges else []
        rows = [_ROW | row for row in rows]
        if any(row["degraded"] is not None and row["kind"] != SUSTAINED for row in rows):
            said.topics.add(Topic.PERFORMANCE)
        said.findings += [
            finding(Topic.PERFORMANCE, {"column_name": ALL, **_PLACE, **row})
            for row in rows
            if row["degraded"]
        ]
        state = {
            "losses": {metric: detector.state for metric, detector in self._detectors.items()},
            "rests_on": self._rests_on(last),
        }
        return Followed(state, partial(self._add_rows, window, rows))

    def _last(self, window: Window) -> list[Window]:
        """The windows that are pooled with this one, without a gap."""
        found = [window]
        while len(found) < max(SPANS):
            found.append(self._job.monitor.calendar.previous(found[-1]))
        return found[::-1]

    def _read(self, window: Window, first: Window) -> None:
        """Read the outcomes of the next windows, and at the beginning those of the ones before."""
        job = self._job
        if self._read_until is None or window.start >= self._read_until:
            place = next(at for at, one in enumerate(self._windows) if one == window)
            end = self._windows[min(place + _AHEAD, len(self._windows)) - 1].end
            start = first.start if self._read_until is None else self._read_until
            found = outcomes_of_wholes(job.store, job.monitor, max(start, first.start), end)
            known = {at: one for at, one in found.items() if one.labelled and at in self._published}
            self._read_until = end
            self._outcomes |= known
            measured = whole_figures(self._task, list(known.values())) if known else {}
            for index, at in enumerate(known):
                one = np.array([index], np.intp)
                self._measured[at] = {metric: figure.at(one) for metric, figure in measured.items()}
        for kept in (self._outcomes, self._short, self._measured):
            for at in [at for at in kept if at < first.start]:
                del kept[at]

    def _pooled(self, last: Sequence[Window]) -> list[Pooled]:
        """By how many windows were asked for; of two numbers with the same windows the smaller alone."""
        found: list[Pooled] = []
        before = 1
        for span in SPANS:
            labelled = [one.start for one in last[-span:] if one.start in self._outcomes]
            if len(labelled) > before:
                parts = [self._of_short(last[max(at - SPANS[0], 0) : at]) for at in _ends(len(last), span)]
                known = [part for part in parts if part is not None]
                windows = [self._measured[at] for at in labelled]
                found.append(Pooled(span, known[0].merged(known), windows))
                before = len(labelled)
        return found

    def _of_short(self, windows: Sequence[Window]) -> Outcomes | None:
        """The outcomes of a few windows together."""
        key = windows[-1].start
        if key not in self._short:
            parts = [self._outcomes[one.start] for one in windows if one.start in self._outcomes]
            if not parts:
                return None
            self._short[key] = parts[0].merged(parts)
        return self._short[key]

    def _losses(self, window: Window) -> list[Row]:
        least, label = self._job.monitor.alerts.min_rows, window_label(window)
        rows = []
        for metric, detector in self._detectors.items():
            figure = self._measured[window.start][metric]
            loss = detector.step(figure, label) if figure.n[0] >= least else None
            if loss is not None:
                rows.append(self._figures.loss_row(metric, loss))
        return rows

    def _rests_on(self, last: Sequence[Window]) -> str:
        """What tells the outcomes of these windows from others."""
        digest = hashlib.sha256()
        for window in last:
            if window.start in self._outcomes:
                digest.update(window.start.isoformat().encode())
                digest.update(repr(_values(self._measured[window.start])).encode())
        return digest.hexdigest()[:16]

    def _add_rows(self, window: Window, rows: Sequence[Row], builders: Builders, run_id: str) -> None:
        final = is_final(self._job.monitor.labels, window, self._job.request.as_of)
        for row in rows:
            builders["performance_metrics"].add(
                1,
                monitor=self._job.monitor.monitor,
                window_start=window.start,
                window_end=window.end,
                granularity=window.granularity.value,
                run_id=run_id,
                is_final=final,
                **_PLACE,
                **{name: value for name, value in row.items() if name != "q_value"},
            )


def _ends(count: int, span: int) -> list[int]:
    """Where the groups of the last ``span`` of ``count`` end, from the last on."""
    return list(range(count, count - span, -SPANS[0]))


def _values(figures: Figures) -> list[tuple[str, list[float], list[float]]]:
    return [(metric, one.value.tolist(), one.n.tolist()) for metric, one in sorted(figures.items())]
