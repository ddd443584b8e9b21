"""The folder or bucket of the pages. What is written there appears whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from driftline_jobs.storage.location import Location, check_name, open_location
from driftline_reports.inputs import page_name
from driftline_schemas.errors import disk_error
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.window import Window

_AT_ONCE: Final = 16
_TYPES: Final = {".html": "text/html; charset=utf-8", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class Pages:
    """Files below ``settings.reports``, each by its name with slashes: ``flight_delay/day/2013-07-01.html``.

    Errors of every method: ConfigError when the place is not ours to use, TransientError when it does not
    answer.
    """

    place: Location

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The folder need not be there yet, a bucket must be."""
        place = open_location(
            settings.reports, Path.cwd(), endpoint_url=settings.endpoint_url, must_exist=False
        )
        check_name(place, "name another --out")
        return cls(place)

    def address(self, name: str) -> str:
        """Where a file lies, as a person would copy it: a path, or ``s3://bucket/key``."""
        return f"s3://{self._path(name)}" if self.place.is_s3 else self._path(name)

    def write(self, name: str, content: bytes) -> str:
        """Put a file there or replace it, and return its address: a reader meets the old or the new one."""
        if self.place.is_s3:
            self._put(name, content)
        else:
            self._replace(Path(self._path(name)), content)
        return self.address(name)

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is no error."""
        try:
            self.place.filesystem().delete_file(self._path(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.place.error(error, self.address(name)) from error

    def read(self, name: str) -> bytes | None:
        """A file's content, None if it is not there."""
        path = self._path(name)
        try:
            with self.place.filesystem().open_input_file(path) as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.place.error(error, self.address(name)) from error

    def read_all(self, names: Sequence[str]) -> dict[str, bytes]:
        """Those of the files that are there, with their content; from S3 several at a time."""
        with ThreadPoolExecutor(_AT_ONCE if self.place.is_s3 else 1) as threads:
            found = threads.map(self.read, names)
            return {name: content for name, content in zip(names, found, strict=True) if content is not None}

    def listed(self, folder: str = "") -> list[str]:
        """The names of what lies directly in ``folder``, files and folders, ascending."""
        from pyarrow.fs import FileSelector

        path = self._path(folder) if folder else self.place.path
        try:
            found = self.place.filesystem().get_file_info(FileSelector(path, allow_not_found=True))
        except OSError as error:
            raise self.place.error(error, self.address(folder)) from error
        return sorted(info.base_name for info in found)

    def _path(self, name: str) -> str:
        return f"{self.place.path}/{name}"

    def _put(self, name: str, content: bytes) -> None:
        # An object appears when its upload is complete, so no care is needed here.
        metadata = {"Content-Type": _TYPES.get(Path(name).suffix, "application/octet-stream")}
        try:
            with self.place.filesystem().open_output_stream(self._path(name), metadata=metadata) as out:
                out.write(content)
        except OSError as error:
            raise self.place.error(error, self.address(name)) from error

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        # A name of its own: another run may be writing the same page.
        unfinished = path.with_name(f".{path.name}.{uuid4().hex}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_bytes(content)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, f"the page cannot be written to {path}", "name another --out") from error


def drilldown_link(monitor: Monitor, window: Window, pages: Pages) -> str | None:
    """The drill-down as the page links to it, where one was written before."""
    folder, _, name = drilldown_name(monitor, window).rpartition("/")
    return name if name in pages.listed(folder) else None


def drilldown_name(monitor: Monitor, window: Window) -> str:
    """Where the drill-down lies: ``flight_delay/day/2013-07-01.drilldown.html``."""
    return f"{page_name(monitor, window).removesuffix('.html')}.drilldown.html"
