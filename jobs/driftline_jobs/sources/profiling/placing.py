"""Which rows of a split count, and for which window."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.times import NO_TIME
from driftline_jobs.sources.parquet.small_splits import SplitColumns
from driftline_jobs.sources.parquet.splits import Split
from driftline_schemas.serving_log import TimeColumn


@dataclass(frozen=True, slots=True)
class PlacedRows:
    """The rows that count.

    Attributes:
        all_times: (rows,) UTC microseconds of every row, ``NO_TIME`` of those without.
        accepted: (rows,) which have a time that their folder may hold.
        chosen: positions of those that lie in base windows, None for all.
        base: the base window of each chosen row.
        times: UTC microseconds of each chosen row.
    """

    all_times: IntArray
    accepted: npt.NDArray[np.bool_]
    chosen: IntArray | None
    base: IntArray
    times: IntArray


def placed_rows(
    columns: SplitColumns, time: TimeColumn | None, bounds: IntArray, gaps: frozenset[int]
) -> PlacedRows:
    """The rows of a split that lie in base windows but the ``gaps``; window ``i`` is
    [bounds[i], bounds[i+1]), in UTC microseconds."""
    times = row_times(columns, time, int(bounds[0]))
    accepted = accepted_rows(times, columns.split)
    return PlacedRows(times, accepted, *_in_windows(times, accepted, bounds, gaps))


def joined_rows(parts: Sequence[PlacedRows]) -> PlacedRows:
    """The rows of several splits, one after the other, as those of one."""
    if len(parts) == 1:
        return parts[0]
    chosen = None
    if any(part.chosen is not None for part in parts):
        starts = itertools.accumulate((len(part.all_times) for part in parts[:-1]), initial=0)
        chosen = np.concatenate(
            [
                start + (np.arange(len(part.all_times)) if part.chosen is None else part.chosen)
                for start, part in zip(starts, parts, strict=True)
            ]
        )
    return PlacedRows(
        np.concatenate([part.all_times for part in parts]),
        np.concatenate([part.accepted for part in parts]),
        chosen,
        np.concatenate([part.base for part in parts]),
        np.concatenate([part.times for part in parts]),
    )


def row_times(reader: SplitColumns, time: TimeColumn | None, instead_us: int) -> IntArray:
    """(rows,) UTC microseconds of each row; ``instead_us`` for all of them where rows have no times."""
    if time is None:
        return np.full(reader.rows, instead_us, np.int64)
    return reader.timestamps(time)


def _in_windows(
    times: IntArray, accepted: npt.NDArray[np.bool_], bounds: IntArray, gaps: frozenset[int]
) -> tuple[IntArray | None, IntArray, IntArray]:
    inside = accepted & (times >= bounds[0]) & (times < bounds[-1])
    base = (
        np.searchsorted(bounds, times, side="right") - 1
        if len(bounds) > 2
        else np.zeros(len(times), np.int64)
    )
    if gaps:
        inside &= ~np.isin(base, list(gaps))
    if bool(inside.all()):
        return None, base, times
    chosen = np.flatnonzero(inside)
    return chosen, base[chosen], times[chosen]


def stray_rows(
    times: IntArray, accepted: npt.NDArray[np.bool_], reader: SplitColumns, otherwise: int
) -> dict[int, int]:
    """How many rows are not accepted, by the time that they belong to instead: that of their folder, or else
    the first in their row group, which is read whole whatever windows are asked for. ``otherwise`` where no
    time is known.
    """
    split = reader.split
    home = otherwise if split.home_us is None else split.home_us
    if split.object.folder_start is not None:
        return {home: len(accepted) - int(np.count_nonzero(accepted))}
    found: dict[int, int] = {}
    start = 0
    for rows in reader.group_rows():
        there = times[start : start + rows][accepted[start : start + rows]]
        if len(there) < rows:
            first = int(there.min()) if len(there) else home
            found[first] = found.get(first, 0) + rows - len(there)
        start += rows
    return found


def timeless_rows(times: IntArray, split: Split, strays: int) -> int:
    """How many of the stray rows have no time; without a dated folder there is no other way to go astray."""
    dated = split.accept_start_us is not None or split.accept_end_us is not None
    return int(np.count_nonzero(times == NO_TIME)) if dated else strays


def accepted_rows(times: IntArray, split: Split) -> npt.NDArray[np.bool_]:
    """Rows with a time that their folder may hold."""
    accepted: npt.NDArray[np.bool_] = times != NO_TIME
    if split.accept_start_us is not None:
        accepted &= times >= split.accept_start_us
    if split.accept_end_us is not None:
        accepted &= times < split.accept_end_us
    return accepted
