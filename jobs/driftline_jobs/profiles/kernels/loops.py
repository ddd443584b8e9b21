"""Loops over rows, compiled to machine code: with ``tally`` and ``products`` all code that touches every row.

numba compiles them at their first import and keeps the result beside this file; they run without the
interpreter's lock, so threads share a machine. Counts and sums are integers, so neither the order of the rows
nor the processor leaves a trace.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.kernels.compiling import compiled, readable

Int32Array = npt.NDArray[np.int32]

_Floats, _Ints = types.Array(types.float64, 1, "C"), types.Array(types.int64, 1, "C")


@compiled(
    types.int64(
        readable(types.int32),
        readable(types.boolean),
        readable(types.int32),
        types.int64,
        types.Array(types.int64, 2, "C"),
    )
)
def count(
    codes: Int32Array,
    valid: npt.NDArray[np.bool_],
    cell_of: Int32Array,
    size: int,
    counts: IntArray,
) -> int:
    """Count the rows of each code in each cell.

    Args:
        codes: (n,) each below ``size``.
        valid, cell_of: (n,) rows that count, and the cell of each; empty for all rows, and for one cell.
        counts: (lanes, cells * size) added to, row by row in turn: where neighbours are equal, each would
            wait for the one before. Lanes are a power of two.

    Returns:
        Valid rows whose code is out of range; if there are any, nothing is counted.
    """
    turn = len(counts) - 1
    parted, partial = len(cell_of) > 0, len(valid) > 0
    strays = 0
    for row in range(len(codes)):
        strays += (codes[row] < 0 or codes[row] >= size) and (not partial or valid[row])
    if strays:
        return strays
    # Without a branch: which rows are null cannot be foreseen.
    for row in range(len(codes)):
        there = np.int64(valid[row]) if partial else 1
        place = codes[row] * there
        if parted:
            place += size * cell_of[row]
        counts[row & turn, place] += there
    return 0


@compiled(types.void(readable(types.float64), readable(types.boolean), readable(types.int32), _Ints, _Floats))
def lay_out(
    values: FloatArray,
    valid: npt.NDArray[np.bool_],
    cell_of: Int32Array,
    ends: IntArray,
    laid: FloatArray,
) -> None:
    """Append each valid value to those of its cell.

    Args:
        values: (n,).
        valid: (n,) those that are laid out; empty for all.
        cell_of: (n,) the cell of each.
        ends: (cells,) where the next value of each cell goes in ``laid``; moved on.
        laid: written to; a cell needs room for all its rows, null or not.
    """
    # Without a branch: which rows are null cannot be foreseen. What is written of one, the next value of the
    # cell is written over, or nobody reads: as many rows as a cell has, so much room there is for it.
    partial = len(valid) > 0
    for row in range(len(values)):
        cell = cell_of[row]
        at = ends[cell]
        laid[at] = values[row]
        ends[cell] = at + (np.int64(valid[row]) if partial else 1)
