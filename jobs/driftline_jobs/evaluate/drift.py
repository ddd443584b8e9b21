"""Rows of ``drift_metrics``: every column of every cell against something it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftline_jobs.evaluate.cells import MeasuredCell, common, empty_profile
from driftline_jobs.evaluate.judged import (
    Judged,
    UsualDrift,
    judge_by_rules,
    judge_drift,
    verdict_columns,
)
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.evaluate.stacks import Sample, sample_of
from driftline_jobs.metrics.drift import category_drift, ordered_drift
from driftline_jobs.metrics.figures import Figure, IntArray, Status
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.late_columns import Settled, as_stored, settled
from driftline_jobs.profiles.state import Profile
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.serving_log import Storage
from driftline_schemas.table_names import ALL, table_column


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


def measure_drift(pairs: Sequence[Pair], binning: Binning) -> list[ColumnDrift]:
    """All drift metrics of all watched columns, each over all pairs at once."""
    found: list[ColumnDrift] = []
    for name, bins in binning.columns.items():
        current = [pair.current.profile(name, bins) for pair in pairs]
        nothing = empty_profile(bins)
        against = [(pair.against or {}).get(name, nothing) for pair in pairs]
        came_later = binning.storages.get(name) == Storage.NOTHING
        for one in settled(bins, current):
            then = [as_stored(profile, one.storage) for profile in against] if one.is_open else against
            drift = _of_kind(name, one, then)
            found.append(_unless_late(drift, current, against) if came_later else drift)
    return found


def _of_kind(name: str, one: Settled, against: Sequence[Profile]) -> ColumnDrift:
    now, then = sample_of(one.profiles, one.bins), sample_of(against, one.bins)
    return ColumnDrift(
        name,
        one.bins.kind,
        compare(now, then),
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


def add_drift(
    table: TableBuilder,
    monitor: Monitor,
    pairs: Sequence[Pair],
    columns: Sequence[ColumnDrift],
    comparison: str,
    reference_id: str | None,
    *,
    decides: bool,
    usual: UsualDrift | None = None,
    natures: Natures | None = None,
) -> None:
    """Append one row per pair, column and metric, judged if it ``decides``: by what is ``usual`` (pairs,).

    Of the columns that move by ``natures`` only rules that name them decide.
    """
    cells = [pair.current for pair in pairs]
    shared = common(monitor.monitor, cells)
    for column in columns:
        judged: Judged = {}
        moves = natures.reason(column.column) if natures is not None and decides else None
        if moves is not None:
            named = [rule for rule in monitor.alerts.rules if rule.column == column.column]
            judged = judge_by_rules(named, column.column, column.figures, cells)
        elif decides:
            n, m = column.n_current.astype(np.float64), column.n_reference.astype(np.float64)
            judged = judge_drift(
                monitor.alerts.rules, column.column, column.figures, cells, n, m, usual or UsualDrift()
            )
        at = column.places
        few = pairs if at is None else [pairs[place] for place in at.tolist()]
        rows = shared if at is None else common(monitor.monitor, [pair.current for pair in few])
        n_current, n_reference = (n if at is None else n[at] for n in (column.n_current, column.n_reference))
        for metric, whole in column.figures.items():
            figure = whole if at is None else whole.at(at)
            verdict = judged.get(metric)
            if verdict is not None and at is not None:
                verdict = verdict.at(at.tolist())
            table.add(
                len(few),
                **rows,
                column_name=table_column(column.column),
                column_kind=column.kind,
                comparison=comparison,
                metric=metric,
                value=figure.published("value"),
                value_debiased=figure.published("debiased"),
                lower_bound=figure.published("lower"),
                upper_bound=figure.published("upper"),
                **verdict_columns(verdict, "drifted"),
                n_current=n_current,
                n_reference=n_reference,
                reference_id=reference_id,
                status=figure.status.tolist(),
                reason=[why or moves for why in figure.reasons()],
            )


def compare(now: Sample, then: Sample) -> dict[str, Figure]:
    """Drift metrics of one column, cell by cell."""
    if isinstance(now, OrderedSample) and isinstance(then, OrderedSample):
        return ordered_drift(now, then)
    if isinstance(now, CategorySample) and isinstance(then, CategorySample):
        return category_drift(now, then)
    raise TypeError(f"cannot compare {type(now).__name__} with {type(then).__name__}")
