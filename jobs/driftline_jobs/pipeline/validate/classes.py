"""Whether the classes that the monitor names are those of its labels and predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import LogSample
from driftline_jobs.profiles.columns.arrays import class_codes
from driftline_jobs.tasks.class_names import Occurring
from driftline_jobs.tasks.registry import task_class
from driftline_schemas.monitor import LabelColumn, LabelSource, Monitor

_MOST_CLASSES = 1000


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """What does not fit among the labels and predictions that were looked at."""
    if monitor.task_spec.numeric:
        return
    predictions = _counts(samples.log, monitor.logs.prediction)
    occurring = Occurring(_labels(monitor, samples), predictions, "among the rows looked at")
    for misfit in task_class(monitor.task).misfits(monitor, occurring):
        yield Remark(misfit.text, misfit.is_fault)


def _labels(monitor: Monitor, samples: Samples) -> Mapping[str, int]:
    labels = monitor.labels
    if isinstance(labels, LabelColumn):
        return _counts(samples.log, labels.column)
    if not isinstance(labels, LabelSource) or samples.labels is None:
        return {}
    return _counts(samples.labels, labels.label)


def _counts(sample: LogSample, name: str | None) -> dict[str, int]:
    """Rows by class; the most frequent of them, should there be very many."""
    total: Counter[str] = Counter()
    for array in sample.arrays(name) if name is not None else ():
        column = class_codes(array)
        codes = column.codes if column.valid is None else column.codes[column.valid]
        counts = np.bincount(codes, minlength=len(column.texts)).tolist()
        total.update({text: count for text, count in zip(column.texts, counts, strict=True) if count})
    return dict(total.most_common(_MOST_CLASSES))
