"""Rows as the join hands them on, and the figures that come of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.performance import Performance
from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins
from driftline_jobs.tasks.binary import BinaryOutcomes, BinaryTask
from driftline_jobs.tasks.multiclass import MulticlassOutcomes, MulticlassTask
from driftline_schemas.metrics import ScoreScale

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


def bins_of(scores: Floats) -> OrderedBins:
    """Bins as a reference of these scores would have them."""
    return ordered_bins("score", np.sort(scores[np.isfinite(scores)]))


def classes(values: Any, missing: Any = None) -> pa.Array:
    """Classes as the join reads them: texts in a dictionary."""
    texts = np.array([str(value) for value in values], object)
    return pa.array(texts, pa.string(), mask=missing).dictionary_encode()


def joined(label: pa.Array, prediction: pa.Array, *scores: Floats) -> pa.Table:
    """A joined table; a score that is not finite has become a null, as the join makes it."""
    columns = {f"score{at}": pa.array(s, mask=~np.isfinite(s)) for at, s in enumerate(scores)}
    return pa.table({**columns, "label": label, "prediction": prediction})


def binary(
    table: pa.Table, bins: OrderedBins | None, scale: ScoreScale = ScoreScale.PROBABILITY, **more: Any
) -> tuple[BinaryOutcomes, BinaryTask]:
    """Outcomes of all rows as one cell; ``1`` is positive unless said."""
    task = BinaryTask(**{"positive": "1", "positive_prediction": "1", **more}, bins=bins, scale=scale)
    return task.rows(table, None).of(0, table.num_rows), task


def several(
    table: pa.Table, names: tuple[str, ...], bins: tuple[OrderedBins, ...], scale: ScoreScale
) -> tuple[MulticlassOutcomes, MulticlassTask]:
    """The same of several classes."""
    task = MulticlassTask(names, bins, scale)
    return task.rows(table, None).of(0, table.num_rows), task


def figure(outcome: Any, task: Any, metric: str, class_label: str | None = None) -> Performance:
    """One figure of one cell."""
    found: Performance = task.measure([outcome])[metric, class_label].at(np.array([0], np.intp))
    return found


def value(outcome: Any, task: Any, metric: str, class_label: str | None = None) -> tuple[float, int]:
    """Its value, and the rows that it is over; it must be there."""
    found = figure(outcome, task, metric, class_label)
    assert found.status[0] == "ok", (metric, found.status[0])
    return float(found.value[0]), round(float(found.n[0]))
