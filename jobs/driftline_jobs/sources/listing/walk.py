"""Go through the folders of a log, on disk or elsewhere: which objects are there, and what is passed over.

Whether an object is Parquet is for its bytes to say, which are not read here: anything that is not hidden may
be, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from driftline_jobs.sources.listing.folders import Span
from driftline_jobs.sources.listing.passed_over import PassedOverCounter
from driftline_jobs.storage.folder import Folder
from driftline_jobs.storage.location import Entry, Location
from driftline_schemas.errors import DataError

if TYPE_CHECKING:
    from driftline_jobs.storage.object_store import ObjectStore

_TABLE_FOLDERS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
_ICEBERG = re.compile(r"(?:^|/)metadata/[^/]+\.metadata\.json")


Found = tuple[tuple[str, ...], Entry]
"""An object, after the folders above it from the location down."""


def walk(
    location: Location, zone: str, within: Span | None, passed_over: PassedOverCounter
) -> Iterator[Found]:
    """Every object under ``location`` that is not hidden, in no set order; see ``objects.listing``."""
    from driftline_jobs.sources.listing.walk_folder import walk_folder
    from driftline_jobs.sources.listing.walk_store import walk_store

    if isinstance(location, Folder):
        return walk_folder(location, zone, within, passed_over)
    return walk_store(cast("ObjectStore", location), zone, within, passed_over)


def is_hidden_folder(name: str) -> bool:
    """Whether a folder of this name is passed over; ``_dt=2013-07-01`` is a partition, and is not."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def is_hidden_object(name: str) -> bool:
    """Whether an object of this name is passed over."""
    return name.startswith((".", "_"))


def first_hidden(segments: Sequence[str]) -> int | None:
    """The place of the first hidden segment of a path whose last one is an object; None if there is none."""
    for place, folder in enumerate(segments[:-1]):
        if is_hidden_folder(folder):
            return place
    return len(segments) - 1 if is_hidden_object(segments[-1]) else None


def refuse_table(location: Location, relative: str) -> None:
    """Raises DataError when the path ``relative`` (a folder's ends in a slash) shows that this is a table
    whose files alone are not its rows."""
    kind = None
    for segment in relative.split("/")[:-1]:
        if kind := _TABLE_FOLDERS.get(segment):
            break
        if is_hidden_folder(segment):
            return
    if kind is None and _ICEBERG.fullmatch(relative) is None:
        return
    raise DataError(
        f"{location.uri} is a table of {kind or 'Iceberg'}, it holds {relative[:120]}: its files keep rows "
        "that the table has removed, and these would be counted. Export it as plain Parquet and name that"
    )
