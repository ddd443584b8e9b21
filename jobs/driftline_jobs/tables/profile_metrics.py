"""``profile_metrics``: one row per cell and column, in figures that a person can read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.columns import common
from driftline_jobs.tables.reading import PLACE, place_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import table_column

_COURSE = (
    "SELECT window_start, model_version, segment, segment_value, column_name, column_kind, count, nulls, "  # noqa: S608 - our words
    f"nans, p50, top_values FROM current_profile_metrics WHERE {PLACE} AND window_start >= $3 "
    "AND window_start < $4 AND model_version = '*' AND segment = '*' AND segment_value = '*' "
    "AND column_name IN ({names}) ORDER BY window_start, column_name"
)


def course(
    store: Store, monitor: Monitor, start: datetime, end: datetime, columns: Sequence[str]
) -> pa.Table | None:
    """What whole windows from ``start`` to ``end`` looked like in some columns; None without any."""
    if not columns:
        return None
    names = ", ".join(f"${at}" for at in range(5, 5 + len(columns)))
    return store.execute_read(_COURSE.format(names=names), [*place_of(monitor), start, end, *columns])


def add_row_counts(table: TableBuilder, monitor: str, window: WindowProfile, run_id: str) -> None:
    """How many rows each cell has, small ones too: the row of ``profile_metrics`` with column ``*``."""
    cells = [
        MeasuredCell(window.window, cell, run_id, {}, window.cell_rows(cell)) for cell in sorted(window.cells)
    ]
    cells = cells or [MeasuredCell(window.window, WHOLE, run_id, {}, 0)]
    table.add(len(cells), **common(monitor, cells), column_name="*", count=[cell.rows for cell in cells])


def add_descriptions(
    table: TableBuilder, monitor: str, cells: Sequence[MeasuredCell], binning: Binning
) -> None:
    """What each column looks like in each cell."""
    shared = common(monitor, cells)
    for name, bins in binning.columns.items():
        for found in bins.settled([cell.profile(name, bins) for cell in cells]):
            chosen = cells if len(found.places) == len(cells) else [cells[at] for at in found.places]
            profiles = [found.profiles[at] for at in found.places]
            table.add(
                len(chosen),
                **(shared if chosen is cells else common(monitor, chosen)),
                column_name=table_column(name),
                column_kind=found.bins.kind,
                count=[profile.rows for profile in profiles],
                nulls=[profile.nulls for profile in profiles],
                **found.bins.described(profiles),
            )
