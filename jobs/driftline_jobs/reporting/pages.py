"""The folder or bucket of the pages. What is written there appears whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from driftline_jobs.storage.location import Location, check_name, open_location
from driftline_reports.inputs import ReportInputs, page_name
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.window import Window

_AT_ONCE: Final = 16
_NEXT_STEP: Final = "name another --out"


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
        check_name(place, _NEXT_STEP)
        return cls(place)

    def address(self, name: str) -> str:
        """Where a file lies, as a person would copy it: a path, or ``s3://bucket/key``."""
        return self.place.address_of(self._path(name))

    def write(self, name: str, content: bytes) -> str:
        """Put a file there or replace it, and return its address: a reader meets the old or the new one."""
        self.place.write(self._path(name), content, _NEXT_STEP)
        return self.address(name)

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is no error."""
        self.place.remove(self._path(name))

    def read(self, name: str) -> bytes | None:
        """A file's content, None if it is not there."""
        return self.place.read(self._path(name))

    def read_all(self, names: Sequence[str]) -> dict[str, bytes]:
        """Those of the files that are there, with their content; over the network several at a time."""
        with ThreadPoolExecutor(_AT_ONCE if self.place.is_remote else 1) as threads:
            found = threads.map(self.read, names)
            return {name: content for name, content in zip(names, found, strict=True) if content is not None}

    def listed(self, folder: str = "") -> list[str]:
        """The names of what lies directly in ``folder``, files and folders, ascending."""
        return self.place.names(self._path(folder) if folder else self.place.path)

    def _path(self, name: str) -> str:
        return f"{self.place.path}/{name}"


def window_pages(inputs: ReportInputs, pages: Pages) -> dict[datetime, str]:
    """The pages of the windows in ``inputs`` that were written before, as its own page links to them."""
    monitor = inputs.monitor
    folder = page_name(monitor, inputs.window).rpartition("/")[0]
    there = set(pages.listed(folder))
    starts = {start.replace(tzinfo=start.tzinfo or UTC) for start in _starts(inputs)}
    # The window after this one, too: a page that is written anew may have one.
    starts.add(inputs.window.end)
    found = {}
    for start in sorted(starts):
        name = page_name(monitor, monitor.calendar.containing(start)).rpartition("/")[2]
        if name in there and start != inputs.window.start:
            found[start] = name
    return found


def _starts(inputs: ReportInputs) -> set[datetime]:
    return set(inputs.tables["runs"].column("window_start").to_pylist())


def drilldown_link(monitor: Monitor, window: Window, pages: Pages) -> str | None:
    """The drill-down as the page links to it, where one was written before."""
    folder, _, name = drilldown_name(monitor, window).rpartition("/")
    return name if name in pages.listed(folder) else None


def drilldown_name(monitor: Monitor, window: Window) -> str:
    """Where the drill-down lies: ``flight_delay/day/2013-07-01.drilldown.html``."""
    return f"{page_name(monitor, window).removesuffix('.html')}.drilldown.html"
