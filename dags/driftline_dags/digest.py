"""The digest's words: a table of windows, worst first, that every mail program can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WORST_FIRST = ("broken", "suspect", "changed", "empty", "unjudged", "calm")
_MOST = 150
_CELL = 'style="padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd"'


def digest_subject(published: Sequence[Mapping[str, Any]]) -> str:
    """How many windows there are and how many of them have alerts."""
    alerting = sum(bool(found.get("alerts")) for found in published)
    monitors = len({found.get("monitor") for found in published})
    what = f"{alerting} with alerts" if alerting else "no alerts"
    return f"[driftline] {_count(len(published), 'window')} of {_count(monitors, 'monitor')}: {what}"


def digest_html(published: Sequence[Mapping[str, Any]], base_url: str) -> str:
    """One row per window; of more than fit into a mail the calmest are counted alone."""
    rows = sorted(published, key=_rank)
    body = "".join(_row(found, base_url.rstrip("/")) for found in rows[:_MOST])
    more = f"<p>and {len(rows) - _MOST} calmer ones</p>" if len(rows) > _MOST else ""
    heads = "".join(f"<th {_CELL}>{head}</th>" for head in ("monitor", "window", "verdict", "most changed"))
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
    cells = (
        escape(_short(found.get("monitor"))),
        window,
        escape(_short(found.get("headline") or found.get("verdict"))),
        escape(_short(found.get("worst_column"))),
    )
    return "<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in cells) + "</tr>"


def _rank(found: Mapping[str, Any]) -> tuple[int, str, str]:
    verdict = str(found.get("verdict"))
    place = _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)
    return place, str(found.get("monitor")), str(found.get("period"))


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
