"""The drift of every column of every cell against something it is compared with, and the verdicts on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from driftline_jobs.detection.column_tests import drift_of
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.judged import (
    Judged,
    UsualDrift,
    judge_by_rules,
    judge_drift,
)
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.metrics.figures import Figure, IntArray, Status
from driftline_jobs.metrics.samples import Sample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.kinds.base import Settled
from driftline_jobs.profiles.state import Profile
from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import Storage
from driftline_schemas.table_names import ALL

NOT_WATCHED = "alerts.sensitivity has it off"


@dataclass(frozen=True)
class Pair:
    """A cell and the profiles that it is compared with; None where there are none."""

    current: MeasuredCell
    against: Mapping[str, Profile] | None

    @classmethod
    def of(cls, current: MeasuredCell, cells: Mapping[Cell, Mapping[str, Profile]]) -> Pair:
        """The cell beside its counterpart: a segment beside the same one, a version beside the whole."""
        cell = current.cell
        counterpart = WHOLE if cell.segment == ALL else Cell(ALL, cell.segment, cell.segment_value)
        return cls(current, cells.get(counterpart))


@dataclass(frozen=True)
class ColumnDrift:
    """Figures of one column over all pairs, with the rows (pairs,) on either side.

    ``places`` are the pairs that the figures are for: not all of them if the column is of one kind in some
    windows and of another in others.
    """

    column: str
    kind: str
    figures: dict[str, Figure]
    now: Sample
    then: Sample
    n_current: np.ndarray[tuple[int], np.dtype[np.int64]]
    n_reference: np.ndarray[tuple[int], np.dtype[np.int64]]
    places: IntArray | None = None


@dataclass(frozen=True)
class JudgedDrift:
    """The drift of one column with the verdicts on its metrics, (pairs,) each; none where it does not decide.

    ``reason`` says why only rules that name the column decide, where that is so.
    """

    drift: ColumnDrift
    verdicts: Judged = field(default_factory=dict)
    reason: str | None = None


def measure_drift(pairs: Sequence[Pair], binning: Binning) -> list[ColumnDrift]:
    """All drift metrics of all watched columns, each over all pairs at once."""
    found: list[ColumnDrift] = []
    for name, bins in binning.columns.items():
        current = [pair.current.profile(name, bins) for pair in pairs]
        nothing = bins.empty()
        against = [(pair.against or {}).get(name, nothing) for pair in pairs]
        came_later = binning.storages.get(name) == Storage.NOTHING
        for one in bins.settled(current):
            drift = _of_kind(name, one, one.alike(against))
            found.append(_unless_late(drift, current, against) if came_later else drift)
    return found


def _of_kind(name: str, one: Settled, against: Sequence[Profile]) -> ColumnDrift:
    now, then = one.bins.sample(one.profiles), one.bins.sample(against)
    return ColumnDrift(
        name,
        one.bins.kind,
        drift_of(now, then),
        now,
        then,
        np.array([profile.rows for profile in one.profiles], np.int64),
        np.array([profile.rows for profile in against], np.int64),
        np.array(one.places, np.int64) if len(one.places) < len(one.profiles) else None,
    )


def _unless_late(drift: ColumnDrift, current: Sequence[Profile], against: Sequence[Profile]) -> ColumnDrift:
    """Values that come after a reference without a type are no drift from it: the check of types tells."""
    late = np.array(
        [
            now.rows > now.nulls and then.rows == then.nulls
            for now, then in zip(current, against, strict=True)
        ],
        np.bool_,
    )
    return replace(
        drift,
        figures={
            metric: figure.without(late, Status.NO_REFERENCE_VALUES)
            for metric, figure in drift.figures.items()
        },
    )


def judged_drift(
    monitor: Monitor,
    pairs: Sequence[Pair],
    columns: Sequence[ColumnDrift],
    usual: UsualDrift,
    natures: Natures | None = None,
) -> list[JudgedDrift]:
    """Hold the drift of each column against the monitor's rules and what is ``usual`` (pairs,).

    Of the columns that move by ``natures`` only rules that name them decide.
    """
    cells = [pair.current for pair in pairs]
    judged = []
    for column in columns:
        moves = None if natures is None else natures.reason(column.column)
        if column.column in monitor.alerts.unwatched:
            moves = NOT_WATCHED
        if moves is not None:
            named = [rule for rule in monitor.alerts.rules if rule.column == column.column]
            verdicts = judge_by_rules(named, column.column, column.figures, cells)
        else:
            n, m = column.n_current.astype(np.float64), column.n_reference.astype(np.float64)
            verdicts = judge_drift(monitor.alerts.rules, column.column, column.figures, cells, n, m, usual)
        judged.append(JudgedDrift(column, verdicts, moves))
    return judged
