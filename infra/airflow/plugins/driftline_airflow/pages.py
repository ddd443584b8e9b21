"""Serves the reports inside Airflow: behind its login, each to those who may see the monitor's DAG."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from fastapi import FastAPI

_GRANULARITIES = ("hour", "day", "week", "month")
_MONITOR = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_PERIOD = r"\d{4}-\d\d-\d\d(?:T\d\d(?:\d\d)?(?:[+-]\d{4})?)?"
_PAGE = re.compile(rf"{_PERIOD}\.html", re.ASCII)
_DRILLDOWN = re.compile(rf"{_PERIOD}\.drilldown\.html", re.ASCII)
_LISTED = 400

# A page needs no script and no network; the sandbox holds it to that even if somebody else wrote the file.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; "
        "sandbox allow-same-origin allow-popups allow-top-navigation-by-user-activation"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}

# A drill-down draws with scripts, held to their hashes by its own policy. Here it gets an origin of its own
# besides: nothing in it can act as the reader who is logged in.
_DRILLDOWN_HEADERS = _HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
        "font-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox allow-scripts"
    ),
}

Message = MutableMapping[str, Any]


async def serve_pages(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The application, made when first asked for: every Airflow process loads the plugin, one serves."""
    await _application()(scope, receive, send)


@cache
def _application() -> FastAPI:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.responses import HTMLResponse, RedirectResponse

    from driftline_airflow.page_files import open_page_files
    from driftline_schemas.settings import load_settings

    application = FastAPI(title="Driftline reports", docs_url=None, redoc_url=None, openapi_url=None)
    # Airflow serves plugins to anybody: every route here asks for its user.
    someone = Annotated[Any, Depends(get_user)]

    def may_see(user: BaseUser, monitor: str) -> bool:
        details = DagDetails(id=f"driftline__{monitor}")
        return bool(get_auth_manager().is_authorized_dag(method="GET", user=user, details=details))

    def overview(user: someone) -> HTMLResponse:
        pages: dict[tuple[str, str], list[str]] = {}
        for monitor, granularity, name in open_page_files(load_settings()).names():
            if _is_page(monitor, granularity, name):
                pages.setdefault((monitor, granularity), []).append(name)
        seen = {monitor for monitor in {monitor for monitor, _ in pages} if may_see(user, monitor)}
        shown = {place: names for place, names in pages.items() if place[0] in seen}
        return HTMLResponse(_overview(shown), headers=_HEADERS)

    def page(monitor: str, granularity: str, name: str, user: someone) -> HTMLResponse:
        # Names of exactly this form, and no others, can be asked for: no way leads out of the folder.
        deeper = _is_page(monitor, granularity, name, _DRILLDOWN)
        if not deeper and not _is_page(monitor, granularity, name):
            raise HTTPException(404, "there is no such report")
        content = _content(may_see(user, monitor), monitor, granularity, name)
        return HTMLResponse(content, headers=_DRILLDOWN_HEADERS if deeper else _HEADERS)

    def own(monitor: str, user: someone) -> HTMLResponse:
        # The page of all windows of a monitor, which those link to.
        if not _MONITOR.fullmatch(monitor):
            raise HTTPException(404, "there is no such report")
        return HTMLResponse(_content(may_see(user, monitor), monitor, "index.html"), headers=_HEADERS)

    def index(user: someone) -> RedirectResponse:
        # Pages link to the index of all monitors, which is for those who may see all: here the overview is
        # what each may see of it.
        del user
        return RedirectResponse("../", headers=_HEADERS)

    # The annotations name what only this function knows, so they cannot be resolved from their text.
    for route in (overview, page, own, index):
        route.__annotations__["user"] = someone
    application.get("/")(overview)
    application.get("/reports/index.html")(index)
    application.get("/reports/{monitor}/index.html")(own)
    application.get("/reports/{monitor}/{granularity}/{name}")(page)
    return application


def _content(allowed: bool, *names: str) -> bytes:  # noqa: FBT001 - what its callers have asked
    from fastapi import HTTPException

    from driftline_airflow.page_files import open_page_files
    from driftline_schemas.settings import load_settings

    if not allowed:
        raise HTTPException(403, f"you may not see the DAG driftline__{names[0]}, nor its reports")
    content = open_page_files(load_settings()).read(*names)
    if content is None:
        raise HTTPException(404, "this report has not been written yet, or has been removed")
    return content


def _is_page(monitor: str, granularity: str, name: str, form: re.Pattern[str] = _PAGE) -> bool:
    return bool(_MONITOR.fullmatch(monitor) and granularity in _GRANULARITIES and form.fullmatch(name))


def _overview(pages: dict[tuple[str, str], list[str]]) -> str:
    sections = [
        f"<section><h2>{escape(monitor)} <small>by {escape(granularity)}</small></h2>"
        f"<ul>{''.join(_items(monitor, granularity, names))}</ul></section>"
        for (monitor, granularity), names in sorted(pages.items())
    ]
    body = "".join(sections) or "<p>No report has been written yet.</p>"
    style = (
        ":root{color-scheme:light dark}body{font:15px system-ui,sans-serif;margin:2rem;max-width:70rem}"
        "ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.4rem 1rem}small{font-weight:normal}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Drift reports</title>'
        f"<style>{style}</style></head><body><h1>Drift reports</h1>{body}</body></html>"
    )


def _items(monitor: str, granularity: str, names: Iterable[str]) -> Iterable[str]:
    for name in sorted(names, reverse=True)[:_LISTED]:
        address = quote(f"reports/{monitor}/{granularity}/{name}")
        yield f'<li><a href="{escape(address)}">{escape(name.removesuffix(".html"))}</a></li>'
