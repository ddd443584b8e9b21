"""Longer spans from what is published: a week, a month, any range of base windows, without touching a log.

Profiles merge exactly, so the figures are those of one run over the whole span. A function and not a command:
a roll-up publishes nothing. Who wants weekly rows in the tables runs the monitor with ``granularity: week``;
who wants them for an analysis, a notebook or a board asks here.

    with open_store(url) as store:
        month = roll_up(store, monitor, start, end)
        month.descriptions()   # the columns of profile_metrics
        month.drift()          # the columns of drift_metrics, against the reference
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.drift import JudgedDrift, Pair, measure_drift
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import reference_sets
from driftline_jobs.tables.drift_metrics import add_drift
from driftline_jobs.tables.profile_metrics import add_descriptions
from driftline_jobs.tables.profiles import binnings_of_span, of_span
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

_OF_RUNS = ("run_id", "granularity")
_OF_JUDGEMENT = ("p_value", "q_value", "threshold", "threshold_source", "drifted")


@dataclass(frozen=True)
class RollUp:
    """The profiles of a span, merged.

    Attributes:
        start, end: the span, half-open.
        cells: {cell: {column: profile}}, ``WHOLE`` among them unless the span has no rows.
        base_windows: how many base windows with rows it is made of.
        reference: what the monitor's windows are compared with.
    """

    monitor: Monitor
    start: datetime
    end: datetime
    cells: dict[Cell, dict[str, Profile]]
    base_windows: int
    reference: Reference

    @property
    def binning(self) -> Binning:
        """Where the bins of all these profiles lie."""
        return self.reference.binning

    @property
    def rows(self) -> int:
        """Rows of the span."""
        whole = self.cells.get(WHOLE, {})
        return next(iter(whole.values())).rows if whole else 0

    def descriptions(self) -> pa.Table:
        """One row per cell and column: the columns of ``profile_metrics``, without those of a run."""
        table = TableBuilder(load_tables()["profile_metrics"])
        add_descriptions(table, self.monitor.monitor, self._measured(), self.binning)
        return table.to_arrow().drop_columns(list(_OF_RUNS))

    def drift(self) -> pa.Table:
        """One row per cell, column and metric against the reference: the columns of ``drift_metrics``.

        Without those of a run, and of a judgement: limits are learned for windows, not for longer spans. The
        reference is taken whole, even where the span overlaps it.
        """
        pairs = [Pair.of(cell, self.reference.cells) for cell in self._measured()]
        columns = measure_drift(pairs, self.binning)
        table = TableBuilder(load_tables()["drift_metrics"])
        judged = [JudgedDrift(column) for column in columns]
        reference_id = self.reference.reference_id
        add_drift(table, self.monitor.monitor, pairs, judged, "reference", reference_id)
        return table.to_arrow().drop_columns([*_OF_RUNS, *_OF_JUDGEMENT])

    def _measured(self) -> list[MeasuredCell]:
        span = Window(self.start, self.end, self.monitor.granularity)
        found = [
            MeasuredCell(span, cell, "", columns, next(iter(columns.values())).rows)
            for cell, columns in sorted(self.cells.items())
        ]
        enough = self.monitor.alerts.min_rows
        return [cell for cell in found if cell.cell == WHOLE or cell.rows >= enough]


def roll_up(
    store: Store, monitor: Monitor, start: datetime, end: datetime, *, segments: bool = False
) -> RollUp:
    """Merge the published profiles of ``start <= base window < end`` (aware; bounds of base windows).

    With ``segments`` every version and segment value too, otherwise the whole alone.

    Raises:
        ConfigError: a bound lies within a base window.
        DataError: nothing is published there, or with bins of more than one kind (the monitor was rebased).
    """
    for bound in (start, end):
        inside = monitor.base_calendar.containing(bound)
        if inside.start != bound:
            raise ConfigError(
                f"{bound:%Y-%m-%d %H:%M} UTC is within a base window: {monitor.monitor} keeps profiles by "
                f"the {inside.granularity.value}: take {inside.start:%Y-%m-%d %H:%M} or "
                f"{inside.end:%Y-%m-%d %H:%M}"
            )
    reference = _reference(store, monitor, start, end)
    cells, base_windows = of_span(store, monitor, start, end, segments=segments)
    return RollUp(monitor, start, end, cells, base_windows, reference)


def _reference(store: Store, monitor: Monitor, start: datetime, end: datetime) -> Reference:
    """What the windows of the span were last compared with."""
    kinds = binnings_of_span(store, monitor, start, end)
    span = f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if not kinds:
        raise DataError(f"{monitor.monitor}: nothing is published {span}: run these windows first")
    if len(kinds) > 1:
        raise DataError(
            f"{monitor.monitor}: the windows {span} were profiled with bins of {len(kinds)} kinds "
            f"({', '.join(kinds)}), which do not merge: roll up each part, or run the windows again"
        )
    found = reference_sets.newest_at(store, monitor.monitor, kinds[0])
    if found is None:
        raise DataError(
            f"{monitor.monitor}: the store has lost the reference of {span}: run these windows again"
        )
    return found
