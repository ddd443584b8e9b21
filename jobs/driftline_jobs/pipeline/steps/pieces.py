"""The profiles of single windows, which moving references are put together from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.codec import decode
from driftline_jobs.profiles.moments import TOGETHER, MomentSums
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.rolling import Piece
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.stored import read_outcomes
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window

_HELD = 64
"""Windows whose profiles are held in memory: two months of days."""
_PROFILES = (
    "SELECT p.model_version, p.segment, p.segment_value, p.column_name, p.base_start, p.state "
    "FROM current_profiles p WHERE p.monitor = $1 AND p.granularity = $2 AND p.window_start = $3 "
    "ORDER BY p.model_version, p.segment, p.segment_value, p.column_name, p.base_start"
)


class Pieces:
    """The profiles of single windows: published ones, and those of the founding reference."""

    def __init__(self, job: Job, founding: Reference, published: Sequence[Window]) -> None:
        self._job = job
        self._founding = founding
        self._published = set(published)
        runs = job.store.current_runs(job.monitor.monitor, "data").to_pylist()
        unit = job.monitor.granularity.value
        self._filled = {
            run["window_start"] for run in runs if run["granularity"] == unit and run["rows_read"]
        }
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
        monitor = self._job.monitor
        rows = self._job.store.execute_read(
            _PROFILES, [monitor.monitor, monitor.granularity.value, window.start]
        ).to_pylist()
        return read_piece(window, rows, self._founding.binning.columns)


def read_piece(window: Window, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, object]) -> Piece:
    """A window's profiles and outcomes from rows of ``profiles``."""
    names = {table_column(name): name for name in columns}
    cells: dict[Cell, dict[str, list[Profile]]] = {}
    outcomes: dict[Cell, list[Outcomes]] = {}
    base: dict[datetime, dict[str, Profile]] = {}
    moments: dict[datetime, MomentSums] = {}
    for row in rows:
        cell = Cell(row["model_version"], row["segment"], row["segment_value"])
        if row["column_name"] == "*":
            outcomes.setdefault(cell, []).append(read_outcomes(row["state"]))
        elif row["column_name"] == TOGETHER:
            moments[row["base_start"]] = MomentSums.from_bytes(row["state"])
        elif (name := names.get(row["column_name"])) is not None:
            profile = decode(row["state"])
            cells.setdefault(cell, {}).setdefault(name, []).append(profile)
            if cell == WHOLE and row["base_start"] is not None:
                base.setdefault(row["base_start"], {})[name] = profile
    return Piece(
        window,
        {cell: {name: merge(few) for name, few in held.items()} for cell, held in cells.items()},
        {cell: few[0].merged(few) for cell, few in outcomes.items()},
        base if len(base) > 1 else {},
        moments,
    )
