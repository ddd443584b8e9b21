"""Go through the keys under a prefix on S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from driftline_jobs.sources.listing.folders import Span, folder_interval
from driftline_jobs.sources.listing.passed_over import PassedOverCounter, Reason
from driftline_jobs.sources.listing.walk import Found, first_hidden, is_hidden_folder, refuse_table
from driftline_jobs.storage import s3
from driftline_jobs.storage.location import Location, claims_parquet

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

_LONGEST_DAY = timedelta(hours=26)
_MOST_LEVELS = 200


def walk_s3(
    location: Location, zone: str, within: Span | None, passed_over: PassedOverCounter
) -> Iterator[Found]:
    """See ``walk.walk``."""
    prefix = location.prefix
    # It may be one object, or a folder called like one, as Spark writes them.
    sole = _exactly(location) if claims_parquet(prefix) else None
    found = False
    for each in _below(location, zone, within, passed_over):
        found = True
        yield each
    if sole is None and not found and prefix and not claims_parquet(prefix):
        sole = _exactly(location)
    if sole is not None:
        yield Found((), f"{location.bucket}/{sole.name}", sole.etag, sole.size_bytes)


def _below(
    location: Location, zone: str, within: Span | None, passed_over: PassedOverCounter
) -> Iterator[Found]:
    root = f"{location.prefix}/" if location.prefix else ""
    descent = None if within is None else _Descent(location, zone, within, passed_over)
    keys = _keys(location, root) if descent is None else descent.keys(root, ())
    hidden_before: list[str] = []
    for key in keys:
        segments = key.name[len(root) :].split("/")
        refuse_table(location, "/".join(segments))
        if not segments[-1]:
            continue  # what consoles put where a folder is shown
        place = first_hidden(segments)
        if place is None:
            yield Found(tuple(segments[:-1]), f"{location.bucket}/{key.name}", key.etag, key.size_bytes)
        elif segments[: place + 1] != hidden_before:
            # Keys come in the order of their names: those of a hidden folder stand side by side.
            hidden_before = segments[: place + 1]
            path = f"{location.bucket}/{root}{'/'.join(hidden_before)}"
            passed_over.note(Reason.HIDDEN, hidden_before[:-1], path)


class _Key(NamedTuple):
    name: str
    etag: str
    size_bytes: int


class _Descent:
    """Lists folder by folder, leaving out those whose date lies outside.

    One request returns 1,000 keys, whether they lie in one folder or in many: going down pays only while it
    leaves most of them out, and a log of many undated folders must not cost a request for each.
    """

    def __init__(self, location: Location, zone: str, within: Span, passed_over: PassedOverCounter) -> None:
        self._location, self._zone, self._within = location, zone, within
        self._passed_over = passed_over
        self._levels = 0

    def keys(self, prefix: str, folders: tuple[str, ...]) -> Iterator[_Key]:
        interval = folder_interval(folders, self._zone)
        is_a_day = interval is not None and interval[1] - interval[0] <= _LONGEST_DAY
        if is_a_day or self._levels >= _MOST_LEVELS:
            yield from _keys(self._location, prefix)
            return
        self._levels += 1
        direct, below = _one_level(self._location, prefix)
        retained, hidden = [], []
        for folder in below:
            inner = (*folders, folder)
            refuse_table(self._location, "/".join((*inner, "")))
            if is_hidden_folder(folder):
                hidden.append(folder)
            elif not self._within.excludes_folder(inner, self._zone):
                retained.append(inner)
        if len(retained) > 10 and len(retained) * 2 > len(below):
            yield from _keys(self._location, prefix)
            return
        for folder in hidden:
            self._passed_over.note(Reason.HIDDEN, folders, f"{self._location.bucket}/{prefix}{folder}")
        yield from direct
        for inner in retained:
            yield from self.keys(f"{prefix}{inner[-1]}/", inner)


def _one_level(location: Location, prefix: str) -> tuple[list[_Key], list[str]]:
    """The keys right under ``prefix``, and the names of the folders there."""
    keys: list[_Key] = []
    folders: list[str] = []
    for page in _pages(location, prefix, "/"):
        keys.extend(_keys_of(page))
        folders.extend(entry["Prefix"][len(prefix) : -1] for entry in page.get("CommonPrefixes", ()))
    return keys, folders


def _exactly(location: Location) -> _Key | None:
    """The object that is called like the prefix itself; of all that start with it, it comes first."""
    page = next(iter(_pages(location, location.prefix, "", most=1)), None)
    return next((key for key in _keys_of(page) if key.name == location.prefix), None) if page else None


def _keys(location: Location, prefix: str) -> Iterator[_Key]:
    """All keys that start with ``prefix``."""
    for page in _pages(location, prefix, ""):
        yield from _keys_of(page)


def _pages(
    location: Location, prefix: str, delimiter: str, most: int | None = None
) -> Iterator[ListObjectsV2OutputTypeDef]:
    from botocore.exceptions import BotoCoreError, ClientError

    paginator = s3.client(location.endpoint_url, location.region).get_paginator("list_objects_v2")
    limits = {} if most is None else {"MaxItems": most, "PageSize": most}
    try:
        yield from paginator.paginate(
            Bucket=location.bucket,
            Prefix=prefix,
            Delimiter=delimiter,
            PaginationConfig=limits,  # type: ignore[arg-type]
        )
    except (BotoCoreError, ClientError) as error:
        raise s3.translated(error, location.uri, location.endpoint_url) from error


def _keys_of(page: ListObjectsV2OutputTypeDef) -> Iterator[_Key]:
    for entry in page.get("Contents", ()):
        yield _Key(entry["Key"], entry["ETag"].strip('"'), entry["Size"])
