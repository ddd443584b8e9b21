"""Each window beside the one before it, from the profiles that are published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.drift import JudgedDrift, Pair, measure_drift
from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables.drift_metrics import add_drift
from driftline_jobs.tables.profiles import of_wholes
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window


def add_previous(
    job: Job,
    reference: Reference,
    table: TableBuilder,
    windows: Sequence[Window],
    attempts: Sequence[RunRecord],
) -> None:
    """Each window as a whole against the window before it, from the profiles that are published."""
    calendar = job.monitor.calendar
    wanted = {moment for window in windows for moment in (window.start, calendar.previous(window).start)}
    profiles = of_wholes(
        job.store,
        job.monitor,
        reference.binning.binning_id,
        min(wanted),
        max(window.end for window in windows),
    )
    pairs = []
    for window, record in zip(windows, attempts, strict=True):
        current = _by_column(profiles.get(window.start), reference.binning) or {}
        rows = next(iter(current.values())).rows if current else 0
        cell = MeasuredCell(window, WHOLE, record.run_id, current, rows)
        before = profiles.get(calendar.previous(window).start)
        pairs.append(Pair(cell, _by_column(before, reference.binning)))
    columns = measure_drift(pairs, reference.binning)
    add_drift(table, job.monitor.monitor, pairs, [JudgedDrift(c) for c in columns], "previous", None)


def _by_column(profiles: Mapping[str, Profile] | None, binning: Binning) -> dict[str, Profile] | None:
    """Profiles by the log's columns rather than by the names that these have in the tables."""
    if profiles is None:
        return None
    labels = {name: table_column(name) for name in binning.columns}
    return {name: profiles[label] for name, label in labels.items() if label in profiles}
