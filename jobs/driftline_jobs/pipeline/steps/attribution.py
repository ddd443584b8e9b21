"""Why figures moved: the parts that segments have in it, from what is published of each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftline_jobs.evaluate.attributions import Change, Held, drift_attributions, figure_attributions
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.plans import task_of
from driftline_jobs.profiles.binning import OpenBins
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.codec import decode
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables.attributions import add_attributions
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.stored import read_outcomes
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import ALL, table_column, table_segment
from driftline_schemas.window import Window

_WHERE = "monitor = $1 AND granularity = $2 AND window_start >= $3 AND window_start < $4"
_CELL = "window_start, segment, segment_value"
_MEASURED = (
    f"SELECT DISTINCT {_CELL} FROM current_performance_metrics "  # noqa: S608 - fixed names
    f"WHERE {_WHERE} AND model_version = '*' AND kind = 'realized' AND n >= $5"
)
_OUTCOMES = (
    f"SELECT {_CELL}, state FROM current_profiles JOIN ({_MEASURED}) m USING ({_CELL}) "  # noqa: S608
    f"WHERE {_WHERE} AND model_version = '*' AND column_name = '*' ORDER BY {_CELL}, base_start"
)
_DRIFTED = (
    "SELECT DISTINCT window_start, column_name FROM current_drift_metrics "  # noqa: S608 - fixed names
    f"WHERE {_WHERE} AND model_version = '*' AND segment = '*' AND comparison = 'reference' AND drifted"
)
_COUNTED = (
    f"SELECT DISTINCT {_CELL} FROM current_profile_metrics "  # noqa: S608 - fixed names
    f"WHERE {_WHERE} AND model_version = '*' AND column_name = '*' AND count >= $5"
)
_PROFILES = (
    f"SELECT {_CELL}, column_name, state FROM current_profiles JOIN ({_COUNTED}) m USING ({_CELL}) "  # noqa: S608
    f"JOIN ({_DRIFTED}) d USING (window_start, column_name) "
    f"WHERE {_WHERE} AND model_version = '*' ORDER BY {_CELL}, column_name, base_start"
)


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
        if bins is not None and not isinstance(bins, OpenBins):
            add_attributions(table, monitor, drift_attributions(segment, name, several, bins))


def _of_column(cells: Mapping[Cell, Mapping[str, Profile]], name: str) -> dict[Cell, Profile]:
    return {cell: profiles[name] for cell, profiles in cells.items() if name in profiles}


def _change(
    one: Explained,
    segment: str,
    now: Mapping[Cell, Held],
    then: Mapping[Cell, Held],
    enough: Mapping[Cell, Held],
) -> Change[Held]:
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
    outcomes: dict[datetime, dict[Cell, list[Outcomes]]] = {}
    for row in _rows(job, _OUTCOMES, windows):
        cell = Cell(ALL, row["segment"], row["segment_value"])
        outcomes.setdefault(row["window_start"], {}).setdefault(cell, []).append(read_outcomes(row["state"]))
    profiles: dict[datetime, dict[Cell, dict[str, list[Profile]]]] = {}
    for row in _rows(job, _PROFILES, windows):
        if (name := names.get(row["column_name"])) is not None:
            cell = Cell(ALL, row["segment"], row["segment_value"])
            held = profiles.setdefault(row["window_start"], {}).setdefault(cell, {})
            held.setdefault(name, []).append(decode(row["state"]))
    return [
        Explained(
            window,
            attempts[window].run_id,
            reference,
            {
                cell: {name: merge(few) for name, few in held.items()}
                for cell, held in profiles.get(window.start, {}).items()
            },
            {cell: few[0].merged(few) for cell, few in outcomes.get(window.start, {}).items()},
        )
        for window in windows
    ]


def _rows(job: Job, sql: str, windows: Sequence[Window]) -> list[dict[str, Any]]:
    """Rows of the windows' range, those of other windows within it left out."""
    wanted = {window.start for window in windows}
    given = [
        job.monitor.monitor,
        job.monitor.granularity.value,
        windows[0].start,
        windows[-1].end,
        job.monitor.alerts.min_rows,
    ]
    rows = job.store.execute_read(sql, given).to_pylist()
    return [row for row in rows if row["window_start"] in wanted]
