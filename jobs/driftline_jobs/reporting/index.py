"""The index of all reports: rebuilt from the summary tables whenever one of its monitors has something new.

    refresh_index
      a monitor    its line and its page, from its tables -> <monitor>/entry.json, <monitor>/index.html
      the page     the entries of all monitors -> index.html

Runs that end at the same time write the same files. None of them waits: each writes a file whole, and looks
afterwards whether what it was made from has changed meanwhile; if so it writes again. Of several that meet,
the last to change something therefore also sees it on the page, or the one that wrote over it does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Final, TypeVar

import pyarrow as pa

from driftline_jobs.pipeline.request import Progress
from driftline_jobs.reporting.pages import Pages
from driftline_jobs.stores import store_of
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import (
    alert_actions,
    alerts,
    incidents,
    runs,
    window_levels,
)
from driftline_reports.index import entry_from_json, entry_of, entry_to_json, render_entries
from driftline_reports.inputs import MonitorHistory, page_name
from driftline_reports.monitor_page import MOST_CELLS, build_monitor_page, render_monitor_page
from driftline_schemas.errors import DriftlineError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

INDEX: Final = "index.html"
LINK: Final = f"../{INDEX}"
"""From a window's page to its monitor's, which leads to the index."""
_ENTRY: Final = "entry.json"
# Each further attempt means that somebody else has just written, and will look after it too.
_ATTEMPTS: Final = 10
_STANDING: Final = {
    "window_levels": window_levels.standing,
    "incidents": incidents.standing,
    "alerts": alerts.standing,
}

Made = TypeVar("Made")


def refresh_index(store: Store, monitor: Monitor, pages: Pages, generated_at: datetime) -> str:
    """Write the monitor's entry and the index anew, and return the index's address.

    Raises what the store and ``Pages`` raise.
    """
    refresh_entry(store, monitor, pages, generated_at)
    return refresh_page(pages, generated_at)


def refresh_entry(store: Store, monitor: Monitor, pages: Pages, generated_at: datetime) -> None:
    """Write a monitor's own page, and its line of the index. Raises what the store and ``Pages`` raise."""
    entry = f"{monitor.monitor}/{_ENTRY}"

    def write_entry(_: object) -> None:
        history = _history(store, monitor, pages)
        made = build_monitor_page(history, generated_at)
        pages.write(_own_page(monitor.monitor), render_monitor_page(made).encode())
        pages.write(entry, entry_to_json(entry_of(history, made)))

    with store.stay_connected(reading=True):
        _settle(lambda: _state(store, monitor, pages), write_entry)


def refresh_page(pages: Pages, generated_at: datetime) -> str:
    """Write the index from the entries that there are, and return its address. Raises what ``Pages`` does."""

    def write_page(entries: dict[str, bytes]) -> None:
        known = [entry_from_json(content) for content in entries.values() if _is_entry(content)]
        pages.write(INDEX, render_entries(known, generated_at).encode())

    _settle(lambda: _entries(pages), write_page)
    return pages.address(INDEX)


def refresh_where_there_is_one(
    monitor: Monitor, settings: Settings, progress: Progress, *, page: bool = True
) -> None:
    """Keep the index up to date after windows were published; a place without reports gets none.

    Without ``page``, only what it says of this monitor. What was published stays published whether or not the
    reports can be reached: that is said, and no error.
    """
    try:
        pages = Pages.open(settings)
        if pages.read(f"{monitor.monitor}/{_ENTRY}") is not None:
            with closing(store_of(settings)) as store:
                refresh_entry(store, monitor, pages, datetime.now(UTC))
            if page:
                refresh_page(pages, datetime.now(UTC))
    except DriftlineError as error:
        progress.event("index_not_written", reason=str(error))


def remove_entry(monitor: str, settings: Settings, progress: Progress) -> None:
    """Take a monitor out of the index, if it is in it; the pages of its windows stay where they are."""
    try:
        pages = Pages.open(settings)
        if pages.read(f"{monitor}/{_ENTRY}") is not None:
            pages.remove(f"{monitor}/{_ENTRY}")
            pages.remove(_own_page(monitor))
            refresh_page(pages, datetime.now(UTC))
    except DriftlineError as error:
        progress.event("index_not_written", reason=str(error))


def refresh_page_where_there_is_one(settings: Settings, progress: Progress) -> None:
    """The same for the page alone, after several monitors have written their entries."""
    try:
        pages = Pages.open(settings)
        if pages.read(INDEX) is not None:
            refresh_page(pages, datetime.now(UTC))
    except DriftlineError as error:
        progress.event("index_not_written", reason=str(error))


def _settle(look: Callable[[], Made], write: Callable[[Made], None]) -> None:
    """Write from what there is, until it was still the same afterwards."""
    seen = look()
    for _ in range(_ATTEMPTS):
        write(seen)
        now = look()
        if now == seen:
            return
        seen = now


def _state(store: Store, monitor: Monitor, pages: Pages) -> object:
    """What an entry is made from, as far as it tells whether that has changed."""
    published, acted = runs.fingerprint(store, monitor), alert_actions.fingerprint(store, monitor.monitor)
    return published, acted, pages.listed(_folder(monitor))


def _own_page(monitor: str) -> str:
    return f"{monitor}/{INDEX}"


def _folder(monitor: Monitor) -> str:
    return f"{monitor.monitor}/{monitor.granularity.value}"


def _history(store: Store, monitor: Monitor, pages: Pages) -> MonitorHistory:
    published = runs.overview(store, monitor)
    starts: list[datetime] = sorted(set(_aware(published).column("window_start").to_pylist()))
    tables = {"runs": published, "alert_actions": alert_actions.actions(store, monitor.monitor)}
    if starts:
        first = starts[-MOST_CELLS:][0]
        tables |= {name: standing(store, monitor, first) for name, standing in _STANDING.items()}
    there = set(pages.listed(_folder(monitor)))
    windows = (monitor.calendar.containing(start) for start in starts)
    names = ((window.start, page_name(monitor, window)) for window in windows)
    links = {start: name for start, name in names if name.rpartition("/")[2] in there}
    return MonitorHistory(monitor, tables, links)


def _aware(table: pa.Table) -> pa.Table:
    """Stores that keep no zone mean UTC."""
    at = table.column_names.index("window_start")
    return table.set_column(at, "window_start", table.column(at).cast(pa.timestamp("us", "UTC")))


def _entries(pages: Pages) -> dict[str, bytes]:
    return pages.read_all([f"{name}/{_ENTRY}" for name in pages.listed() if "." not in name])


def _is_entry(content: bytes) -> bool:
    """A file that is no entry, or of another version, costs its monitor its place until its next report."""
    try:
        entry_from_json(content)
    except ValueError:
        return False
    return True
