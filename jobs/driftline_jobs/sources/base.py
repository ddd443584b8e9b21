"""Where profiles come from: windows in; profiles, inputs and what was set aside out.

A serving log of Parquet objects and a data set as reference are such sources (``logs``, ``dataset``), and so
is what other distributions bring by an entry point of ``driftline.sources`` (``formats`` helps). Profiles
that were made elsewhere, and a stream, fit in too: their inspections have inputs and no splits, and
``profiles`` hands on what came.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Protocol, Self

from driftline_jobs.sources.listing.folders import Span
from driftline_jobs.sources.listing.objects import ON_TIME, Listing, LogObject, overlapping
from driftline_jobs.sources.listing.passed_over import PassedOver, Reason
from driftline_jobs.sources.parquet.splits import InputState, Inspection, SchemaFinding, Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.scan_result import ScanResult
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import LogColumn
from driftline_schemas.window import Window, to_us

Scan = Callable[[Sequence[Split], ScanPlan], Iterator[tuple[Sequence[Split], ScanResult]]]
"""How splits become profiles: an engine's ``scan``."""


@dataclass(frozen=True)
class LogInspection:
    """What the footers say of the objects that a range of windows may need.

    ``reach`` is how long after a window's end an object may still hold rows of it: nothing for
    predictions, the catch-up time for labels; ``lateness`` how far a folder's rows may lie outside of it.
    ``damaged`` are objects that could not be read after all, by uri: the times of their rows, and why.
    ``passed_over`` is what was listed and not looked into. Rows that are not ``timed`` have no times.
    """

    found: Inspection
    lateness: timedelta = ON_TIME
    reach: timedelta = ON_TIME
    damaged: Mapping[str, tuple[tuple[int, int] | None, str]] = field(default_factory=dict)
    passed_over: tuple[PassedOver, ...] = ()
    timed: bool = True

    @property
    def inputs(self) -> tuple[InputState, ...]:
        """Every object that was looked into, as its footer has it."""
        return self.found.inputs

    @property
    def splits(self) -> tuple[Split, ...]:
        """What is to be read."""
        return self.found.splits

    @property
    def columns(self) -> tuple[LogColumn, ...]:
        """Every column that can be read from at least one object."""
        return self.found.columns

    @property
    def names(self) -> frozenset[str]:
        """The names of all columns that some object has."""
        return self.found.names

    @property
    def findings(self) -> tuple[SchemaFinding, ...]:
        """What differs between objects, or from the monitor file."""
        return self.found.schema_findings

    @cached_property
    def all_passed_over(self) -> tuple[PassedOver, ...]:
        """What is passed over: as it was listed, and objects that are no Parquet."""
        return (*self.passed_over, *not_parquet(self.inputs))

    @property
    def passed_over_at_all(self) -> Counter[Reason]:
        """Paths passed over, by reason."""
        found: Counter[Reason] = Counter()
        for each in self.all_passed_over:
            found[each.reason] += each.count
        return found

    def passed_over_in(self, windows: Iterable[Window]) -> dict[Reason, int]:
        """Paths passed over, by reason: in folders that begin in one of the windows, so that only one of all
        windows counts each, and in those that name no date, which are every window's."""
        found = Counter(self._undated)
        for window in windows:
            for reason, running in self._dated.items():
                found[reason] += running.between(window.start, window.end)
        return {reason: found[reason] for reason in Reason if found[reason]}

    def set_aside_in(self, window: Window) -> list[InputState]:
        """The objects that were set aside and may have held rows of the window: not those of other days, of
        which some row might have strayed."""
        start, end = to_us(window.start), to_us(window.end)
        states = (self._as_read(state, start, end) for state in self._suspected)
        return [
            state
            for state in states
            if state.state == "quarantined"
            and not Span(window.start, window.end, ON_TIME).excludes(state.object.folder)
        ]

    @cached_property
    def _suspected(self) -> list[InputState]:
        """The objects that were set aside, for all windows or for some."""
        return [
            state for state in self.inputs if state.state == "quarantined" or state.object.uri in self.damaged
        ]

    @cached_property
    def _undated(self) -> Counter[Reason]:
        found: Counter[Reason] = Counter()
        for each in self.all_passed_over:
            found[each.reason] += each.count if each.folder is None else 0
        return found

    @cached_property
    def _dated(self) -> dict[Reason, _Running]:
        dated = {reason: Counter[datetime]() for reason in Reason}
        for each in self.all_passed_over:
            if each.folder is not None:
                dated[each.reason][each.folder[0]] += each.count
        return {reason: _Running(counts) for reason, counts in dated.items()}

    def candidates(self, window: Window) -> list[InputState]:
        """The objects that may hold rows of the window, read or not, sorted by uri."""
        start, end = window.start, window.end + self.reach
        inside = {
            found.uri for found in overlapping([s.object for s in self.inputs], start, end, self.lateness)
        }
        return sorted(
            (
                self._as_read(s, to_us(start), to_us(window.end))
                for s in self.inputs
                if s.object.uri in inside and _may_hold(s, to_us(start), to_us(end))
            ),
            key=lambda state: state.object.uri,
        )

    def _as_read(self, state: InputState, start_us: int, end_us: int) -> InputState:
        """The object as the window met it: one that holds no row of it was not read, so not found damaged."""
        if state.object.uri not in self.damaged:
            return state
        span, reason = self.damaged[state.object.uri]
        if self.reach or span is None or (span[0] < end_us and span[1] >= start_us):
            return replace(state, state="quarantined", reason=reason)
        return state

    def without(self, uri: str, reason: str) -> Self:
        """The same without one object, which is ``damaged``."""
        damaged = [split for split in self.splits if split.object.uri == uri]
        times = [(s.min_us, s.max_us) for s in damaged if s.min_us is not None and s.max_us is not None]
        span = None
        if damaged and len(times) == len(damaged):
            span = (min(low for low, _ in times), max(high for _, high in times))
        splits = tuple(split for split in self.splits if split.object.uri != uri)
        return replace(
            self,
            found=replace(self.found, splits=splits),
            damaged={**self.damaged, uri: (span, reason)},
        )


def not_parquet(inputs: Iterable[InputState]) -> Iterator[PassedOver]:
    """Those of the objects that are passed over for what their bytes say."""
    for state in inputs:
        if state.is_passed_over:
            yield PassedOver(Reason.NOT_PARQUET, state.object.folder, 1, state.object.uri)


class _Running:
    """Counts by moment, added up between any two."""

    def __init__(self, counts: Mapping[datetime, int]) -> None:
        self._moments = sorted(counts)
        self._sums = list(accumulate((counts[moment] for moment in self._moments), initial=0))

    def between(self, start: datetime, end: datetime) -> int:
        """What was counted from ``start`` on, before ``end``."""
        return self._sums[bisect_left(self._moments, end)] - self._sums[bisect_left(self._moments, start)]


def _may_hold(state: InputState, start_us: int, end_us: int) -> bool:
    """Whether the object's own times allow for it; where a folder names a date, the folder decides."""
    if state.object.folder is not None or state.min_us is None or state.max_us is None:
        return True
    return state.min_us < end_us and state.max_us >= start_us


@dataclass(frozen=True)
class ScannedWindows:
    """Windows that are whole, and the inspection that they were read by."""

    windows: list[WindowProfile]
    inspection: LogInspection


class Watcher(Protocol):
    """Who is told how far the reading is, and what is set aside meanwhile."""

    def advance(self, steps: int = 1) -> None:
        """Count splits as done."""

    def event(self, name: str, **fields: object) -> None:
        """Report that something happened."""


class ProfileSource(Protocol):
    """Where the rows of windows are: what of it holds them, and their profiles.

    Every method raises TransientError where the place does not answer, ConfigError where it refuses us.
    """

    @property
    def monitor(self) -> Monitor:
        """The monitor as it holds here: which columns play which part."""

    @property
    def uri(self) -> str:
        """Where it is, as a message says it."""

    def listing(self, start: datetime | None = None, end: datetime | None = None) -> Listing:
        """The objects that may hold rows of ``start <= t < end``, or all, by their listing alone."""

    def look_into(
        self,
        objects: Sequence[LogObject],
        start: datetime | None = None,
        end: datetime | None = None,
        expected: Mapping[str, str] | None = None,
        passed_over: tuple[PassedOver, ...] = (),
    ) -> LogInspection:
        """What these objects say of themselves; see ``inspect``."""

    def inspect(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        expected: Mapping[str, str] | None = None,
    ) -> LogInspection:
        """The inputs that may hold rows of ``start <= t < end``, or all; what is set aside of them, and why.

        ``expected`` is how the reference stores each watched column: objects are then held against it, each
        for itself, rather than against each other.
        """

    def profiles(
        self,
        inspection: LogInspection,
        plan: ScanPlan,
        windows: Sequence[Window],
        scan: Scan,
        watcher: Watcher,
    ) -> Iterator[ScannedWindows]:
        """Profiles of the windows, in the order in which they are completed.

        An object that turns out to be damaged is set aside whole. Windows that had been handed on with rows
        of it come once more: the last time counts.
        """
