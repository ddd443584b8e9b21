"""A column over a grouping: one profile for each of its runs, by whichever way is the shortest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.categories import dictionary_for, profile_categories
from driftline_jobs.profiles.cells import Grouping
from driftline_jobs.profiles.columns.arrays import Codes, Numbers, Valid
from driftline_jobs.profiles.distinct import Registers, UIntArray, register_sets
from driftline_jobs.profiles.kernels.workspace import Workspace
from driftline_jobs.profiles.ordered import profile_counted, profile_runs
from driftline_jobs.profiles.state import CategoryProfile, OrderedProfile

if TYPE_CHECKING:
    from driftline_jobs.profiles.kinds.categories import CategoryBins
    from driftline_jobs.profiles.kinds.ordered import OrderedBins

_ROWS_PER_COUNT = 8
"""Rows for each counter, at least: where there are fewer, the counters cost more than the rows."""


def ordered_runs(
    column: Numbers, grouping: Grouping, bins: OrderedBins, workspace: Workspace
) -> Sequence[OrderedProfile]:
    """A profile of a numeric column for each run."""
    profiles = _runs(column, grouping, bins, workspace)
    if column.hashes is not None:
        # as doubles some of the values would count as one
        counted = _registers(column.hashes, column.valid, grouping)
        for profile, registers in zip(profiles, counted, strict=True):
            profile.registers = registers
    return profiles


def _runs(
    column: Numbers, grouping: Grouping, bins: OrderedBins, workspace: Workspace
) -> list[OrderedProfile]:
    if column.span is not None:
        low, high = column.span
        size = high - low + 1
        if size * len(grouping.runs) <= len(column.values) // _ROWS_PER_COUNT:
            return _counted_runs(column, low, size, grouping, bins, workspace)
    profiles = profile_runs(*workspace.laid_out(column, grouping), bins)
    for run, profile in zip(grouping.runs, profiles, strict=True):
        # those without a value may have been left behind
        profile.nulls += run.stop - run.start - profile.rows
        profile.rows = run.stop - run.start
    return profiles


def _registers(hashes: UIntArray, valid: Valid | None, grouping: Grouping) -> Registers:
    """(runs, 2048) registers of the values of each run."""
    run_of = grouping.run_of.astype(np.int64)
    if valid is not None:
        hashes, run_of = hashes[valid], run_of[valid]
    return register_sets(hashes, run_of, len(grouping.runs))


def _counted_runs(
    column: Numbers, low: int, size: int, grouping: Grouping, bins: OrderedBins, workspace: Workspace
) -> list[OrderedProfile]:
    """Integers that are few beside the rows: counted where they stand, then profiled once each."""
    profiles: list[OrderedProfile] = []
    counted = workspace.count_numbers(column, low, size, grouping)
    for run, counts in zip(grouping.runs, counted, strict=True):
        occurring = np.flatnonzero(counts)
        counts = counts[occurring]  # noqa: PLW2901  those that are not zero
        nulls = run.stop - run.start - int(counts.sum())
        values = occurring.astype(np.float64) + low
        profiles.append(profile_counted(values, counts, nulls, bins))
    return profiles


def category_runs(
    column: Codes, grouping: Grouping, bins: CategoryBins, workspace: Workspace
) -> Sequence[CategoryProfile]:
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
        counted = workspace.count_codes(column, grouping)
        run, code = np.nonzero(counted)
        return run, code, counted[run, code]
    joint = grouping.run_of * np.int64(size) + column.codes
    joint, counts = np.unique(joint if column.valid is None else joint[column.valid], return_counts=True)
    return joint // size, joint % size, counts
