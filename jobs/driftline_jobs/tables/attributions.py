"""``attributions``: one row per window, metric and segment value that has a part in the metric's change."""

from __future__ import annotations

import numpy as np

from driftline_jobs.evaluate.attributions import Attributed
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.profiles.cell import Cell
from driftline_jobs.tables.columns import common, numbers
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import ALL, OTHER


def add_attributions(table: TableBuilder, monitor: str, attributed: Attributed) -> None:
    """Append the parts that there are, ranked by size within each window."""
    found = attributed.parts
    size = np.abs(np.nan_to_num(found.mix) + np.nan_to_num(found.rate))
    there = (np.isfinite(found.mix) | np.isfinite(found.rate)) & (found.n > 0)
    rank = np.argsort(np.argsort(np.where(there, -size, np.inf), axis=-1, kind="stable"), axis=-1) + 1
    names = [*attributed.values, OTHER]
    at, of = np.nonzero(there)
    cells = []
    for window_at, value_at in zip(at.tolist(), of.tolist(), strict=True):
        window, run_id = attributed.places[window_at]
        cells.append(MeasuredCell(window, Cell(ALL, attributed.segment, names[value_at]), run_id, {}, 0))
    table.add(
        len(cells),
        **common(monitor, cells),
        metric=attributed.metric,
        column_name=attributed.column,
        mix=numbers(found.mix[at, of]),
        rate=numbers(found.rate[at, of]),
        share=numbers(found.share[at, of]),
        n=found.n[at, of].astype(np.int64),
        rank=rank[at, of],
    )
