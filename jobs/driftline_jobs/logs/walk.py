"""Go through the folders of a log, on disk or on S3, and say which Parquet objects are there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from driftline_jobs.logs import s3
from driftline_jobs.logs.filesystem import Location, local_etag
from driftline_jobs.logs.folders import Span, folder_interval
from driftline_schemas.errors import DataError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

SUFFIX = ".parquet"
_LONGEST_DAY = timedelta(hours=26)
_MOST_LEVELS = 200
_TABLE_FOLDERS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
_ICEBERG = re.compile(r"(?:^|/)metadata/[^/]+\.metadata\.json")


class Found(NamedTuple):
    """An object: the folders above it from the location down, its path for the filesystem, etag and size."""

    folders: tuple[str, ...]
    path: str
    etag: str
    size_bytes: int


def walk(location: Location, zone: str, within: Span | None) -> Iterator[Found]:
    """All ``*.parquet`` under ``location`` in no set order, hidden ones left out; see ``list_objects``."""
    return _walk_s3(location, zone, within) if location.is_s3 else _walk_disk(location, zone, within)


def _is_hidden(segment: str) -> bool:
    return segment.startswith(("_", "."))


def _refuse_table(location: Location, relative: str) -> None:
    """Raises DataError when the path ``relative`` (a folder's ends in a slash) shows that this is a table
    whose files alone are not its rows."""
    kind = None
    for segment in relative.split("/")[:-1]:
        if kind := _TABLE_FOLDERS.get(segment):
            break
        if _is_hidden(segment):
            return
    if kind is None and _ICEBERG.fullmatch(relative) is None:
        return
    raise DataError(
        f"{location.uri} is a table of {kind or 'Iceberg'}, it holds {relative[:120]}: its files keep rows "
        "that the table has removed, and these would be counted. Export it as plain Parquet and name that"
    )


def _walk_disk(location: Location, zone: str, within: Span | None) -> Iterator[Found]:
    root = location.path
    if root.endswith(SUFFIX) and os.path.isfile(root):  # noqa: PTH113 - see _entries
        status = os.stat(root)  # noqa: PTH116
        yield Found((), root, local_etag(status), status.st_size)
        return
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        folders = waiting.pop()
        for entry in _entries(location, "/".join((root.rstrip("/"), *folders)) or "/"):
            inner = (*folders, entry.name)
            try:
                if entry.is_dir(follow_symlinks=False):
                    _refuse_table(location, "/".join((*inner, "")))
                    if not _is_hidden(entry.name) and not (within and within.excludes_folder(inner, zone)):
                        waiting.append(inner)
                    continue
                _refuse_table(location, "/".join(inner))
                wanted = entry.name.endswith(SUFFIX) and not _is_hidden(entry.name)
                if wanted and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield Found(folders, entry.path, local_etag(status), status.st_size)
            except FileNotFoundError:
                continue  # Deleted while we were listing: as if it had gone just before.
            except OSError as error:
                raise location.error(error, location.uri_of(entry.path)) from error


def _entries(location: Location, folder: str) -> list[os.DirEntry[str]]:
    """What lies in ``folder``. scandir tells the kind of each entry without another call; Path does not."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise location.error(error, location.uri_of(folder)) from error


def _walk_s3(location: Location, zone: str, within: Span | None) -> Iterator[Found]:
    prefix = location.prefix
    root = f"{prefix}/" if prefix else ""
    if prefix.endswith(SUFFIX):
        # It may be one object, or a folder called like one, as Spark writes them.
        for key in _keys(location, prefix):
            if key.name == prefix:
                yield Found((), f"{location.bucket}/{key.name}", key.etag, key.size_bytes)
    keys = _keys(location, root) if within is None else _Descent(location, zone, within).keys(root, ())
    for key in keys:
        segments = key.name[len(root) :].split("/")
        _refuse_table(location, "/".join(segments))
        if segments[-1].endswith(SUFFIX) and not any(map(_is_hidden, segments)):
            yield Found(tuple(segments[:-1]), f"{location.bucket}/{key.name}", key.etag, key.size_bytes)


class _Key(NamedTuple):
    name: str
    etag: str
    size_bytes: int


class _Descent:
    """Lists folder by folder, leaving out those whose date lies outside.

    One request returns 1,000 keys, whether they lie in one folder or in many: going down pays only while it
    leaves most of them out, and a log of many undated folders must not cost a request for each.
    """

    def __init__(self, location: Location, zone: str, within: Span) -> None:
        self._location, self._zone, self._within = location, zone, within
        self._levels = 0

    def keys(self, prefix: str, folders: tuple[str, ...]) -> Iterator[_Key]:
        interval = folder_interval(folders, self._zone)
        is_a_day = interval is not None and interval[1] - interval[0] <= _LONGEST_DAY
        if is_a_day or self._levels >= _MOST_LEVELS:
            yield from _keys(self._location, prefix)
            return
        self._levels += 1
        direct, below = _one_level(self._location, prefix)
        kept = []
        for folder in below:
            inner = (*folders, folder)
            _refuse_table(self._location, "/".join((*inner, "")))
            if not _is_hidden(folder) and not self._within.excludes_folder(inner, self._zone):
                kept.append(inner)
        if len(kept) > 10 and len(kept) * 2 > len(below):
            yield from _keys(self._location, prefix)
            return
        yield from direct
        for inner in kept:
            yield from self.keys(f"{prefix}{inner[-1]}/", inner)


def _one_level(location: Location, prefix: str) -> tuple[list[_Key], list[str]]:
    """The keys right under ``prefix``, and the names of the folders there."""
    keys: list[_Key] = []
    folders: list[str] = []
    for page in _pages(location, prefix, "/"):
        keys.extend(_keys_of(page))
        folders.extend(entry["Prefix"][len(prefix) : -1] for entry in page.get("CommonPrefixes", ()))
    return keys, folders


def _keys(location: Location, prefix: str) -> Iterator[_Key]:
    """All keys that start with ``prefix``."""
    for page in _pages(location, prefix, ""):
        yield from _keys_of(page)


def _pages(location: Location, prefix: str, delimiter: str) -> Iterator[ListObjectsV2OutputTypeDef]:
    from botocore.exceptions import BotoCoreError, ClientError

    paginator = s3.client(location.endpoint_url, location.region).get_paginator("list_objects_v2")
    try:
        yield from paginator.paginate(Bucket=location.bucket, Prefix=prefix, Delimiter=delimiter)
    except (BotoCoreError, ClientError) as error:
        raise s3.translated(error, location.uri, location.endpoint_url) from error


def _keys_of(page: ListObjectsV2OutputTypeDef) -> Iterator[_Key]:
    for entry in page.get("Contents", ()):
        yield _Key(entry["Key"], entry["ETag"].strip('"'), entry["Size"])
