"""Whether columns get their first values, and their type, only after the reference."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from driftline_jobs.pipeline.plans import watched
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import ObjectSample
from driftline_jobs.profiles.columns.times import NO_TIME, microseconds, unreadable
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import to_us


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """Columns that hold nothing in the reference, and something in the log."""
    parts = samples.log.objects
    reference = [part for part in parts if _is_of_reference(part, monitor)]
    if samples.reference is not None:
        reference = list(samples.reference.objects)
    if not reference:
        return
    late, first = [], ""
    for name in (watch.column.name for watch in watched(monitor, samples.log.columns)):
        before = [part.columns[name] for part in reference if name in part.columns]
        if not before or not all(pa.types.is_null(array.type) for array in before):
            continue
        later = (part for part in parts if name in part.columns and not _is_null(part, name))
        found = next(later, None)
        if found is not None:
            late.append(f"{name} ({found.columns[name].type})")
            first = first or found.object.uri
    if late:
        yield Remark(
            f"columns that are nulls of no type in the reference have values later: {', '.join(late)}, such "
            f"as in {first}. They are described, and compared with nothing until `driftline rebase` makes a "
            "reference that has some: till then each fails the check changed_type"
        )


def _is_null(part: ObjectSample, name: str) -> bool:
    return bool(pa.types.is_null(part.columns[name].type))


def _is_of_reference(part: ObjectSample, monitor: Monitor) -> bool:
    """Whether rows of the object are in the reference, if that is a part of the log that does not move."""
    array, window = part.columns.get(monitor.logs.timestamp), monitor.reference.window
    if array is None or window is None or unreadable(array.type, monitor.log_time) is not None:
        return False
    times = microseconds(array, monitor.log_time)
    start, end = (to_us(moment) for moment in window)
    return bool(((times != NO_TIME) & (times >= start) & (times < end)).any())
