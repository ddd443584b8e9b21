"""Which cells get figures, and the columns that all their rows share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline_jobs.profiles.binning import Binning, Bins, OpenBins, OrderedBins
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.state import CategoryProfile, OpenProfile, OrderedProfile, Profile
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_schemas.window import Window


@dataclass(frozen=True)
class MeasuredCell:
    """A cell of a window with what is known of its columns."""

    window: Window
    cell: Cell
    run_id: str
    profiles: dict[str, Profile]
    rows: int

    def profile(self, name: str, bins: Bins) -> Profile:
        """The column's profile; an empty one where the cell has no rows."""
        return self.profiles.get(name) or empty_profile(bins)


def empty_profile(bins: Bins) -> Profile:
    """The profile of no rows."""
    if isinstance(bins, OpenBins):
        return OpenProfile()
    return OrderedProfile() if isinstance(bins, OrderedBins) else CategoryProfile()


def measured_cells(window: WindowProfile, run_id: str, min_rows: int) -> list[MeasuredCell]:
    """The whole, always, and every version and segment value of at least ``min_rows`` rows."""
    whole = MeasuredCell(window.window, WHOLE, run_id, window.cells.get(WHOLE, {}), window.count)
    others = [
        MeasuredCell(window.window, cell, run_id, window.cells[cell], window.cell_rows(cell))
        for cell in sorted(window.cells)
        if cell != WHOLE and window.cell_rows(cell) >= min_rows
    ]
    return [whole, *others]


def common(monitor: str, cells: Sequence[MeasuredCell]) -> dict[str, str | list[str] | list[datetime]]:
    """The columns that every metric table begins with, one value per cell."""
    return {
        "monitor": monitor,
        "window_start": [cell.window.start for cell in cells],
        "window_end": [cell.window.end for cell in cells],
        "granularity": [cell.window.granularity.value for cell in cells],
        "model_version": [cell.cell.model_version for cell in cells],
        "segment": [cell.cell.segment for cell in cells],
        "segment_value": [cell.cell.segment_value for cell in cells],
        "run_id": [cell.run_id for cell in cells],
    }


def kinds(binning: Binning) -> dict[str, str]:
    """``column_kind`` of every watched column."""
    return {name: bins.kind for name, bins in binning.columns.items()}
