"""Where a log lies: a folder or a prefix on S3, read through one Arrow filesystem either way."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from driftline_jobs.storage import s3
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

PARQUET = b"PAR1"
"""How every Parquet object begins and ends."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place of objects that was there when it was opened. Holds no keys and no connection: it pickles.

    Attributes:
        uri: ``file:///data/logs`` or ``s3://bucket/prefix``, without a slash at the end.
        path: the same as ``filesystem()`` takes it, ``/data/logs`` or ``bucket/prefix``.
        endpoint_url: an S3 server other than Amazon's.
        region: the bucket's, where the server tells it.
    """

    uri: str
    path: str
    endpoint_url: str | None = None
    region: str | None = None

    @property
    def is_s3(self) -> bool:
        """Whether objects lie on S3 rather than in a folder."""
        return self.uri.startswith("s3://")

    @property
    def bucket(self) -> str:
        """The bucket, on S3."""
        return self.path.partition("/")[0]

    @property
    def prefix(self) -> str:
        """What all keys start with, on S3; no slash at the end."""
        return self.path.partition("/")[2]

    def filesystem(self) -> FileSystem:
        """The Arrow filesystem that reads ``path``; made once per process."""
        if self.is_s3:
            return s3.arrow_filesystem(self.endpoint_url, self.region)
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem()

    def uri_of(self, path: str) -> str:
        """The URI of an object under this location, by its path."""
        return f"s3://{path}" if self.is_s3 else _file_uri(path)

    def etag_of(self, path: str) -> str | None:
        """The mark by which a replaced object is told from the listed one; None when it is gone.

        On S3 the ETag, in a folder the time of change in nanoseconds and the size.
        """
        try:
            if not self.is_s3:
                return local_etag(Path(path).stat())
            with self.filesystem().open_input_file(path) as file:
                return self.etag_in(file.metadata())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.error(error, self.uri_of(path)) from error

    @staticmethod
    def etag_in(metadata: Mapping[str | bytes, bytes]) -> str:
        """The ETag among the metadata of an S3 object that Arrow has opened."""
        tag = metadata.get("ETag") or metadata.get(b"ETag") or b""
        return tag.decode().strip('"')

    def error(self, error: Exception, uri: str | None = None) -> DriftlineError:
        """What it means that reading failed with ``error``: not that the bytes are bad, but getting them."""
        uri = uri or self.uri
        if self.is_s3:
            return s3.translated(error, uri, self.endpoint_url)
        if isinstance(error, PermissionError):
            return ConfigError(f"no permission to read {uri}: let the user who runs this (uid {os.getuid()})")
        reason = error.strerror if isinstance(error, OSError) else None
        return TransientError(f"{uri} cannot be read for now: {reason or error}")


def open_location(
    uri: str, relative_to: Path | None = None, *, endpoint_url: str | None = None, must_exist: bool = True
) -> Location:
    """The place that ``uri`` names: a folder, ``file://…``, ``s3://bucket/prefix/``, or one Parquet object.

    A relative folder is meant from ``relative_to``, the folder of the monitor file. ``endpoint_url`` is
    where S3 is; None looks at ``AWS_ENDPOINT_URL_S3`` and ``AWS_ENDPOINT_URL``. With ``must_exist`` false,
    as for labels that may not have come yet, an empty place is fine, but a bucket must be there.

    Raises ConfigError for what is not there or not ours to read, TransientError for what does not answer.
    """
    scheme, separator, _ = uri.partition("://")
    if not separator:
        return _open_folder(Path(uri), relative_to, uri, must_exist=must_exist)
    if scheme == "file":
        return _open_folder(Path(unquote(urlsplit(uri).path)), None, uri, must_exist=must_exist)
    if scheme == "s3":
        environment = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
        return _open_s3(uri, endpoint_url or environment, must_exist=must_exist)
    raise ConfigError(f"{scheme}:// cannot be read: write a folder, file:// or s3://bucket/prefix/")


def check_name(place: Location, next_step: str) -> None:
    """Raises ConfigError where a place to write to has a name that Arrow has no text for."""
    try:
        place.path.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{place.uri} has a name that is not UTF-8: {next_step}") from None


def local_etag(status: os.stat_result) -> str:
    """What tells a file from the one that replaces it under the same name."""
    return f"{status.st_mtime_ns}-{status.st_size}"


def _file_uri(path: str) -> str:
    return "file://" + quote(os.fsencode(path), safe="/=:+,@")


def _open_folder(folder: Path, relative_to: Path | None, written: str, *, must_exist: bool) -> Location:
    try:
        folder = folder.expanduser()
        resolved = (folder if relative_to is None else relative_to / folder).resolve()
        if must_exist and not resolved.exists():
            raise ConfigError(f"there is no folder {resolved} (for {written!r}){_nearby(resolved)}")
        if resolved.is_file() and not (claims_parquet(resolved.name) or _begins_like_parquet(resolved)):
            raise ConfigError(
                f"{resolved} (for {written!r}) is a file and no Parquet: "
                "a folder of Parquet objects, or one of them, is meant"
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"the folder {written!r} cannot be read: {error}") from error
    return Location(_file_uri(str(resolved)), str(resolved))


def claims_parquet(name: str) -> bool:
    """Whether an object says by its name that it is Parquet. Of the others their bytes decide."""
    return name.lower().endswith((".parquet", ".parq", ".pq"))


def _begins_like_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(PARQUET)) == PARQUET


def _nearby(folder: Path) -> str:
    try:
        near = difflib.get_close_matches(folder.name, [entry.name for entry in folder.parent.iterdir()], n=1)
    except OSError:
        return f"; nor is there {folder.parent}"
    return f": did you mean {near[0]!r}?" if near else ""


def _open_s3(uri: str, endpoint_url: str | None, *, must_exist: bool) -> Location:
    from botocore.exceptions import BotoCoreError, ClientError

    path = uri.removeprefix("s3://").rstrip("/")
    location = Location(f"s3://{path}", path, endpoint_url)
    prefix = location.prefix
    below = f"{prefix}/" if prefix else ""
    try:
        client = s3.client(endpoint_url)
        # Listing one key tells all at once: whether the server answers, the keys hold, the bucket is there.
        answer = client.list_objects_v2(Bucket=location.bucket, Prefix=below, MaxKeys=1)
        if must_exist and prefix and not answer.get("KeyCount"):
            # Of all keys that start alike, an object of just this name comes first.
            first = client.list_objects_v2(Bucket=location.bucket, Prefix=prefix, MaxKeys=1)
            if prefix not in (key["Key"] for key in first.get("Contents", ())):
                raise ConfigError(f"nothing lies under {uri}: the bucket is there, the prefix is not")
    except (BotoCoreError, ClientError, ValueError) as error:
        raise s3.translated(error, uri, endpoint_url) from error
    headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
    return Location(location.uri, path, endpoint_url, headers.get("x-amz-bucket-region"))
