"""The profiles of single windows, which moving references are put together from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter

from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.moments import MOMENTS, MomentSums
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.rolling import Piece
from driftline_jobs.tables import runs
from driftline_jobs.tables.profiles import cell_of, merged_outcomes, merged_profiles, of_window
from driftline_jobs.tables.reading import Row
from driftline_schemas.table_names import ALL, table_column
from driftline_schemas.window import Window

_MOST_LOADED = 200
"""Windows whose profiles are held in memory: two months of days, and those in the places of what fired."""


class Pieces:
    """The profiles of single windows: published ones, and those of the founding reference."""

    def __init__(self, job: Job, initial: Reference, published: Sequence[Window]) -> None:
        self._job = job
        self._initial = initial
        self._published = set(published)
        data = runs.current_runs(job.store, job.monitor, "data")
        self._filled = {run["window_start"] for run in data if run["rows_read"]}
        self._initial_starts = {window.start for window in initial.windows}
        calendar = job.monitor.calendar
        initial_known = {calendar.containing(start) for start in self._initial_starts}
        self.known = sorted(self._published | initial_known)
        self._loaded: OrderedDict[datetime, Piece] = OrderedDict()

    def knows(self, window: Window) -> bool:
        """Whether there are profiles of the window."""
        return window in self._published or window.start in self._initial_starts

    def have_rows(self, window: Window) -> bool:
        """Whether there are rows in the profiles of the window."""
        return window.start in (self._filled if window in self._published else self._initial_starts)

    def of(self, window: Window) -> Piece:
        """The profiles and outcomes of a window."""
        if window.start not in self._loaded:
            self._loaded[window.start] = (
                self._read(window) if window in self._published else self._initial_piece(window)
            )
        self._loaded.move_to_end(window.start)
        while len(self._loaded) > _MOST_LOADED:
            self._loaded.popitem(last=False)
        return self._loaded[window.start]

    def _initial_piece(self, window: Window) -> Piece:
        initial = self._initial
        base = {
            start: found for start, found in initial.whole_by_base() if window.start <= start < window.end
        }
        sums = initial.moments_of(window)
        moments = {} if sums is None else {window.start: sums}
        return Piece(window, initial.cells_of(window), initial.outcomes_of(window), base, moments)

    def _read(self, window: Window) -> Piece:
        rows = of_window(self._job.store, self._job.monitor, window)
        return read_piece(window, rows, self._initial.binning.columns)


def read_piece(window: Window, rows: Sequence[Row], columns: Mapping[str, object]) -> Piece:
    """A window's profiles and outcomes from rows of ``profiles``; ``columns`` are those that are watched."""
    names = {table_column(name): name for name in columns}
    profiles = [row for row in rows if row["column_name"] in names]
    whole = (row for row in profiles if cell_of(row) == WHOLE and row["base_start"] is not None)
    base = merged_profiles(whole, itemgetter("base_start"))
    return Piece(
        window,
        {cell: _named(found, names) for cell, found in merged_profiles(profiles, cell_of).items()},
        merged_outcomes((row for row in rows if row["column_name"] == ALL), cell_of),
        {start: _named(found, names) for start, found in base.items()} if len(base) > 1 else {},
        {
            row["base_start"]: MomentSums.from_bytes(row["state"])
            for row in rows
            if row["column_name"] == MOMENTS
        },
    )


def _named(profiles: Mapping[str, Profile], names: Mapping[str, str]) -> dict[str, Profile]:
    return {names[label]: profile for label, profile in profiles.items()}
