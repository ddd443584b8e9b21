"""Why figures moved: the parts that segments have in it, from what is published of each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline_jobs.evaluate.attributions import Change, Counted, drift_attributions, figure_attributions
from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables.attributions import add_attributions
from driftline_jobs.tables.profiles import outcomes_of_segments, profiles_of_segments
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import table_column, table_segment
from driftline_schemas.window import Window


@dataclass(frozen=True)
class Explained:
    """One window whose changes are to be explained.

    Attributes:
        profiles: of cells with rows enough and of the columns that have drifted.
        outcomes: of cells with labelled rows enough.
    """

    window: Window
    run_id: str
    reference: Reference
    profiles: Mapping[Cell, Mapping[str, Profile]]
    outcomes: Mapping[Cell, Outcomes]


def explain_published(
    job: Job, reference: Reference, table: TableBuilder, attempts: Mapping[Window, RunRecord]
) -> None:
    """Append, for the windows of ``attempts``, what each segment value has to do with their changes."""
    if job.monitor.segments and attempts:
        explain(job, table, _published(job, reference, attempts))


def explain(job: Job, table: TableBuilder, windows: Sequence[Explained]) -> None:
    """Append the parts of every segment value in the changes of these windows."""
    least = job.monitor.alerts.min_rows
    figures: dict[str, list[Change[Outcomes]]] = {}
    drifts: dict[tuple[str, str], list[Change[Profile]]] = {}
    for one in windows:
        then = one.reference.outcomes_without(one.window)
        before = one.reference.without(one.window) if one.profiles else {}
        for segment in (table_segment(columns) for columns in job.monitor.segments):
            if one.outcomes.get(WHOLE) and then.get(WHOLE) and then[WHOLE].labelled:
                enough = {cell: found for cell, found in then.items() if found.labelled >= least}
                figures.setdefault(segment, []).append(_change(one, segment, one.outcomes, then, enough))
            for name in one.profiles.get(WHOLE, {}):
                now, past = _of_column(one.profiles, name), _of_column(before, name)
                if WHOLE in past:
                    many = {cell: found for cell, found in past.items() if found.rows >= least}
                    drifts.setdefault((segment, name), []).append(_change(one, segment, now, past, many))
    monitor = job.monitor.monitor
    binning = windows[0].reference.binning if windows else None
    for segment, changes in figures.items():
        if binning is not None:
            for attributed in figure_attributions(segment, changes, task_of(job.monitor, binning)):
                add_attributions(table, monitor, attributed)
    for (segment, name), several in drifts.items():
        bins = None if binning is None else binning.columns[name]
        if bins is not None and bins.is_settled:
            add_attributions(table, monitor, drift_attributions(segment, name, several, bins))


def _of_column(cells: Mapping[Cell, Mapping[str, Profile]], name: str) -> dict[Cell, Profile]:
    return {cell: profiles[name] for cell, profiles in cells.items() if name in profiles}


def _change(
    one: Explained,
    segment: str,
    now: Mapping[Cell, Counted],
    then: Mapping[Cell, Counted],
    enough: Mapping[Cell, Counted],
) -> Change[Counted]:
    both = [cell for cell in now if cell.segment == segment and cell in enough]
    return Change(
        one.window,
        one.run_id,
        now[WHOLE],
        {cell.segment_value: now[cell] for cell in both},
        then[WHOLE],
        {cell.segment_value: then[cell] for cell in both},
    )


def _published(job: Job, reference: Reference, attempts: Mapping[Window, RunRecord]) -> list[Explained]:
    windows = sorted(attempts)
    names = {table_column(name): name for name in reference.binning.columns}
    outcomes: dict[datetime, dict[Cell, Outcomes]] = {}
    for (start, cell), found in outcomes_of_segments(job.store, job.monitor, windows).items():
        outcomes.setdefault(start, {})[cell] = found
    profiles: dict[datetime, dict[Cell, dict[str, Profile]]] = {}
    for (start, cell), columns in profiles_of_segments(job.store, job.monitor, windows).items():
        profiles.setdefault(start, {})[cell] = {
            names[label]: profile for label, profile in columns.items() if label in names
        }
    return [
        Explained(
            window,
            attempts[window].run_id,
            reference,
            profiles.get(window.start, {}),
            outcomes.get(window.start, {}),
        )
        for window in windows
    ]
