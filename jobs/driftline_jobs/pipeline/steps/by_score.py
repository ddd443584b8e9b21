"""The rows of a reference by column and score, once it is profiled: a second look at its features, at most a
million rows of which are joined to their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from driftline_jobs.evaluate.impacts import Weigher
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.label_join import JoinedWindows, Joining
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.references.by_score import ByScore
from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.base import LogInspection, ProfileSource
from driftline_jobs.sources.labels.rows import EVERY_HASH
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.table_names import table_segment
from driftline_schemas.window import Window, to_us

MOST_ROWS = 990_000
"""Chosen by hash, so that there are never more than a million."""
MOST_VALUES = 100_000_000
"""Of all features together: two bytes each while they are joined."""


def rows_by_score(
    job: Job,
    source: ProfileSource,
    inspection: LogInspection,
    scan: ScanPlan,
    joined: tuple[Sequence[Window], JoinedWindows | None],
    learned: tuple[Reference, Natures],
) -> ByScore | None:
    """The table of a reference, with the noise of its impacts; None where nothing is there to be weighed.

    Columns that move by nature are left out: they always differ.

    Args:
        joined: the windows whose labels count, and what labels were joined to them before.
        learned: the reference, and what moves by nature in it.
    """
    (windows, outcomes), (reference, natures) = joined, learned
    features = [
        name
        for name, bins in scan.binning.columns.items()
        if bins.is_settled and not kind_spec(bins.kind).of_model and name not in natures.columns
    ]
    if not features or not windows or not inspection.splits:
        return None
    blocks = _blocks(windows)
    bounds = sorted({to_us(moment) for block in blocks for moment in (block.start, block.end)})
    starts = {to_us(block.start) for block in blocks}
    narrow = replace(
        scan,
        model_version=None,
        segments=tuple((name,) for name in features),
        bounds_us=np.array(bounds, np.int64),
        gaps=frozenset(at for at, start in enumerate(bounds[:-1]) if start not in starts),
    )
    rows = sum(split.rows for split in inspection.splits)
    share = min(MOST_ROWS, MOST_VALUES // len(features)) / max(rows, 1)
    joining = Joining(job, source, narrow, blocks, below=int(share * EVERY_HASH) if share < 1 else EVERY_HASH)
    found = joining.joined(inspection, None if outcomes is None else outcomes.inspection)
    cells = _merged(list(found.by_window.values()))
    if WHOLE not in cells:
        return None
    task = task_of(source.monitor, scan.binning)
    condensed = {cell: task.condensed(outcome) for cell, outcome in cells.items()}
    columns: dict[str, dict[int, Outcomes]] = {name: {} for name in features}
    names = {table_segment((name,)): name for name in features}
    for cell, outcome in condensed.items():
        if cell != WHOLE:
            columns[names[cell.segment]][int(cell.segment_value)] = outcome
    table = ByScore(condensed[WHOLE], columns)
    return Weigher(source.monitor, task, reference, table).learned()


def _blocks(windows: Sequence[Window]) -> list[Window]:
    """Windows that follow each other as one: ids are unique within each, as they are within a window."""
    blocks: list[Window] = []
    for window in sorted(windows):
        if blocks and blocks[-1].end == window.start:
            blocks[-1] = replace(blocks[-1], end=window.end)
        else:
            blocks.append(window)
    return blocks


def _merged(several: Sequence[dict[Cell, Outcomes]]) -> dict[Cell, Outcomes]:
    parts: dict[Cell, list[Outcomes]] = {}
    for cells in several:
        for cell, outcome in cells.items():
            parts.setdefault(cell, []).append(outcome)
    return {cell: of[0].merged(of) for cell, of in parts.items()}
