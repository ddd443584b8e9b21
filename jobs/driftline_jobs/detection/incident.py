"""An incident, and what there is to it in one window."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from driftline_jobs.detection.problems import LAST, Problem, Severity, Topic


class State(StrEnum):
    """How an incident stands in a window."""

    NEW = "new"
    ONGOING = "ongoing"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Action:
    """What a person said of an incident after the window that starts at ``window``."""

    incident_id: str
    state: State
    window: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident in one window: a row of ``incidents``.

    Attributes:
        first_window, last_window: starts of the windows it was opened in and last seen in.
        columns: those it is about, those that matter most first.
        members: keys of its problems.
        kind: the check that trifles of the data share, which are no part of anything else; else empty.
        quiet: windows since one of them was seen; worse: for how many in a row it has been worse than said.
        age: windows since it was opened, and since the last problem joined it.
        changed: start of the window in which it was last new or escalated.
        said: the impact that was said then.
        peak: the greatest strength seen.
        reading: place of the metric that was told in the order of reading, of losses that are certain.
        norm: ``accepted.distance`` of the windows since a person accepted it.
        leading: what the headline rests on.
    """

    incident_id: str
    topic: Topic
    state: State
    severity: Severity
    certain: bool
    headline: str
    cause: str | None
    first_window: datetime
    last_window: datetime
    columns: tuple[str, ...]
    members: tuple[str, ...]
    impact: float | None
    age: int
    joined: int
    changed: datetime
    said: float
    peak: float
    kind: str = ""
    quiet: int = 0
    worse: int = 0
    norm: tuple[float, ...] = ()
    reading: int = LAST
    leading: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alerts(self) -> tuple[str, ...]:
        """Ids of its alerts."""
        return tuple(sorted({key.partition(":")[0] for key in self.members}))


@dataclass(frozen=True, slots=True)
class WindowProblems:
    """What one window brings.

    Attributes:
        problems: those that were seen in it, the worst first.
        under_way: ids of the alerts that have not ended.
        columns: how many are watched.
    """

    start: datetime
    problems: Sequence[Problem]
    under_way: Collection[str]
    columns: int = 0


def incident_id(monitor: str, topic: Topic, kind: str, first_window: datetime) -> str:
    """16 hex digits: of one topic and kind at most one incident opens in a window."""
    parts = ("incident", monitor, topic.value, kind, first_window.isoformat())
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def blank(name: str, topic: Topic, kind: str, severity: Severity, start: datetime) -> Incident:
    """One that opens in the window that starts at ``start``, before anything is known of it."""
    return Incident(
        incident_id=name,
        topic=topic,
        state=State.NEW,
        severity=severity,
        certain=False,
        headline="",
        cause=None,
        first_window=start,
        last_window=start,
        columns=(),
        members=(),
        impact=None,
        age=0,
        joined=0,
        changed=start,
        said=0.0,
        peak=0.0,
        kind=kind,
    )
