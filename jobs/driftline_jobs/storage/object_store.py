"""A bucket, or a prefix in one, on any store that obstore speaks to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self

from driftline_jobs.storage.location import TAIL, Entry, Location
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError
from driftline_schemas.settings import load_settings

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore as Client

SCHEMES = ("gs", "az", "abfss")
"""Those besides ``s3``."""

_ATTEMPTS = 5
_CONNECT_SECONDS = 5.0
_SHARE_OF_SILENCE = 0.7
"""Of the time that a server may be silent, what its answers are waited for: the rest is between attempts."""
_STATUS = re.compile(r"status code: (\d{3} [\w ]+)")
_SHORTER = re.compile(r"status code: 416|Invalid range")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class ObjectStore(Location):
    """See ``Location``. A path begins with the bucket; an etag is that of the store."""

    is_remote = True

    @property
    def scheme(self) -> str:
        """``s3``, or one of ``SCHEMES``."""
        return self.uri.partition("://")[0]

    @property
    def bucket(self) -> str:
        """The bucket, or container."""
        return self.path.partition("/")[0]

    def client(self) -> Client:
        """What reaches the bucket; made once per process and settings."""
        return _client(f"{self.scheme}://{self.bucket}", surroundings())

    def uri_of(self, path: str) -> str:
        """See ``Location.uri_of``."""
        return f"{self.scheme}://{path}"

    def key_of(self, path: str) -> str:
        """The key in the bucket."""
        return path.partition("/")[2]

    def below(self, folder: str) -> Iterator[Entry]:
        """All objects whose path starts with ``folder``, which ends in a slash."""
        import obstore

        with self._meaning(folder):
            for chunk in obstore.list(self.client(), self.key_of(folder), chunk_size=1000):
                yield from map(self._entry, chunk)

    def level(self, folder: str) -> tuple[list[Entry], list[str]]:
        """The objects right under ``folder``, a path that ends in a slash, and the names of folders there."""
        import obstore

        with self._meaning(folder):
            found = obstore.list_with_delimiter(self.client(), self.key_of(folder))
        names = [PurePosixPath(prefix).name for prefix in found["common_prefixes"]]
        return [self._entry(meta) for meta in found["objects"]], names

    def stat(self, path: str) -> Entry | None:
        """See ``Location.stat``."""
        import obstore

        with self._meaning(path), suppress(FileNotFoundError):
            return self._entry(obstore.head(self.client(), self._key(path)))
        return None

    def open(self, path: str, size_bytes: int | None = None) -> RemoteObject:
        """See ``Location.open``."""
        import obstore

        client, key = self.client(), self._key(path)
        with os_errors():
            if not size_bytes:
                return RemoteObject(client, key, self._entry(obstore.head(client, key)))
            # One request tells what the object is now and brings its end.
            start = max(size_bytes - TAIL, 0)
            try:
                got = obstore.get(client, key, options={"range": (start, size_bytes)})
            except obstore.exceptions.GenericError as error:
                if not _SHORTER.search(str(error)):
                    raise
                return RemoteObject(client, key, self._entry(obstore.head(client, key)))
            return RemoteObject(client, key, self._entry(got.meta), (start, bytes(got.bytes())))

    def names(self, folder: str) -> list[str]:
        """See ``Location.names``."""
        objects, folders = self.level(f"{folder}/")
        return sorted((*(PurePosixPath(entry.path).name for entry in objects), *folders))

    def write(self, path: str, content: bytes | memoryview, next_step: str) -> None:  # noqa: ARG002
        """See ``Location.write``: an object appears when its upload is complete."""
        import obstore

        kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
        with self._meaning(path):
            obstore.put(self.client(), self.key_of(path), content, attributes={"Content-Type": kind})

    def remove(self, path: str) -> None:
        """See ``Location.remove``."""
        import obstore

        with self._meaning(path), suppress(FileNotFoundError):
            obstore.delete(self.client(), self._key(path))

    def error(self, error: Exception, uri: str | None = None) -> DriftlineError:
        """See ``Location.error``."""
        uri, text = uri or self.uri, str(error)
        status, code = _STATUS.search(text), _CODE.search(text)
        said = (code or status or [None, "no credentials"])[1]
        if isinstance(error, FileNotFoundError) or (
            code and code[1] in {"NoSuchBucket", "ContainerNotFound"}
        ):
            return ConfigError(f"there is no bucket {self.bucket!r} (for {uri})")
        if isinstance(error, PermissionError):
            return ConfigError(
                f"these keys may not read {uri} ({said}): they need to list and get objects on it"
            )
        return TransientError(f"{uri} is out of reach for now: {text.splitlines()[0]}")

    def _key(self, path: str) -> str:
        key = self.key_of(path)
        if key.startswith("/") or key.endswith("/"):
            raise ValueError(f"{path}: obstore would take it for another object")
        return key

    def _entry(self, meta: ObjectMeta) -> Entry:
        etag = meta["e_tag"] or str(meta["last_modified"])
        return Entry(f"{self.bucket}/{meta['path']}", etag.strip('"'), meta["size"])

    @contextmanager
    def _meaning(self, path: str) -> Iterator[None]:
        """Failures as DriftlineErrors."""
        try:
            with os_errors():
                yield
        except (OSError, ValueError) as error:
            raise self.error(error, self.uri_of(path)) from error


class RemoteObject:
    """An object that is open for reading: ``Opened``, whose ``entry`` is what it was then. ``end`` are bytes
    that came along, and where they begin."""

    def __init__(self, client: Client, key: str, entry: Entry, end: tuple[int, bytes] = (0, b"")) -> None:
        self._client, self._key, self.entry = client, key, entry
        self._start, self._end = end

    def size(self) -> int:
        """See ``Opened.size``."""
        return self.entry.size_bytes

    def read_at(self, nbytes: int, offset: int) -> bytes:
        """See ``Opened.read_at``. What is large is no copy but a view, of which a slice copies nothing."""
        import obstore

        if offset >= self._start and offset + nbytes <= self._start + len(self._end):
            return self._end[offset - self._start :][:nbytes]
        with os_errors():
            found = obstore.get_range(self._client, self._key, start=offset, length=nbytes)
        return bytes(found) if nbytes <= TAIL else memoryview(found)  # type: ignore[return-value]

    def close(self) -> None:
        """Let go of what came along."""
        self._end = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def os_errors() -> Iterator[None]:
    """Errors of obstore as the OSErrors that they are."""
    from obstore import exceptions

    try:
        yield
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise PermissionError(str(error)) from error
    except exceptions.BaseError as error:
        raise OSError(str(error)) from error


def open_store(uri: str, *, must_exist: bool) -> ObjectStore:
    """See ``open_location``."""
    store = ObjectStore(uri.rstrip("/"), uri.rstrip("/").partition("://")[2])
    if not store.bucket:
        raise ConfigError(f"{uri} names no bucket: write {store.scheme}://bucket/prefix/")
    # Asking for one tells all at once: whether the server answers, the keys hold, the bucket is there.
    there = next(store.below(f"{store.path}/"), None) or (store.key_of(store.path) and store.stat(store.path))
    if must_exist and not there:
        raise ConfigError(f"nothing lies under {uri}: the bucket is there, the prefix is not")
    return store


def surroundings() -> int:
    """What a client takes from its surroundings when made: with other keys, or after a fork, make another."""
    names = ("AWS_", "AZURE_", "GOOGLE_", "DRIFTLINE_TIMEOUT")
    return hash((os.getpid(), *sorted(item for item in os.environ.items() if item[0].startswith(names))))


def attempts() -> int:
    """How often a request is made, at most."""
    given = os.environ.get("AWS_MAX_ATTEMPTS", "")
    return max(int(given), 1) if given.isdecimal() else _ATTEMPTS


def seconds() -> tuple[float, float]:
    """How long to wait for a connection, and for an answer, so that all attempts end in time."""
    answer = _SHARE_OF_SILENCE * load_settings().timeout / attempts()
    return min(_CONNECT_SECONDS, answer), answer


def patience() -> dict[str, Any]:
    """The same limits, as obstore takes them."""
    connect, answer = seconds()
    limits = {
        "connect_timeout": timedelta(seconds=connect),
        "read_timeout": timedelta(seconds=answer),
        "timeout": timedelta(days=1),  # a slow answer is none that does not come
    }
    retries = {"max_retries": attempts() - 1, "retry_timeout": timedelta(seconds=load_settings().timeout)}
    return {"client_options": limits, "retry_config": retries}


@lru_cache(maxsize=8)
def _client(uri: str, _surroundings: int) -> Client:
    from obstore.store import from_url

    try:
        with os_errors():
            return from_url(uri, **patience())
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{uri} cannot be read with these settings: {reason}") from error
