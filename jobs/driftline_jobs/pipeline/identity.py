"""Which monitor file published windows belong to: two files that share a name must not share windows.

A window is known by the monitor's name, its granularity and its start. Hence a name stands for one calendar
(granularity, time zone, base) for good: windows of two calendars would overlap. It stands for one log (place,
timestamp, prediction, task) up to the window from which ``driftline rebase`` says that it is another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from driftline_jobs.tables import reference_sets
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:  # a report asks too, and needs no engine for it
    from driftline_jobs.pipeline.context import Job
    from driftline_jobs.stores.base import Store
    from driftline_schemas.monitor import Monitor


@dataclass(frozen=True, slots=True)
class Identity:
    """What of a monitor file decides which windows are its own."""

    granularity: str
    timezone: str
    base: str
    uri: str
    timestamp: str
    prediction: str | None
    task: str

    @property
    def calendar(self) -> tuple[str, str, str]:
        """What bounds the windows."""
        return self.granularity, self.timezone, self.base

    @property
    def calendar_in_words(self) -> str:
        """The same for a person."""
        base = "" if self.base == self.granularity else f", base {self.base}"
        return f"by the {self.granularity} in {self.timezone}{base}"

    @property
    def log_in_words(self) -> str:
        """Which figures of which log, for a person."""
        return f"{self.uri} ({self.task}, timestamp {self.timestamp}, prediction {self.prediction})"


@dataclass(frozen=True, slots=True)
class PublishedSeries:
    """Windows that are published under one identity: how many, from the first to the last start."""

    identity: Identity
    reference_ids: tuple[str, ...]
    windows: int
    first: datetime
    last: datetime


def identity_of(monitor: Monitor) -> Identity:
    """The identity that the monitor's windows have."""
    return _identity(monitor.model_dump(mode="json"))


def _identity(content: Mapping[str, Any]) -> Identity:
    logs = content["logs"]
    return Identity(
        content["granularity"],
        content["timezone"],
        content["base"],
        logs["uri"],
        logs["timestamp"],
        logs["prediction"],
        content["task"],
    )


def published_identities(store: Store, monitor: str) -> list[PublishedSeries]:
    """What is published under the monitor's name, by identity, in order of the first window."""
    found: dict[Identity, list[dict[str, Any]]] = {}
    for row in reference_sets.published_by(store, monitor):
        found.setdefault(_identity(json.loads(row["source"])), []).append(row)
    published = [
        PublishedSeries(
            identity,
            tuple(sorted(row["reference_id"] for row in rows)),
            sum(row["windows"] for row in rows),
            min(row["first"] for row in rows),
            max(row["last"] for row in rows),
        )
        for identity, rows in found.items()
    ]
    return sorted(published, key=lambda one: (one.first, one.last))


def others(store: Store, monitor: Monitor) -> list[PublishedSeries]:
    """What is published under the monitor's name by another calendar or from another log than its file's."""
    own = identity_of(monitor)
    return [one for one in published_identities(store, monitor.monitor) if one.identity != own]


def references_of_others(store: Store, monitor: Monitor) -> list[str]:
    """Every reference under the monitor's name that was made by another calendar or from another log."""
    own = identity_of(monitor)
    rows = reference_sets.sources(store, monitor.monitor)
    return [row["reference_id"] for row in rows if _identity(json.loads(row["source"])) != own]


def check_calendar(store: Store, monitor: Monitor) -> list[PublishedSeries]:
    """Raise ConfigError where windows of another calendar are published under the monitor's name.

    Returns what is published from another log.
    """
    own, found = identity_of(monitor), others(store, monitor)
    for other in found:
        if other.identity.calendar != own.calendar:
            raise ConfigError(
                f"{monitor.monitor}: {_windows(other)} {other.identity.calendar_in_words}, and the "
                f"file now says {own.calendar_in_words}: windows of both would overlap. Put the file back, "
                f"give the monitor another name, or remove what is not the file's: {_forget(monitor)}"
            )
    return found


def check_identity(job: Job) -> datetime | None:
    """Where the windows begin that are the file's own: None if all of its name are.

    Raises ConfigError where the job would mix windows of two calendars or of two logs.
    """
    monitor = job.monitor
    found = check_calendar(job.store, monitor)
    if not found:
        return None
    since = _rebased(job.store, identity_of(monitor), monitor.monitor)
    last = max(found, key=lambda other: other.last)
    if since is None or since <= last.last:
        raise ConfigError(
            f"{monitor.monitor}: {_windows(last)} from {last.identity.log_in_words}, and the file "
            f"now says {identity_of(monitor).log_in_words}. If the log has moved, say from which window on: "
            f"`driftline rebase FILE --period {_next(monitor, last.last)}`; if these are two monitors, give "
            f"one another name, or remove what is not the file's: {_forget(monitor)}"
        )
    return since


def check_period(job: Job, since: datetime | None) -> None:
    """Raise ConfigError for a window that is asked for and belongs to the log of before a rebase."""
    first = job.windows[0]
    if since is not None and first.start < since:
        calendar = job.monitor.calendar
        raise ConfigError(
            f"{job.monitor.monitor}: the window {calendar.label(first)} lies before "
            f"{calendar.label(calendar.containing(since))}, from which on the monitor was rebased to another "
            "log: ask for later windows, or put the file back to run this one"
        )


def _rebased(store: Store, own: Identity, monitor: str) -> datetime | None:
    rows = reference_sets.rebased(store, monitor)
    return min(_moments(rows, own), default=None)


def _moments(rows: Sequence[Mapping[str, Any]], own: Identity) -> Iterator[datetime]:
    for row in rows:
        if _identity(json.loads(row["source"])) == own:
            yield row["since"]


def _windows(other: PublishedSeries) -> str:
    first, last = (f"{start:%Y-%m-%d %H:%M}" for start in (other.first, other.last))
    if other.windows == 1:
        return f"a window ({first} UTC) is published under this name"
    return f"{other.windows:,} windows ({first} to {last} UTC) are published under this name"


def _next(monitor: Monitor, start: datetime) -> str:
    calendar = monitor.calendar
    return calendar.label(calendar.following(calendar.containing(start)))


def _forget(monitor: Monitor) -> str:
    return f"`driftline store forget {monitor.monitor} --other-than FILE --dry-run` says what that is"
