"""Columns of any type, a chunk at a time, in the form that the compiled loops take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.cells import CodeArray, Grouping
from driftline_jobs.profiles.columns.arrays import Codes, Numbers, Valid
from driftline_schemas.errors import DataError

CHUNK = 1 << 18
_LANES = 4
_SMALL_COUNTERS = 1 << 10
"""So few are counted in several lanes, which are added up."""
_EVERY_ROW: Valid = np.empty(0, np.bool_)
_MOST_LOADED = threading.local()
_ONE_CELL: npt.NDArray[np.int32] = np.empty(0, np.int32)


class Workspace:
    """Arrays to work in, made once: fresh ones would cost more page faults than the work done in them.

    Not to be shared by threads.
    """

    def __init__(self) -> None:
        self._floats = np.empty(CHUNK, np.float64)
        self._codes = np.empty(CHUNK, np.int32)
        self._cells = np.empty(CHUNK, np.int32)
        self._column = np.empty(0, np.float64)

    @classmethod
    def of_this_thread(cls) -> Workspace:
        """The one that every split of a thread is profiled in."""
        if not hasattr(_MOST_LOADED, "workspace"):
            _MOST_LOADED.workspace = cls()
        own: Workspace = _MOST_LOADED.workspace
        return own

    def laid_out(
        self, column: Numbers, grouping: Grouping
    ) -> tuple[FloatArray, Valid | None, IntArray, IntArray]:
        """The values of a column as float64, run after run.

        Returns:
            values, until the next call; which of them are valid, None if all are; starts and stops (runs,) of
            each run in them. Where rows had to be moved, those without a value were left behind.
        """
        from driftline_jobs.profiles.kernels.loops import lay_out

        starts = np.array([run.start for run in grouping.runs], np.int64)
        stops = np.array([run.stop for run in grouping.runs], np.int64)
        values, valid = column.values, column.valid
        if grouping.in_order and values.dtype == np.float64:
            return values, valid, starts, stops
        if len(self._column) < len(values):
            self._column = np.empty(len(values), np.float64)
        laid = self._column[: len(values)]
        if grouping.in_order:
            laid[:] = values
            return laid, valid, starts, stops
        ends = starts.copy()
        for rows in _chunks(len(values)):
            floats = values[rows]
            if floats.dtype != np.float64:
                floats = self._floats[: len(floats)]
                floats[:] = values[rows]
            there = _EVERY_ROW if valid is None else valid[rows]
            lay_out(floats, there, self._cells_of(grouping, rows), ends, laid)
        return laid, None, starts, ends

    def count_numbers(self, column: Numbers, lowest: int, size: int, grouping: Grouping) -> IntArray:
        """(runs, size) rows of each integer from ``lowest`` up, between which all of them lie."""
        return self._count(column.values, column.valid, lowest, size, grouping)

    def count_codes(self, column: Codes, grouping: Grouping) -> IntArray:
        """(runs, D) rows of each code. Raises DataError if one is out of its dictionary."""
        return self._count(column.codes, column.valid, 0, len(column.texts), grouping)

    def _count(
        self, codes: npt.NDArray[Any], valid: Valid | None, lowest: int, size: int, grouping: Grouping
    ) -> IntArray:
        from driftline_jobs.profiles.kernels.loops import count

        cells = len(grouping.runs)
        lanes = _LANES if cells * size <= _SMALL_COUNTERS else 1
        counts: IntArray = np.zeros((lanes, cells * size), np.int64)
        unsigned = f"u{codes.dtype.itemsize}"
        strays = 0
        for rows in _chunks(len(codes)):
            steps = codes[rows]
            if lowest:
                # narrow integers may wrap around on the way; without a sign the difference is right again
                steps = (steps - steps.dtype.type(lowest)).view(unsigned)
            if steps.dtype != np.int32:
                wide = self._codes[: len(steps)]
                # where a row is not valid anything may stand, and where it is it fits
                np.copyto(wide, steps, casting="unsafe")
                steps = wide
            there = _EVERY_ROW if valid is None else valid[rows]
            strays += count(steps, there, self._cells_of(grouping, rows), size, counts)
        if strays:
            raise DataError(
                f"{strays} rows hold an index beyond their dictionary of {size} values: the file is damaged, "
                "have it written again"
            )
        summed: IntArray = counts.sum(axis=0)
        return summed.reshape(cells, size)

    def _cells_of(self, grouping: Grouping, rows: slice) -> npt.NDArray[np.int32]:
        if len(grouping.runs) == 1:
            return _ONE_CELL
        run_of: CodeArray = grouping.run_of[rows]
        cells = self._cells[: len(run_of)]
        cells[:] = run_of
        return cells


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, rows, CHUNK))
