"""From a stream of scanned splits to whole windows, as soon as each is complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.cell import WHOLE, Cell, CellKey
from driftline_jobs.profiles.moments import MomentSums
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan_result import ScanResult, WindowRows, merge_results
from driftline_schemas.window import Window, to_us

_MERGE_EVERY = 16


@dataclass(slots=True)
class WindowProfile:
    """All that a scan leaves of one window.

    Attributes:
        base: the profiles of its base windows, as they are stored.
        cells: the same, merged over the base windows.
        rows: None when the window has none.
        matched: rows per object uri.
        unlike: values by column that cannot be compared with those of the reference.
        set_aside_of: rows that could not be placed in time and have this window as their home, per object.
        timeless: how many of these have no time.
        moments: of the numeric columns together, by the start of the base window.
    """

    window: Window
    base: dict[CellKey, dict[str, Profile]]
    cells: dict[Cell, dict[str, Profile]]
    rows: WindowRows | None
    matched: dict[str, int] = field(default_factory=dict)
    unlike: dict[str, int] = field(default_factory=dict)
    set_aside_of: dict[str, int] = field(default_factory=dict)
    timeless: int = 0
    moments: dict[int, MomentSums] = field(default_factory=dict)

    @property
    def set_aside(self) -> int:
        """Rows that could not be placed in time, of all objects."""
        return sum(self.set_aside_of.values())

    @property
    def count(self) -> int:
        """Rows of the window."""
        return self.rows.rows if self.rows else 0

    def cell_rows(self, cell: Cell) -> int:
        """Rows of one cell."""
        if cell == WHOLE:
            return self.count
        profiles = self.cells.get(cell)
        return next(iter(profiles.values())).rows if profiles else 0


def merged_over_base(base: dict[CellKey, dict[str, Profile]]) -> dict[Cell, dict[str, Profile]]:
    """Profiles of base windows as one profile per cell and column."""
    parts: dict[Cell, dict[str, list[Profile]]] = {}
    for key in sorted(base):
        cell = Cell(key.model_version, key.segment, key.segment_value)
        columns = parts.setdefault(cell, {})
        for name, profile in base[key].items():
            columns.setdefault(name, []).append(profile)
    return {
        cell: {name: merge(several) for name, several in columns.items()} for cell, columns in parts.items()
    }


class WindowAssembly:
    """Collects scan results per window and lets each window go once no split can add to it.

    Splits come in the order of their times, so only few windows are open at once: memory does not grow
    with the range.
    """

    def __init__(self, windows: Sequence[Window], splits: Sequence[Split]) -> None:
        self._windows = list(windows)
        self._starts: IntArray = np.array([to_us(window.start) for window in windows], np.int64)
        self._ends: IntArray = np.array([to_us(window.end) for window in windows], np.int64)
        self._open = np.zeros(len(windows), np.int64)
        for split in splits:
            first, last = self._span(split)
            self._open[first : last + 1] += 1
        self._parts: dict[int, list[ScanResult]] = {}
        self._given = np.zeros(len(windows), np.bool_)

    def _span(self, split: Split) -> tuple[int, int]:
        """The first and last window that the split may hold rows of."""
        if split.min_us is None or split.max_us is None:
            return 0, len(self._windows) - 1
        first = int(np.searchsorted(self._ends, split.min_us, side="right"))
        last = int(np.searchsorted(self._starts, split.max_us, side="right")) - 1
        home = None if split.home_us is None else self._at(split.home_us)
        return (first, last) if home is None else (min(first, home), max(last, home))

    def _at(self, instant_us: int) -> int | None:
        """The window that holds the instant, if one does."""
        at = int(np.searchsorted(self._starts, instant_us, side="right")) - 1
        return at if at >= 0 and instant_us < self._ends[at] else None

    def add(self, splits: Iterable[Split], result: ScanResult) -> None:
        """Take in what one or several splits gave."""
        for at, part in self._by_window(result):
            waiting = self._parts.setdefault(at, [])
            waiting.append(part)
            if len(waiting) >= _MERGE_EVERY:
                self._parts[at] = [merge_results(waiting)]
        for split in splits:
            first, last = self._span(split)
            self._open[first : last + 1] -= 1

    def complete(self) -> Iterator[WindowProfile]:
        """Windows that no outstanding split can add to, in order, each once."""
        for at in np.flatnonzero((self._open == 0) & ~self._given).tolist():
            self._given[at] = True
            yield self._window(at, self._parts.pop(at, []))

    def _by_window(self, result: ScanResult) -> list[tuple[int, ScanResult]]:
        parts: dict[int, ScanResult] = {}

        def part(start_us: int) -> ScanResult:
            at = int(np.searchsorted(self._starts, start_us, side="right")) - 1
            return parts.setdefault(at, ScanResult())

        for key, columns in result.profiles.items():
            part(key.base_start_us).profiles[key] = columns
        for start_us, rows in result.windows.items():
            part(start_us).windows[start_us] = rows
        for start_us, sums in result.moments.items():
            part(start_us).moments[start_us] = sums
        for (uri, start_us), count in result.matched.items():
            part(start_us).matched[uri, start_us] = count
        for (name, start_us), count in result.unlike.items():
            part(start_us).unlike[name, start_us] = count
        for (uri, home), count in result.set_aside.items():
            if self._at(home) is not None:  # otherwise a run over that window counts it
                part(home).set_aside[uri, home] = count
                part(home).timeless[uri, home] = result.timeless.get((uri, home), 0)
        return list(parts.items())

    def _window(self, at: int, parts: list[ScanResult]) -> WindowProfile:
        result = merge_results(parts)
        rows: WindowRows | None = None
        for found in result.windows.values():
            rows = found if rows is None else rows + found
        return WindowProfile(
            self._windows[at],
            result.profiles,
            merged_over_base(result.profiles),
            rows,
            _by_name(result.matched),
            _by_name(result.unlike),
            _by_name(result.set_aside),
            sum(result.timeless.values()),
            result.moments,
        )


def _by_name(counts: Mapping[tuple[str, int], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (name, _), count in counts.items():
        found[name] = found.get(name, 0) + count
    return found
