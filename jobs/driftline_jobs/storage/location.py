"""Where things lie: one API for folders and object stores. ``open_location`` opens either by its address."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol, Self
from urllib.parse import unquote, urlsplit

from driftline_schemas.errors import ConfigError, DriftlineError

MAGIC = b"PAR1"
"""How every Parquet object begins and ends."""
TAIL = 64 * 1024
"""Bytes to read of an object's end: nearly always with the whole footer in them. As many as Arrow would."""


class Entry(NamedTuple):
    """An object as it is now: ``etag`` tells it from one that replaces it under the same name."""

    path: str
    etag: str
    size_bytes: int


class Opened(Protocol):
    """An object that is open for reading, as Arrow's files are. Errors of reading are OSErrors."""

    def size(self) -> int:
        """How many bytes it has."""

    def read_at(self, nbytes: int, offset: int) -> bytes:
        """So many bytes from there on."""

    def close(self) -> None:
        """Let go of it."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Location(ABC):
    """A place of objects. Holds no keys and no connection: it pickles.

    An object goes by its path, which begins with that of the location. What is not there is None, or a
    FileNotFoundError of ``open``; other failures are ConfigErrors for what is not ours to use and
    TransientErrors for what does not answer, but for OSErrors of ``open``, which ``error`` gives a meaning.

    Attributes:
        uri: ``file:///data/logs`` or ``s3://bucket/prefix``, without a slash at the end.
        path: the same without the scheme, ``/data/logs`` or ``bucket/prefix``.
    """

    uri: str
    path: str

    is_remote: ClassVar[bool]
    """Whether objects are fetched over the network: then several at a time are faster than one."""

    @abstractmethod
    def uri_of(self, path: str) -> str:
        """The URI of an object under this location."""

    @abstractmethod
    def stat(self, path: str) -> Entry | None:
        """The object as it is now, None when it is gone."""

    @abstractmethod
    def open(self, path: str, size_bytes: int | None = None) -> Opened:
        """The object, open for reading; ``size_bytes``, where it is known, may save a request.

        Raises FileNotFoundError, ValueError for a path that cannot be a name here, and other OSErrors.
        """

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """The names of what lies directly in ``folder``, a path; ascending, none where it is not there."""

    @abstractmethod
    def write(self, path: str, content: bytes | memoryview, next_step: str) -> None:
        """Put an object there or replace it: a reader meets the old or the new one, whole.

        ``next_step`` says what to do about a place that cannot be written.
        """

    @abstractmethod
    def remove(self, path: str) -> None:
        """Take an object away; one that is not there is no error."""

    @abstractmethod
    def error(self, error: Exception, uri: str | None = None) -> DriftlineError:
        """What it means that reading failed with ``error``: not that the bytes are bad, but getting them."""

    def read(self, path: str) -> bytes | None:
        """All bytes of an object, None if it is not there."""
        try:
            with self.open(path) as file:
                return bytes(file.read_at(file.size(), 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.error(error, self.uri_of(path)) from error

    def address_of(self, path: str) -> str:
        """Where an object lies as a person would copy it: a path, or ``s3://bucket/key``."""
        return self.uri_of(path) if self.is_remote else path

    def etag_of(self, path: str) -> str | None:
        """The mark by which a replaced object is told from the listed one; None when it is gone."""
        entry = self.stat(path)
        return entry and entry.etag


def open_location(
    uri: str, relative_to: Path | None = None, *, endpoint_url: str | None = None, must_exist: bool = True
) -> Location:
    """The place that ``uri`` names: a folder, ``file://…``, ``s3://bucket/prefix/``, or one Parquet object.

    ``gs://``, ``az://`` and ``abfss://`` are places too. A relative folder is meant from ``relative_to``, the
    folder of the monitor file. ``endpoint_url`` is where S3 is; None looks at ``AWS_ENDPOINT_URL_S3`` and
    ``AWS_ENDPOINT_URL``. With ``must_exist`` false, as for labels that may not have come yet, an empty place
    is fine, but a bucket must be there.

    Raises ConfigError for what is not there or not ours to read, TransientError for what does not answer.
    """
    scheme, separator, _ = uri.partition("://")
    if not separator or scheme == "file":
        from driftline_jobs.storage.folder import open_folder

        folder, base = (Path(unquote(urlsplit(uri).path)), None) if separator else (Path(uri), relative_to)
        return open_folder(folder, base, uri, must_exist=must_exist)
    if scheme == "s3":
        from driftline_jobs.storage.s3 import open_bucket

        environment = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
        return open_bucket(uri, endpoint_url or environment, must_exist=must_exist)
    from driftline_jobs.storage.object_store import SCHEMES, open_store

    if scheme in SCHEMES:
        return open_store(uri, must_exist=must_exist)
    raise ConfigError(f"{scheme}:// cannot be read: write a folder, file:// or s3://bucket/prefix/")


def check_name(place: Location, next_step: str) -> None:
    """Raises ConfigError where a place to write to has a name that has no text."""
    try:
        place.path.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{place.uri} has a name that is not UTF-8: {next_step}") from None


def claims_parquet(name: str) -> bool:
    """Whether an object says by its name that it is Parquet. Of the others their bytes decide."""
    return name.lower().endswith((".parquet", ".parq", ".pq"))
