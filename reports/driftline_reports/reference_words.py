"""What a window was compared with, in words: dates, windows, rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from driftline_reports import formats
from driftline_reports.context import Context
from driftline_reports.names import visible
from driftline_reports.view_model import Figure, Part, Sentence
from driftline_schemas.window import Granularity

_NOUNS: Final[Mapping[str, str]] = {"hour": "hour", "day": "day", "week": "week", "month": "month"}
_NBSP: Final = "\N{NO-BREAK SPACE}"


def noun(granularity: Granularity) -> str:
    """What one window is called: a day, an hour; a window where it has no plain name."""
    return _NOUNS.get(granularity.value, "window")


def compared(context: Context) -> Sentence:
    """With what the window was compared: "compared with 1–31 Mar 2013 (31 days, 28 865 rows)"."""
    reference = context.inputs.reference
    if reference is None:
        return ("There is nothing to compare it with.",)
    counted: list[str] = []
    if reference.windows:
        counted.append(formats.plural(reference.windows, noun(context.window.granularity)))
    counted.append(formats.plural(reference.rows, "row"))
    of_rows = Figure(f"({', '.join(counted)})", reference.rows)
    parts: list[Part] = ["compared with ", _which(context)]
    if reference.start is not None and reference.end is not None:
        parts.append(span(reference.start, reference.end, context.zone, context.window.granularity))
    parts += [" ", of_rows]
    return tuple(parts)


def _which(context: Context) -> str:
    asked, reference = context.monitor.reference, context.inputs.reference
    word = noun(context.window.granularity)
    if reference is not None and reference.season:
        return "the same weeks of "
    if asked.kind == "trailing":
        return f"the {word}s before it: "
    if asked.kind == "same_weekday":
        weekday = context.window.start.astimezone(context.zone).strftime("%A")
        return f"the {weekday}s before it, " if word in {"day", "hour"} else f"the {word}s before it: "
    if asked.kind == "model_version":
        return f"version {visible(asked.model_version or '')} of "
    if asked.kind == "uri":
        timed = reference is not None and reference.start is not None
        return "a data set of " if timed else "a data set without times"
    return ""


def span(start: datetime, end: datetime, zone: ZoneInfo, granularity: Granularity) -> str:
    """From when to when, the end not included: "1–31 Mar 2013", "28 Feb – 3 Mar 2013"."""
    first, until = start.astimezone(zone), end.astimezone(zone)
    if granularity.value in {"hour", "5min", "15min", "30min"} and until - first < timedelta(days=2):
        return f"{formats.day(first)}, {first:%H:%M}–{until:%H:%M}"
    last = (until - timedelta(microseconds=1)).date()
    if first.date() == last:
        return formats.day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day}{_NBSP}{first:%b}{_NBSP}{first.year}"
    year = "" if first.year == last.year else f"{_NBSP}{first.year}"
    return f"{first.day}{_NBSP}{first:%b}{year} – {last.day}{_NBSP}{last:%b}{_NBSP}{last.year}"
