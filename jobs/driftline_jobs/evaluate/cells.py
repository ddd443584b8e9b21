"""Which cells get figures."""

from __future__ import annotations

from dataclasses import dataclass

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
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
        found: Profile = self.profiles.get(name) or bins.empty()
        return found


def missing_share(profile: Profile | None) -> float:
    """Nulls and NaN among the rows of a profile; 0 without any."""
    return 0.0 if profile is None or not profile.rows else profile.missing / profile.rows


def measured_cells(window: WindowProfile, run_id: str, min_rows: int) -> list[MeasuredCell]:
    """The whole, always, and every version and segment value of at least ``min_rows`` rows."""
    whole = MeasuredCell(window.window, WHOLE, run_id, window.cells.get(WHOLE, {}), window.count)
    others = [
        MeasuredCell(window.window, cell, run_id, window.cells[cell], window.cell_rows(cell))
        for cell in sorted(window.cells)
        if cell != WHOLE and window.cell_rows(cell) >= min_rows
    ]
    return [whole, *others]


def kinds(binning: Binning) -> dict[str, str]:
    """``column_kind`` of every watched column."""
    return {name: bins.kind for name, bins in binning.columns.items()}
