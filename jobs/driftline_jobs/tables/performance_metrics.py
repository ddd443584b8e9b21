"""``performance_metrics``: one row per cell, metric, class and kind (realized, estimated, estimate_error)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from driftline_jobs.stores.base import Store
from driftline_jobs.tables.columns import common, verdict_columns
from driftline_jobs.tables.reading import PLACE, SPAN, Row, place_of, rows_of, span_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder

if TYPE_CHECKING:  # who only reads needs no formulas
    from driftline_jobs.evaluate.estimates import EstimatedFigure
    from driftline_jobs.evaluate.performance import JudgedPerformance, PerformanceCell
    from driftline_jobs.metrics.performance import FigureKey, Performance

CONTRADICTED = "kind = 'estimated' AND threshold IS NOT NULL AND degraded IS NULL"
"""Where the model was expected to do worse, and by mature labels has not: else both are there, or none."""
OWN = "windows = 1 AND kind <> 'sustained'"
"""The rows that are about their window alone; the others are made by the fold."""
_BY_LABELS = "by labels, which are mature, it is no worse than it may be: they count, and not the estimate"
_DEGRADED = (
    "SELECT window_start, '*' AS column_name, model_version, segment, segment_value, metric, value, "  # noqa: S608
    "threshold, threshold_source, NULL AS q_value, reference_value, kind, windows, ci_low, ci_high "
    f"FROM current_performance_metrics WHERE {SPAN} AND {OWN} AND degraded"
)
_JUDGED = (
    "SELECT DISTINCT window_start FROM current_performance_metrics "  # noqa: S608 - our words
    f"WHERE {SPAN} AND {OWN} AND degraded IS NOT NULL AND kind = $5"
)
_CONTRADICTED = (
    "SELECT DISTINCT window_start FROM current_performance_metrics "  # noqa: S608 - our words
    f"WHERE {SPAN} AND {CONTRADICTED}"
)
_NOT_FINAL = (
    "SELECT DISTINCT window_start FROM current_performance_metrics "  # noqa: S608 - our words
    f"WHERE {PLACE} AND windows = 1 AND NOT is_final"
)


def add_performance(
    table: TableBuilder, monitor: str, cells: Sequence[PerformanceCell], judged: JudgedPerformance
) -> None:
    """Append one row per cell and figure by labels."""
    shared = common(monitor, [cell.cell for cell in cells])
    for key, figure in judged.now.items():
        _add_figure(
            table,
            shared,
            key,
            "realized",
            figure,
            cells,
            is_final=[cell.is_final for cell in cells],
            reference_value=judged.then[key].published("value"),
            reason=judged.reasons[key],
            **verdict_columns(judged.verdicts.get(key), "degraded"),
        )


def add_estimates(table: TableBuilder, monitor: str, estimates: Iterable[EstimatedFigure]) -> None:
    """Append one row per cell and figure that needs no labels, or that says how far off one was."""
    for one in estimates:
        own: dict[str, Sequence[object] | None] = {
            "reference_value": one.reference_value,
            "is_final": one.is_final,
            **verdict_columns(one.verdict, "degraded"),
        }
        if one.contradicted is not None and one.contradicted.any():
            against = one.contradicted.tolist()
            reasons, decided = one.figure.reasons(), own["degraded"] or ()
            own["reason"] = [_BY_LABELS if no else why for no, why in zip(against, reasons, strict=True)]
            own["degraded"] = [None if no else flag for no, flag in zip(against, decided, strict=True)]
        _add_figure(
            table,
            common(monitor, [cell.cell for cell in one.cells]),
            one.key,
            one.kind,
            one.figure,
            one.cells,
            **{name: values for name, values in own.items() if values is not None},
        )


def _add_figure(
    table: TableBuilder,
    shared: Mapping[str, object],
    key: FigureKey,
    kind: str,
    figure: Performance,
    cells: Sequence[PerformanceCell],
    **more: object,
) -> None:
    """Append one figure of the cells; ``shared`` are their common columns, ``more`` what the kind adds."""
    metric, class_label = key
    columns = {"reason": figure.reasons(), **more}
    table.add(
        len(cells),
        **shared,
        **columns,
        metric=metric,
        kind=kind,
        class_label=class_label,
        value=figure.published("value"),
        ci_low=figure.published("ci_low"),
        ci_high=figure.published("ci_high"),
        error_bound=figure.published("error_bound"),
        n=np.rint(np.nan_to_num(figure.n)).astype(np.int64),
        label_coverage=[cell.coverage for cell in cells],
        trivial_value=figure.published("trivial"),
        status=figure.status.tolist(),
        windows=1,
    )


def degraded(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[Row]:
    """What has got worse in every cell and window; the model as a whole, so of the column ``*``."""
    return rows_of(store, _DEGRADED, span_of(monitor, start, end))


def judged_windows(store: Store, monitor: Monitor, start: datetime, end: datetime) -> set[datetime]:
    """Starts of the windows in which performance was judged by labels."""
    given = [*span_of(monitor, start, end), "realized"]
    return {row["window_start"] for row in rows_of(store, _JUDGED, given)}


def estimated_windows(store: Store, monitor: Monitor, start: datetime, end: datetime) -> set[datetime]:
    """Starts of the windows in which it was judged without them."""
    given = [*span_of(monitor, start, end), "estimated"]
    return {row["window_start"] for row in rows_of(store, _JUDGED, given)}


def contradicted_windows(store: Store, monitor: Monitor, start: datetime, end: datetime) -> set[datetime]:
    """Starts of the windows in which it was expected to be worse, and by mature labels was not."""
    return {row["window_start"] for row in rows_of(store, _CONTRADICTED, span_of(monitor, start, end))}


def windows_not_final(store: Store, monitor: Monitor) -> set[datetime]:
    """Starts of the windows whose labels were still to come."""
    return {row["window_start"] for row in rows_of(store, _NOT_FINAL, place_of(monitor))}
