"""Every monitor's windows on one page: a calendar of verdicts, the newest alerts, a link to each report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from driftline_reports import alerts, formats, levels
from driftline_reports.inputs import IndexInputs, MonitorHistory
from driftline_reports.names import Names, visible
from driftline_reports.page import environment, policy, stylesheet
from driftline_reports.selection import Row, Selection
from driftline_reports.view_model import Alert, Level
from driftline_schemas.window import Granularity, Window, load_zone

# More cells than this help nobody to find one: the oldest stay out, and it is said.
MOST_CELLS: Final = 800
_MOST_ALERTS: Final = 30
_WEEKDAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
class MonitorCalendar:
    """One monitor: its newest window, the tally of all, the grids."""

    name: str
    description: str
    zone: str
    granularity: str
    newest: Cell | None
    tally: tuple[tuple[Level, int], ...]
    grids: tuple[Grid, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class IndexView:
    """The index as data."""

    monitors: tuple[MonitorCalendar, ...]
    alerts: tuple[tuple[str, str, Alert], ...]
    more_alerts: int
    generated: str


def render_index(inputs: IndexInputs) -> str:
    """The index page: self-contained, without a script, the same bytes for the same inputs."""
    style = stylesheet()
    template = environment().get_template("index.html.j2")
    return template.render(
        view=build_index(inputs),
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy(style),
    )


def build_index(inputs: IndexInputs) -> IndexView:
    """What the index shows: monitors by name, alerts that are not resolved before all others."""
    histories = sorted(inputs.monitors, key=lambda history: history.monitor.monitor)
    calendars, raised = [], []
    for history in histories:
        monitor = history.monitor
        selection = Selection(history.tables, monitor.monitor, monitor.granularity.value)
        calendars.append(_calendar(history, levels.gather(selection)))
        raised += list(_alerts(history, selection))
    raised.sort(key=lambda found: (found[0], -found[1].timestamp(), found[2], found[4].subject))
    shown = tuple((name, link, alert) for _, _, name, link, alert in raised[:_MOST_ALERTS])
    generated = formats.moment(inputs.generated_at, ZoneInfo("UTC"))
    return IndexView(tuple(calendars), shown, max(len(raised) - _MOST_ALERTS, 0), generated)


def _alerts(
    history: MonitorHistory, selection: Selection
) -> Iterator[tuple[bool, datetime, str, str, Alert]]:
    """The newest word on every alert: resolved or not, when, whose, where, what."""
    newest: dict[str, Row] = {}
    for row in selection.rows("alerts"):
        known = newest.get(row["alert_id"])
        if known is None or row["window_start"] >= known["window_start"]:
            newest[row["alert_id"]] = row
    names, zone = Names(history.monitor.features.sensitive), load_zone(history.monitor.timezone)

    def title(start: datetime) -> str:
        return _title(history.monitor.calendar.containing(start), zone)

    for row in newest.values():
        start = row["last_window"]
        link = history.pages.get(start, "")
        described = alerts.describe(row, names, title)
        yield row["state"] == "resolved", start, history.monitor.monitor, link, described


def _calendar(history: MonitorHistory, facts: Mapping[datetime, levels.Facts]) -> MonitorCalendar:
    monitor = history.monitor
    zone = load_zone(monitor.timezone)
    starts = sorted(facts)[-MOST_CELLS:]
    windows = [monitor.calendar.containing(start) for start in starts]
    cells: list[tuple[datetime, Cell]] = []
    for window in windows:
        stands = levels.level(facts[window.start])
        local = window.start.astimezone(zone)
        title = f"{_title(window, zone)}: {stands.word}"
        cells.append((local, Cell(_short(window, local), title, stands, history.pages.get(window.start, ""))))
    counts = {level: sum(cell.level is level for _, cell in cells) for level in Level}
    return MonitorCalendar(
        name=monitor.monitor,
        description=visible(monitor.description, 200) if monitor.description else "",
        zone=monitor.timezone,
        granularity=monitor.granularity.value,
        newest=cells[-1][1] if cells else None,
        tally=tuple((level, count) for level, count in counts.items() if count),
        grids=tuple(_GRIDS[monitor.granularity](cells)),
        left_out=max(len(facts) - MOST_CELLS, 0),
    )


def _title(window: Window, zone: ZoneInfo) -> str:
    return formats.window(window.start, window.end, window.granularity.value, zone)


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
