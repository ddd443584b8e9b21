"""Rows of ``run_inputs``: every object that a window was made from, or could have been."""

from __future__ import annotations

from collections.abc import Mapping

from driftline_jobs.logs.sources import LogInspection
from driftline_jobs.logs.splits import InputState
from driftline_schemas.rows import TableBuilder
from driftline_schemas.window import Window, from_us


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
        min_timestamp=[None if state.min_us is None else from_us(state.min_us) for state in states],
        max_timestamp=[None if state.max_us is None else from_us(state.max_us) for state in states],
        state=[state.state for state in states],
        reason=[state.reason for state in states],
    )
    return states
