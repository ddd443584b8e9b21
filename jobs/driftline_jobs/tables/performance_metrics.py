"""``performance_metrics``: one row per cell, metric, class and kind (realized, estimated, estimate_error)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from driftline_jobs.evaluate.estimates import EstimatedFigure
from driftline_jobs.evaluate.performance import (
    REALIZED,
    FigureKey,
    JudgedPerformance,
    PerformanceCell,
    limit_reasons,
)
from driftline_jobs.metrics.performance import Performance
from driftline_jobs.tables.columns import common, verdict_columns
from driftline_schemas.rows import TableBuilder


def add_performance(
    table: TableBuilder, monitor: str, cells: Sequence[PerformanceCell], judged: JudgedPerformance
) -> None:
    """Append one row per cell and figure by labels."""
    shared = common(monitor, [cell.cell for cell in cells])
    for key, figure in judged.now.items():
        before, verdict = judged.then[key], judged.verdicts.get(key)
        _add_figure(
            table,
            shared,
            key,
            REALIZED,
            figure,
            cells,
            is_final=[cell.is_final for cell in cells],
            reference_value=before.published("value"),
            reason=limit_reasons(key[0], figure, before, verdict),
            **verdict_columns(verdict, "degraded"),
        )


def add_estimates(table: TableBuilder, monitor: str, estimates: Iterable[EstimatedFigure]) -> None:
    """Append one row per cell and figure that needs no labels, or that says how far off one was."""
    for one in estimates:
        own = {"reference_value": one.reference_value, "is_final": one.is_final}
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
    )
