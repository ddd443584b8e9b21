"""What a scan leaves of splits, in exact sums, so that it can be merged in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.moments import MomentSums
from driftline_jobs.profiles.state import Profile, merge


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


def merge_results(results: Sequence[ScanResult]) -> ScanResult:
    """All splits' results as one. Exact, so any order of merging gives the same."""
    merged = ScanResult()
    parts: dict[CellKey, dict[str, list[Profile]]] = {}
    for result in results:
        for key, columns in result.profiles.items():
            several = parts.setdefault(key, {})
            for name, profile in columns.items():
                several.setdefault(name, []).append(profile)
        for start, rows in result.windows.items():
            merged.windows[start] = merged.windows[start] + rows if start in merged.windows else rows
        add_counts(merged.unlike, result.unlike)
        add_counts(merged.set_aside, result.set_aside)
        add_counts(merged.timeless, result.timeless)
        add_counts(merged.matched, result.matched)
        for start, sums in result.moments.items():
            merged.moments[start] = merged.moments[start] + sums if start in merged.moments else sums
    merged.profiles = {
        key: {name: merge(profiles) for name, profiles in columns.items()} for key, columns in parts.items()
    }
    return merged


def add_counts(into: dict[K, int], counts: Mapping[K, int]) -> None:
    """Add counts to those of the same keys."""
    for key, count in counts.items():
        into[key] = into.get(key, 0) + count
