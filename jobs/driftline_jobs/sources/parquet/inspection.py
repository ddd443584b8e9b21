"""Hold a log's objects against the monitor and against each other, and cut them into splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftline_jobs.profiles.columns.times import AFTER_ALL, BEFORE_ALL
from driftline_jobs.sources.listing.objects import LogObject
from driftline_jobs.sources.listing.partitions import PathColumns
from driftline_jobs.sources.parquet.agreement import Agreement, agree, named_columns
from driftline_jobs.sources.parquet.footers import (
    Footer,
    KnownFooters,
    Needs,
    Refusal,
    RowGroup,
    read_footers,
)
from driftline_jobs.sources.parquet.id_range import joined_range
from driftline_jobs.sources.parquet.splits import InputRole, InputState, Inspection, Split
from driftline_jobs.storage.location import Location
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.serving_log import Storage
from driftline_schemas.window import to_us

MAX_SPLIT_ROWS = 2_000_000
MAX_SPLIT_BYTES = 256 * 1024**2
_MICROSECOND = timedelta(microseconds=1)


def inspect(
    objects: Sequence[LogObject],
    location: Location,
    monitor: Monitor,
    span: tuple[datetime, datetime] | None = None,
    *,
    role: InputRole = "prediction",
    expected: Mapping[str, str] | None = None,
    timed: bool = True,
    known: KnownFooters | None = None,
) -> Inspection:
    """Read the footers of ``objects`` and say what is to be read for the rows of a ``span``, half-open.

    Only metadata is read. An object that is no Parquet, or lacks what every row needs, is set aside with
    the reason, and the others go on. Row groups whose timestamps lie outside by their statistics are left
    out; without bounds, or without statistics, everything is kept. ``role`` says by which columns of the
    monitor file the objects are held: ``label`` those of ``labels``, otherwise those of ``logs``.
    ``expected`` are the storages of the reference's columns: what an object brings is then the same,
    whichever others are looked at with it. Objects that are not ``timed`` need no timestamp. Footers that are
    ``known`` from an earlier look in the same role are not read again.

    A row group that holds rows too far from its folder's date, or without a timestamp, is also kept when
    its folder starts within the bounds, so that they are counted as set aside, and once over all windows.

    Raises TransientError when the location does not answer, ConfigError when it refuses our keys.
    """
    footers = read_footers(objects, location, _needs(monitor, role, timed=timed), known)
    readable = [footer for footer in footers if isinstance(footer, Footer)]
    wanted = _Wanted(
        start_us=None if span is None else to_us(span[0]),
        end_us=None if span is None else to_us(span[1]),
        lateness_us=None if role == "label" else monitor.logs.lateness // _MICROSECOND,
    )
    # What lies beside the bounds has no say in what the rows within them are.
    agreement = agree([footer for footer in readable if wanted.any_of(footer)], monitor, role, expected)
    return Inspection(
        splits=tuple(split for footer in readable for split in _splits(footer, location, agreement, wanted)),
        inputs=tuple(_state(footer, role) for footer in footers),
        columns=agreement.columns,
        names=agreement.names,
        left_out=agreement.left_out,
        schema_findings=agreement.findings,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which rows are wanted, half-open, and how far from its folder's interval a row may lie."""

    start_us: int | None
    end_us: int | None
    lateness_us: int | None

    def accepted(self, found: LogObject) -> tuple[int | None, int | None]:
        """Between which times a row of this object counts."""
        if self.lateness_us is None or found.folder_start is None or found.folder_end is None:
            return None, None
        return to_us(found.folder_start) - self.lateness_us, to_us(found.folder_end) + self.lateness_us

    def any_of(self, footer: Footer) -> bool:
        """Whether an object holds wanted rows, as far as its statistics or else its folder tell."""
        return any(
            self._overlaps(footer.object) if group.min_us is None else self.keeps(group, footer.object)
            for group in footer.row_groups
            if group.rows
        )

    def _overlaps(self, found: LogObject) -> bool:
        """Whether the folder's interval, without the lateness, meets what is wanted; true of no folder."""
        if self.start_us is None or self.end_us is None:
            return True
        if found.folder_start is None or found.folder_end is None:
            return True
        return to_us(found.folder_start) < self.end_us and to_us(found.folder_end) > self.start_us

    def keeps(self, group: RowGroup, found: LogObject) -> bool:
        """Whether a row group may hold wanted rows, or rows that have to be counted as set aside."""
        start, end = self.start_us, self.end_us
        if not group.rows:
            return False
        if start is None or end is None or group.min_us is None or group.max_us is None:
            return True
        if group.min_us < end and group.max_us >= start:
            return True
        if found.folder_start is None or not start <= to_us(found.folder_start) < end:
            return False
        accept_start, accept_end = self.accepted(found)
        is_early = accept_start is not None and group.min_us < accept_start
        is_late = accept_end is not None and group.max_us >= accept_end
        return is_early or is_late or bool(group.nulls)


def _needs(monitor: Monitor, role: InputRole, *, timed: bool) -> Needs:
    """Raises ValueError for labels of a monitor whose labels are in no objects of their own."""
    in_path = None
    if monitor.logs.partition_columns:
        named = named_columns(monitor, role)
        in_path = PathColumns(frozenset(named), frozenset(n for n in named if Storage.TEXT not in named[n]))
    if role != "label":
        time, ids = monitor.log_time if timed else None, monitor.logs.prediction_id
        return Needs(time, path_columns=in_path, prediction_id=ids)
    if isinstance(monitor.labels, LabelSource):
        required = (monitor.labels.prediction_id, monitor.labels.label)
        return Needs(monitor.label_time, required, in_path, monitor.labels.prediction_id)
    raise ValueError(f"the monitor {monitor.monitor} has no objects with labels")


def _state(footer: Footer | Refusal, role: InputRole) -> InputState:
    if isinstance(footer, Refusal) and footer.is_passed_over:
        return InputState(footer.object, role, None, None, None, "empty", footer.reason, is_passed_over=True)
    if isinstance(footer, Refusal):
        return InputState(footer.object, role, footer.rows, None, None, "quarantined", footer.reason)
    if not footer.rows:
        return InputState(footer.object, role, 0, None, None, "empty", "it holds no rows")
    low, high = _bounds(footer.row_groups)
    timed = all(group.nulls == 0 for group in footer.row_groups if group.rows)
    within = low is not None and low > BEFORE_ALL and high is not None and high < AFTER_ALL
    return InputState(footer.object, role, footer.rows, low, high, "read", all_timed=timed and within)


def _splits(footer: Footer, location: Location, agreement: Agreement, wanted: _Wanted) -> Iterator[Split]:
    accepted = wanted.accepted(footer.object)
    absent = agreement.absent.get(footer.object.uri, frozenset())
    # What is there and cannot be read as what was agreed on is not missing.
    there = footer.schema.columns
    unreadable = dict(footer.schema.left_out) | {
        name: str(there[name].type) for name in absent if name in there
    }
    home_us = _home_us(footer)
    wanted_at = [i for i, group in enumerate(footer.row_groups) if wanted.keeps(group, footer.object)]
    for part, positions in enumerate(_runs(wanted_at, footer.row_groups)):
        groups = [footer.row_groups[position] for position in positions]
        yield Split(
            footer.object,
            location,
            positions,
            sum(group.rows for group in groups),
            sum(group.size_bytes for group in groups),
            *_bounds(groups),
            *accepted,
            part,
            absent,
            home_us,
            footer.in_path,
            unreadable,
            joined_range(group.ids for group in groups if group.rows),
        )


def _home_us(footer: Footer) -> int | None:
    if footer.object.folder_start is not None:
        return to_us(footer.object.folder_start)
    firsts = [group.min_us for group in footer.row_groups if group.min_us is not None]
    return min((first for first in firsts if first > BEFORE_ALL), default=None)


def _runs(wanted_at: Sequence[int], groups: Sequence[RowGroup]) -> Iterator[tuple[int, ...]]:
    """Consecutive positions together, up to the size of a split; a row group is never cut."""
    run: list[int] = []
    rows = size = 0
    for position in wanted_at:
        group = groups[position]
        full = rows + group.rows > MAX_SPLIT_ROWS or size + group.size_bytes > MAX_SPLIT_BYTES
        if run and (full or position != run[-1] + 1):
            yield tuple(run)
            run, rows, size = [], 0, 0
        run.append(position)
        rows += group.rows
        size += group.size_bytes
    if run:
        yield tuple(run)


def _bounds(groups: Iterable[RowGroup]) -> tuple[int | None, int | None]:
    """The least and the greatest timestamp of all groups that hold rows, None where one does not tell."""
    filled = [group for group in groups if group.rows]
    lows = [group.min_us for group in filled if group.min_us is not None]
    highs = [group.max_us for group in filled if group.max_us is not None]
    return (
        min(lows) if len(lows) == len(filled) else None,
        max(highs) if len(highs) == len(filled) else None,
    )
