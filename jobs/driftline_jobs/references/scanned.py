"""From what was scanned of a reference to the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.id_sketch import IdSketch
from driftline_jobs.profiles.moments import MomentSums, added
from driftline_jobs.references.losses import ReferenceLosses
from driftline_jobs.references.reference import Reference, ReferenceObject, ReferenceWindow
from driftline_jobs.references.state_rows import (
    BASE,
    TOTAL,
    WINDOW,
    StateRow,
    id_row,
    merged_cells,
    moment_row,
    outcome_rows,
    state_rows,
    state_table,
)
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.window import Window, to_us

OutcomesByWindow = Mapping[Window, Mapping[Cell, Outcomes]]


@dataclass(frozen=True)
class Scanned:
    """What was scanned of a reference.

    Attributes:
        outcomes, ids: of the windows' predictions, where there are labels.
        external: whether it is a data set of its own, not windows of the log.
        timed: whether its rows have times; those that have none are of no window.
        objects: what it was read from; losses: what it lacks.
        seasonal: whether windows are compared with those of their season.
    """

    windows: Sequence[WindowProfile]
    outcomes: OutcomesByWindow
    ids: Mapping[Window, IdSketch]
    external: bool = False
    timed: bool = True
    objects: Sequence[ReferenceObject] = ()
    losses: ReferenceLosses | None = None
    seasonal: bool = False


def reference_from(
    monitor: str, source: str, binning: Binning, scanned: Scanned, effective_from: datetime | None = None
) -> Reference:
    """Put together what was scanned of a reference.

    Windows without rows say nothing and are left out. Of what is not ``timed`` only the sum over all rows is
    stored.
    """
    timed = scanned.timed
    profiled = sorted((w for w in scanned.windows if w.rows is not None), key=lambda one: one.window)
    rows: list[StateRow] = []
    for window in profiled if timed else ():
        rows += _window_rows(window, scanned.outcomes.get(window.window, {}))
        if window.window in scanned.ids:
            rows.append(id_row(WINDOW, to_us(window.window.start), scanned.ids[window.window]))
    rows += _total_rows(profiled, scanned.outcomes)
    return Reference(
        monitor,
        source,
        binning,
        tuple(_about(window) for window in profiled) if timed else (),
        state_table(rows),
        external=scanned.external,
        effective_from=effective_from,
        objects=tuple(scanned.objects),
        losses=scanned.losses,
        seasonal=scanned.seasonal,
    )


def _window_rows(window: WindowProfile, outcomes: Mapping[Cell, Outcomes]) -> list[StateRow]:
    """One window, and its base windows where they are finer."""
    start_us = to_us(window.window.start)
    rows = list(state_rows(WINDOW, start_us, window.cells))
    if window.moments:
        rows.append(moment_row(WINDOW, start_us, added(window.moments.values())))
    rows += outcome_rows(WINDOW, start_us, outcomes)
    finer = len({key.base_start_us for key in window.base}) > 1
    for key in sorted(window.base):
        if key.base_start_us == start_us and not finer:
            continue
        if Cell(key.model_version, key.segment, key.segment_value) == WHOLE:
            rows += state_rows(BASE, key.base_start_us, {WHOLE: window.base[key]})
            if key.base_start_us in window.moments:
                rows.append(moment_row(BASE, key.base_start_us, window.moments[key.base_start_us]))
    return rows


def _total_rows(profiled: Sequence[WindowProfile], outcomes: OutcomesByWindow) -> list[StateRow]:
    """All windows merged."""
    moment_sums: list[MomentSums] = []
    labelled: dict[Cell, list[Outcomes]] = {}
    for window in profiled:
        for cell, outcome in outcomes.get(window.window, {}).items():
            labelled.setdefault(cell, []).append(outcome)
        moment_sums += window.moments.values()
    rows = list(state_rows(TOTAL, 0, merged_cells([window.cells for window in profiled])))
    if moment_sums:
        rows.append(moment_row(TOTAL, 0, added(moment_sums)))
    rows += outcome_rows(TOTAL, 0, {cell: several[0].merged(several) for cell, several in labelled.items()})
    return rows


def _about(window: WindowProfile) -> ReferenceWindow:
    if window.rows is None:
        raise ValueError(f"the window of {window.window.start} has no rows")
    stale_us = to_us(window.window.end) - window.rows.last_us
    return ReferenceWindow(window.window.start, window.window.end, window.count, stale_us / 1e6)
