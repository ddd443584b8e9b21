"""``window_levels``: how each window stands, a view over incidents and what could be judged."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, place_of, rows_of
from driftline_schemas.levels import Level
from driftline_schemas.monitor import Monitor

_BETWEEN = (
    f"SELECT * FROM window_levels WHERE {PLACE} AND window_start >= $3 AND window_start <= $4 "  # noqa: S608 - our words
    "ORDER BY window_start"
)
_SINCE = f"SELECT * FROM window_levels WHERE {PLACE} AND window_start >= $3 ORDER BY window_start"  # noqa: S608


def standing(store: Store, monitor: Monitor, since: datetime) -> pa.Table:
    """The levels of the windows from ``since`` on, ascending."""
    return store.execute_read(_SINCE, [*place_of(monitor), since])


def between(store: Store, monitor: Monitor, first: datetime, last: datetime) -> pa.Table:
    """The levels of the windows that start from ``first`` to ``last``, both included, ascending."""
    return store.execute_read(_BETWEEN, [*place_of(monitor), first, last])


def level_of(store: Store, monitor: Monitor, start: datetime) -> Level | None:
    """The level of the window that starts then; None if it was never published."""
    rows = rows_of(store, _BETWEEN, [*place_of(monitor), start, start])
    return Level(rows[0]["level"]) if rows else None
