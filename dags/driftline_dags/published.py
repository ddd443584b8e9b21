"""What Airflow learns of a published window: the monitor's asset and the extra of its events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.sdk import Asset, conf

from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

PREFIX = "driftline__"
_TOLD = (
    *("level", "incident", "severity", "impact", "incidents", "run_id", "reference_id"),
    *("verdict", "headline", "worst_column", "alerts"),
)
PAGES = "/driftline"
"""Where the plugin serves the reports, below Airflow's own address."""
FRAME = "/plugin/driftline"
"""What Airflow's pages show the plugin's under: followed by an address, they show that."""


def dag_id_of(name: str) -> str:
    """The DAG of a monitor, or of a file that is none; what Airflow takes for no id is replaced."""
    return PREFIX + re.sub(r"[^\w.-]", "_", name)[:200]


def asset_of(monitor: str) -> Asset:
    """The asset that every publication of ``monitor`` updates; the extra of its events is ``found_in``."""
    return Asset(name=dag_id_of(monitor), uri=f"x-driftline://monitor/{monitor}", group="driftline")


def found_in(monitor: Monitor, window: Window, answer: Mapping[str, Any]) -> dict[str, Any]:
    """What was found in a window, from what ``driftline report`` answers.

    ``level`` is how the window stands, ``incident`` the worst one under way (or None) and ``incidents`` the
    worst five, ``impact`` the largest of theirs; ``run_id`` and ``reference_id`` name the data as it was.
    ``verdict`` is what the page opens with, ``alerts`` how many are open, ``page`` where Airflow shows it.
    """
    return {
        "monitor": monitor.monitor,
        "window_start": window.start.isoformat(),
        "window_end": window.end.isoformat(),
        "granularity": window.granularity.value,
        "period": monitor.calendar.label(window),
        **{name: answer.get(name) for name in _TOLD},
        "page": page_address(monitor, window),
    }


def page_path(monitor: Monitor, window: Window) -> str:
    """Where the plugin serves the page of ``window``."""
    period = monitor.calendar.label(window).replace(":", "")
    return f"{PAGES}/reports/{monitor.monitor}/{window.granularity.value}/{quote(period, safe='')}.html"


def page_address(monitor: Monitor, window: Window) -> str:
    """Where Airflow shows it among its own pages; Airflow may live below a path of its own."""
    base: str = conf.get("api", "base_url", fallback="")
    return urlsplit(base).path.rstrip("/") + FRAME + page_path(monitor, window)
