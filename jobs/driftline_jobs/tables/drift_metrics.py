"""``drift_metrics``: one row per cell, column, comparison and metric."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from driftline_jobs.stores.base import Store
from driftline_jobs.tables.columns import common, verdict_columns
from driftline_jobs.tables.reading import SPAN, Row, rows_of, span_of
from driftline_schemas.metrics import SUSTAINED_SHIFT
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import ALL, table_column

if TYPE_CHECKING:  # who only reads needs no formulas
    from driftline_jobs.evaluate.cells import MeasuredCell
    from driftline_jobs.evaluate.drift import JudgedDrift, Pair
    from driftline_jobs.evaluate.judged import Judged
    from driftline_jobs.evaluate.multivariate import MultivariateDrift

_PLACE_OF_FINDING = "window_start, column_name, model_version, segment, segment_value"
_DRIFTED = (
    f"SELECT {_PLACE_OF_FINDING}, metric, value, threshold, threshold_source, q_value, "  # noqa: S608
    "NULL AS reference_value "
    # a sustained shift comes from the detector itself, which has just been followed to the end
    f"FROM current_drift_metrics WHERE {SPAN} AND drifted AND metric <> '{SUSTAINED_SHIFT}'"
)
_JUDGED = f"SELECT DISTINCT window_start FROM current_drift_metrics WHERE {SPAN} AND drifted IS NOT NULL"  # noqa: S608


def add_drift(
    table: TableBuilder,
    monitor: str,
    pairs: Sequence[Pair],
    columns: Sequence[JudgedDrift],
    comparison: str,
    reference_id: str | None,
) -> None:
    """Append one row per pair, column and metric."""
    shared = common(monitor, [pair.current for pair in pairs])
    for judged in columns:
        column, at = judged.drift, judged.drift.places
        chosen = pairs if at is None else [pairs[place] for place in at.tolist()]
        rows = shared if at is None else common(monitor, [pair.current for pair in chosen])
        n_current, n_reference = (n if at is None else n[at] for n in (column.n_current, column.n_reference))
        for metric, whole in column.figures.items():
            figure = whole if at is None else whole.at(at)
            verdict = judged.verdicts.get(metric)
            if verdict is not None and at is not None:
                verdict = verdict.at(at.tolist())
            table.add(
                len(chosen),
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
                reason=[why or judged.reason for why in figure.reasons()],
            )


def add_multivariate(
    table: TableBuilder,
    monitor: str,
    wholes: Sequence[MeasuredCell],
    drift: MultivariateDrift,
    judged: Judged,
    reference_id: str,
) -> None:
    """Append one row per window and figure of the columns taken as one."""
    for metric, figure in drift.figures.items():
        table.add(
            len(wholes),
            **common(monitor, wholes),
            column_name=ALL,
            comparison="reference",
            metric=metric,
            value=figure.published("value"),
            value_debiased=figure.published("debiased"),
            **verdict_columns(judged.get(metric), "drifted"),
            n_current=drift.n_current,
            n_reference=drift.n_reference,
            reference_id=reference_id,
            status=figure.status.tolist(),
            reason=figure.reasons(),
        )


def drifted(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[Row]:
    """What has drifted in every cell and window, but for what was found by following the windows."""
    return rows_of(store, _DRIFTED, span_of(monitor, start, end))


def judged_windows(store: Store, monitor: Monitor, start: datetime, end: datetime) -> set[datetime]:
    """Starts of the windows in which drift was judged."""
    return {row["window_start"] for row in rows_of(store, _JUDGED, span_of(monitor, start, end))}
