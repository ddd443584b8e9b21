"""Go through the keys under a prefix of an object store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from driftline_jobs.sources.listing.folders import Span, folder_interval
from driftline_jobs.sources.listing.passed_over import PassedOverCounter, Reason
from driftline_jobs.sources.listing.walk import Found, first_hidden, is_hidden_folder, refuse_table
from driftline_jobs.storage.location import Entry, claims_parquet
from driftline_jobs.storage.object_store import ObjectStore

_LONGEST_DAY = timedelta(hours=26)
_MOST_LEVELS = 200


def walk_store(
    location: ObjectStore, zone: str, within: Span | None, passed_over: PassedOverCounter
) -> Iterator[Found]:
    """See ``walk.walk``."""
    named = location.key_of(location.path)
    # It may be one object, or a folder called like one, as Spark writes them.
    sole = location.stat(location.path) if claims_parquet(named) else None
    found = False
    for each in _below(location, zone, within, passed_over):
        found = True
        yield each
    if sole is None and not found and named and not claims_parquet(named):
        sole = location.stat(location.path)
    if sole is not None:
        yield (), sole


def _below(
    location: ObjectStore, zone: str, within: Span | None, passed_over: PassedOverCounter
) -> Iterator[Found]:
    root = f"{location.path}/"
    descent = None if within is None else _Descent(location, zone, within, passed_over)
    hidden_before: list[str] = []
    for entry in location.below(root) if descent is None else descent.entries(root, ()):
        segments = entry.path[len(root) :].split("/")
        refuse_table(location, "/".join(segments))
        if not segments[-1]:
            continue  # what consoles put where a folder is shown
        place = first_hidden(segments)
        if place is None:
            yield tuple(segments[:-1]), entry
        elif segments[: place + 1] != hidden_before:
            # Keys come in the order of their names: those of a hidden folder stand side by side.
            hidden_before = segments[: place + 1]
            passed_over.note(Reason.HIDDEN, hidden_before[:-1], root + "/".join(hidden_before))


class _Descent:
    """Lists folder by folder, leaving out those whose date lies outside.

    One request returns 1,000 keys, whether they lie in one folder or in many: going down pays only while it
    leaves most of them out, and a log of many undated folders must not cost a request for each.
    """

    def __init__(
        self, location: ObjectStore, zone: str, within: Span, passed_over: PassedOverCounter
    ) -> None:
        self._location, self._zone, self._within = location, zone, within
        self._passed_over = passed_over
        self._levels = 0

    def entries(self, prefix: str, folders: tuple[str, ...]) -> Iterator[Entry]:
        interval = folder_interval(folders, self._zone)
        is_a_day = interval is not None and interval[1] - interval[0] <= _LONGEST_DAY
        if is_a_day or self._levels >= _MOST_LEVELS:
            yield from self._location.below(prefix)
            return
        self._levels += 1
        direct, below = self._location.level(prefix)
        retained, hidden = [], []
        for folder in below:
            inner = (*folders, folder)
            refuse_table(self._location, "/".join((*inner, "")))
            if is_hidden_folder(folder):
                hidden.append(folder)
            elif not self._within.excludes_folder(inner, self._zone):
                retained.append(inner)
        if len(retained) > 10 and len(retained) * 2 > len(below):
            yield from self._location.below(prefix)
            return
        for folder in hidden:
            self._passed_over.note(Reason.HIDDEN, folders, prefix + folder)
        yield from direct
        for inner in retained:
            yield from self.entries(f"{prefix}{inner[-1]}/", inner)
