"""``performance_curves``: one row per cell, curve and class, its points as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.evaluate.performance import REALIZED, PerformanceCell, curve_counts
from driftline_jobs.metrics.ranking import ScoreLabelCounts, calibration_curve
from driftline_jobs.tables.columns import common
from driftline_jobs.tasks.base import AnyTask
from driftline_schemas.rows import TableBuilder, canonical_json


def add_curves(table: TableBuilder, monitor: str, cells: Sequence[PerformanceCell], task: AnyTask) -> None:
    """Append the calibration curves of the cells whose scores are probabilities."""
    honest, curves = curve_counts(cells, task)
    for class_label, counts in curves.items():
        table.add(
            len(honest),
            **common(monitor, honest),
            curve="calibration",
            kind=REALIZED,
            class_label=class_label,
            points=_points(counts, len(honest)),
        )


def _points(counts: ScoreLabelCounts, cells: int) -> list[str]:
    curve = calibration_curve(counts)
    return [
        canonical_json(
            [
                {
                    name: float(getattr(curve, name)[at, group])
                    for name in ("score", "rate", "low", "high", "n")
                }
                for group in np.flatnonzero(np.nan_to_num(curve.n[at]) > 0).tolist()
            ]
        )
        for at in range(cells)
    ]
