"""Labels joined to the predictions of a range of windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftline_jobs.engines.base import JoinRequest
from driftline_jobs.job import Job
from driftline_jobs.labels.collect import OutcomesByCell
from driftline_jobs.labels.outcomes import Outcomes
from driftline_jobs.logs.sources import LogInspection
from driftline_jobs.profile.cells import CellKey
from driftline_jobs.profile.scan import ScanPlan
from driftline_jobs.profile.windows import Cell
from driftline_jobs.publish.plans import label_plan, prediction_plan, task_of
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.monitor import LabelSource
from driftline_schemas.window import Window, to_us


@dataclass(frozen=True)
class JoinedWindows:
    """What became of the predictions of each window.

    Attributes:
        base: outcomes per base window and cell, by window.
        by_window: the same, merged over the base windows.
        duplicated, conflicting: rows or ids per window.
        matched: labels that counted, per window and label object uri.
        inspection: the label objects, or None where the log has the labels itself.
        nothing: outcomes of no rows, in the shape that the others have.
    """

    base: dict[Window, OutcomesByCell]
    by_window: dict[Window, dict[Cell, Outcomes]]
    duplicated: dict[Window, int]
    conflicting: dict[Window, int]
    matched: dict[Window, dict[str, int]]
    inspection: LogInspection | None
    nothing: Outcomes


def join_outcomes(
    job: Job,
    inspection: LogInspection,
    scan: ScanPlan,
    windows: Sequence[Window],
    labels: LogInspection | None = None,
) -> JoinedWindows | None:
    """Join once over all windows; None when the monitor has no labels.

    ``labels`` are the label objects to join, by default all that may hold labels of the windows.
    """
    if job.monitor.labels is None:
        return None
    task = task_of(job.monitor, scan.binning)
    found = labels
    source = job.monitor.labels
    if found is None and isinstance(source, LabelSource) and job.labels is not None:
        found = job.labels.inspect(windows[0].start, windows[-1].end)
    while True:
        numbers: dict[str, int] = {}
        splits = found.splits if found else ()
        for split in splits:
            numbers.setdefault(split.object.uri, len(numbers))
        request = JoinRequest(
            predictions=prediction_plan(job.monitor, scan),
            prediction_splits=inspection.splits,
            labels=label_plan(job.monitor, source, found, scan)
            if isinstance(source, LabelSource) and found
            else None,
            label_splits=tuple((numbers[split.object.uri], split) for split in splits),
            task=task,
            memory_limit=job.request.settings.memory_limit,
        )
        try:
            outcomes, counts = job.engine.outcomes(request)
            break
        except UnreadableObjectError as damaged:
            job.progress.event("object_quarantined", uri=damaged.uri, reason=damaged.reason)
            if damaged.uri in numbers and found:
                found, _ = found.without(damaged.uri, damaged.reason)
            else:
                inspection, _ = inspection.without(damaged.uri, damaged.reason)

    starts = np.array([to_us(window.start) for window in windows])

    def window_at(start_us: int) -> Window:
        return windows[int(np.searchsorted(starts, start_us, side="right")) - 1]

    base: dict[Window, OutcomesByCell] = {}
    for key, outcome in outcomes.items():
        base.setdefault(window_at(key.base_start_us), {})[key] = outcome
    matched: dict[Window, dict[str, int]] = {}
    uris = list(numbers)
    for (number, at), count in counts.matched.items():
        mine = matched.setdefault(window_at(int(scan.bounds_us[at])), {})
        mine[uris[number]] = mine.get(uris[number], 0) + count
    return JoinedWindows(
        base=base,
        by_window={window: merged_outcomes(cells) for window, cells in base.items()},
        duplicated=_per_window(counts.duplicated, scan, window_at),
        conflicting=_per_window(counts.conflicting, scan, window_at),
        matched=matched,
        inspection=found,
        nothing=task.nothing(),
    )


def matched_windows(
    job: Job, inspection: LogInspection, labels: LogInspection, scan: ScanPlan, windows: Sequence[Window]
) -> list[Window]:
    """The windows that hold predictions which some of these label objects are about."""
    joined = join_outcomes(job, inspection, scan, windows, labels)
    if joined is None:
        return []
    return [window for window in windows if window in joined.matched or window in joined.conflicting]


def merged_outcomes(base: OutcomesByCell) -> dict[Cell, Outcomes]:
    """Outcomes of base windows as one per cell."""
    parts: dict[Cell, list[Outcomes]] = {}
    for key in sorted(base):
        parts.setdefault(cell_of(key), []).append(base[key])
    return {cell: several[0].merged(several) for cell, several in parts.items()}


def cell_of(key: CellKey) -> Cell:
    """The cell of a window that a base window's cell belongs to."""
    return Cell(key.model_version, key.segment, key.segment_value)


def _per_window(counts: dict[int, int], scan: ScanPlan, window_at: object) -> dict[Window, int]:
    found: dict[Window, int] = {}
    for at, count in counts.items():
        window = window_at(int(scan.bounds_us[at]))  # type: ignore[operator]
        found[window] = found.get(window, 0) + count
    return found
