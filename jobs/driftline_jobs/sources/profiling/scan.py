"""Splits to profiles: what every engine runs, wherever the splits lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.cells import Dimension, Grouping, crossed, groupings, labelled, limited
from driftline_jobs.profiles.columns.arrays import Codes, Valid, ready_for_threads
from driftline_jobs.profiles.columns.conversion import as_in_reference
from driftline_jobs.profiles.columns.hiding import NOTHING_HIDDEN, Hiding
from driftline_jobs.profiles.kernels.workspace import Workspace
from driftline_jobs.profiles.kinds.base import Bins, Reading
from driftline_jobs.profiles.moments import JointColumns, steps_of
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.sources.listing.partitions import constant
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.small_splits import (
    Columns,
    ReadSplit,
    ReadSplits,
    SplitColumns,
    read_small,
)
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.placing import (
    PlacedRows,
    joined_rows,
    placed_rows,
    stray_rows,
    timeless_rows,
)
from driftline_jobs.sources.profiling.scan_result import (
    Profiles,
    ScanResult,
    WindowRows,
    add_counts,
    merge_results,
)
from driftline_schemas.serving_log import LogColumn, TimeColumn, is_text
from driftline_schemas.table_names import table_segment

ByColumn = dict[str, list[Sequence[Profile]]]
"""{column: for each grouping, a profile for each of its runs}"""


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


def scan_splits(splits: Sequence[Split], plan: ScanPlan, threads: int = 1) -> ScanResult:
    """Profile the rows of splits that fall in the plan's windows: of a large one, whose columns are shared by
    ``threads``, or of small ones together (see ``bundled``).

    Raises:
        DataError: an object does not hold what its footer promised.
        TransientError: an object could not be reached.
    """
    if len(splits) == 1:
        return _scan_large(splits[0], plan, threads)
    counted = ScanResult()
    names = sorted(_parting(plan) - _timed(plan) | set(plan.binning.columns))

    def read() -> Iterator[tuple[ReadSplit, PlacedRows]]:
        for split in splits:
            with _reader(split, plan, _every(plan)) as reader:
                if split.lies_within(*plan.bounds_us[[0, -1]].tolist()):
                    reader.read_at_once(_every(plan))
                placed = _place(reader, plan, counted)
                if len(placed.base):  # of what counts nowhere only the times are looked at
                    yield ReadSplit.of(reader, names), placed

    combined = [_scan_small(alike, rows, plan) for alike, rows in read_small(read())]
    return merge_results([counted, *combined])


def _scan_large(split: Split, plan: ScanPlan, threads: int) -> ScanResult:
    """A column at a time: memory is bound by one column."""
    result = ScanResult()
    names = list(plan.binning.columns)
    shares = [names[at::threads] for at in range(threads)]
    with _reader(split, plan, _parting(plan) | set(shares[0])) as reader:
        placed = _place(reader, plan, result)

        def beside(share: Sequence[str], cells: _Cells) -> ByColumn:
            # a Parquet reader is not to be shared by threads
            with _reader(split, plan, set(share)) as own:
                return cells.profiled(share, own)

        cells = _Cells(reader, plan, placed)
        ready_for_threads()
        with ThreadPoolExecutor(threads) as pool:
            others = [pool.submit(beside, share, cells) for share in shares[1:]] if len(placed.base) else []
            found = cells.profiled(shares[0])
            for other in others:
                found.update(other.result())
    cells.collect(found, result)
    return result


def _scan_small(alike: ReadSplits, rows: Sequence[PlacedRows], plan: ScanPlan) -> ScanResult:
    result = ScanResult()
    cells = _Cells(alike, plan, joined_rows(rows))
    cells.collect(cells.profiled(list(plan.binning.columns)), result)
    return result


def _place(columns: SplitColumns, plan: ScanPlan, result: ScanResult) -> PlacedRows:
    """Which rows of a split count; how many they are, and those that do not, is added to the result."""
    uri, otherwise = columns.split.object.uri, int(plan.bounds_us[0])
    placed = placed_rows(columns, plan.time, plan.bounds_us, plan.gaps)
    if not bool(placed.accepted.all()):
        for home, count in stray_rows(placed.all_times, placed.accepted, columns, otherwise).items():
            timeless = timeless_rows(placed.all_times, columns.split, count)
            add_counts(result.set_aside, {(uri, home): count})
            add_counts(result.timeless, {(uri, home): timeless})
    _count(placed, uri, plan, result)
    return placed


class _Cells:
    """Rows that count, parted by window, version and segment."""

    def __init__(self, columns: Columns, plan: ScanPlan, placed: PlacedRows) -> None:
        self._plan, self._base = plan, placed.base
        self._rows = rows = _Rows(columns, plan, placed.chosen, len(placed.base))
        self._grouped = (
            list(groupings(placed.base, plan.bounds_us, rows.version(), rows.segments()))
            if len(placed.base)
            else []
        )
        self._joint = JointColumns(
            steps_of(plan.binning.columns, winsorised=plan.binning.winsorised),
            plan.binning.moment_share,
            plan.bounds_us,
            placed.base,
            placed.times,
        )

    def profiled(self, names: Sequence[str], columns: Columns | None = None) -> ByColumn:
        """The profiles of some columns, which may be read from ``columns`` of the same rows."""
        rows = self._rows if columns is None else self._rows.read_by(columns)
        if not self._grouped:
            return {}
        return {name: rows.profiles(name, self._grouped, self._joint) for name in names}

    def collect(self, found: ByColumn, result: ScanResult) -> None:
        """Everything into the result, once every column is profiled."""
        if not self._grouped:
            return
        for name in self._plan.binning.columns:
            for grouping, profiles in zip(self._grouped, found[name], strict=True):
                _collect(result.profiles, name, grouping, profiles)
        result.moments = self._joint.by_base()
        result.unlike = self._rows.unlike_by_base(self._base, self._plan.bounds_us)


def _timed(plan: ScanPlan) -> set[str]:
    return set() if plan.time is None else {plan.time.name}


def _every(plan: ScanPlan) -> set[str]:
    return _parting(plan) | set(plan.binning.columns)


def _reader(split: Split, plan: ScanPlan, names: set[str]) -> SplitReader:
    return SplitReader(split, plan.columns, _dictionaries(plan), wanted=names)


def _parting(plan: ScanPlan) -> set[str]:
    """The columns that tell to which cells a row belongs."""
    segments = {name for segment in plan.segments for name in segment}
    return _timed(plan) | {name for name in (plan.model_version, *segments) if name is not None}


def _dictionaries(plan: ScanPlan) -> list[str]:
    categories = {name for name, bins in plan.binning.columns.items() if bins.dictionaries}
    cells = {name for segment in plan.segments for name in segment} | {plan.model_version}
    return [
        column.name for column in plan.columns if column.name in categories | cells and is_text(column.type)
    ]


def _count(placed: PlacedRows, uri: str, plan: ScanPlan, result: ScanResult) -> None:
    if not len(placed.base):
        return
    alone = len(plan.bounds_us) == 2
    for at in [0] if alone else np.flatnonzero(np.bincount(placed.base)).tolist():
        times = placed.times if alone else placed.times[placed.base == at]
        start_us = int(plan.bounds_us[at])
        add_counts(result.matched, {(uri, start_us): len(times)})
        rows = WindowRows(len(times), int(times.min()), int(times.max()))
        result.windows[start_us] = result.windows[start_us] + rows if start_us in result.windows else rows


class _Rows:
    """The rows that count, column by column."""

    def __init__(self, reader: Columns, plan: ScanPlan, chosen: IntArray | None, count: int) -> None:
        self._reader = reader
        self._plan = plan
        self._chosen = chosen
        self._count = count
        self._parting: dict[str, Codes] = {}
        self._unlike: dict[str, Valid] = {}

    def read_by(self, reader: Columns) -> _Rows:
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

    def profiles(
        self, name: str, grouped: Sequence[Grouping], combined: JointColumns
    ) -> list[Sequence[Profile]]:
        """For each grouping the profiles of its runs; what the column and others do together is noted."""
        bins, work = self._plan.binning.columns[name], Workspace.of_this_thread()
        column = self._counted(name, bins)
        combined.take(name, column)
        return [bins.tally(column, grouping, work) for grouping in grouped]

    def _counted(self, name: str, bins: Bins) -> Any:  # noqa: ANN401 - what these bins count
        parting = self._parting.pop(name, None)
        column = parting if parting is not None and bins.counts_texts else self._read(name, bins)
        if column.unlike is not None:
            self._unlike[name] = column.unlike
        return column

    def _read(self, name: str, bins: Bins) -> Any:  # noqa: ANN401 - what these bins count
        read = bins.read if self._reader.unreadable(name) is None else bins.unreadable
        return read(self._array(name), self._about(name))

    def _about(self, name: str) -> Reading:
        return self._plan.binning.reading(name, self._plan.hiding)

    def _parts(self, name: str) -> Codes:
        """The codes of a column that parts the rows, kept for when it is profiled."""
        if name not in self._parting:
            self._parting[name] = self._texts(name)
        return self._parting[name]

    def _texts(self, name: str) -> Codes:
        bins, about = self._plan.binning.columns.get(name), self._about(name)
        if bins is not None and bins.counts_texts:
            column: Codes = self._read(name, bins)
            return column
        array = self._array(name)
        if name in about.hiding.columns:
            return about.hiding.codes(name, array)
        known = () if bins is None else bins.known_texts
        return as_in_reference(array, about.storage, known or self._plan.binning.segments.get(name, ()))

    def _array(self, name: str) -> pa.Array:
        unreadable = self._reader.unreadable(name)
        if unreadable is not None:
            # a value that the reference cannot have, and that says what has become of the column
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


def _collect(into: Profiles, name: str, grouping: Grouping, profiles: Sequence[Profile]) -> None:
    parts: dict[CellKey, list[Profile]] = {}
    for run, profile in zip(grouping.runs, profiles, strict=True):
        for key in run.keys:
            parts.setdefault(key, []).append(profile)
    for key, several in parts.items():
        into.setdefault(key, {})[name] = merge(several)
