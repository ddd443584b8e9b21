"""``profiles``: the mergeable state of every base window, cell and column.

Rows with the column ``*`` hold what became of the predictions (``tasks``), those with the column
``*moments`` the sums behind multivariate drift.
"""

from __future__ import annotations

from collections.abc import Mapping

from driftline_jobs.profiles.cell import WHOLE, Cell, CellKey
from driftline_jobs.profiles.codec import encode
from driftline_jobs.profiles.id_sketch import IdSketch
from driftline_jobs.profiles.moments import TOGETHER
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.tasks.outcomes import OutcomesByCell
from driftline_jobs.tasks.stored import with_ids
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window, from_us


def add_profiles(table: TableBuilder, monitor: str, window: WindowProfile, run_id: str) -> None:
    """The mergeable state of every base window, cell and column."""
    keys = sorted(window.base)
    places = [(key, name) for key in keys for name in sorted(window.base[key])]
    table.add(
        len(places),
        monitor=monitor,
        window_start=window.window.start,
        window_end=window.window.end,
        granularity=window.window.granularity.value,
        model_version=[key.model_version for key, _ in places],
        segment=[key.segment for key, _ in places],
        segment_value=[key.segment_value for key, _ in places],
        run_id=run_id,
        column_name=[table_column(name) for _, name in places],
        base_start=[from_us(key.base_start_us) for key, _ in places],
        state=[encode(window.base[key][name]) for key, name in places],
    )
    table.add(
        len(window.moments),
        monitor=monitor,
        window_start=window.window.start,
        window_end=window.window.end,
        granularity=window.window.granularity.value,
        model_version=WHOLE.model_version,
        segment=WHOLE.segment,
        segment_value=WHOLE.segment_value,
        run_id=run_id,
        column_name=TOGETHER,
        base_start=[from_us(start) for start in sorted(window.moments)],
        state=[window.moments[start].to_bytes() for start in sorted(window.moments)],
    )


def add_outcome_profiles(
    table: TableBuilder,
    monitor: str,
    window: Window,
    run_id: str,
    base: OutcomesByCell,
    ids: Mapping[int, IdSketch],
) -> None:
    """The mergeable outcomes of every base window and cell: rows of ``profiles`` with column ``*``.

    Those of the whole hold the ``ids`` of their base window too, by its start.
    """
    keys = sorted(base)
    table.add(
        len(keys),
        monitor=monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        model_version=[key.model_version for key in keys],
        segment=[key.segment for key in keys],
        segment_value=[key.segment_value for key in keys],
        run_id=run_id,
        column_name="*",
        base_start=[from_us(key.base_start_us) for key in keys],
        state=[
            with_ids(base[key].to_bytes(), ids.get(key.base_start_us) if _is_whole(key) else None)
            for key in keys
        ],
    )


def _is_whole(key: CellKey) -> bool:
    return Cell(key.model_version, key.segment, key.segment_value) == WHOLE
