"""Every monitor's windows on one page: a calendar of verdicts, the newest alerts, a link to each report.

One monitor's part of it, an entry, is made from that monitor's rows alone and can be kept as JSON: so a
report refreshes its own entry, and the page is put together from the entries of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup
from pydantic import TypeAdapter

from driftline_reports import alerts, formats, levels, muting
from driftline_reports.inputs import IndexInputs, MonitorHistory, check_link
from driftline_reports.level_words import word
from driftline_reports.names import Names, visible
from driftline_reports.page import environment, policy, stylesheet
from driftline_reports.selection import Row, Selection
from driftline_reports.view_model import Alert
from driftline_schemas.levels import Level
from driftline_schemas.window import Granularity, Window, load_zone

# More cells than this help nobody to find one: the oldest stay out, and it is said.
MOST_CELLS: Final = 800
_MOST_ALERTS: Final = 30
# The others fold away, so that the calendar is near the top.
_MOST_OPEN: Final = 5
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
class IndexAlert:
    """One alert: whether it is over, the last window it was seen in, where its page is, what it says."""

    resolved: bool
    last: datetime
    link: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One monitor's part of the index; ``more_alerts`` are those it has beyond ``alerts``."""

    calendar: MonitorCalendar
    alerts: tuple[IndexAlert, ...]
    more_alerts: int
    format: int = 1


_ENTRY: Final = TypeAdapter(IndexEntry)


@dataclass(frozen=True, slots=True)
class IndexView:
    """The index as data."""

    monitors: tuple[MonitorCalendar, ...]
    alerts: tuple[tuple[str, str, Alert], ...]
    more_alerts: int
    generated: str


def render_index(inputs: IndexInputs) -> str:
    """The index page: self-contained, without a script, the same bytes for the same inputs."""
    return _render(build_index(inputs))


def render_entries(entries: Sequence[IndexEntry], generated_at: datetime) -> str:
    """The index page from entries that were made before, in any order."""
    return _render(_view(entries, generated_at))


def _render(view: IndexView) -> str:
    style = stylesheet()
    template = environment().get_template("index.html.j2")
    return template.render(
        view=view,
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy(style),
        most_open=_MOST_OPEN,
    )


def build_index(inputs: IndexInputs) -> IndexView:
    """What the index shows: monitors by name, alerts that are not resolved before all others."""
    made = [build_entry(history, inputs.generated_at) for history in inputs.monitors]
    return _view(made, inputs.generated_at)


def build_entry(history: MonitorHistory, generated_at: datetime) -> IndexEntry:
    """One monitor's part of the index. What is muted at ``generated_at`` is said to be."""
    monitor = history.monitor
    selection = Selection(history.tables, monitor.monitor, monitor.granularity.value)
    raised = sorted(_alerts(history, selection, generated_at), key=_weight)
    return IndexEntry(
        _calendar(history, levels.gather(selection)),
        tuple(raised[:_MOST_ALERTS]),
        max(len(raised) - _MOST_ALERTS, 0),
    )


def entry_to_json(entry: IndexEntry) -> bytes:
    """The entry as it is kept; equal entries give equal bytes."""
    return _ENTRY.dump_json(entry)


def entry_from_json(data: bytes) -> IndexEntry:
    """The entry that was kept. Raises ValueError for anything else, and for links that run something."""
    entry = _ENTRY.validate_json(data)
    if entry.format != 1:
        raise ValueError(f"an entry of format {entry.format}, 1 is known")
    cells = [cell for grid in entry.calendar.grids for _, row in grid.rows for cell in row]
    for link in [cell.link for cell in (*cells, entry.calendar.newest) if cell is not None]:
        check_link(link)
    for alert in entry.alerts:
        check_link(alert.link)
    return entry


def _view(entries: Sequence[IndexEntry], generated_at: datetime) -> IndexView:
    ordered = sorted(entries, key=lambda entry: entry.calendar.name)
    raised = [(one, entry.calendar.name) for entry in ordered for one in entry.alerts]
    raised.sort(key=lambda found: (*_weight(found[0])[:2], found[1], found[0].alert.subject))
    more = sum(entry.more_alerts for entry in ordered) + max(len(raised) - _MOST_ALERTS, 0)
    shown = tuple((name, one.link, one.alert) for one, name in raised[:_MOST_ALERTS])
    generated = formats.moment(generated_at, ZoneInfo("UTC"))
    return IndexView(tuple(entry.calendar for entry in ordered), shown, more, generated)


def _weight(one: IndexAlert) -> tuple[bool, float, str]:
    return one.resolved, -one.last.timestamp(), one.alert.subject


def _alerts(history: MonitorHistory, selection: Selection, now: datetime) -> Iterator[IndexAlert]:
    """The newest word on every alert."""
    newest: dict[str, Row] = {}
    for row in selection.rows("alerts"):
        known = newest.get(row["alert_id"])
        if known is None or row["window_start"] >= known["window_start"]:
            newest[row["alert_id"]] = row
    names, zone = Names(history.monitor.features.sensitive_columns), load_zone(history.monitor.timezone)
    mutes = muting.muted_until(selection, now)

    def title(start: datetime) -> str:
        return _title(history.monitor.calendar.containing(start), zone)

    for row in newest.values():
        start = row["last_window"]
        until = mutes.get(row["alert_id"])
        muted = formats.moment(until, zone) if until else ""
        described = alerts.describe(row, names, title, muted)
        yield IndexAlert(row["state"] == "resolved", start, history.pages.get(start, ""), described)


def _calendar(history: MonitorHistory, facts: Mapping[datetime, levels.Facts]) -> MonitorCalendar:
    monitor = history.monitor
    zone = load_zone(monitor.timezone)
    starts = sorted(facts)[-MOST_CELLS:]
    windows = [monitor.calendar.containing(start) for start in starts]
    cells: list[tuple[datetime, Cell]] = []
    for window in windows:
        stands = levels.level(facts[window.start])
        local = window.start.astimezone(zone)
        title = f"{_title(window, zone)}: {word(stands)}"
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
