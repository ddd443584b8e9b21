"""The drift of labels that come in objects of their own, from the outcomes they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.detection.column_tests import drift_of
from driftline_jobs.evaluate.drift import ColumnDrift
from driftline_jobs.evaluate.performance import PerformanceCell
from driftline_jobs.metrics.figures import Status
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.tasks.base import AnyTask
from driftline_schemas.monitor import LabelSource, Monitor

KIND = "label"


def label_column(monitor: Monitor, binning: Binning) -> str | None:
    """What the labels are called; None where they are a column of the log, which is watched as such."""
    labels = monitor.labels
    if not isinstance(labels, LabelSource) or labels.label in binning.columns:
        return None
    return labels.label


def label_metrics(task: AnyTask) -> tuple[str, ...]:
    """The metrics of the labels that are calibrated."""
    sample = task.label_sample([task.nothing()])
    return () if sample is None else sample.DECIDING


def label_drift(
    monitor: Monitor, binning: Binning, cells: Sequence[PerformanceCell], task: AnyTask
) -> ColumnDrift | None:
    """Figures of the labels of the cells against those of the reference."""
    name = label_column(monitor, binning)
    if name is None or not cells:
        return None
    against = [cell.reference or task.nothing() for cell in cells]
    now, then = task.label_sample([cell.outcome for cell in cells]), task.label_sample(against)
    if now is None or then is None:
        return None
    # of a reference without labels that is what is said
    unknown = np.array(
        [
            before.labelled > 0 and not (cell.outcome.labels_binned and before.labels_binned)
            for cell, before in zip(cells, against, strict=True)
        ],
        np.bool_,
    )
    figures = drift_of(now, then)
    if unknown.any():
        figures = {
            metric: figure.without(unknown, Status.LABELS_NOT_BINNED) for metric, figure in figures.items()
        }
    rows = np.array([cell.outcome.labelled for cell in cells], np.int64)
    before = np.array([outcome.labelled for outcome in against], np.int64)
    return ColumnDrift(name, KIND, figures, now, then, rows, before)
