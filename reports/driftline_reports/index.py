"""Every monitor in one line, the worst first: how it stands, what happened last, thirty days at a glance.

One monitor's line, an entry, is made from that monitor's rows alone and can be kept as JSON: so a
report refreshes its own entry, and the page is put together from the entries of all.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup
from pydantic import TypeAdapter

from driftline_reports import formats
from driftline_reports.inputs import IndexInputs, MonitorHistory, check_link
from driftline_reports.level_words import word
from driftline_reports.monitor_page import MonitorPage, build_monitor_page, title_of
from driftline_reports.page import environment, policy, stylesheet
from driftline_schemas.levels import Level
from driftline_schemas.window import Granularity, Window, load_zone

FORMAT: Final = 2
TREND: Final = 30
"""Windows in a line's trend; of hourly windows the worst of each of so many days."""
MOST_BYTES: Final = 150_000
"""Of the page of a hundred monitors."""
_HOURS: Final = 24 + 1  # the longest day
_NOT_RUN: Final = "none"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Windows in a row that stand alike; ``level`` is "none" where nothing ran."""

    level: str
    count: int
    title: str


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One monitor's line; ``severity`` and ``headline`` are those of its newest incident that is under way.

    ``level`` is None, and ``window`` empty, where nothing has been published. ``incidents`` counts those
    under way.
    """

    name: str
    owner: str
    level: Level | None
    window: str
    link: str
    headline: str
    severity: str
    since: str
    incidents: int
    rank: int
    trend: tuple[Stretch, ...]
    summary: str
    format: int = FORMAT


_ENTRY: Final = TypeAdapter(IndexEntry)


@dataclass(frozen=True, slots=True)
class Group:
    """The monitors whose newest window stands at one level."""

    level: Level | None
    entries: tuple[IndexEntry, ...]


@dataclass(frozen=True, slots=True)
class IndexView:
    """The index as data: groups from the worst level on, and which monitors each owner has."""

    groups: tuple[Group, ...]
    owners: tuple[tuple[str, tuple[str, ...]], ...]
    generated: str

    @property
    def count(self) -> int:
        """How many monitors there are."""
        return sum(len(group.entries) for group in self.groups)


def render_index(inputs: IndexInputs) -> str:
    """The index page: self-contained, the same bytes for the same inputs."""
    return render_entries(
        [build_entry(history, inputs.generated_at) for history in inputs.monitors], inputs.generated_at
    )


def render_entries(entries: Sequence[IndexEntry], generated_at: datetime) -> str:
    """The index page from entries that were made before, in any order.

    The script only filters; without it everything is there. Where a line's days would make the page longer
    than ``MOST_BYTES``, their titles are left to the monitors' own pages.
    """
    view, style, script = build_index(entries, generated_at), _style(), _own("index.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = environment().get_template("index.html.j2")
    for titles in (True, False):
        html = template.render(
            view=view,
            titles=titles,
            trend=TREND,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"{policy(style)}; script-src 'sha256-{digest}'",
        )
        if len(html.encode()) <= MOST_BYTES:
            break
    return html


@cache
def _style() -> str:
    """The style sheet of all pages, the index's own part, and how wide a stretch of a strip is."""
    widths = "".join(f".n{count}{{flex-grow:{count}!important}}" for count in range(2, TREND + 1))
    return stylesheet() + _own("index.css") + widths


def _own(name: str) -> str:
    return resources.files("driftline_reports").joinpath("templates", name).read_text(encoding="utf-8")


def build_index(entries: Sequence[IndexEntry], generated_at: datetime) -> IndexView:
    """What the index shows: the worst level first, within it the worst incident, then by name."""
    ordered = sorted(entries, key=lambda entry: (_place(entry.level), entry.rank, entry.name))
    groups = tuple(Group(level, tuple(of)) for level, of in groupby(ordered, key=lambda entry: entry.level))
    owners: dict[str, list[str]] = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.owner:
            owners.setdefault(entry.owner, []).append(entry.name)
    by_owner = tuple((owner, tuple(names)) for owner, names in sorted(owners.items()))
    return IndexView(groups, by_owner, formats.moment(generated_at, ZoneInfo("UTC")))


def build_entry(history: MonitorHistory, generated_at: datetime) -> IndexEntry:
    """One monitor's line."""
    return entry_of(history, build_monitor_page(history, generated_at))


def entry_of(history: MonitorHistory, page: MonitorPage) -> IndexEntry:
    """The line of a monitor whose page is made."""
    newest = page.cells[-1][1] if page.cells else None
    under_way = [incident for incident in page.incidents if not incident.over]
    first = min(under_way, key=lambda one: (-one.opened.timestamp(), one.rank), default=None)
    trend, summary = _trend(history, page)
    return IndexEntry(
        name=page.name,
        owner=page.owner,
        level=newest.level if newest else None,
        window=newest.title.rpartition(": ")[0] if newest else "",
        link=f"{page.name}/{newest.link}" if newest and newest.link else "",
        headline=first.headline if first else "",
        severity=first.severity if first else "",
        since=first.first if first else "",
        incidents=len(under_way),
        rank=min((one.rank for one in under_way), default=9),
        trend=trend,
        summary=summary,
    )


def entry_to_json(entry: IndexEntry) -> bytes:
    """The entry as it is kept; equal entries give equal bytes."""
    return _ENTRY.dump_json(entry)


def entry_from_json(data: bytes) -> IndexEntry:
    """The entry that was kept. Raises ValueError for anything else, and for links that run something."""
    entry = _ENTRY.validate_json(data)
    if entry.format != FORMAT:
        raise ValueError(f"an entry of format {entry.format}, {FORMAT} is known")
    check_link(entry.link)
    check_link(f"{entry.name}/index.html")
    return entry


def _place(level: Level | None) -> int:
    return len(Level) if level is None else tuple(Level).index(level)


def _trend(history: MonitorHistory, page: MonitorPage) -> tuple[tuple[Stretch, ...], str]:
    """The last windows as stretches of one level, and how many there were of each, in words."""
    if not page.windows:
        return (), ""
    zone = load_zone(history.monitor.timezone)
    stood = {window.start: cell.level for window, (_, cell) in zip(page.windows, page.cells, strict=True)}
    if page.windows[-1].granularity is Granularity.HOUR:
        days = list(_days(page.windows[-1], stood, history, zone))
    else:
        days = [
            (title_of(window, zone), stood.get(window.start)) for window in _last(history, page.windows[-1])
        ]
    stretches = []
    for level, several in groupby(days, key=lambda day: day[1]):
        titles = [title for title, _ in several]
        between = titles[0] if len(titles) == 1 else f"{titles[0]} – {titles[-1]}"
        stretches.append(
            Stretch(level or _NOT_RUN, len(titles), f"{between}: {word(level) if level else 'not run'}")
        )
    counts = {level: sum(found is level for _, found in days) for level in (*Level, None)}
    said = [f"{n} {word(level) if level else 'not run'}" for level, n in counts.items() if n]
    return tuple(stretches), ", ".join(said)


def _last(history: MonitorHistory, newest: Window) -> list[Window]:
    """The last windows by the calendar, whether or not they ran, ascending."""
    windows = [newest]
    while len(windows) < TREND:
        windows.insert(0, history.monitor.calendar.previous(windows[0]))
    return windows


def _days(
    newest: Window, stood: Mapping[datetime, Level | None], history: MonitorHistory, zone: ZoneInfo
) -> Iterator[tuple[str, Level | None]]:
    """The worst hour of each of the last days."""
    days: dict[str, list[Level]] = {}
    window = newest
    for _ in range(TREND * _HOURS):
        name = formats.day(window.start.astimezone(zone))
        if name not in days and len(days) == TREND:
            break
        level = stood.get(window.start)
        days.setdefault(name, []).extend([level] if level else [])
        window = history.monitor.calendar.previous(window)
    for name, found in reversed(days.items()):
        yield name, min(found, key=_place, default=None)
