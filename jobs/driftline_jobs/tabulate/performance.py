"""Rows of ``performance_metrics`` and ``performance_curves``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from driftline_jobs.labels.outcomes import BinaryOutcomes
from driftline_jobs.measure.binary import binary_performance
from driftline_jobs.measure.performance import Performance
from driftline_jobs.measure.ranking import calibration_curve
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.tabulate.cells import MeasuredCell, common
from driftline_jobs.tabulate.judged import judge_performance, verdict_columns
from driftline_jobs.tabulate.outcomes import stack_binary
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder, canonical_json

REALIZED = "realized"


@dataclass(frozen=True)
class PerformanceCell:
    """A cell with its outcomes, and those of the same cell in the reference where it has any."""

    cell: MeasuredCell
    outcome: BinaryOutcomes
    reference: BinaryOutcomes | None
    is_final: bool

    @property
    def coverage(self) -> float | None:
        """Share of the predictions that have a label."""
        return self.outcome.labelled / self.outcome.predictions if self.outcome.predictions else None


def measure_performance(
    cells: Sequence[PerformanceCell], bins: OrderedBins | None
) -> tuple[dict[str, Performance], dict[str, Performance]]:
    """Figures (cells,) now and in the reference; a cell without a reference has none there."""
    nothing = BinaryOutcomes.nothing(bins)
    now = binary_performance(stack_binary([cell.outcome for cell in cells], bins))
    then = binary_performance(stack_binary([cell.reference or nothing for cell in cells], bins))
    return now, then


def add_performance(
    builders: Mapping[str, TableBuilder],
    monitor: Monitor,
    cells: Sequence[PerformanceCell],
    bins: OrderedBins | None,
) -> None:
    """Append one row per cell and metric, judged, and the calibration curve of every cell that has one."""
    now, then = measure_performance(cells, bins)
    judged = judge_performance(monitor.alerts.rules, now, then, [cell.cell for cell in cells])
    shared = common(monitor.monitor, [cell.cell for cell in cells])
    for metric, figure in now.items():
        builders["performance_metrics"].add(
            len(cells),
            **shared,
            metric=metric,
            kind=REALIZED,
            value=figure.published("value"),
            ci_low=figure.published("ci_low"),
            ci_high=figure.published("ci_high"),
            error_bound=figure.published("error_bound"),
            n=np.nan_to_num(figure.n).astype(np.int64),
            label_coverage=[cell.coverage for cell in cells],
            is_final=[cell.is_final for cell in cells],
            reference_value=then[metric].published("value"),
            trivial_value=figure.published("trivial"),
            **verdict_columns(judged.get(metric), "degraded"),
            status=figure.status.tolist(),
            reason=figure.reasons(),
        )
    if bins is not None:
        _add_curves(builders["performance_curves"], monitor, cells, bins)


def _add_curves(
    table: TableBuilder, monitor: Monitor, cells: Sequence[PerformanceCell], bins: OrderedBins
) -> None:
    scores = stack_binary([cell.outcome for cell in cells], bins).scores
    if scores is None:
        return
    curve = calibration_curve(scores)
    points = []
    for at in range(len(cells)):
        groups = np.flatnonzero(np.nan_to_num(curve.n[at]) > 0).tolist()
        points.append(
            canonical_json(
                [
                    {
                        name: float(getattr(curve, name)[at, group])
                        for name in ("score", "rate", "low", "high", "n")
                    }
                    for group in groups
                ]
            )
        )
    table.add(
        len(cells),
        **common(monitor.monitor, [cell.cell for cell in cells]),
        curve="calibration",
        kind=REALIZED,
        points=points,
    )
