"""Which window a DAG run is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

PERIOD = "period"
"""The parameter by which a person names the window of a run started by hand."""


def window_of(context: Mapping[str, Any], monitor: Monitor) -> Window:
    """The window of the run with this context.

    The one that its ``period`` names; else its data interval; else, as for a run started by hand without a
    date, the last window that had ended by then. Raises ConfigError for a period that names no window.
    """
    calendar = monitor.calendar
    asked = (context.get("params") or {}).get(PERIOD)
    if asked:
        return calendar.parse(str(asked))
    start = context.get("data_interval_start")
    if start is not None:
        return calendar.containing(_plain(start))
    return calendar.previous(calendar.containing(_plain(context["dag_run"].run_after)))


def _plain(moment: datetime) -> datetime:
    """Airflow's times are pendulum's, whose differences do not behave like those of the standard library."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)
