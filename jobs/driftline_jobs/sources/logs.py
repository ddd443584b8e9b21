"""The two logs of a monitor, its predictions and its labels, each by the windows that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from driftline_jobs.sources.base import LogInspection, ProfileSource, Scan, ScannedWindows, Watcher
from driftline_jobs.sources.listing.objects import Listing, LogObject, listing, overlapping
from driftline_jobs.sources.listing.passed_over import PassedOver
from driftline_jobs.sources.parquet.footers import KnownFooters
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.rescan import scan_windows
from driftline_jobs.storage.location import Location, open_location
from driftline_schemas.extensions import PARQUET, SOURCES
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.window import Window


@dataclass(frozen=True)
class PredictionLog:
    """The serving log of a monitor: a ``ProfileSource``. Footers are read once, however often they are asked
    for."""

    monitor: Monitor
    location: Location
    format: str = PARQUET
    _known: KnownFooters = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, monitor: Monitor, relative_to: Path, *, must_exist: bool = True) -> Self:
        """Raises ConfigError when the place is not there, TransientError when it does not answer."""
        return cls(monitor, open_location(monitor.logs.uri, relative_to, must_exist=must_exist))

    @property
    def uri(self) -> str:
        """See ``ProfileSource.uri``."""
        return self.location.uri

    def listing(self, start: datetime | None = None, end: datetime | None = None) -> Listing:
        """See ``ProfileSource.listing``."""
        lateness = self.monitor.logs.lateness
        listed = listing(self.location, self.monitor.timezone, start=start, end=end, lateness=lateness)
        objects = listed.objects
        if start is not None and end is not None:
            objects = tuple(overlapping(objects, start, end, lateness))
        if self.format != PARQUET:
            objects = tuple(replace(found, format=self.format) for found in objects)
        return replace(listed, objects=objects)

    def look_into(
        self,
        objects: Sequence[LogObject],
        start: datetime | None = None,
        end: datetime | None = None,
        expected: Mapping[str, str] | None = None,
        passed_over: tuple[PassedOver, ...] = (),
    ) -> LogInspection:
        """See ``ProfileSource.look_into``."""
        span = None if start is None or end is None else (start, end)
        found = inspect(objects, self.location, self.monitor, span, expected=expected, known=self._known)
        return LogInspection(found, self.monitor.logs.lateness, passed_over=passed_over)

    def inspect(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        expected: Mapping[str, str] | None = None,
    ) -> LogInspection:
        """See ``ProfileSource.inspect``."""
        listed = self.listing(start, end)
        return self.look_into(listed.objects, start, end, expected, listed.passed_over)

    def profiles(
        self,
        inspection: LogInspection,
        plan: ScanPlan,
        windows: Sequence[Window],
        scan: Scan,
        watcher: Watcher,
    ) -> Iterator[ScannedWindows]:
        """See ``ProfileSource.profiles``."""
        return scan_windows(inspection, plan, windows, scan, watcher)


def open_log(monitor: Monitor, relative_to: Path, *, must_exist: bool = True) -> ProfileSource:
    """The source of the monitor's windows: the member of ``SOURCES`` that the monitor file names.

    ``must_exist`` is false where an empty place is fine. Errors are those of ``PredictionLog.open``, and a
    ConfigError for a source that is not installed.
    """
    source: ProfileSource = SOURCES.load(monitor.logs.source)(monitor, relative_to, must_exist=must_exist)
    return source


@dataclass(frozen=True)
class LabelLog:
    """The labels of a monitor, where they lie in objects of their own."""

    monitor: Monitor
    source: LabelSource
    location: Location
    _known: KnownFooters = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, source: LabelSource, monitor: Monitor, relative_to: Path) -> LabelLog:
        """An empty place is fine: labels come later. Errors as for the log."""
        return cls(monitor, source, open_location(source.uri, relative_to, must_exist=False))

    @property
    def uri(self) -> str:
        """Where it is."""
        return self.location.uri

    def listing(self, start: datetime | None = None, end: datetime | None = None) -> Listing:
        """The objects that may hold labels of predictions made in ``start <= t < end``, by listing alone; all
        without these."""
        if start is None or end is None:
            return listing(self.location, self.monitor.timezone)
        until = end + self.source.catch_up
        listed = listing(self.location, self.monitor.timezone, start=start, end=until)
        return replace(listed, objects=tuple(overlapping(listed.objects, start, until)))

    def look_into(
        self, objects: Sequence[LogObject], passed_over: tuple[PassedOver, ...] = ()
    ) -> LogInspection:
        """What the footers of these objects say."""
        found = inspect(objects, self.location, self.monitor, role="label", known=self._known)
        return LogInspection(found, reach=self.source.catch_up, passed_over=passed_over)

    def inspect(self, start: datetime, end: datetime) -> LogInspection:
        """The objects that may hold labels of predictions made in ``start <= t < end``."""
        listed = self.listing(start, end)
        return self.look_into(listed.objects, listed.passed_over)
