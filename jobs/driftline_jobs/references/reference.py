"""What windows are compared with: profiled once, identified by what it holds, kept for ever."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.codec import decode
from driftline_jobs.profiles.id_sketch import IDS, IdSketch
from driftline_jobs.profiles.moments import MOMENTS, MomentSums, added
from driftline_jobs.profiles.state import Profile, subtract
from driftline_jobs.references.losses import ReferenceLosses
from driftline_jobs.references.season import same_season
from driftline_jobs.references.state_rows import BASE, OUTCOMES, SCHEMA, TOTAL, WINDOW, merged_cells
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.stored import read_outcomes
from driftline_schemas.errors import DataError
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window, from_us, to_us

FORMAT = 1


@dataclass(frozen=True, slots=True)
class ReferenceWindow:
    """One window of a reference: what a window of the log is expected to be like."""

    start: datetime
    end: datetime
    rows: int
    freshness_seconds: float


@dataclass(frozen=True, slots=True)
class ReferenceObject:
    """An object that a reference was made from, as it was then; see ``run_inputs``."""

    uri: str
    etag: str
    size_bytes: int
    rows: int | None
    rows_matched: int
    min_us: int | None
    max_us: int | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Season:
    """The windows of one season, by their starts: their profiles, and these and their moments merged."""

    starts: tuple[datetime, ...] = ()
    pieces: Sequence[Mapping[Cell, dict[str, Profile]]] = ()
    cells: Mapping[Cell, dict[str, Profile]] = field(default_factory=dict)
    moments: MomentSums | None = None


@dataclass
class Reference:
    """A reference with its profiles.

    Attributes:
        source: canonical JSON of what was asked for.
        windows: the windows it is made of, ascending; empty windows are not among them. None where it is a
            data set without times: all of its rows are one piece then.
        elsewhere: whether it is a data set of its own: then no window of the log is part of it, and how many
            rows it has, or when they end, says nothing about the log.
        effective_from: the first window that it is for, when the monitor was rebased; None for all.
        objects: what it was made from, by uri; no part of its identity.
        seasonal: whether a window is compared with those of its season alone (``season``). What is learned is
            then of every window beside its season.
        losses: what it lacks; no part of its identity. None where an older version has made it.
    """

    monitor: str
    source: str
    binning: Binning
    windows: tuple[ReferenceWindow, ...]
    table: pa.Table = field(repr=False)
    external: bool = False
    effective_from: datetime | None = None
    objects: tuple[ReferenceObject, ...] = field(default=(), repr=False)
    losses: ReferenceLosses | None = None
    seasonal: bool = False
    _season: _Season = field(default_factory=_Season, init=False, repr=False, compare=False)

    @cached_property
    def reference_id(self) -> str:
        """16 hex digits of the SHA-256 of what it holds and what was asked for."""
        content = self._stream(self._about())
        digest = hashlib.sha256(self.binning.binning_id.encode() + self.source.encode() + content)
        return digest.hexdigest()[:16]

    @property
    def rows(self) -> int:
        """All of its rows."""
        if not self.timed:
            return next(iter(self.cells[WHOLE].values())).rows
        return sum(window.rows for window in self.windows)

    @property
    def timed(self) -> bool:
        """Whether its rows have times, and so are of windows."""
        return bool(self.windows) or not self.external

    @cached_property
    def cells(self) -> dict[Cell, dict[str, Profile]]:
        """Profiles of every cell over the whole reference."""
        return self._profiles(TOTAL)

    @cached_property
    def outcomes(self) -> dict[Cell, Outcomes]:
        """What became of the predictions of the reference, where labels were there."""
        return self._outcomes(TOTAL)

    def cells_of(self, window: Window) -> dict[Cell, dict[str, Profile]]:
        """The profiles of one of its windows."""
        return self._profiles(WINDOW, to_us(window.start))

    def outcomes_of(self, window: Window) -> dict[Cell, Outcomes]:
        """The outcomes of one of its windows."""
        return self._outcomes(WINDOW, to_us(window.start))

    @cached_property
    def moments(self) -> MomentSums | None:
        """Of the numeric columns together, over the whole reference."""
        return self._moments(TOTAL)

    def moments_without(self, window: Window) -> MomentSums | None:
        """The same with the window's own rows taken out; of its season, where that counts."""
        every = self._season_of(window).moments if self.seasonal else self.moments
        own = self._moments(WINDOW, to_us(window.start)) if self.holds(window) else None
        return every if own is None or every is None else every - own

    def moments_by_window(self) -> Iterator[tuple[datetime, MomentSums]]:
        """The same of each window by its start, ascending."""
        for window in self.windows:
            if (found := self._moments(WINDOW, to_us(window.start))) is not None:
                yield window.start, found

    def moments_by_base(self) -> Iterator[tuple[datetime, MomentSums]]:
        """The same of each base window by its start, ascending; nothing where windows are as fine."""
        for start_us in sorted(set(self._select(BASE).column("start_us").to_pylist())):
            if (found := self._moments(BASE, start_us)) is not None:
                yield from_us(start_us), found

    def moments_of(self, window: Window) -> MomentSums | None:
        """The same of one of its windows."""
        return self._moments(WINDOW, to_us(window.start))

    def tells_rows(self, window: ReferenceWindow) -> bool:  # noqa: ARG002 - each does
        """Whether one of its windows tells how many rows come."""
        return True

    @property
    def moves(self) -> bool:
        """Whether it is of one window alone."""
        return False

    @property
    def by_weekday(self) -> bool:
        """Whether what clean windows do is learned from windows of all weekdays, each beside its own."""
        return False

    @cached_property
    def _names(self) -> dict[str, str]:
        return {table_column(name): name for name in self.binning.columns}

    @cached_property
    def _starts(self) -> frozenset[datetime]:
        return frozenset(window.start for window in self.windows)

    def holds(self, window: Window) -> bool:
        """Whether the window is one of the reference's own: never, of a data set elsewhere."""
        return not self.external and window.start in self._starts

    @property
    def log_windows(self) -> tuple[ReferenceWindow, ...]:
        """The windows of the log itself: what says how many rows one has, and how fresh they are."""
        return () if self.external else self.windows

    def without(self, window: Window) -> Mapping[Cell, dict[str, Profile]]:
        """The cells as a window may be compared with them: its own rows are taken out, and those of other
        seasons where that counts."""
        every = self._season_of(window).cells if self.seasonal else self.cells
        if not self.holds(window):
            return every
        own = self._profiles(WINDOW, to_us(window.start))
        left = {}
        for cell, columns in every.items():
            ours = own.get(cell, {})
            left[cell] = {
                name: subtract(profile, ours[name]) if name in ours else profile
                for name, profile in columns.items()
            }
        return left

    def windows_for(self, window: Window) -> list[ReferenceWindow]:
        """Those that the window is compared with, ascending: it is not among them."""
        within = self.holds(window)
        near = same_season([one.start for one in self.windows], window.start) if self.seasonal else None
        return [
            one
            for at, one in enumerate(self.windows)
            if (near is None or near[at]) and not (within and one.start == window.start)
        ]

    def _season_of(self, window: Window) -> _Season:
        """The windows of its season, merged: for those that follow, which have much the same, it is kept."""
        every = [one.start for one in self.windows]
        near = same_season(every, window.start).tolist()
        starts = tuple(start for start, chosen in zip(every, near, strict=True) if chosen)
        if starts != self._season.starts:
            known = dict(zip(self._season.starts, self._season.pieces, strict=True))
            pieces = [known.get(start) or self._profiles(WINDOW, to_us(start)) for start in starts]
            sums = [self._moments(WINDOW, to_us(start)) for start in starts]
            known_sums = [one for one in sums if one is not None]
            moments = added(known_sums) if known_sums else None
            self._season = _Season(starts, pieces, merged_cells(pieces), moments)
        return self._season

    def outcomes_without(self, window: Window) -> Mapping[Cell, Outcomes]:
        """Outcomes with the window's own rows taken out."""
        if not self.holds(window):
            return self.outcomes
        own = self._outcomes(WINDOW, to_us(window.start))
        return {
            cell: whole.without(own[cell]) if cell in own else whole for cell, whole in self.outcomes.items()
        }

    def whole_by_window(self) -> Iterator[tuple[ReferenceWindow, dict[str, Profile]]]:
        """The profiles of each window's whole, ascending: what calibration learns from."""
        for window in self.windows:
            yield window, self._profiles(WINDOW, to_us(window.start), WHOLE).get(WHOLE, {})

    def columns_by_window(
        self, columns: Collection[str]
    ) -> Iterator[tuple[ReferenceWindow, dict[str, Profile]]]:
        """The same of some columns alone."""
        for window in self.windows:
            yield window, self._profiles(WINDOW, to_us(window.start), WHOLE, columns).get(WHOLE, {})

    @cached_property
    def usual_missing(self) -> dict[str, tuple[float, float]]:
        """The largest shares of nulls and of NaN that a window of the reference has, by column; where it has
        no windows, those of all its rows."""
        found: dict[str, tuple[float, float]] = {}
        pieces = [profiles for _, profiles in self.whole_by_window()] if self.timed else [self.cells[WHOLE]]
        for profiles in pieces:
            for name, profile in profiles.items():
                rows = max(profile.rows, 1)
                nulls, nan = found.get(name, (0.0, 0.0))
                found[name] = (max(nulls, profile.nulls / rows), max(nan, profile.missing_numbers / rows))
        return found

    def whole_outcomes(self) -> Iterator[tuple[datetime, Outcomes]]:
        """The outcomes of each window's whole by its start, ascending, where there are labels."""
        for window in self.windows:
            found = self._outcomes(WINDOW, to_us(window.start)).get(WHOLE)
            if found is not None and found.labelled:
                yield window.start, found

    @cached_property
    def coverages(self) -> dict[datetime, float]:
        """By the start of each of the log's windows with predictions, the share of them that has a label."""
        found = {}
        for window in self.log_windows:
            outcome = self._outcomes(WINDOW, to_us(window.start)).get(WHOLE)
            if outcome is not None and outcome.predictions:
                found[window.start] = outcome.labelled / outcome.predictions
        return found

    def usual_coverage(self, window: Window) -> float | None:
        """What half of its windows reach, the one that is judged not among them. None where no half has
        labels, or where the reference is a data set elsewhere, whose labels say nothing of when others come.
        """
        others = [share for start, share in self.coverages.items() if start != window.start]
        return (statistics.median(others) or None) if others else None

    def id_sketches(self) -> Iterator[tuple[datetime, IdSketch]]:
        """The ids of each window by its start, ascending, where predictions are joined by them."""
        for window in self.windows:
            for _, name, state in self._states(WINDOW, to_us(window.start), WHOLE):
                if name == IDS:
                    yield window.start, IdSketch.from_bytes(state)

    def whole_by_base(self) -> Iterator[tuple[datetime, dict[str, Profile]]]:
        """The whole of each base window by its start, ascending; nothing where windows are as fine."""
        rows = self._select(BASE)
        for start_us in sorted(set(rows.column("start_us").to_pylist())):
            yield from_us(start_us), self._profiles(BASE, start_us).get(WHOLE, {})

    def rows_by_base(self) -> Iterator[tuple[datetime, int]]:
        """How many rows each base window has, by its start, ascending; nothing where windows are as fine."""
        rows = self._select(BASE, cell=WHOLE)
        if not rows.num_rows or not self._names:
            return
        first = rows.filter(pc.equal(rows.column("column_name"), next(iter(self._names))))
        states = sorted(
            zip(first.column("start_us").to_pylist(), first.column("state").to_pylist(), strict=True)
        )
        for start_us, state in states:
            yield from_us(start_us), decode(state).rows

    def _select(self, level: str, start_us: int | None = None, cell: Cell | None = None) -> pa.Table:
        chosen = pc.equal(self.table.column("level"), level)
        if start_us is not None:
            chosen = pc.and_(chosen, pc.equal(self.table.column("start_us"), start_us))
        if cell is not None:
            for name in ("model_version", "segment", "segment_value"):
                chosen = pc.and_(chosen, pc.equal(self.table.column(name), getattr(cell, name)))
        return self.table.filter(chosen)

    def _states(
        self, level: str, start_us: int | None = None, cell: Cell | None = None
    ) -> Iterator[tuple[Cell, str, bytes]]:
        rows = self._select(level, start_us, cell)
        columns = [rows.column(name).to_pylist() for name in SCHEMA.names[2:]]
        for version, segment, value, name, state in zip(*columns, strict=True):
            yield Cell(version, segment, value), name, state

    def _profiles(
        self,
        level: str,
        start_us: int | None = None,
        cell: Cell | None = None,
        columns: Collection[str] | None = None,
    ) -> dict[Cell, dict[str, Profile]]:
        found: dict[Cell, dict[str, Profile]] = {}
        for at, name, state in self._states(level, start_us, cell):
            if name not in {OUTCOMES, MOMENTS, IDS} and (columns is None or self._names[name] in columns):
                found.setdefault(at, {})[self._names[name]] = decode(state)
        return found

    def _outcomes(self, level: str, start_us: int | None = None) -> dict[Cell, Outcomes]:
        return {
            cell: read_outcomes(state)
            for cell, name, state in self._states(level, start_us)
            if name == OUTCOMES
        }

    def _moments(self, level: str, start_us: int | None = None) -> MomentSums | None:
        for _, name, state in self._states(level, start_us, WHOLE):
            if name == MOMENTS:
                return MomentSums.from_bytes(state)
        return None

    def to_bytes(self) -> bytes:
        """An Arrow stream; equal references made from equal objects give equal bytes."""
        lists = {
            "objects": [list(astuple(one)) for one in self.objects],
            "losses": self.losses and self.losses.written(),
        }
        return self._stream({**self._about(), **lists})

    def _about(self) -> dict[str, Any]:
        windows = [[to_us(w.start), to_us(w.end), w.rows, w.freshness_seconds] for w in self.windows]
        since = None if self.effective_from is None else to_us(self.effective_from)
        about = {"format": FORMAT, "windows": windows, "elsewhere": self.external, "effective_from": since}
        return {**about, "seasonal": True} if self.seasonal else about

    def _stream(self, about: Mapping[str, Any]) -> bytes:
        described = {b"driftline": json.dumps(about, separators=(",", ":")).encode()}
        table = self.table.replace_schema_metadata(described).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, monitor: str, source: str, binning: Binning, data: bytes) -> Reference:
        """Raises DataError when the bytes are of a newer format."""
        table = pa.ipc.open_stream(data).read_all()
        about = json.loads(table.schema.metadata[b"driftline"])
        if about["format"] != FORMAT:
            raise DataError(
                f"the reference of {monitor} is of format {about['format']}, this version reads {FORMAT}: "
                "run the version of driftline that made it, or `driftline rebase` the monitor"
            )
        windows = tuple(
            ReferenceWindow(from_us(start), from_us(end), rows, freshness)
            for start, end, rows, freshness in about["windows"]
        )
        since = about["effective_from"]
        return cls(
            monitor,
            source,
            binning,
            windows,
            table,
            external=about["elsewhere"],
            effective_from=None if since is None else from_us(since),
            objects=tuple(ReferenceObject(*values) for values in about["objects"]),
            losses=ReferenceLosses.read(about["losses"]) if about.get("losses") else None,
            seasonal=about.get("seasonal", False),
        )
