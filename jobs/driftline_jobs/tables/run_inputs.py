"""``run_inputs``: one row per run and object that a window was made from, or could have been."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.parquet.splits import InputState
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import Row, place_of, rows_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.window import END_US, FIRST_US, Window, from_us

_OBJECTS = (
    "SELECT r.window_start, i.uri, i.etag, i.rows_matched FROM current_run_inputs i "
    "JOIN current_runs r ON r.run_id = i.run_id "
    "WHERE r.monitor = $1 AND r.granularity = $2 AND i.role = $3"
)
_OF_DATA = (
    "SELECT window_start, uri, etag, state, reason, rows_matched FROM current_run_inputs "
    "WHERE monitor = $1 AND granularity = $2 AND part = 'data' AND role = 'prediction' "
    "AND window_start >= $3 AND window_start < $4"
)


def add_inputs(
    table: TableBuilder, run_id: str, inspection: LogInspection, window: Window, matched: Mapping[str, int]
) -> list[InputState]:
    """Every candidate object of the window, those without a row of it too: they may change later."""
    states = inspection.candidates(window)
    table.add(
        len(states),
        run_id=run_id,
        role=[state.role for state in states],
        uri=[state.object.uri for state in states],
        etag=[state.object.etag for state in states],
        size_bytes=[state.object.size_bytes for state in states],
        rows=[state.rows for state in states],
        rows_matched=[matched.get(state.object.uri, 0) for state in states],
        min_timestamp=[_instant(state.min_us) for state in states],
        max_timestamp=[_instant(state.max_us) for state in states],
        state=[state.state for state in states],
        reason=[state.reason for state in states],
    )
    return states


def add_reference_inputs(table: TableBuilder, reference: Reference) -> None:
    """The objects that the reference was made of, as they were then: once for all runs that rest on it."""
    objects = reference.objects
    table.add(
        len(objects),
        run_id=reference.reference_id,
        role="reference",
        uri=[one.uri for one in objects],
        etag=[one.etag for one in objects],
        size_bytes=[one.size_bytes for one in objects],
        rows=[one.rows for one in objects],
        rows_matched=[one.rows_matched for one in objects],
        min_timestamp=[_instant(one.min_us) for one in objects],
        max_timestamp=[_instant(one.max_us) for one in objects],
        state=[one.state for one in objects],
        reason=[one.reason for one in objects],
    )


def _instant(bound_us: int | None) -> datetime | None:
    """The bound of an object's times; None where nothing tells, or where it is in no year with windows."""
    return None if bound_us is None or not FIRST_US <= bound_us < END_US else from_us(bound_us)


def objects_read(store: Store, monitor: Monitor, role: str) -> list[Row]:
    """The objects behind all current runs of the monitor, by the window that each was read for."""
    return rows_of(store, _OBJECTS, [*place_of(monitor), role])


def objects_of_data(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[Row]:
    """What the data part made of the log's objects, in the windows from ``start`` to ``end``."""
    return rows_of(store, _OF_DATA, [*place_of(monitor), start, end])
