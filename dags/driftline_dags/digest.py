"""The daily digest's words: a table of windows, the worst level first, that every mail program can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from driftline_schemas.levels import Level

_ORDER = [level.value for level in Level]
_ALARMING = frozenset({Level.BROKEN, Level.FAULTY, Level.SUSPECT, Level.CHANGED})
_MOST = 150
_CELL = 'style="padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd"'


def digest_subject(published: Sequence[Mapping[str, Any]]) -> str:
    """How many windows there are, and how many of them stand at the worst levels."""
    levels = [str(found.get("level")) for found in published]
    counted = [f"{levels.count(level)} {level}" for level in _ORDER if level in _ALARMING & set(levels)]
    monitors = len({found.get("monitor") for found in published})
    what = ", ".join(counted) or "nothing new"
    return f"[driftline] {_count(len(published), 'window')} of {_count(monitors, 'monitor')}: {what}"


def digest_html(published: Sequence[Mapping[str, Any]], base_url: str) -> str:
    """One row per window; of more than fit into a mail the calmest are counted alone."""
    rows = sorted(published, key=_rank)
    body = "".join(_row(found, base_url.rstrip("/")) for found in rows[:_MOST])
    more = f"<p>and {len(rows) - _MOST} calmer ones</p>" if len(rows) > _MOST else ""
    titles = ("monitor", "window", "level", "what", "severity", "most changed")
    heads = "".join(f"<th {_CELL}>{head}</th>" for head in titles)
    return (
        f'<!doctype html><html lang="en"><body style="font-family:sans-serif;font-size:14px;color:#222">'
        f"<p>{escape(digest_subject(published).removeprefix('[driftline] '))}.</p>"
        f'<table style="border-collapse:collapse"><tr>{heads}</tr>{body}</table>{more}</body></html>'
    )


def _row(found: Mapping[str, Any], base_url: str) -> str:
    window = escape(str(found.get("period") or ""))
    page = str(found.get("page") or "")
    if base_url and page:
        origin = "/".join(base_url.split("/", 3)[:3])
        window = f'<a href="{escape(origin + page)}">{window}</a>'
    incident = found.get("incident") or {}
    cells = (
        escape(_short(found.get("monitor"))),
        window,
        escape(_short(found.get("level"))),
        escape(_short(incident.get("headline") or found.get("headline"))),
        escape(_short(found.get("severity"))),
        escape(_short(found.get("worst_column"))),
    )
    return "<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in cells) + "</tr>"


def _rank(found: Mapping[str, Any]) -> tuple[int, str, str]:
    level = str(found.get("level"))
    place = _ORDER.index(level) if level in _ORDER else len(_ORDER)
    return place, str(found.get("monitor")), str(found.get("period"))


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
