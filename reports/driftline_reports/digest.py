"""The digest as a mail: one part per monitor, the worst first, which every mail program can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from driftline_reports.level_words import mark, word
from driftline_reports.mail import Mail
from driftline_reports.page import environment
from driftline_schemas.levels import Level
from driftline_schemas.messages import DigestMessage, IncidentTold, MonitorDigest

_MOST_MONITORS: Final = 60
_MOST: Final = 12
_SUBJECT: Final = 140


def render_digest(message: DigestMessage) -> Mail:
    """The mail of a digest: no script, no image, no request, under 100 kB."""
    subject = message.title if len(message.title) <= _SUBJECT else f"{message.title[: _SUBJECT - 1]}…"
    html = (
        environment()
        .get_template("digest.html.j2")
        .render(
            message=message,
            parts=[(one, _counts(one), _groups(one)) for one in message.monitors[:_MOST_MONITORS]],
            more=max(len(message.monitors) - _MOST_MONITORS, 0),
            mark=mark,
            word=word,
        )
    )
    return Mail(subject, html.lstrip(), message.text)


def _counts(part: MonitorDigest) -> str:
    """``5 calm, 2 data changed``: the worst first."""
    return ", ".join(f"{part.windows[level]} {word(level)}" for level in Level if level in part.windows)


def _groups(part: MonitorDigest) -> Sequence[tuple[str, Sequence[IncidentTold], int]]:
    groups = (("New", part.new), ("Ongoing", part.ongoing), ("Ended", part.resolved))
    return [(title, told[:_MOST], max(len(told) - _MOST, 0)) for title, told in groups if told]
