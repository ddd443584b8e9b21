"""How rows are asked for: by the monitor and the granularity of its windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from driftline_jobs.stores.base import Store
from driftline_schemas.monitor import Monitor

PLACE = "monitor = $1 AND granularity = $2"
"""Which rows are a monitor's, of its present granularity: the parameters are ``place_of``."""
SPAN = f"{PLACE} AND window_start >= $3 AND window_start < $4"
"""The same, of the windows within a span of time: the parameters are ``span_of``."""
EVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than any window."""

Row = dict[str, Any]


def place_of(monitor: Monitor) -> list[object]:
    """The first two parameters of a query about a monitor."""
    return [monitor.monitor, monitor.granularity.value]


def span_of(monitor: Monitor, start: datetime, end: datetime) -> list[object]:
    """The first four parameters of a query about a monitor's windows that start within a span of time."""
    return [*place_of(monitor), start, end]


def rows_of(store: Store, sql: str, parameters: Sequence[object]) -> list[Row]:
    """The answer to a query, one mapping per row."""
    rows: list[Row] = store.execute_read(sql, parameters).to_pylist()
    return rows
