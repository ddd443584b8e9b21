"""Rows of ``drift_metrics`` about labels that come in objects of their own, from the outcomes they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.labels.binary import BinaryOutcomes
from driftline_jobs.labels.collect import Task
from driftline_jobs.labels.multiclass import MulticlassOutcomes, MulticlassTask
from driftline_jobs.labels.outcomes import Outcomes
from driftline_jobs.measure.figures import IntArray
from driftline_jobs.measure.samples import CategorySample
from driftline_jobs.profile.binning import Binning
from driftline_jobs.tabulate.drift import ColumnDrift, Pair, add_drift, compare
from driftline_jobs.tabulate.judged import UsualDrift
from driftline_jobs.tabulate.performance import PerformanceCell
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.rows import TableBuilder

KIND = "label"


def label_column(monitor: Monitor, binning: Binning) -> str | None:
    """What the labels are called; None where they are a column of the log, which is watched as such."""
    labels = monitor.labels
    if not isinstance(labels, LabelSource) or labels.label in binning.columns:
        return None
    return labels.label


def label_sample(outcomes: Sequence[Outcomes], task: Task) -> CategorySample | None:
    """(cells, classes) all labelled rows by class; None for labels that are no classes."""
    if not outcomes:
        return None
    counts: list[IntArray] = []
    for outcome in outcomes:
        if isinstance(outcome, BinaryOutcomes):
            positives = outcome.label_positives
            counts.append(np.array([outcome.labelled - positives, positives], np.int64))
        elif isinstance(outcome, MulticlassOutcomes) and isinstance(task, MulticlassTask):
            counts.append(np.array(outcome.label_counts, np.int64))
        else:
            return None
    by_class = np.stack(counts)
    nothing = np.zeros(len(by_class), np.int64)
    if isinstance(task, MulticlassTask):  # the last class stands for all that the reference lacks
        return CategorySample(by_class[:, :-1], nothing, by_class[:, -1], nothing)
    return CategorySample(by_class, nothing, nothing, nothing)


def label_drift(
    monitor: Monitor, binning: Binning, cells: Sequence[PerformanceCell], task: Task
) -> ColumnDrift | None:
    """Figures of the labels of the cells against those of the reference."""
    name = label_column(monitor, binning)
    now = label_sample([cell.outcome for cell in cells], task)
    then = label_sample([cell.reference or task.nothing() for cell in cells], task)
    if name is None or now is None or then is None:
        return None
    rows, before = (sample.every_row().sum(-1).astype(np.int64) for sample in (now, then))
    return ColumnDrift(name, KIND, compare(now, then), now, then, rows, before)


def add_label_drift(
    table: TableBuilder,
    monitor: Monitor,
    cells: Sequence[PerformanceCell],
    drift: ColumnDrift,
    reference_id: str,
    usual: UsualDrift,
) -> None:
    """Append one row per cell and metric of the labels."""
    pairs = [Pair(cell.cell, None) for cell in cells]
    add_drift(table, monitor, pairs, [drift], "reference", reference_id, decides=True, usual=usual)
