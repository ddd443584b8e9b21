"""Whether the rows of a reference have times, by which it could be learned how much clean windows differ."""

from __future__ import annotations

from collections.abc import Iterator

from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_schemas.monitor import Monitor


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """A data set without times can be compared with; nothing can be learned of its windows."""
    reference, timestamp = samples.reference, monitor.logs.timestamp
    if reference is None or not reference.rows or timestamp in {column.name for column in reference.columns}:
        return
    yield Remark(
        f"the rows at {monitor.reference.uri} have no times (no column {timestamp!r}), so the reference has "
        "no windows that would show how much clean ones differ: limits are fixed sizes, lasting shifts are "
        "not followed, and columns that move by nature are not recognised. Add the times of its rows as "
        f"{timestamp!r}, or name a reference.window of the log"
    )
