"""The drift of labels that come in objects of their own, from the outcomes they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.detection.column_tests import drift_of
from driftline_jobs.evaluate.drift import ColumnDrift
from driftline_jobs.evaluate.performance import PerformanceCell
from driftline_jobs.metrics.figures import IntArray, Status
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.kinds.base import Sample
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.tasks.binary import BinaryOutcomes
from driftline_jobs.tasks.multiclass import MulticlassOutcomes, MulticlassTask
from driftline_jobs.tasks.outcomes import Outcomes, Task
from driftline_jobs.tasks.regression import RegressionOutcomes, RegressionTask
from driftline_schemas.monitor import LabelSource, Monitor

KIND = "label"


def label_column(monitor: Monitor, binning: Binning) -> str | None:
    """What the labels are called; None where they are a column of the log, which is watched as such."""
    labels = monitor.labels
    if not isinstance(labels, LabelSource) or labels.label in binning.columns:
        return None
    return labels.label


def label_sample(outcomes: Sequence[Outcomes], task: Task) -> Sample | None:
    """(cells, classes) all labelled rows by class, or (cells, bins) by the bin of the label.

    Labels whose distribution is not known are all in one bin, or in none of several.
    """
    if not outcomes:
        return None
    if isinstance(task, RegressionTask):
        return _ordered([o for o in outcomes if isinstance(o, RegressionOutcomes)], task.labels)
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


def _ordered(outcomes: Sequence[RegressionOutcomes], bins: OrderedBins | None) -> OrderedSample:
    """(cells, bins) sample. The extremes are not kept: sums of rows can be taken back, and these not."""
    nothing = np.zeros(len(outcomes), np.int64)
    size = bins.bins if bins is not None else 1
    counts = np.zeros((len(outcomes), size), np.int64)
    sums = np.zeros((len(outcomes), size))
    for at, outcome in enumerate(outcomes):
        if bins is None:
            counts[at] = outcome.labelled
        elif outcome.label_counts:
            counts[at] = outcome.label_counts
            sums[at] = outcome.label_sums.scaled(0)
    edges = np.asarray(bins.edges if bins is not None else (), np.float64)
    return OrderedSample(counts, sums, edges, nothing, nothing, nothing)


def is_binned(outcome: Outcomes) -> bool:
    """Whether the distribution of the labels is known."""
    return not isinstance(outcome, RegressionOutcomes) or bool(outcome.label_counts)


def label_metrics(task: Task) -> tuple[str, ...]:
    """The metrics of the labels that are calibrated."""
    return (OrderedSample if isinstance(task, RegressionTask) else CategorySample).DECIDING


def label_drift(
    monitor: Monitor, binning: Binning, cells: Sequence[PerformanceCell], task: Task
) -> ColumnDrift | None:
    """Figures of the labels of the cells against those of the reference."""
    name = label_column(monitor, binning)
    against = [cell.reference or task.nothing() for cell in cells]
    now = label_sample([cell.outcome for cell in cells], task)
    then = label_sample(against, task)
    if name is None or now is None or then is None:
        return None
    # of a reference without labels that is what is said
    unknown = np.array(
        [
            before.labelled > 0 and not (is_binned(cell.outcome) and is_binned(before))
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
