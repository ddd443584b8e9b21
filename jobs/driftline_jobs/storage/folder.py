"""A folder on a disk."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from driftline_jobs.storage.location import MAGIC, Entry, Location, Opened, claims_parquet
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError, disk_error


@dataclass(frozen=True, slots=True)
class Folder(Location):
    """See ``Location``. An etag is the time of change in nanoseconds and the size."""

    is_remote = False

    def uri_of(self, path: str) -> str:
        """See ``Location.uri_of``."""
        return "file://" + quote(os.fsencode(path), safe="/=:+,@")

    def stat(self, path: str) -> Entry | None:
        """See ``Location.stat``."""
        try:
            return entry_of(path, Path(path).stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.error(error, self.uri_of(path)) from error

    def open(self, path: str, size_bytes: int | None = None) -> Opened:  # noqa: ARG002
        """See ``Location.open``: it is one of Arrow's files."""
        import pyarrow as pa

        path.encode()  # the tables have no text for a name that is not UTF-8
        return pa.OSFile(path)  # type: ignore[no-any-return]

    def names(self, folder: str) -> list[str]:
        """See ``Location.names``."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self.error(error, self.uri_of(folder)) from error

    def write(self, path: str, content: bytes | memoryview, next_step: str) -> None:
        """See ``Location.write``."""
        place = Path(path)
        # A name of its own: another run may be writing the same object.
        unfinished = place.with_name(f".{place.name}.{uuid4().hex}.part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_bytes(content)
                unfinished.replace(place)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, f"{path} cannot be written", next_step) from error

    def remove(self, path: str) -> None:
        """See ``Location.remove``."""
        try:
            Path(path).unlink(missing_ok=True)
        except OSError as error:
            raise self.error(error, self.uri_of(path)) from error

    def error(self, error: Exception, uri: str | None = None) -> DriftlineError:
        """See ``Location.error``."""
        uri = uri or self.uri
        if isinstance(error, PermissionError):
            return ConfigError(f"no permission to read {uri}: let the user who runs this (uid {os.getuid()})")
        reason = error.strerror if isinstance(error, OSError) else None
        return TransientError(f"{uri} cannot be read for now: {reason or error}")


def entry_of(path: str, status: os.stat_result) -> Entry:
    """A file as an object."""
    return Entry(path, f"{status.st_mtime_ns}-{status.st_size}", status.st_size)


def open_folder(folder: Path, relative_to: Path | None, written: str, *, must_exist: bool) -> Folder:
    """See ``open_location``; ``written`` is how the monitor file has it."""
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
    nowhere = Folder("", "")
    return Folder(nowhere.uri_of(str(resolved)), str(resolved))


def _begins_like_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _nearby(folder: Path) -> str:
    try:
        near = difflib.get_close_matches(folder.name, [entry.name for entry in folder.parent.iterdir()], n=1)
    except OSError:
        return f"; nor is there {folder.parent}"
    return f": did you mean {near[0]!r}?" if near else ""
