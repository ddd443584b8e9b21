"""Figures of many cells held against what limits them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from driftline_jobs.detection.limits import fixed_drift, interval_verdicts, rule_verdicts
from driftline_jobs.detection.verdicts import FIXED, OPEN, Verdicts, either
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.metrics.figures import Figure, FloatArray, TextArray
from driftline_jobs.metrics.performance import Performance
from driftline_jobs.profiles.cell import WHOLE
from driftline_schemas.metrics import SHAPE
from driftline_schemas.monitor import Rule
from driftline_schemas.table_names import ALL

Judged = Mapping[str, Verdicts]
"""Verdicts by metric, all cells of one column or of the model."""


@dataclass(frozen=True)
class UsualDrift:
    """What is usual for columns, by column and metric.

    Attributes:
        verdicts: (cells,) by the calibration, for the metrics that have one.
        instead: (cells,) the ``threshold_source`` of a fixed limit, where that has to do instead.
    """

    verdicts: Mapping[tuple[str, str], Verdicts] = field(default_factory=dict)
    instead: Mapping[tuple[str, str], TextArray] = field(default_factory=dict)

    def of(self, column: str) -> tuple[Judged, Mapping[str, TextArray]]:
        """Both of one column, by metric."""
        return (
            {metric: verdict for (name, metric), verdict in self.verdicts.items() if name == column},
            {metric: sources for (name, metric), sources in self.instead.items() if name == column},
        )


def judge_drift(
    rules: Sequence[Rule],
    column: str,
    figures: Mapping[str, Figure],
    cells: Sequence[MeasuredCell],
    n: FloatArray,
    m: FloatArray,
    usual_drift: UsualDrift,
) -> dict[str, Verdicts]:
    """Hold the drift of one column against the monitor's rules and against what is usual.

    What is usual is what the calibration says, in the cells where it says anything, and elsewhere the fixed
    effect sizes; psi stands for the statistics of the shape.
    """
    calibrated, instead = usual_drift.of(column)
    found: dict[str, Verdicts] = {}
    for metric, figure in figures.items():
        usual = calibrated.get(metric)
        fixed = fixed_drift(metric, figure, n, m, instead.get(metric, FIXED))
        if fixed is not None:
            speaks = [calibrated[name] for name in (*SHAPE, metric) if name in calibrated]
            decided = [v.exceeded != OPEN for v in speaks if metric == "psi" or v is usual]
            if decided:
                # Parts of a window have no calibration of their own. Where the whole has one, a fixed limit
                # would cry wolf for them day by day: they do not decide.
                parts = np.array([cell.cell != WHOLE for cell in cells], np.bool_)
                fixed = fixed.only(~np.logical_or.reduce([*decided, parts]))
        several = [v for v in (_by_rules(rules, metric, figure.value, cells, column), usual, fixed) if v]
        if several:
            found[metric] = reduce(either, several)
    return found


def judge_by_rules(
    rules: Sequence[Rule], column: str, figures: Mapping[str, Figure], cells: Sequence[MeasuredCell]
) -> dict[str, Verdicts]:
    """Hold the drift of one column against the monitor's rules alone."""
    found = {name: _by_rules(rules, name, figure.value, cells, column) for name, figure in figures.items()}
    return {metric: verdict for metric, verdict in found.items() if verdict is not None}


def judge_performance(
    rules: Sequence[Rule],
    now: Mapping[tuple[str, str | None], Performance],
    then: Mapping[tuple[str, str | None], Performance],
    cells: Sequence[MeasuredCell],
    calibrated: Mapping[tuple[str, str | None], Verdicts],
) -> dict[tuple[str, str | None], Verdicts]:
    """Hold the model's figures against the monitor's rules and against what is usual.

    What is usual is what the calibration says. Only where it says nothing of any figure do the reference's
    intervals decide: they take rows for independent, and would cry wolf for days that are merely unlike.
    """
    silent = np.ones(len(cells), np.bool_)
    if calibrated:
        parts = np.array([cell.cell != WHOLE for cell in cells], np.bool_)
        silent = ~np.logical_or.reduce([parts, *(v.exceeded != OPEN for v in calibrated.values())])
    found: dict[tuple[str, str | None], Verdicts] = {}
    for key, figure in now.items():
        metric, _ = key
        usual = calibrated.get(key)
        interval = interval_verdicts(metric, figure, then[key])
        interval = None if interval is None else interval.only(silent)
        several = [v for v in (_by_rules(rules, metric, figure.value, cells, None), usual, interval) if v]
        if several:
            found[key] = reduce(either, several)
    return found


def judge_estimates(
    rules: Sequence[Rule],
    now: Mapping[tuple[str, str | None], Performance],
    cells: Sequence[MeasuredCell],
    calibrated: Mapping[tuple[str, str | None], Verdicts],
) -> dict[tuple[str, str | None], Verdicts]:
    """Hold what is expected without labels against the rules about that, and against what is usual of it."""
    found: dict[tuple[str, str | None], Verdicts] = {}
    for key, figure in now.items():
        several = [v for v in (_by_rules(rules, key[0], figure.value, cells, None), calibrated.get(key)) if v]
        if several:
            found[key] = reduce(either, several)
    return found


def _by_rules(
    rules: Sequence[Rule], metric: str, value: FloatArray, cells: Sequence[MeasuredCell], column: str | None
) -> Verdicts | None:
    """The rules on one metric: each is about one segment, or about the whole."""
    if not any(rule.metric == metric for rule in rules):
        return None
    found: Verdicts | None = None
    names = np.array([cell.cell.segment for cell in cells])
    for name in dict.fromkeys(names.tolist()):
        segment = None if name == ALL else _columns(name)
        verdict = rule_verdicts(
            rules, metric, np.where(names == name, value, np.nan), column=column, segment=segment
        )
        if verdict is not None:
            found = verdict if found is None else either(found, verdict)
    return found


def _columns(segment: str) -> tuple[str, ...]:
    """The columns of a segment, from its name in the tables."""
    if segment.startswith("["):
        try:
            return tuple(json.loads(segment))
        except ValueError:
            pass  # a column whose name begins with a bracket
    return (segment,)
