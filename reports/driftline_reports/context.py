"""What every part of the page needs: the rows, the names, the windows, and how a figure is cited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from driftline_reports import formats, levels
from driftline_reports.inputs import ReportInputs
from driftline_reports.names import Names
from driftline_reports.queries import Cell, Query, QueryBook, at, equals, row_key
from driftline_reports.selection import Selection
from driftline_reports.view_model import Figure
from driftline_schemas.window import Window, load_zone

T = TypeVar("T")
# As many windows as a trend shows, this one included.
TRAILING: Final = 90


@dataclass(frozen=True, slots=True)
class Room:
    """How much of each kind a page may hold, so that it can be mailed and opened whatever the data.

    ``shown`` changed columns come first, up to ``cards`` have charts, ``lines`` more are listed, and so many
    ``minis`` have their distribution beside them.
    """

    shown: int = 8
    cards: int = 50
    lines: int = 500
    minis: int = 60


class Context:
    """One page being made. Reads the inputs only; the query book is what grows."""

    def __init__(self, inputs: ReportInputs, room: Room | None = None) -> None:
        self.inputs = inputs
        self.room = room or Room()
        self.monitor = inputs.monitor
        self.window = inputs.window
        self.zone = load_zone(inputs.monitor.timezone)
        self.names = Names(inputs.monitor.features.sensitive_columns)
        self.selection = Selection(inputs.tables, inputs.monitor.monitor, inputs.window.granularity.value)
        self.book = QueryBook()
        self.facts = levels.gather(self.selection)
        self.windows = self._trailing()
        self.starts = tuple(window.start for window in self.windows)

    def _trailing(self) -> tuple[Window, ...]:
        """The windows up to this one, from the first that anything is known of, gaps included."""
        known = [start for start in self.facts if start <= self.window.start]
        first = min([*known, self.window.start])
        windows = [self.window]
        while len(windows) < TRAILING and windows[0].start > first:
            windows.insert(0, self.monitor.calendar.previous(windows[0]))
        return tuple(windows)

    @property
    def this(self) -> levels.Facts:
        """The facts of this window."""
        return self.facts.get(self.window.start, levels.Facts())

    def title(self, start: datetime) -> str:
        """The name of the window that starts at ``start``."""
        window = next((w for w in self.windows if w.start == start), None)
        end = window.end if window else self.monitor.calendar.containing(start).end
        return formats.window(start, end, self.window.granularity.value, self.zone)

    def wall_ms(self, start: datetime) -> int:
        """The wall clock at ``start`` in the monitor's zone, in milliseconds as if it were UTC."""
        wall = start.astimezone(self.zone).replace(tzinfo=UTC)
        return round(wall.timestamp() * 1000)

    def times(self) -> tuple[int, ...]:
        """The wall clock of every trailing window, made to ascend where clocks go back."""
        times: list[int] = []
        for start in self.starts:
            time = self.wall_ms(start)
            times.append(time if not times or time > times[-1] else times[-1] + 1)
        return tuple(times)

    def along(self, by_start: Mapping[datetime, T]) -> tuple[T | None, ...]:
        """Values in the order of the trailing windows, None where a window has none."""
        return tuple(by_start.get(start) for start in self.starts)

    def here(self, *, whole: bool = True, window: bool = True) -> list[str]:
        """The SQL conditions of this monitor's rows, of this window, of the whole."""
        conditions = [
            f"monitor = '{self.monitor.monitor}'",
            f"granularity = '{self.window.granularity.value}'",
        ]
        if window:
            conditions.append(f"window_start = {at(self.window.start)}")
        else:
            conditions.append(f"window_start between {at(self.starts[0])} and {at(self.starts[-1])}")
        if whole:
            conditions.append("model_version = '*' and segment = '*' and segment_value = '*'")
        return conditions


class Cited:
    """Figures of one row of one query's result.

    With ``hide`` the figures do not say where they stand: the row's own key holds what must not be seen.
    """

    def __init__(self, row: Mapping[str, Any], query: Query, *, hide: bool = False) -> None:
        self._row = row
        self._query = query.id
        self._hide = hide
        self._key = row_key(*(row.get(key) for key in query.keys))

    def __call__(self, column: str, write: Callable[[Any], str] = formats.number) -> Figure:
        """The figure in ``column``, written by ``write``; a dash where the table holds none."""
        value = self._row.get(column)
        if value is None:
            return Figure(formats.ABSENT)
        cell = None if self._hide else Cell(self._query, self._key, column)
        if isinstance(value, datetime):
            # As text with the offset: a figure stands on the page as the table holds it.
            return Figure(write(value), value.isoformat(), cell)
        return Figure(write(value), value, cell)


def unbroken(starts: Sequence[datetime], decided: Mapping[datetime, bool]) -> tuple[datetime, int, bool]:
    """The run of windows beyond the limit that ends with the last of ``starts``.

    Returns its first window, how many windows were beyond in it, and whether it may have begun before what is
    known. A window without a decision neither ends the run nor counts.
    """
    first, length = starts[-1], 0
    for position in range(len(starts) - 1, -1, -1):
        beyond = decided.get(starts[position])
        if beyond is False:
            return first, length, False
        if beyond:
            first, length = starts[position], length + 1
    return first, length, True


def column_condition(column: str, name: str = "column_name") -> str:
    """The SQL condition on a column's name."""
    return equals(name, column)
