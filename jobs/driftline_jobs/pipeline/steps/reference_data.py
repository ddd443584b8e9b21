"""Where the rows of a reference are read: in the monitor's own log, or in a data set elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from driftline_jobs.pipeline.context import Job
from driftline_jobs.references.reference import ReferenceObject
from driftline_jobs.references.windows import initial_windows, not_excluded
from driftline_jobs.sources.base import LogInspection, ProfileSource
from driftline_jobs.sources.dataset import DataSet
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_schemas.errors import ConfigError
from driftline_schemas.window import Window


@dataclass(frozen=True)
class ReferenceData:
    """The rows of a reference: where they are, what holds them, and the windows that it is made of, ascending
    (one that stands for none where they have no times)."""

    source: ProfileSource
    inspection: LogInspection
    windows: list[Window]


def reference_data(job: Job) -> ReferenceData:
    """Find the rows that the reference of the job's windows is made from.

    Raises:
        ConfigError: the place is not there, or its timestamps cannot be read, or it has none and the monitor
            file excludes some.
        DataError: nothing in it can be read, or its timestamps make no sense.
    """
    if job.monitor.reference.uri is None:
        windows = initial_windows(job.monitor, job.windows)
        return ReferenceData(job.log, job.log.inspect(windows[0].start, windows[-1].end), windows)
    data_set = DataSet.open(job.monitor, job.request.monitor_path.resolve().parent)
    inspection = data_set.inspect()
    windows = not_excluded(job.monitor, data_set.windows(inspection))
    if not windows:
        raise ConfigError(
            f"{job.monitor.monitor}: reference.exclude leaves nothing of the data set at {data_set.uri}"
        )
    return ReferenceData(data_set, inspection, windows)


def objects_of(inspection: LogInspection, profiles: Iterable[WindowProfile]) -> list[ReferenceObject]:
    """The objects that the windows of a reference were made from, or could have been, by uri."""
    matched: dict[str, int] = {}
    for profile in profiles:
        for uri, rows in profile.matched.items():
            matched[uri] = matched.get(uri, 0) + rows
    found = []
    for state in sorted(inspection.inputs, key=lambda state: state.object.uri):
        one = state.object
        damaged = inspection.damaged.get(one.uri)
        found.append(
            ReferenceObject(
                uri=one.uri,
                etag=one.etag,
                size_bytes=one.size_bytes,
                rows=state.rows,
                rows_matched=matched.get(one.uri, 0),
                min_us=state.min_us,
                max_us=state.max_us,
                state=state.state if damaged is None else "quarantined",
                reason=state.reason if damaged is None else damaged[1],
            )
        )
    return found
