"""The profiles of single windows, which moving references are put together from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter

from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.moments import TOGETHER, MomentSums
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.rolling import Piece
from driftline_jobs.tables import runs
from driftline_jobs.tables.profiles import cell_of, merged_outcomes, merged_profiles, of_window
from driftline_jobs.tables.reading import Row
from driftline_schemas.table_names import ALL, table_column
from driftline_schemas.window import Window

_HELD = 64
"""Windows whose profiles are held in memory: two months of days."""


class Pieces:
    """The profiles of single windows: published ones, and those of the founding reference."""

    def __init__(self, job: Job, founding: Reference, published: Sequence[Window]) -> None:
        self._job = job
        self._founding = founding
        self._published = set(published)
        data = runs.current_runs(job.store, job.monitor, "data")
        self._filled = {run["window_start"] for run in data if run["rows_read"]}
        self._founded = {window.start for window in founding.windows}
        calendar = job.monitor.calendar
        founded = {calendar.containing(start) for start in self._founded}
        self.known = sorted(self._published | founded)
        self._held: OrderedDict[datetime, Piece] = OrderedDict()

    def knows(self, window: Window) -> bool:
        """Whether there are profiles of the window."""
        return window in self._published or window.start in self._founded

    def have_rows(self, window: Window) -> bool:
        """Whether there are rows in the profiles of the window."""
        return window.start in (self._filled if window in self._published else self._founded)

    def of(self, window: Window) -> Piece:
        """The profiles and outcomes of a window."""
        if window.start not in self._held:
            self._held[window.start] = (
                self._read(window) if window in self._published else self._founded_piece(window)
            )
        self._held.move_to_end(window.start)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
        return self._held[window.start]

    def _founded_piece(self, window: Window) -> Piece:
        founding = self._founding
        base = {start: held for start, held in founding.whole_by_base() if window.start <= start < window.end}
        sums = founding.moments_of(window)
        moments = {} if sums is None else {window.start: sums}
        return Piece(window, founding.cells_of(window), founding.outcomes_of(window), base, moments)

    def _read(self, window: Window) -> Piece:
        rows = of_window(self._job.store, self._job.monitor, window)
        return read_piece(window, rows, self._founding.binning.columns)


def read_piece(window: Window, rows: Sequence[Row], columns: Mapping[str, object]) -> Piece:
    """A window's profiles and outcomes from rows of ``profiles``; ``columns`` are those that are watched."""
    names = {table_column(name): name for name in columns}
    profiles = [row for row in rows if row["column_name"] in names]
    whole = (row for row in profiles if cell_of(row) == WHOLE and row["base_start"] is not None)
    base = merged_profiles(whole, itemgetter("base_start"))
    return Piece(
        window,
        {cell: _named(held, names) for cell, held in merged_profiles(profiles, cell_of).items()},
        merged_outcomes((row for row in rows if row["column_name"] == ALL), cell_of),
        {start: _named(held, names) for start, held in base.items()} if len(base) > 1 else {},
        {
            row["base_start"]: MomentSums.from_bytes(row["state"])
            for row in rows
            if row["column_name"] == TOGETHER
        },
    )


def _named(profiles: Mapping[str, Profile], names: Mapping[str, str]) -> dict[str, Profile]:
    return {names[label]: profile for label, profile in profiles.items()}
