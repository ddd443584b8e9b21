"""One monitor's own page: its incidents, a calendar of levels, its alerts, a link to each report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from driftline_reports import alerts, formats, levels, muting
from driftline_reports.glossary import words
from driftline_reports.inputs import MonitorHistory
from driftline_reports.level_words import word
from driftline_reports.names import Names, visible
from driftline_reports.page import environment, policy, stylesheet
from driftline_reports.selection import Row, Selection
from driftline_reports.view_model import Alert
from driftline_schemas.levels import Level
from driftline_schemas.window import Granularity, Window, load_zone

# More cells than this help nobody to find one: the oldest stay out, and it is said.
MOST_CELLS: Final = 800
_MOST_INCIDENTS: Final = 20
_MOST_ALERTS: Final = 30
_WEEKDAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SEVERITIES: Final = ("critical", "high", "medium", "low")
_LONGEST: Final = 160
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cell:
    """One window in the calendar; ``link`` is empty where it has no page, ``level`` None if it never ran."""

    text: str
    title: str
    level: Level | None
    link: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A block of the calendar: one row of cells (None where there is no window) for each name."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as of the newest window that it stands in; ``link`` leads to its last window's page."""

    headline: str
    severity: str
    state: str
    first: str
    last: str
    link: str
    over: bool
    opened: datetime

    @property
    def rank(self) -> int:
        """Smaller is worse."""
        return _SEVERITIES.index(self.severity) if self.severity in _SEVERITIES else len(_SEVERITIES)


@dataclass(frozen=True, slots=True)
class MonitorPage:
    """One monitor's page as data. ``cells`` are its windows by their local start, ascending."""

    name: str
    description: str
    owner: str
    zone: str
    granularity: str
    cells: tuple[tuple[datetime, Cell], ...]
    windows: tuple[Window, ...]
    tally: tuple[tuple[Level, int], ...]
    grids: tuple[Grid, ...]
    left_out: int
    incidents: tuple[Incident, ...]
    more_incidents: int
    alerts: tuple[tuple[str, Alert], ...]
    more_alerts: int
    generated: str


def build_monitor_page(history: MonitorHistory, generated_at: datetime) -> MonitorPage:
    """What a monitor's page shows. What is muted at ``generated_at`` is said to be."""
    monitor = history.monitor
    selection = Selection(history.tables, monitor.monitor, monitor.granularity.value)
    stands = levels_of(selection)
    windows = [monitor.calendar.containing(start) for start in sorted(stands)[-MOST_CELLS:]]
    cells = [_cell(history, window, stands[window.start]) for window in windows]
    counts = {level: sum(cell.level is level for _, cell in cells) for level in Level}
    incidents, raised = _incidents(history, selection), _alerts(history, selection, generated_at)
    return MonitorPage(
        name=monitor.monitor,
        description=visible(monitor.description, 200) if monitor.description else "",
        owner=visible(monitor.owner, 80) if monitor.owner else "",
        zone=monitor.timezone,
        granularity=monitor.granularity.value,
        cells=tuple(cells),
        windows=tuple(windows),
        tally=tuple((level, count) for level, count in counts.items() if count),
        grids=tuple(_GRIDS[monitor.granularity](cells)),
        left_out=max(len(stands) - MOST_CELLS, 0),
        incidents=tuple(incidents[:_MOST_INCIDENTS]),
        more_incidents=max(len(incidents) - _MOST_INCIDENTS, 0),
        alerts=tuple(raised[:_MOST_ALERTS]),
        more_alerts=max(len(raised) - _MOST_ALERTS, 0),
        generated=formats.moment(generated_at, ZoneInfo("UTC")),
    )


def render_monitor_page(page: MonitorPage) -> str:
    """The page, which lies beside the folders of its windows: self-contained, without a script."""
    style = stylesheet()
    return (
        environment()
        .get_template("monitor.html.j2")
        .render(
            view=page,
            style=Markup(style),  # noqa: S704 - our own file
            policy=policy(style),
        )
    )


def levels_of(selection: Selection) -> dict[datetime, Level]:
    """How every published window stands."""
    return {start: levels.level(facts) for start, facts in levels.gather(selection).items()}


def title_of(window: Window, zone: ZoneInfo) -> str:
    """The window as a person names it."""
    return formats.window(window.start, window.end, window.granularity.value, zone)


def _cell(history: MonitorHistory, window: Window, stands: Level) -> tuple[datetime, Cell]:
    zone = load_zone(history.monitor.timezone)
    local = window.start.astimezone(zone)
    title = f"{title_of(window, zone)}: {word(stands)}"
    return local, Cell(_short(window, local), title, stands, _below(history, window.start))


def _below(history: MonitorHistory, start: datetime) -> str:
    """The page of a window, as the monitor's page links to it."""
    return history.pages.get(start, "").removeprefix(f"{history.monitor.monitor}/")


def _incidents(history: MonitorHistory, selection: Selection) -> list[Incident]:
    """The newest word on every incident: those under way first, then the newest."""
    names, zone = Names(history.monitor.features.sensitive_columns), load_zone(history.monitor.timezone)

    def title(start: datetime) -> str:
        return title_of(history.monitor.calendar.containing(start), zone)

    # One that is not in the window that was judged last has ended, as where bins were renewed.
    newest = max((run["window_start"] for run in _judged(selection)), default=_NEVER)
    found = [
        Incident(
            headline=_headline(row, names),
            severity=row["severity"],
            state=row["state"],
            first=title(row["first_window"]),
            last=title(row["last_window"]),
            link=_below(history, row["last_window"]),
            over=row["state"] == "resolved" or row["window_start"] < newest,
            opened=row["first_window"],
        )
        for row in _newest(selection, "incidents", "incident_id")
    ]
    return sorted(found, key=lambda one: (one.over, -one.opened.timestamp(), one.rank, one.headline))


def _judged(selection: Selection) -> list[Row]:
    return selection.rows("runs", columns=("window_start",), part="judgement", status="published")


def _headline(row: Row, names: Names) -> str:
    """What happened; where a column's values must not be seen, only what it is about."""
    columns = [str(name) for name in json.loads(row.get("columns") or "[]")]
    if any(names.is_sensitive(column) for column in columns):
        about = ", ".join(names.column(name) for name in columns)
        return visible(f"{words(row['topic'])}: {about}", _LONGEST)
    return visible(row["headline"], _LONGEST)


def _alerts(history: MonitorHistory, selection: Selection, now: datetime) -> list[tuple[str, Alert]]:
    """The newest word on every alert: those not resolved first, then the newest, with their pages."""
    names, zone = Names(history.monitor.features.sensitive_columns), load_zone(history.monitor.timezone)
    mutes = muting.muted_until(selection, now)

    def title(start: datetime) -> str:
        return title_of(history.monitor.calendar.containing(start), zone)

    found: list[tuple[tuple[bool, float, str], tuple[str, Alert]]] = []
    for row in _newest(selection, "alerts", "alert_id"):
        until = mutes.get(row["alert_id"])
        one = alerts.describe(row, names, title, formats.moment(until, zone) if until else "")
        weight = (row["state"] == "resolved", -row["last_window"].timestamp(), one.subject)
        found.append((weight, (_below(history, row["last_window"]), one)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _newest(selection: Selection, table: str, key: str) -> list[Row]:
    """Of each alert or incident the row of its newest window."""
    rows: dict[str, Any] = {}
    for row in selection.rows(table):
        known = rows.get(row[key])
        if known is None or row["window_start"] >= known["window_start"]:
            rows[row[key]] = row
    return list(rows.values())


def _short(window: Window, local: datetime) -> str:
    if window.granularity is Granularity.HOUR:
        return f"{local:%H}"
    if window.granularity is Granularity.MONTH:
        return _MONTHS[local.month - 1]
    if window.granularity is Granularity.WEEK:
        return str(local.isocalendar().week)
    return str(local.day)


Cells = Sequence[tuple[datetime, Cell]]


def _days(cells: Cells) -> Iterator[Grid]:
    """A block for each month, newest first; a row for each week."""
    months: dict[tuple[int, int], dict[int, Cell]] = {}
    for local, cell in cells:
        months.setdefault((local.year, local.month), {})[local.day] = cell
    for (year, month), days in sorted(months.items(), reverse=True):
        offset = datetime(year, month, 1, tzinfo=UTC).weekday()
        last = (
            31
            if month == 12
            else (datetime(year, month + 1, 1, tzinfo=UTC) - datetime(year, month, 1, tzinfo=UTC)).days
        )
        places = [None] * offset + [days.get(n) or Cell(str(n), "", None, "") for n in range(1, last + 1)]
        places += [None] * (-len(places) % 7)
        rows = tuple(("", tuple(places[n : n + 7])) for n in range(0, len(places), 7))
        yield Grid(f"{_MONTHS[month - 1]} {year}", _WEEKDAYS, rows)


def _hours(cells: Cells) -> Iterator[Grid]:
    """One block, a row for each day; an hour the clock shows twice keeps its two places."""
    days: dict[str, dict[int, list[Cell]]] = {}
    for local, cell in cells:
        days.setdefault(f"{local:%Y-%m-%d}", {}).setdefault(local.hour, []).append(cell)
    widest = [max((len(hours.get(n, ())) for hours in days.values()), default=1) or 1 for n in range(24)]
    heads = tuple(f"{n:02d}" for n in range(24) for _ in range(widest[n]))
    rows = []
    for day, hours in sorted(days.items(), reverse=True):
        places: list[Cell | None] = []
        for n in range(24):
            found = hours.get(n, [])
            places += [*found, *([None] * (widest[n] - len(found)))]
        rows.append((day, tuple(places)))
    if rows:
        yield Grid("By hour", heads, tuple(rows))


def _weeks(cells: Cells) -> Iterator[Grid]:
    """One block, a row for each quarter of an ISO year: thirteen weeks, fourteen where the year has 53."""
    quarters: dict[tuple[int, int], dict[int, Cell]] = {}
    for local, cell in cells:
        week = local.isocalendar()
        quarter = min((week.week - 1) // 13, 3)
        quarters.setdefault((week.year, quarter), {})[week.week - 13 * quarter] = cell
    rows = tuple(
        (f"{year}, Q{quarter + 1}", tuple(places.get(n) for n in range(1, 15)))
        for (year, quarter), places in sorted(quarters.items(), reverse=True)
    )
    if rows:
        yield Grid("By ISO week", (), rows)


def _months(cells: Cells) -> Iterator[Grid]:
    """One block, a row for each year."""
    years: dict[int, dict[int, Cell]] = {}
    for local, cell in cells:
        years.setdefault(local.year, {})[local.month] = cell
    rows = tuple(
        (str(year), tuple(places.get(n) for n in range(1, 13)))
        for year, places in sorted(years.items(), reverse=True)
    )
    if rows:
        yield Grid("By month", (), rows)


_GRIDS: Final[Mapping[Granularity, Callable[[Cells], Iterator[Grid]]]] = {
    Granularity.DAY: _days,
    Granularity.HOUR: _hours,
    Granularity.WEEK: _weeks,
    Granularity.MONTH: _months,
}
