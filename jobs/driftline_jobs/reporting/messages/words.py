"""An incident for a person who reads a mail or a chat: what, since when, how sure; nothing private."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from driftline_jobs.reporting.messages.changes import Row, columns_of
from driftline_reports.chance import chance
from driftline_reports.names import visible
from driftline_schemas.messages import IncidentTold, Told
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import log_column, table_column

_LONGEST: Final = 300
_HASH: Final = re.compile(r"\bh:[0-9a-f]{16}\b")
"""How the hash of a value that is not to be seen is written."""
_NAMED: Final = 8
_STATES: Final[Mapping[str, str]] = {
    "opened": "New",
    "escalated": "Worse",
    "resolved": "Ended",
    "ongoing": "Ongoing",
}
_TOPICS: Final[Mapping[str, str]] = {
    "performance": "The model does worse",
    "data": "The data is damaged or missing",
    "drift": "The data has changed",
}


class Teller:
    """Puts the incidents of one monitor into words.

    Args:
        monitor: whose they are; ``features.sensitive`` says what is private.
        alerts: rows of ``alerts`` of the windows that are told of, for how sure they are.
    """

    def __init__(self, monitor: Monitor, alerts: Iterable[Row] = ()) -> None:
        self._monitor = monitor
        self._private = {table_column(name) for name in monitor.features.sensitive_columns}
        self._q_values: dict[tuple[str, datetime], float] = {}
        for row in alerts:
            q_value = json.loads(row["evidence"] or "{}").get("q_value")
            if isinstance(q_value, int | float) and row["last_window"] == row["window_start"]:
                self._q_values[row["alert_id"], row["window_start"]] = float(q_value)

    def told(self, row: Row, change: Told) -> IncidentTold:
        """An incident, from its row in a window."""
        columns = columns_of(row)
        private = self._is_private(row, columns)
        shown = tuple(visible(log_column(name)) for name in columns)
        return IncidentTold(
            incident_id=row["incident_id"],
            change=change,
            severity=row["severity"],
            topic=row["topic"],
            certain=row["certain"],
            how_sure=self._how_sure(row, change),
            headline=_neutral(row["topic"], shown) if private else visible(row["headline"], _LONGEST),
            cause=None if private or row["cause"] is None else visible(row["cause"], _LONGEST),
            columns=shown,
            first_window=row["first_window"],
            last_window=row["last_window"],
            impact=row["impact"],
        )

    def _is_private(self, row: Row, columns: Sequence[str]) -> bool:
        """Whether its words may hold a value that is not to be seen, were it a hash."""
        if not self._private:
            return False
        segment = [] if row["segment"] == "*" else [row["segment"]]
        said = f"{row['headline']} {row['cause'] or ''} {' '.join(segment)}"
        named = any(name in said or visible(log_column(name)) in said for name in self._private)
        return named or not self._private.isdisjoint(columns) or _HASH.search(said) is not None

    def _how_sure(self, row: Row, change: Told) -> str:
        if change == "resolved":
            return f"not seen since {self._day(row['last_window'])}"
        if row["certain"]:
            return "certain, by labels" if row["topic"] == "performance" else "certain"
        at = row["window_start"]
        found = (self._q_values.get((alert, at)) for alert in json.loads(row["alerts"] or "[]"))
        known = [q_value for q_value in found if q_value is not None]
        if row["topic"] == "performance":
            return "not certain: by an estimate, or within chance"
        return chance(min(known, default=None), row["window_end"] - at)

    def _day(self, start: datetime) -> str:
        return self._monitor.calendar.label(self._monitor.calendar.containing(start))

    def lines(self, told: IncidentTold) -> list[str]:
        """An incident as lines of text: what happened, then where, since when and how sure."""
        more = len(told.columns) - _NAMED
        where = ", ".join(told.columns[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        said = [f"since {self._day(told.first_window)}", told.how_sure]
        if told.impact:
            said.append(f"moves the mean score by {abs(told.impact):.0%} of its spread")
        first = f"{_STATES[told.change]}, {told.severity}: {told.headline}"
        return [first, *([f"  {where}"] if where else []), f"  {'; '.join(part for part in said if part)}"]


def _neutral(topic: str, columns: Sequence[str]) -> str:
    """What may be said of an incident whose own words may hold what is private."""
    where = f": {', '.join(columns[:_NAMED])}" if columns else ""
    return f"{_TOPICS[topic]}{where}"
