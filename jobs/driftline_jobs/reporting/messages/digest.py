"""The digest: what is worth knowing of some days that nobody was told of at once, one message per reader.

Monitors that are told to the same people are in one message: the worst first. Of each there is what opened or
got worse without being told at once, what is under way at the end, and what has ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from driftline_jobs.reporting.messages.changes import Change, Row, changes_of, is_muted, worst_first
from driftline_jobs.reporting.messages.channels import CHANNELS, Channel, Outgoing, asked
from driftline_jobs.reporting.messages.letter import letter_of_digest
from driftline_jobs.reporting.messages.notify import Sent
from driftline_jobs.reporting.messages.window import NO_INCIDENT, alerts_of, incidents_of, muted_now
from driftline_jobs.reporting.messages.words import Teller
from driftline_jobs.reporting.messages.written import write_letter
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import messages
from driftline_jobs.tables.messages import MessageRow
from driftline_jobs.tables.window_levels import between
from driftline_reports.level_words import word
from driftline_schemas.errors import DriftlineError
from driftline_schemas.levels import Level
from driftline_schemas.messages import DigestMessage, MonitorDigest
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

DIGEST = "digest"
_TURN = "digests"
_UNDER_WAY = frozenset({"new", "escalated", "ongoing"})
_ORDER = list(Level)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a digest, both included; each monitor means those of its own zone."""

    since: date
    until: date

    def of(self, monitor: Monitor) -> tuple[datetime, datetime]:
        """Their first instant, and the end."""
        calendar = monitor.calendar
        return calendar.start_of_day(self.since), calendar.start_of_day(self.until + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class DigestNews:
    """A digest that is due, the monitors it is about, and the rows that note it as sent."""

    message: DigestMessage
    monitors: tuple[Monitor, ...]
    rows: tuple[MessageRow, ...]


def digests_due(
    store: Store, monitors: Sequence[Monitor], settings: Settings, channel: Channel, days: Days
) -> Iterator[DigestNews]:
    """What ``channel`` is to tell, one digest per reader; nothing of what was told before, or is nothing."""
    readers: dict[str, list[Monitor]] = {}
    for monitor in monitors:
        reader = channel.reaches(monitor, settings)
        if reader:
            readers.setdefault(reader, []).append(monitor)
    now = datetime.now(UTC)
    for group in readers.values():
        with store.stay_connected(reading=True):
            parts = [(monitor, _part(store, monitor, channel.name, days, now)) for monitor in group]
        found = [(monitor, part) for monitor, part in parts if part is not None]
        if found:
            yield _composed(found, channel.name, days)


def send_digests(
    store: Store, monitors: Sequence[Monitor], settings: Settings, days: Days, *, only: str | None = None
) -> Iterator[Sent]:
    """Send every digest that is due, once. One that fails does not keep the others from theirs; its error is
    raised when they are through."""
    failed: DriftlineError | None = None
    channels = {channel.name: channel for one in monitors for channel in asked(one, settings, only)}
    for channel in channels.values():
        with store.turn(_TURN):
            due = list(digests_due(store, monitors, settings, channel, days))
            sent: list[Sent] = []
            for news in due:
                message = news.message
                outgoing = Outgoing(message, lambda it=message: letter_of_digest(it), datetime.now(UTC))  # type: ignore[misc]
                try:
                    remarks = channel.send(outgoing, news.monitors[0], settings)
                except DriftlineError as error:
                    failed = failed or error
                    continue
                messages.note(store, news.rows, datetime.now(UTC))
                sent.append(Sent(channel.name, message, tuple(remarks)))
        yield from sent
    if failed is not None:
        raise failed


def write_digests(
    store: Store, monitors: Sequence[Monitor], settings: Settings, days: Days, folder: Path
) -> list[Path]:
    """Write the mails that are due into folders below ``folder``, for others to send; see ``written``."""
    email = CHANNELS["email"]
    with store.turn(_TURN):
        return [
            write_letter(
                folder,
                letter_of_digest(news.message),
                news.message.message_id,
                news.monitors[0].notify.email,
                news.rows,
            )
            for news in digests_due(store, monitors, settings, email, days)
        ]


def _part(store: Store, monitor: Monitor, channel: str, days: Days, now: datetime) -> MonitorDigest | None:
    start, end = days.of(monitor)
    told = messages.told(store, monitor, channel)
    if any(row["change"] == DIGEST and row["window_start"] == start for row in told):
        return None
    levels = between(store, monitor, start, end - timedelta(microseconds=1)).to_pylist()
    if not levels:
        return None
    muted = muted_now(store, monitor, now)
    rows = [row for row in incidents_of(store, monitor, start, end) if not is_muted(row, muted)]
    groups = _grouped(rows, told, levels[-1]["window_start"])
    if not any(groups):
        return None
    teller = Teller(monitor, alerts_of(store, monitor, start, end))
    new, ongoing, resolved = groups
    counts: dict[Level, int] = {}
    for row in levels:
        counts[Level(row["level"])] = counts.get(Level(row["level"]), 0) + 1
    return MonitorDigest(
        monitor=monitor.monitor,
        owner=monitor.owner,
        granularity=monitor.granularity.value,
        windows={level: counts[level] for level in _ORDER if level in counts},
        level=Level(levels[-1]["level"]),
        new=tuple(teller.told(change.row, change.change) for change in new),
        ongoing=tuple(teller.told(row, "ongoing") for row in ongoing),
        resolved=tuple(teller.told(row, "resolved") for row in resolved),
    )


def _grouped(
    rows: Sequence[Row], told: Sequence[Row], last: datetime
) -> tuple[list[Change], list[Row], list[Row]]:
    """What is new and was not told, what is under way in the window ``last``, and what ended; each incident
    once, as it last stands."""
    at_once = {(row["incident_id"], row["change"], row["window_start"]) for row in told}
    ended = {row["incident_id"]: row for row in rows if row["state"] == "resolved"}
    under_way = {
        row["incident_id"]: row for row in rows if row["window_start"] == last and row["state"] in _UNDER_WAY
    }
    ended = {name: row for name, row in ended.items() if name not in under_way}
    new = {
        change.incident_id: change
        for change in changes_of(rows)[::-1]
        if change.worsens
        and change.incident_id not in ended
        and (change.incident_id, change.change, change.row["window_start"]) not in at_once
    }
    return (
        sorted(new.values(), key=lambda change: worst_first(change.row)),
        sorted((row for name, row in under_way.items() if name not in new), key=worst_first),
        sorted(ended.values(), key=worst_first),
    )


def _composed(found: Sequence[tuple[Monitor, MonitorDigest]], channel: str, days: Days) -> DigestNews:
    ordered = sorted(found, key=_worst_first)
    parts = tuple(part for _, part in ordered)
    names = [f"{one.monitor} {one.granularity.value}" for one, _ in ordered]
    identity = "\n".join([DIGEST, channel, days.since.isoformat(), days.until.isoformat(), *sorted(names)])
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    title = _title(parts, days)
    message = DigestMessage(
        message_id=name,
        title=title,
        text="\n\n".join([title, *(_text(monitor, part) for monitor, part in ordered)]),
        since=days.since,
        until=days.until,
        monitors=parts,
    )
    rows = [row for monitor, part in ordered for row in _rows(monitor, part, channel, name, days)]
    return DigestNews(message, tuple(monitor for monitor, _ in ordered), tuple(rows))


def _worst_first(one: tuple[Monitor, MonitorDigest]) -> tuple[int, str]:
    return min(_ORDER.index(level) for level in one[1].windows), one[0].monitor


def _rows(monitor: Monitor, part: MonitorDigest, channel: str, name: str, days: Days) -> Iterator[MessageRow]:
    told = (*part.new, *part.ongoing, *part.resolved)
    for incident in (NO_INCIDENT, *dict.fromkeys(one.incident_id for one in told)):
        yield MessageRow(
            monitor=monitor.monitor,
            granularity=monitor.granularity.value,
            window_start=days.of(monitor)[0],
            message_id=name,
            incident_id=incident,
            change=DIGEST,
            channel=channel,
        )


def _title(parts: Sequence[MonitorDigest], days: Days) -> str:
    whose = parts[0].monitor if len(parts) == 1 else f"{len(parts)} monitors"
    counted = {
        "new": sum(len(part.new) for part in parts),
        "ongoing": sum(len(part.ongoing) for part in parts),
        "ended": sum(len(part.resolved) for part in parts),
    }
    said = ", ".join(f"{number} {what}" for what, number in counted.items() if number)
    return f"{whose}, {days.since} to {days.until}: {said}"


def _text(monitor: Monitor, part: MonitorDigest) -> str:
    counts = ", ".join(f"{number} {word(level)}" for level, number in part.windows.items())
    lines = [f"{part.monitor}: {counts}"]
    teller = Teller(monitor)
    for incident in (*part.new, *part.ongoing, *part.resolved):
        lines += teller.lines(incident)
    return "\n".join(lines)
