"""Outcomes from their bytes, whatever the task."""

from __future__ import annotations

import json

from driftline_jobs.labels.binary import BinaryOutcomes
from driftline_jobs.labels.multiclass import MulticlassOutcomes
from driftline_jobs.labels.outcomes import Outcomes
from driftline_jobs.labels.regression import RegressionOutcomes
from driftline_schemas.errors import DataError

_BY_TASK: dict[str, type[Outcomes]] = {
    kind.task: kind for kind in (BinaryOutcomes, MulticlassOutcomes, RegressionOutcomes)
}


def read_outcomes(data: bytes) -> Outcomes:
    """Raises DataError when the bytes are of another format, or of a task that is not known."""
    task = json.loads(data).get("task")
    if task not in _BY_TASK:
        raise DataError(f"stored outcomes of the task {task!r} were found, known are {', '.join(_BY_TASK)}")
    return _BY_TASK[task].from_bytes(data)
