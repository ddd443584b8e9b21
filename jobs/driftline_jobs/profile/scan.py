"""One split to profiles: what every engine runs, wherever the split lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from driftline_jobs.logs.partitions import constant
from driftline_jobs.logs.read import SplitReader
from driftline_jobs.logs.splits import Split
from driftline_jobs.logs.times import NO_TIME
from driftline_jobs.profile.binning import Binning, CategoryBins, OpenBins, OrderedBins
from driftline_jobs.profile.buckets import IntArray
from driftline_jobs.profile.cells import CellKey, Dimension, Grouping, crossed, groupings, labelled, limited
from driftline_jobs.profile.columns import Codes, Numbers, Valid, class_codes, codes, numbers
from driftline_jobs.profile.conversion import categories, ordered, uncomparable
from driftline_jobs.profile.hiding import NOTHING_HIDDEN, Hiding
from driftline_jobs.profile.later import LATER, opened
from driftline_jobs.profile.moments import MomentSums, Together, steps_of
from driftline_jobs.profile.runs import category_runs, ordered_runs
from driftline_jobs.profile.state import OpenProfile, Profile, merge
from driftline_jobs.profile.workspace import Workspace
from driftline_schemas.serving_log import LogColumn, TimeColumn, holds_texts, storage_of
from driftline_schemas.table_names import table_segment


@dataclass(frozen=True)
class ScanPlan:
    """What to read of a log and how to part it. Everything a task needs besides its split; pickles.

    Attributes:
        binning: where the bins of each watched column lie.
        columns: the log's columns, roles included.
        time: the column of times, and how they are read; without one the rows have no times, and all of them
            are of the first base window.
        model_version: the name of this role's column.
        segments: column names of each segment.
        bounds_us: (windows + 1,) ascending UTC microseconds: base window ``i`` is [bounds[i], bounds[i+1]).
        gaps: base windows that lie in the range but are not wanted.
        hiding: columns whose values are replaced by something else as soon as they are read.
    """

    binning: Binning
    columns: tuple[LogColumn, ...]
    time: TimeColumn | None
    model_version: str | None
    segments: tuple[tuple[str, ...], ...]
    bounds_us: IntArray
    gaps: frozenset[int] = frozenset()
    hiding: Hiding = NOTHING_HIDDEN


@dataclass(frozen=True, slots=True)
class WindowRows:
    """Rows of a base window and the first and last timestamp among them."""

    rows: int
    first_us: int
    last_us: int

    def __add__(self, other: WindowRows) -> WindowRows:
        return WindowRows(
            self.rows + other.rows, min(self.first_us, other.first_us), max(self.last_us, other.last_us)
        )


K = TypeVar("K")
Profiles = dict[CellKey, dict[str, Profile]]
ByColumn = dict[str, list[Sequence[Profile]]]
"""{column: for each grouping, a profile for each of its runs}"""


@dataclass(slots=True)
class ScanResult:
    """Profiles of one split, or of several merged.

    Attributes:
        profiles: {cell: {column: profile}}.
        windows: {base window start: its rows}.
        unlike: values that cannot be compared with those of the reference, by column and base window start.
        set_aside: rows outside what their folder may hold, or without a time, per object uri and the time
            that they belong to (UTC microseconds), see ``stray_rows``.
        timeless: those of them that have no time, in the same way.
        matched: rows per object uri and base window start.
        moments: of the numeric columns together, by base window start.
    """

    profiles: Profiles = field(default_factory=dict)
    windows: dict[int, WindowRows] = field(default_factory=dict)
    unlike: dict[tuple[str, int], int] = field(default_factory=dict)
    set_aside: dict[tuple[str, int], int] = field(default_factory=dict)
    timeless: dict[tuple[str, int], int] = field(default_factory=dict)
    matched: dict[tuple[str, int], int] = field(default_factory=dict)
    moments: dict[int, MomentSums] = field(default_factory=dict)


def scan_split(split: Split, plan: ScanPlan, threads: int = 1) -> ScanResult:
    """Profile the rows of one split that fall in the plan's windows; ``threads`` share its columns.

    Raises:
        DataError: the object does not hold what its footer promised.
        TransientError: the object could not be reached.
    """
    result = ScanResult()
    names = list(plan.binning.columns)
    shares = [names[at::threads] for at in range(threads)]
    with _reader(split, plan, _parting(plan) | set(shares[0])) as reader:
        all_times = row_times(reader, plan.time, int(plan.bounds_us[0]))
        accepted = accepted_rows(all_times, split)
        chosen, base, times = rows_in_windows(all_times, accepted, plan)
        if int(np.count_nonzero(accepted)) < len(accepted):
            strays = stray_rows(all_times, accepted, reader, int(plan.bounds_us[0]))
            result.set_aside = {(split.object.uri, home): count for home, count in strays.items()}
            result.timeless = {
                (split.object.uri, home): _timeless(all_times, split, count) for home, count in strays.items()
            }
        _count(times, base, split, plan, result)
        if not len(base):
            return result
        rows = _Rows(reader, plan, chosen, len(base))
        grouped = list(groupings(base, plan.bounds_us, rows.version(), rows.segments()))
        together = Together(
            steps_of(plan.binning.columns), plan.binning.moment_share, plan.bounds_us, base, times
        )

        def profiled(rows: _Rows, share: Sequence[str]) -> ByColumn:
            return {name: rows.profiles(name, grouped, together) for name in share}

        def beside(share: Sequence[str]) -> ByColumn:
            # a Parquet reader is not to be shared by threads
            with _reader(split, plan, set(share)) as own:
                return profiled(rows.read_by(own), share)

        with ThreadPoolExecutor(threads) as pool:
            others = [pool.submit(beside, share) for share in shares[1:]]
            found = profiled(rows, shares[0])
            for other in others:
                found.update(other.result())
        for name in names:
            for grouping, profiles in zip(grouped, found[name], strict=True):
                _collect(result.profiles, name, grouping, profiles)
        result.moments = together.by_base()
        result.unlike = rows.unlike_by_base(base, plan.bounds_us)
    return result


def _reader(split: Split, plan: ScanPlan, names: set[str]) -> SplitReader:
    return SplitReader(split, plan.columns, _dictionaries(plan), wanted=names)


def _parting(plan: ScanPlan) -> set[str]:
    """The columns that tell to which cells a row belongs."""
    segments = {name for segment in plan.segments for name in segment}
    timed = None if plan.time is None else plan.time.name
    return {name for name in (timed, plan.model_version, *segments) if name is not None}


def _dictionaries(plan: ScanPlan) -> list[str]:
    categories = {name for name, bins in plan.binning.columns.items() if isinstance(bins, CategoryBins)}
    cells = {name for segment in plan.segments for name in segment} | {plan.model_version}
    return [
        column.name
        for column in plan.columns
        if column.name in categories | cells and holds_texts(column.type)
    ]


def row_times(reader: SplitReader, time: TimeColumn | None, instead_us: int) -> IntArray:
    """(rows,) UTC microseconds of each row; ``instead_us`` for all of them where rows have no times."""
    if time is None:
        return np.full(reader.rows, instead_us, np.int64)
    return reader.timestamps(time)


def rows_in_windows(
    times: IntArray, accepted: npt.NDArray[np.bool_], plan: ScanPlan
) -> tuple[IntArray | None, IntArray, IntArray]:
    """Accepted rows that lie in the plan's windows (None for all), the base window of each, and its time."""
    bounds = plan.bounds_us
    inside = accepted & (times >= bounds[0]) & (times < bounds[-1])
    base = (
        np.searchsorted(bounds, times, side="right") - 1
        if len(bounds) > 2
        else np.zeros(len(times), np.int64)
    )
    if plan.gaps:
        inside &= ~np.isin(base, list(plan.gaps))
    if bool(inside.all()):
        return None, base, times
    chosen = np.flatnonzero(inside)
    return chosen, base[chosen], times[chosen]


def stray_rows(
    times: IntArray, accepted: npt.NDArray[np.bool_], reader: SplitReader, otherwise: int
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


def _timeless(times: IntArray, split: Split, strays: int) -> int:
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


def _count(times: IntArray, base: IntArray, split: Split, plan: ScanPlan, result: ScanResult) -> None:
    uri = split.object.uri
    if not len(base):
        return
    alone = len(plan.bounds_us) == 2
    for at in [0] if alone else np.flatnonzero(np.bincount(base)).tolist():
        mine = times if alone else times[base == at]
        start_us = int(plan.bounds_us[at])
        result.matched[uri, start_us] = len(mine)
        result.windows[start_us] = WindowRows(len(mine), int(mine.min()), int(mine.max()))


class _Rows:
    """The rows of a split that count, column by column."""

    def __init__(self, reader: SplitReader, plan: ScanPlan, chosen: IntArray | None, count: int) -> None:
        self._reader = reader
        self._plan = plan
        self._chosen = chosen
        self._count = count
        self._parting: dict[str, Codes] = {}
        self._unlike: dict[str, Valid] = {}

    def read_by(self, reader: SplitReader) -> _Rows:
        """The same rows for another thread, with what was kept of them."""
        rows = _Rows(reader, self._plan, self._chosen, self._count)
        rows._parting, rows._unlike = self._parting, self._unlike
        return rows

    def version(self) -> Dimension | None:
        if self._plan.model_version is None:
            return None
        return Dimension("*", *labelled(self._parts(self._plan.model_version)))

    def segments(self) -> list[Dimension]:
        found = []
        for columns in self._plan.segments:
            name = table_segment(columns)
            joint, texts = crossed([labelled(self._parts(column)) for column in columns])
            found.append(Dimension(name, *limited(joint, texts, self._plan.binning.segments.get(name, ()))))
        return found

    def profiles(self, name: str, grouped: Sequence[Grouping], together: Together) -> list[Sequence[Profile]]:
        """For each grouping the profiles of its runs; what the column and others do together is noted."""
        bins, work = self._plan.binning.columns[name], Workspace.of_this_thread()
        if isinstance(bins, OrderedBins):
            column = self._numbers(name)
            together.take(name, column.values, column.valid)
            return [ordered_runs(column, grouping, bins, work) for grouping in grouped]
        if isinstance(bins, OpenBins):
            return self._open(name, grouped, work)
        parting = self._parting.pop(name, None)
        category = class_codes(self._array(name)) if bins.of_classes else parting or self._codes(name)
        return [category_runs(category, grouping, bins, work) for grouping in grouped]

    def _open(self, name: str, grouped: Sequence[Grouping], work: Workspace) -> list[Sequence[Profile]]:
        """The profiles of a column without a type in the reference: by what this object has."""
        array = self._array(name)
        storage = storage_of(array.type)
        if pa.types.is_null(array.type) or storage is None:
            return [[OpenProfile(n := run.stop - run.start, n) for run in group.runs] for group in grouped]
        bins = LATER[storage]
        if isinstance(bins, OrderedBins):
            column = numbers(array)
            found = [ordered_runs(column, grouping, bins, work) for grouping in grouped]
        else:
            category = codes(array)
            found = [category_runs(category, grouping, bins, work) for grouping in grouped]
        return [[opened(profile, storage) for profile in profiles] for profiles in found]

    def _parts(self, name: str) -> Codes:
        """The codes of a column that parts the rows, kept for when it is profiled."""
        if name not in self._parting:
            self._parting[name] = self._codes(name)
        return self._parting[name]

    def _array(self, name: str) -> pa.Array:
        unreadable = self._reader.unreadable(name)
        if unreadable is not None:
            # a value that the reference cannot have, and that says what has become of the column
            if not isinstance(self._plan.binning.columns.get(name), OpenBins):  # which counts types itself
                self._unlike[name] = np.ones(self._count, np.bool_)
            return constant(unreadable, self._count)
        if not self._reader.has(name):
            return pa.nulls(self._count, pa.string())
        array = self._reader.column(name)
        return array if self._chosen is None else array.take(pa.array(self._chosen))

    def unlike_by_base(self, base: IntArray, bounds_us: IntArray) -> dict[tuple[str, int], int]:
        """How many values of each column cannot be compared, by the start of their base window."""
        counted = {name: np.bincount(base[found]).tolist() for name, found in self._unlike.items()}
        return {
            (name, int(bounds_us[at])): count
            for name, counts in counted.items()
            for at, count in enumerate(counts)
            if count
        }

    def _numbers(self, name: str) -> Numbers:
        if self._reader.unreadable(name) is not None:
            found = uncomparable(self._count)
        elif not self._reader.has(name):
            found = Numbers(np.zeros(self._count), np.zeros(self._count, np.bool_))
        else:
            found = ordered(self._array(name), name, self._plan.binning)
        if found.unlike is not None:
            self._unlike[name] = found.unlike
        return found

    def _codes(self, name: str) -> Codes:
        array = self._array(name)
        if name in self._plan.hiding.columns:
            return self._plan.hiding.codes(name, array)
        return categories(array, name, self._plan.binning)


def _collect(into: Profiles, name: str, grouping: Grouping, profiles: Sequence[Profile]) -> None:
    parts: dict[CellKey, list[Profile]] = {}
    for run, profile in zip(grouping.runs, profiles, strict=True):
        for key in run.keys:
            parts.setdefault(key, []).append(profile)
    for key, several in parts.items():
        into.setdefault(key, {})[name] = merge(several)


def merge_results(results: Sequence[ScanResult]) -> ScanResult:
    """All splits' results as one. Exact, so any order of merging gives the same."""
    merged = ScanResult()
    parts: dict[CellKey, dict[str, list[Profile]]] = {}
    for result in results:
        for key, columns in result.profiles.items():
            mine = parts.setdefault(key, {})
            for name, profile in columns.items():
                mine.setdefault(name, []).append(profile)
        for start, rows in result.windows.items():
            merged.windows[start] = merged.windows[start] + rows if start in merged.windows else rows
        _add_counts(merged.unlike, result.unlike)
        _add_counts(merged.set_aside, result.set_aside)
        _add_counts(merged.timeless, result.timeless)
        _add_counts(merged.matched, result.matched)
        for start, sums in result.moments.items():
            merged.moments[start] = merged.moments[start] + sums if start in merged.moments else sums
    merged.profiles = {
        key: {name: merge(profiles) for name, profiles in columns.items()} for key, columns in parts.items()
    }
    return merged


def _add_counts(into: dict[K, int], counts: Mapping[K, int]) -> None:
    for key, count in counts.items():
        into[key] = into.get(key, 0) + count
