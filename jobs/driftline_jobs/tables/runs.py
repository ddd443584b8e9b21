"""``runs``: one row per attempt to publish a part of a window. The store writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, SPAN, Row, place_of, rows_of, span_of
from driftline_schemas.monitor import Monitor

_PARTS = (
    "SELECT d.window_start AS window_start, d.reference_id AS data_reference, d.binning_id AS data_binning, "
    "p.run_id AS performance, p.reference_id AS performance_reference, p.binning_id AS performance_binning, "
    "(j.run_id IS NULL OR j.published_at < d.published_at "
    "OR (p.run_id IS NOT NULL AND j.published_at < p.published_at)) AS unjudged "
    "FROM current_runs d "
    "LEFT JOIN current_runs p ON p.monitor = d.monitor AND p.granularity = d.granularity "
    "AND p.window_start = d.window_start AND p.part = 'performance' "
    "LEFT JOIN current_runs j ON j.monitor = d.monitor AND j.granularity = d.granularity "
    "AND j.window_start = d.window_start AND j.part = 'judgement' "
    "WHERE d.monitor = $1 AND d.granularity = $2 AND d.part = 'data'"
)
_NEVER = (
    "SELECT window_start, error_kind FROM runs r WHERE monitor = $1 AND granularity = $2 AND part = 'data' "
    "AND status <> 'published' AND NOT EXISTS (SELECT 1 FROM current_runs d WHERE d.monitor = r.monitor "
    "AND d.granularity = r.granularity AND d.window_start = r.window_start AND d.part = 'data')"
)
_RANGE = (
    "SELECT min(window_start) AS first, max(window_start) AS last FROM current_runs "  # noqa: S608 - our words
    f"WHERE {PLACE} AND part = 'data'"
)
_WITHOUT_ROWS = f"SELECT window_start FROM current_runs WHERE {SPAN} AND part = 'data' AND rows_read = 0"  # noqa: S608
_NEWEST_JUDGED = (
    "SELECT MAX(window_start) AS newest FROM current_runs "  # noqa: S608 - our words
    f"WHERE {PLACE} AND part = 'judgement' AND window_start < $3"
)
_OVERVIEW = (
    "SELECT monitor, granularity, window_start, part, status, rows_read, published_at, superseded_at "  # noqa: S608
    f"FROM current_runs WHERE {PLACE} ORDER BY window_start, part"
)
_PUBLISHED = "SELECT count(*) AS runs, max(published_at) AS newest FROM current_runs WHERE monitor = $1"
_MONITORS = "SELECT DISTINCT monitor FROM runs ORDER BY monitor"


def current_runs(
    store: Store,
    monitor: Monitor,
    part: str,
    start: datetime | None = None,
    end: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> list[Row]:
    """The runs that the part of each window stands at, of the monitor's granularity, by window."""
    runs = store.current_runs(monitor.monitor, part, start, end)
    if columns is not None:
        runs = runs.select(["granularity", *columns])
    return [run for run in runs.to_pylist() if run["granularity"] == monitor.granularity.value]


def current_parts(store: Store, monitor: Monitor) -> list[Row]:
    """One row per published window: what its data and its performance rest on, and whether their judgement
    is missing or older (``unjudged``)."""
    return rows_of(store, _PARTS, place_of(monitor))


def never_published(store: Store, monitor: Monitor) -> list[Row]:
    """The attempts at windows of which the data were never published, and how they ended (``error_kind``)."""
    return rows_of(store, _NEVER, place_of(monitor))


def published_range(store: Store, monitor: Monitor) -> tuple[datetime, datetime] | None:
    """The starts of the first and the last published window; None if there is none."""
    rows = rows_of(store, _RANGE, place_of(monitor))
    return (rows[0]["first"], rows[0]["last"]) if rows and rows[0]["first"] is not None else None


def windows_without_rows(store: Store, monitor: Monitor, start: datetime, end: datetime) -> set[datetime]:
    """Starts of the windows that were published without a row of the log."""
    return {row["window_start"] for row in rows_of(store, _WITHOUT_ROWS, span_of(monitor, start, end))}


def newest_judged_before(store: Store, monitor: Monitor, start: datetime) -> datetime | None:
    """The start of the last judged window before ``start``."""
    (row,) = rows_of(store, _NEWEST_JUDGED, [*place_of(monitor), start])
    newest: datetime | None = row["newest"]
    return newest


def overview(store: Store, monitor: Monitor) -> pa.Table:
    """What an index shows of all current runs of the monitor."""
    return store.execute_read(_OVERVIEW, place_of(monitor))


def fingerprint(store: Store, monitor: Monitor) -> list[Row]:
    """What changes whenever something is published."""
    return rows_of(store, _PUBLISHED, [monitor.monitor])


def monitors(store: Store) -> list[str]:
    """The names of all monitors that were ever run, ascending."""
    return [row["monitor"] for row in rows_of(store, _MONITORS, [])]
