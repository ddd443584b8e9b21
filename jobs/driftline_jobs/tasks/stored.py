"""Outcomes from their bytes, whatever the task, and the ids of a base window beside them."""

from __future__ import annotations

import base64
import json

from driftline_jobs.profiles.id_sketch import IdSketch
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.registry import outcomes_class
from driftline_schemas.errors import DataError
from driftline_schemas.task_specs import task_specs

_IDS = "ids"


def read_outcomes(data: bytes) -> Outcomes:
    """Raises DataError when the bytes are of another format, or of a task that is not known."""
    task = json.loads(data).get("task")
    kind = outcomes_class(task)
    if kind is None:
        raise DataError(
            f"stored outcomes of the task {task!r} were found, known are {', '.join(task_specs())}: install "
            "the distribution that has it"
        )
    return kind.from_bytes(data)


def with_ids(outcomes: bytes, ids: IdSketch | None) -> bytes:
    """The bytes of outcomes with the ids of their predictions, which ``read_outcomes`` passes over."""
    if ids is None:
        return outcomes
    text = base64.b64encode(ids.to_bytes()).decode()
    return outcomes[:-1] + f',"{_IDS}":"{text}"}}'.encode()


def read_ids_of(data: bytes) -> IdSketch | None:
    """The ids that ``with_ids`` has added; None where there are none. Raises DataError as for a sketch."""
    text = json.loads(data).get(_IDS)
    return None if text is None else IdSketch.from_bytes(base64.b64decode(text))
