"""What windows are compared with: profiled once, identified by what it holds, kept for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import repeat
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.labels.outcomes import Outcomes
from driftline_jobs.labels.stored import read_outcomes
from driftline_jobs.profile.binning import Binning
from driftline_jobs.profile.cells import column_label
from driftline_jobs.profile.codec import decode, encode
from driftline_jobs.profile.moments import TOGETHER, MomentSums, added
from driftline_jobs.profile.state import OrderedProfile, Profile, merge, subtract
from driftline_jobs.profile.windows import WHOLE, Cell, WindowProfile
from driftline_schemas.errors import DataError
from driftline_schemas.window import Window, from_us, to_us

FORMAT = 1
_TOTAL, _WINDOW, _BASE = "total", "window", "base"
_OUTCOMES = "*"
_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("start_us", pa.int64()),
        ("model_version", pa.string()),
        ("segment", pa.string()),
        ("segment_value", pa.string()),
        ("column_name", pa.string()),
        ("state", pa.binary()),
    ]
)


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


@dataclass
class Reference:
    """A reference with its profiles.

    Attributes:
        source: canonical JSON of what was asked for.
        windows: the windows it is made of, ascending; empty windows are not among them.
        elsewhere: whether it is a data set of its own: then no window of the log is part of it, and how many
            rows it has, or when they end, says nothing about the log.
        effective_from: the first window that it is for, when the monitor was rebased; None for all.
        objects: what it was made from, by uri; no part of its identity.
    """

    monitor: str
    source: str
    binning: Binning
    windows: tuple[ReferenceWindow, ...]
    table: pa.Table = field(repr=False)
    elsewhere: bool = False
    effective_from: datetime | None = None
    objects: tuple[ReferenceObject, ...] = field(default=(), repr=False)

    @cached_property
    def reference_id(self) -> str:
        """16 hex digits of the SHA-256 of what it holds and what was asked for."""
        content = self._stream(self._about())
        digest = hashlib.sha256(self.binning.binning_id.encode() + self.source.encode() + content)
        return digest.hexdigest()[:16]

    @property
    def rows(self) -> int:
        """Rows of all its windows."""
        return sum(window.rows for window in self.windows)

    @cached_property
    def cells(self) -> dict[Cell, dict[str, Profile]]:
        """Profiles of every cell over the whole reference."""
        return self._profiles(_TOTAL)

    @cached_property
    def outcomes(self) -> dict[Cell, Outcomes]:
        """What became of the predictions of the reference, where labels were there."""
        return self._outcomes(_TOTAL)

    def cells_of(self, window: Window) -> dict[Cell, dict[str, Profile]]:
        """The profiles of one of its windows."""
        return self._profiles(_WINDOW, to_us(window.start))

    def outcomes_of(self, window: Window) -> dict[Cell, Outcomes]:
        """The outcomes of one of its windows."""
        return self._outcomes(_WINDOW, to_us(window.start))

    @cached_property
    def moments(self) -> MomentSums | None:
        """Of the numeric columns together, over the whole reference."""
        return self._moments(_TOTAL)

    def moments_without(self, window: Window) -> MomentSums | None:
        """The same with the window's own rows taken out."""
        own = self._moments(_WINDOW, to_us(window.start)) if self.holds(window) else None
        return self.moments if own is None or self.moments is None else self.moments - own

    def moments_by_window(self) -> Iterator[tuple[datetime, MomentSums]]:
        """The same of each window by its start, ascending."""
        for window in self.windows:
            if (found := self._moments(_WINDOW, to_us(window.start))) is not None:
                yield window.start, found

    def moments_by_base(self) -> Iterator[tuple[datetime, MomentSums]]:
        """The same of each base window by its start, ascending; nothing where windows are as fine."""
        for start_us in sorted(set(self._select(_BASE).column("start_us").to_pylist())):
            if (found := self._moments(_BASE, start_us)) is not None:
                yield from_us(start_us), found

    def moments_of(self, window: Window) -> MomentSums | None:
        """The same of one of its windows."""
        return self._moments(_WINDOW, to_us(window.start))

    @cached_property
    def _names(self) -> dict[str, str]:
        return {column_label(name): name for name in self.binning.columns}

    @cached_property
    def _starts(self) -> frozenset[datetime]:
        return frozenset(window.start for window in self.windows)

    def holds(self, window: Window) -> bool:
        """Whether the window is one of the reference's own: never, of a data set elsewhere."""
        return not self.elsewhere and window.start in self._starts

    @property
    def log_windows(self) -> tuple[ReferenceWindow, ...]:
        """The windows of the log itself: what says how many rows one has, and how fresh they are."""
        return () if self.elsewhere else self.windows

    def without(self, window: Window) -> Mapping[Cell, dict[str, Profile]]:
        """The cells as a window may be compared with them: its own rows are taken out."""
        if not self.holds(window):
            return self.cells
        own = self._profiles(_WINDOW, to_us(window.start))
        left = {}
        for cell, columns in self.cells.items():
            mine = own.get(cell, {})
            left[cell] = {
                name: subtract(profile, mine[name]) if name in mine else profile
                for name, profile in columns.items()
            }
        return left

    def outcomes_without(self, window: Window) -> Mapping[Cell, Outcomes]:
        """Outcomes with the window's own rows taken out."""
        if not self.holds(window):
            return self.outcomes
        own = self._outcomes(_WINDOW, to_us(window.start))
        return {
            cell: whole.without(own[cell]) if cell in own else whole for cell, whole in self.outcomes.items()
        }

    def whole_by_window(self) -> Iterator[tuple[ReferenceWindow, dict[str, Profile]]]:
        """The profiles of each window's whole, ascending: what calibration learns from."""
        for window in self.windows:
            yield window, self._profiles(_WINDOW, to_us(window.start), WHOLE).get(WHOLE, {})

    @cached_property
    def usual_missing(self) -> dict[str, tuple[float, float]]:
        """The largest shares of nulls and of NaN that a window of the reference has, by column."""
        found: dict[str, tuple[float, float]] = {}
        for _, profiles in self.whole_by_window():
            for name, profile in profiles.items():
                nans = profile.nans if isinstance(profile, OrderedProfile) else 0
                rows = max(profile.rows, 1)
                nulls, nan = found.get(name, (0.0, 0.0))
                found[name] = (max(nulls, profile.nulls / rows), max(nan, nans / rows))
        return found

    def whole_outcomes(self) -> Iterator[tuple[datetime, Outcomes]]:
        """The outcomes of each window's whole by its start, ascending, where there are labels."""
        for window in self.windows:
            found = self._outcomes(_WINDOW, to_us(window.start)).get(WHOLE)
            if found is not None and found.labelled:
                yield window.start, found

    def whole_by_base(self) -> Iterator[tuple[datetime, dict[str, Profile]]]:
        """The whole of each base window by its start, ascending; nothing where windows are as fine."""
        rows = self._select(_BASE)
        for start_us in sorted(set(rows.column("start_us").to_pylist())):
            yield from_us(start_us), self._profiles(_BASE, start_us).get(WHOLE, {})

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
        columns = [rows.column(name).to_pylist() for name in _SCHEMA.names[2:]]
        for version, segment, value, name, state in zip(*columns, strict=True):
            yield Cell(version, segment, value), name, state

    def _profiles(
        self, level: str, start_us: int | None = None, cell: Cell | None = None
    ) -> dict[Cell, dict[str, Profile]]:
        found: dict[Cell, dict[str, Profile]] = {}
        for at, name, state in self._states(level, start_us, cell):
            if name not in {_OUTCOMES, TOGETHER}:
                found.setdefault(at, {})[self._names[name]] = decode(state)
        return found

    def _outcomes(self, level: str, start_us: int | None = None) -> dict[Cell, Outcomes]:
        return {
            cell: read_outcomes(state)
            for cell, name, state in self._states(level, start_us)
            if name == _OUTCOMES
        }

    def _moments(self, level: str, start_us: int | None = None) -> MomentSums | None:
        for _, name, state in self._states(level, start_us, WHOLE):
            if name == TOGETHER:
                return MomentSums.from_bytes(state)
        return None

    def to_bytes(self) -> bytes:
        """An Arrow stream; equal references made from equal objects give equal bytes."""
        return self._stream({**self._about(), "objects": [list(astuple(one)) for one in self.objects]})

    def _about(self) -> dict[str, Any]:
        windows = [[to_us(w.start), to_us(w.end), w.rows, w.freshness_seconds] for w in self.windows]
        since = None if self.effective_from is None else to_us(self.effective_from)
        return {"format": FORMAT, "windows": windows, "elsewhere": self.elsewhere, "effective_from": since}

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
            elsewhere=about["elsewhere"],
            effective_from=None if since is None else from_us(since),
            objects=tuple(ReferenceObject(*values) for values in about["objects"]),
        )


def reference_from(
    monitor: str,
    source: str,
    binning: Binning,
    windows: Sequence[WindowProfile],
    outcomes: Mapping[Window, Mapping[Cell, Outcomes]],
    *,
    elsewhere: bool = False,
    effective_from: datetime | None = None,
    objects: Sequence[ReferenceObject] = (),
) -> Reference:
    """Put together what was scanned of a reference; windows without rows say nothing and are left out."""
    held = sorted((w for w in windows if w.rows is not None), key=lambda held: held.window)
    rows: list[tuple[str, int, str, str, str, str, bytes]] = []

    def add(level: str, start_us: int, cells: Mapping[Cell, Mapping[str, Profile]]) -> None:
        rows.extend(
            (level, start_us, *_texts(cell), column_label(name), encode(cells[cell][name]))
            for cell in sorted(cells)
            for name in sorted(cells[cell])
        )

    def add_outcomes(level: str, start_us: int, found: Mapping[Cell, Outcomes]) -> None:
        rows.extend(
            (level, start_us, *_texts(cell), _OUTCOMES, found[cell].to_bytes()) for cell in sorted(found)
        )

    def add_moments(level: str, start_us: int, found: MomentSums) -> None:
        rows.append((level, start_us, *_texts(WHOLE), TOGETHER, found.to_bytes()))

    together: list[MomentSums] = []
    parts: dict[Cell, dict[str, list[Profile]]] = {}
    totals: dict[Cell, list[Outcomes]] = {}
    for window in held:
        start_us = to_us(window.window.start)
        add(_WINDOW, start_us, window.cells)
        for cell, columns in window.cells.items():
            for name, profile in columns.items():
                parts.setdefault(cell, {}).setdefault(name, []).append(profile)
        if window.moments:
            add_moments(_WINDOW, start_us, added(window.moments.values()))
            together.append(added(window.moments.values()))
        mine = outcomes.get(window.window, {})
        add_outcomes(_WINDOW, start_us, mine)
        for cell, outcome in mine.items():
            totals.setdefault(cell, []).append(outcome)
        for key in sorted(window.base):
            if key.base_start_us != start_us or len({k.base_start_us for k in window.base}) > 1:
                cell = Cell(key.model_version, key.segment, key.segment_value)
                if cell == WHOLE:
                    add(_BASE, key.base_start_us, {WHOLE: window.base[key]})
                    if key.base_start_us in window.moments:
                        add_moments(_BASE, key.base_start_us, window.moments[key.base_start_us])
    add(_TOTAL, 0, {cell: {n: merge(p) for n, p in columns.items()} for cell, columns in parts.items()})
    if together:
        add_moments(_TOTAL, 0, added(together))
    add_outcomes(_TOTAL, 0, {cell: several[0].merged(several) for cell, several in totals.items()})
    about = tuple(
        ReferenceWindow(w.window.start, w.window.end, w.count, (to_us(w.window.end) - w.rows.last_us) / 1e6)
        for w in held
        if w.rows is not None
    )
    return Reference(
        monitor,
        source,
        binning,
        about,
        _table(rows),
        elsewhere=elsewhere,
        effective_from=effective_from,
        objects=tuple(objects),
    )


def totals_table(cells: Mapping[Cell, Mapping[str, Profile]]) -> pa.Table:
    """The table of a reference of which only these profiles over all of it are kept."""
    rows = [
        (_TOTAL, 0, *_texts(cell), column_label(name), encode(cells[cell][name]))
        for cell in sorted(cells)
        for name in sorted(cells[cell])
    ]
    return _table(rows)


def _table(rows: Sequence[tuple[str, int, str, str, str, str, bytes]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else repeat((), len(_SCHEMA))
    arrays = [pa.array(list(values), of.type) for values, of in zip(columns, _SCHEMA, strict=True)]
    return pa.table(arrays, schema=_SCHEMA)


def _texts(cell: Cell) -> tuple[str, str, str]:
    return cell.model_version, cell.segment, cell.segment_value
