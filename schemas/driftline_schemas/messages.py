"""What a message is: the JSON that a webhook is sent, and what mails and Slack's form are made from.

``version`` changes when a field goes or means something else; new fields may come at any time.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from driftline_schemas.levels import Level
from driftline_schemas.monitor_values import Severity

VERSION: Final = 1

Told = Literal["opened", "escalated", "resolved", "ongoing"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IncidentTold(_Part):
    """One incident as it stands in the window that the message is about. No value of a sensitive column."""

    incident_id: Annotated[str, Field(description="The same in every message about it; see `incidents`.")]
    change: Annotated[Told, Field(description="What happened to it, or that it goes on.")]
    severity: Annotated[Severity, Field(description="How bad it is.")]
    topic: Annotated[
        Literal["performance", "data", "drift"],
        Field(description="Whether the model does worse, its data is damaged or missing, or has changed."),
    ]
    certain: Annotated[
        bool, Field(description="Whether it rests on labels, or on damage that no chance explains.")
    ]
    how_sure: Annotated[
        str, Field(description="The same for a person, as `once in about 40 days by chance`.")
    ]
    headline: Annotated[str, Field(description="What happened, in a sentence.")]
    cause: Annotated[
        str | None, Field(description="What explains its alerts together; null where nothing does.")
    ]
    columns: Annotated[tuple[str, ...], Field(description="The columns it is about, the worst first.")]
    first_window: Annotated[datetime, Field(description="Start of the window in which it was opened, UTC.")]
    last_window: Annotated[datetime, Field(description="Start of the last window in which it was seen, UTC.")]
    impact: Annotated[
        float | None,
        Field(description="Largest impact of its columns on the mean score, as a share of its spread."),
    ]


class WindowMessage(_Part):
    """What has changed in one window of one monitor."""

    version: Literal[1] = VERSION
    kind: Annotated[Literal["window"], Field(description="Which of the two this is.")] = "window"
    message_id: Annotated[
        str,
        Field(description="The same if the message is sent again, as after an answer that was lost."),
    ]
    title: Annotated[str, Field(description="One line: monitor, window, level and the worst.")]
    text: Annotated[str, Field(description="The whole as plain text.")]
    monitor: Annotated[str, Field(description="Its name.")]
    description: Annotated[str, Field(description="As the monitor file says.")]
    owner: Annotated[str, Field(description="As the monitor file says, or empty.")]
    granularity: Annotated[str, Field(description="Length of the window.")]
    period: Annotated[str, Field(description="The window as commands name it: `--period`.")]
    window_start: Annotated[datetime, Field(description="Its first instant, UTC.")]
    window_end: Annotated[datetime, Field(description="Its end, UTC.")]
    level: Annotated[Level, Field(description="How the window stands.")]
    incidents: Annotated[
        tuple[IncidentTold, ...],
        Field(description="What changed, the worst first; none only with `when: always`."),
    ]
    ongoing: Annotated[int, Field(description="How many other incidents are under way in the window.")]
    page: Annotated[str | None, Field(description="Address of the window's page, if it has one.")]


class MonitorDigest(_Part):
    """One monitor's part of a digest."""

    monitor: Annotated[str, Field(description="Its name.")]
    owner: Annotated[str, Field(description="As the monitor file says, or empty.")]
    granularity: Annotated[str, Field(description="Length of its windows.")]
    windows: Annotated[
        dict[Level, int], Field(description="How many windows there were of each level that occurred.")
    ]
    level: Annotated[Level, Field(description="How its last window stands.")]
    new: Annotated[
        tuple[IncidentTold, ...],
        Field(description="What opened or got worse and was not told at once, the worst first."),
    ]
    ongoing: Annotated[tuple[IncidentTold, ...], Field(description="What is under way at the end.")]
    resolved: Annotated[tuple[IncidentTold, ...], Field(description="What ended.")]


class DigestMessage(_Part):
    """What is worth knowing of several windows, of one monitor or of all that are told to the same people."""

    version: Literal[1] = VERSION
    kind: Annotated[Literal["digest"], Field(description="Which of the two this is.")] = "digest"
    message_id: Annotated[str, Field(description="The same if the message is sent again.")]
    title: Annotated[str, Field(description="One line.")]
    text: Annotated[str, Field(description="The whole as plain text.")]
    since: Annotated[date, Field(description="The first day.")]
    until: Annotated[date, Field(description="The last day, itself included.")]
    monitors: Annotated[tuple[MonitorDigest, ...], Field(description="The worst first.")]


Message = WindowMessage | DigestMessage
