"""Every concern of validation, in the order in which its remarks are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from driftline_jobs.pipeline.validate import classes, ids, late_types, names, nature, scores, times
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_schemas.monitor import Monitor

Concern = Callable[[Monitor, Samples], Iterable[Remark]]

CONCERNS: tuple[Concern, ...] = (
    names.remarks,
    classes.remarks,
    scores.remarks,
    ids.remarks,
    times.remarks,
    late_types.remarks,
    nature.remarks,
)


def remarks_of(monitor: Monitor, samples: Samples) -> tuple[Remark, ...]:
    """What all concerns have to say, faults first."""
    found = [remark for concern in CONCERNS for remark in concern(monitor, samples)]
    return tuple(sorted(found, key=lambda remark: not remark.is_fault))
