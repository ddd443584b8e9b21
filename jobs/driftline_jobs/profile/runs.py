"""A column over a grouping: one profile for each of its runs, by whichever way is the shortest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.profile.binning import CategoryBins, OrderedBins
from driftline_jobs.profile.buckets import IntArray
from driftline_jobs.profile.cells import Grouping, Run
from driftline_jobs.profile.columns import Codes, Numbers, dictionary_for
from driftline_jobs.profile.kernels import (
    CHUNK,
    OrderedTally,
    Workspace,
    count_codes,
    profile_categories,
    profile_counted,
    profile_small_cells,
)
from driftline_jobs.profile.state import OrderedProfile, Profile

_CELLS_AT_ONCE = 256
_FEW_ROWS = 2048
"""A run of so few rows costs more calls than rows when it is profiled alone."""
_ROWS_PER_COUNT = 8
"""Rows for each counter, at least: where there are fewer, the counters cost more than the rows."""


def ordered_runs(
    column: Numbers, grouping: Grouping, bins: OrderedBins, workspace: Workspace
) -> Sequence[Profile]:
    """A profile of a numeric column for each run."""
    if column.span is not None:
        low, high = column.span
        size = high - low + 1
        if size * len(grouping.runs) <= len(column.values) // _ROWS_PER_COUNT:
            return _counted_runs(column, low, size, grouping, bins, workspace)
    return list(_tallied_runs(column, grouping, bins, workspace))


def _counted_runs(
    column: Numbers, low: int, size: int, grouping: Grouping, bins: OrderedBins, workspace: Workspace
) -> list[Profile]:
    """Integers that are few beside the rows: counted where they stand, then profiled once each."""
    profiles: list[Profile] = []
    counted = _counts(column.values, column.valid, low, size, grouping, workspace)
    for run, counts in zip(grouping.runs, counted, strict=True):
        occurring = np.flatnonzero(counts)
        counts = counts[occurring]  # noqa: PLW2901  those that are not zero
        nulls = run.stop - run.start - int(counts.sum())
        values = occurring.astype(np.float64) + low
        profiles.append(profile_counted(values, counts, nulls, bins))
    return profiles


def _counts(
    codes: npt.NDArray[Any],
    valid: npt.NDArray[np.bool_] | None,
    lowest: int,
    size: int,
    grouping: Grouping,
    workspace: Workspace,
) -> IntArray:
    """(runs, size) valid rows of each code."""
    runs = len(grouping.runs)
    return count_codes(codes, valid, lowest, size, None if runs == 1 else grouping.run_of, runs, workspace)


def _tallied_runs(
    column: Numbers, grouping: Grouping, bins: OrderedBins, workspace: Workspace
) -> Iterator[OrderedProfile]:
    """A profile per run; runs of few rows are profiled many at a time."""
    values, valid = column.values, column.valid
    if grouping.place is not None:
        values, valid = workspace.in_order(values, valid, grouping.place)
    runs = grouping.runs
    at = 0
    while at < len(runs):
        few = at
        while (
            few < min(len(runs), at + _CELLS_AT_ONCE)
            and runs[few].stop - runs[few].start <= _FEW_ROWS
            and runs[few].stop - runs[at].start <= CHUNK
        ):
            few += 1
        if few > at + 1:
            yield from _small_runs(values, valid, runs[at:few], bins)
            at = few
            continue
        run, nulls = runs[at], 0
        tally = OrderedTally(bins, workspace)
        for start in range(run.start, run.stop, CHUNK):
            stop = min(start + CHUNK, run.stop)
            there = values[start:stop]
            if valid is not None:
                there = there[valid[start:stop]]
                nulls += stop - start - len(there)
            tally.add(there)
        yield tally.profile(nulls)
        at += 1


def _small_runs(
    values: npt.NDArray[Any], valid: npt.NDArray[np.bool_] | None, runs: Sequence[Run], bins: OrderedBins
) -> list[OrderedProfile]:
    rows = slice(runs[0].start, runs[-1].stop)
    values = values[rows]
    stops = np.array([run.stop for run in runs]) - rows.start
    nulls = np.zeros(len(stops), np.int64)
    if valid is not None:
        valid = valid[rows]
        there = np.cumsum(valid)[stops - 1]
        nulls = np.diff(stops, prepend=0) - np.diff(there, prepend=0)
        values, stops = values[valid], there
    return profile_small_cells(values, stops, nulls.tolist(), bins)


def category_runs(
    column: Codes, grouping: Grouping, bins: CategoryBins, workspace: Workspace
) -> Sequence[Profile]:
    """A profile of a categorical column for each run."""
    rows = np.array([run.stop - run.start for run in grouping.runs])
    run, code, counts = _occurring(column, grouping, workspace)
    return profile_categories(run, code, counts, rows, dictionary_for(column.texts, bins), bins)


def _occurring(
    column: Codes, grouping: Grouping, workspace: Workspace
) -> tuple[IntArray, IntArray, IntArray]:
    """(k,) runs, ascending, codes that occur in them, and how often."""
    size = len(column.texts)
    if size * len(grouping.runs) <= len(column.codes) // _ROWS_PER_COUNT:
        counted = _counts(column.codes, column.valid, 0, size, grouping, workspace)
        run, code = np.nonzero(counted)
        return run, code, counted[run, code]
    joint = grouping.run_of * np.int64(size) + column.codes
    joint, counts = np.unique(joint if column.valid is None else joint[column.valid], return_counts=True)
    return joint // size, joint % size, counts
