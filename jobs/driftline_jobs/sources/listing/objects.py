"""The objects of a log, with what their folders say about the time of their rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from driftline_jobs.sources.listing.folders import Interval, Span, folder_interval
from driftline_jobs.sources.listing.passed_over import PassedOver, PassedOverCounter
from driftline_jobs.sources.listing.path_values import PathValues, values_of
from driftline_jobs.sources.listing.walk import Found, walk
from driftline_jobs.storage.location import Location
from driftline_schemas.extensions import PARQUET

ON_TIME = timedelta(0)
"""No lateness: the rows of a folder are those of its interval."""


@dataclass(frozen=True, slots=True, order=True)
class LogObject:
    """One object as it was listed.

    ``path`` is what the location opens, ``etag`` tells it from a later one of the same name.
    ``folder_start`` and ``folder_end`` (UTC, half-open) come from dated folders such as ``dt=2013-07-01``,
    and are both None when there are none. ``path_values`` are the ``key=value`` folders above it. ``format``
    is the member of ``SOURCES`` that reads it.
    """

    uri: str
    path: str
    etag: str
    size_bytes: int
    folder_start: datetime | None = None
    folder_end: datetime | None = None
    path_values: PathValues = ()
    format: str = PARQUET

    @property
    def folder(self) -> Interval | None:
        """The interval that the folders name."""
        if self.folder_start is None or self.folder_end is None:
            return None
        return self.folder_start, self.folder_end


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a log's folders: objects that may be Parquet, sorted by path, and what is passed over."""

    objects: tuple[LogObject, ...]
    passed_over: tuple[PassedOver, ...] = ()


def listing(
    location: Location,
    zone: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    lateness: timedelta = ON_TIME,
) -> Listing:
    """Everything below ``location``; dated folders are read in ``zone``.

    Whatever it is called, an object may be Parquet: its footer tells. Objects whose name starts with ``.`` or
    ``_`` are passed over, and so is what lies in folders like that, but for ``_key=value``. Of symbolic
    links see ``walk_folder``. With ``start`` and ``end``, folders whose date, widened by ``lateness``, lies
    outside need not be listed (``overlapping`` is still to be asked).

    Raises DataError for a folder of Delta, Iceberg or Hudi, whose removed rows would be counted.
    """
    within = None if start is None or end is None else Span(start, end, lateness)

    @cache
    def interval_of(folders: tuple[str, ...]) -> Interval | None:
        return folder_interval(folders, zone)

    values_in = cache(values_of)

    def listed(found: Found) -> LogObject:
        folders, entry = found
        start, end = interval_of(folders) or (None, None)
        return LogObject(location.uri_of(entry.path), *entry, start, end, values_in(folders))

    passed_over = PassedOverCounter(interval_of, location.uri_of)
    objects = map(listed, walk(location, zone, within, passed_over))
    return Listing(tuple(sorted(objects, key=lambda found: found.path)), tuple(passed_over))


def overlapping(
    objects: Iterable[LogObject], start: datetime, end: datetime, lateness: timedelta = ON_TIME
) -> list[LogObject]:
    """The objects that may hold rows of ``start <= t < end``: their folder's interval, widened by
    ``lateness`` on both sides, overlaps it, or their folder names none."""
    within = Span(start, end, lateness)
    return [found for found in objects if not within.excludes(found.folder)]


def relisted(location: Location, found: LogObject) -> LogObject | None:
    """``found`` as it is now, when it may have been replaced since it was listed; None when it is gone."""
    now = location.stat(found.path)
    return now and replace(found, etag=now.etag, size_bytes=now.size_bytes)
