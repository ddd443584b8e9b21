"""What has changed in one window, as a message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline_jobs.reporting.messages.changes import (
    Change,
    Row,
    at_once,
    changes_of,
    is_muted,
    muted_ids,
    untold,
)
from driftline_jobs.reporting.messages.words import Teller
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import messages
from driftline_jobs.tables.messages import MessageRow
from driftline_jobs.tables.window_levels import level_of
from driftline_reports.level_words import word
from driftline_schemas.levels import Level
from driftline_schemas.messages import IncidentTold, WindowMessage
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window

ALWAYS = "always"
NO_INCIDENT = "*"
_QUIET = {"acknowledged", "accepted", "resolved"}


@dataclass(frozen=True, slots=True)
class WindowNews:
    """A message that is due, and the rows that note it as sent."""

    message: WindowMessage
    rows: tuple[MessageRow, ...]


def incidents_of(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[Row]:
    """The incidents of the windows from ``start`` on and before ``end``, one row per window."""
    found = store.current(
        "incidents", monitor.monitor, start=start, end=end, granularity=monitor.granularity.value
    )
    rows: list[Row] = found.to_pylist()
    return rows


def alerts_of(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[Row]:
    """What the incidents' words need of the alerts of these windows."""
    columns = ["alert_id", "window_start", "last_window", "evidence"]
    found = store.current(
        "alerts",
        monitor.monitor,
        start=start,
        end=end,
        granularity=monitor.granularity.value,
        columns=columns,
    )
    rows: list[Row] = found.to_pylist()
    return rows


def muted_now(store: Store, monitor: Monitor, now: datetime) -> set[str]:
    """Ids of the monitor's incidents and alerts that nobody is to be told of."""
    return muted_ids(store.current("alert_actions", monitor.monitor), now)


def news_of(
    store: Store, monitor: Monitor, window: Window, channel: str, *, now: datetime, page: str | None = None
) -> WindowNews | None:
    """What ``channel`` is to tell of a published window; None where that is nothing, or was told before.

    ``page`` is where its readers find the window's page. Who is not alone with the monitor's messages
    (``Store.turn``) may hear the same twice.
    """
    rows = incidents_of(store, monitor, window.start, window.end)
    notify = monitor.notify
    told = messages.told(store, monitor, channel)
    muted = muted_now(store, monitor, now)
    urgent = at_once(changes_of(rows, muted), notify.at_least, critical_columns(monitor))
    changes = untold(urgent, told, window.start)
    is_first = not any(row["window_start"] == window.start and row["change"] != "digest" for row in told)
    if not changes and (notify.when != ALWAYS or not is_first):
        return None
    teller = Teller(monitor, alerts_of(store, monitor, window.start, window.end) if changes else ())
    level = level_of(store, monitor, window.start) or Level.UNJUDGED
    here = {change.incident_id for change in changes}
    others = sum(
        row["state"] not in _QUIET and row["incident_id"] not in here and not is_muted(row, muted)
        for row in rows
    )
    identity: list[tuple[str, str]] = [(change.incident_id, change.change) for change in changes]
    identity = identity or [(NO_INCIDENT, ALWAYS)]
    name = message_id(monitor, window.start, channel, identity)
    message = _composed(monitor, window, level, changes, teller, name, others, page)
    return WindowNews(
        message,
        tuple(
            MessageRow(
                monitor=monitor.monitor,
                granularity=window.granularity.value,
                window_start=window.start,
                message_id=name,
                incident_id=incident,
                change=change,
                channel=channel,
            )
            for incident, change in identity
        ),
    )


def _in_short(told: Sequence[IncidentTold]) -> str:
    """The worst of what happened, as the end of a title."""
    if not told:
        return ""
    ended = ", ended" if told[0].change == "resolved" else ""
    return f"{ended}: {told[0].headline}"


def critical_columns(monitor: Monitor) -> frozenset[str]:
    """Those always worth a message, as the tables call them."""
    return frozenset(table_column(name) for name in monitor.features.critical)


def message_id(monitor: Monitor, start: datetime, channel: str, identity: Sequence[tuple[str, str]]) -> str:
    """16 hex digits: the same changes by the same channel have the same id, whoever tells them and when."""
    parts = [monitor.monitor, monitor.granularity.value, start.isoformat(), channel]
    text = "\n".join([*parts, *(f"{incident} {change}" for incident, change in sorted(identity))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _composed(
    monitor: Monitor,
    window: Window,
    level: Level,
    changes: Sequence[Change],
    teller: Teller,
    name: str,
    others: int,
    page: str | None,
) -> WindowMessage:
    period = monitor.calendar.label(window)
    told = tuple(teller.told(change.row, change.change) for change in changes)
    title = f"{monitor.monitor}, {period}: {word(level)}{_in_short(told)}"
    lines = [title, ""]
    for incident in told:
        lines += [*teller.lines(incident), ""]
    if others:
        under_way = "incident is" if others == 1 else "incidents are"
        lines += [f"{others} other {under_way} under way.", ""]
    if told:
        lines.append(f"More: driftline incidents show {told[0].incident_id}")
    if page:
        lines.append(f"The page: {page}")
    return WindowMessage(
        message_id=name,
        title=title,
        text="\n".join(lines).strip(),
        monitor=monitor.monitor,
        description=monitor.description,
        owner=monitor.owner,
        granularity=window.granularity.value,
        period=period,
        window_start=window.start,
        window_end=window.end,
        level=level,
        incidents=told,
        ongoing=others,
        page=page,
    )
