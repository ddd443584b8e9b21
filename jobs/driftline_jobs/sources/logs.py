"""The two logs of a monitor, its predictions and its labels, each by the windows that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from driftline_jobs.sources.base import NO_TIME, LogInspection, Scan, ScannedWindows, Watcher
from driftline_jobs.sources.listing.objects import Listing, LogObject, listing, overlapping
from driftline_jobs.sources.listing.passed_over import PassedOver
from driftline_jobs.sources.parquet.footers import KnownFooters
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.rescan import scan_windows
from driftline_jobs.storage.location import Location, open_location
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.window import Window


@dataclass(frozen=True)
class PredictionLog:
    """The serving log of a monitor: a ``ProfileSource``. Footers are read once, however often they are asked
    for."""

    monitor: Monitor
    location: Location
    _known: KnownFooters = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, monitor: Monitor, relative_to: Path) -> PredictionLog:
        """Raises ConfigError when the place is not there, TransientError when it does not answer."""
        return cls(monitor, open_location(monitor.logs.uri, relative_to))

    def listing(self, start: datetime, end: datetime) -> Listing:
        """See ``ProfileSource.listing``."""
        lateness = self.monitor.logs.lateness
        listed = listing(self.location, self.monitor.timezone, start=start, end=end, lateness=lateness)
        return replace(listed, objects=tuple(overlapping(listed.objects, start, end, lateness)))

    def look_into(
        self,
        objects: Sequence[LogObject],
        start: datetime,
        end: datetime,
        expected: Mapping[str, str] | None = None,
        passed_over: tuple[PassedOver, ...] = (),
    ) -> LogInspection:
        """See ``ProfileSource.look_into``."""
        found = inspect(
            objects, self.location, self.monitor, (start, end), expected=expected, known=self._known
        )
        return LogInspection(found, self.monitor.logs.lateness, passed_over=passed_over)

    def inspect(
        self, start: datetime, end: datetime, *, expected: Mapping[str, str] | None = None
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

    def listing(self, start: datetime, end: datetime) -> Listing:
        """The objects that may hold labels of predictions made in ``start <= t < end``, by listing alone."""
        until = end + self.source.catch_up
        listed = listing(self.location, self.monitor.timezone, start=start, end=until, lateness=NO_TIME)
        return replace(listed, objects=tuple(overlapping(listed.objects, start, until, NO_TIME)))

    def look_into(
        self, objects: Sequence[LogObject], passed_over: tuple[PassedOver, ...] = ()
    ) -> LogInspection:
        """What the footers of these objects say."""
        found = inspect(objects, self.location, self.monitor, role="label", known=self._known)
        return LogInspection(found, NO_TIME, self.source.catch_up, passed_over=passed_over)

    def inspect(self, start: datetime, end: datetime) -> LogInspection:
        """The objects that may hold labels of predictions made in ``start <= t < end``."""
        listed = self.listing(start, end)
        return self.look_into(listed.objects, listed.passed_over)
