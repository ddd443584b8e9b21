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

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.drift import JudgedDrift, Pair, measure_drift
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.codec import decode
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.drift_metrics import add_drift
from driftline_jobs.tables.profile_metrics import add_descriptions
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

_MERGE_AT_ONCE = 256
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
    where = "" if segments else "AND model_version = '*' AND segment = '*' "
    rows = store.execute_read(
        "SELECT model_version, segment, segment_value, column_name, base_start, state "  # noqa: S608  our words
        "FROM current_profiles WHERE monitor = $1 AND granularity = $2 "
        f"AND base_start >= $3 AND base_start < $4 AND column_name NOT LIKE '*%' {where}",
        [monitor.monitor, monitor.granularity.value, start, end],
    )
    bases = rows.column("base_start").unique()
    return RollUp(monitor, start, end, _merged(rows), len(bases), reference)


def _merged(rows: pa.Table) -> dict[Cell, dict[str, Profile]]:
    keys = zip(
        *(
            rows.column(name).to_pylist()
            for name in ("model_version", "segment", "segment_value", "column_name")
        ),
        strict=True,
    )
    states: dict[tuple[str, str, str, str], list[bytes]] = {}
    for key, state in zip(keys, rows.column("state").to_pylist(), strict=True):
        states.setdefault(key, []).append(state)
    cells: dict[Cell, dict[str, Profile]] = {}
    for (version, segment, value, name), several in sorted(states.items()):
        cells.setdefault(Cell(version, segment, value), {})[name] = _merged_states(several)
    return cells


def _merged_states(states: Sequence[bytes]) -> Profile:
    """One profile, in steps: decoded ones are many times larger than their bytes."""
    total: list[Profile] = []
    for at in range(0, len(states), _MERGE_AT_ONCE):
        total = [merge([*total, *map(decode, states[at : at + _MERGE_AT_ONCE])])]
    return total[0]


def _reference(store: Store, monitor: Monitor, start: datetime, end: datetime) -> Reference:
    """What the windows of the span were last compared with."""
    runs = store.execute_read(
        "SELECT DISTINCT r.binning_id AS binning_id FROM current_runs r "
        "JOIN (SELECT DISTINCT run_id FROM current_profiles WHERE monitor = $1 AND granularity = $2 "
        "AND base_start >= $3 AND base_start < $4) p ON p.run_id = r.run_id ORDER BY 1",
        [monitor.monitor, monitor.granularity.value, start, end],
    )
    kinds = runs.column("binning_id").to_pylist()
    span = f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if not kinds:
        raise DataError(f"{monitor.monitor}: nothing is published {span}: run these windows first")
    if len(kinds) > 1:
        raise DataError(
            f"{monitor.monitor}: the windows {span} were profiled with bins of {len(kinds)} kinds "
            f"({', '.join(kinds)}), which do not merge: roll up each part, or run the windows again"
        )
    found = store.execute_read(
        "SELECT s.source AS source, s.state AS state, b.state AS binning FROM reference_sets s "
        "JOIN binnings b ON b.binning_id = s.binning_id WHERE s.monitor = $1 AND s.binning_id = $2 "
        "ORDER BY s.created_at DESC LIMIT 1",
        [monitor.monitor, kinds[0]],
    ).to_pylist()
    if not found:
        raise DataError(
            f"{monitor.monitor}: the store has lost the reference of {span}: run these windows again"
        )
    binning = Binning.from_bytes(found[0]["binning"])
    return Reference.from_bytes(monitor.monitor, found[0]["source"], binning, found[0]["state"])
