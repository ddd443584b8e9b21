"""Where the rows of a reference are read: in the monitor's own log, or in a data set elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.columns.times import AFTER_ALL, BEFORE_ALL, NO_TIME
from driftline_jobs.references.reference import ReferenceObject
from driftline_jobs.references.windows import initial_windows, not_excluded
from driftline_jobs.sources.listing.objects import LogObject, listing
from driftline_jobs.sources.logs import LogInspection, PredictionLog
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Inspection, Split
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.storage.location import Location, open_location
from driftline_schemas.errors import ConfigError, DataError, UnreadableObjectError
from driftline_schemas.monitor import LabelColumn, LabelSource, Monitor
from driftline_schemas.window import Window, from_us

MOST_WINDOWS = 50_000
"""More windows than five years of hours: a data set that spans them has a date that is wrong."""
_NO_TIME = timedelta(0)
_INSTEAD = datetime(1970, 1, 1, tzinfo=UTC)
"""Rows without times have to be somewhere: in the window of this instant, which nobody sees."""


@dataclass(frozen=True)
class ReferenceData:
    """The rows of a reference.

    Attributes:
        job: how they are read: for a data set elsewhere, its monitor has that place as its log, with the
            labels in a column of it.
        inspection: the objects.
        windows: the windows that the reference is made of, ascending; one that stands for none where the
            data set has no times.
        timed: whether its rows have times.
    """

    job: Job
    inspection: LogInspection
    windows: list[Window]
    timed: bool = True


def reference_data(job: Job) -> ReferenceData:
    """Find the rows that the reference of the job's windows is made from.

    Raises:
        ConfigError: the place is not there, or its timestamps cannot be read, or it has none and the monitor
            file excludes some.
        DataError: nothing in it can be read, or its timestamps make no sense.
    """
    if job.monitor.reference.uri is not None:
        return _external(job, job.monitor.reference.uri)
    windows = initial_windows(job.monitor, job.windows)
    return ReferenceData(job, job.log.inspect(windows[0].start, windows[-1].end), windows)


def objects_of(inspection: LogInspection, profiles: Iterable[WindowProfile]) -> list[ReferenceObject]:
    """The objects that the windows of a reference were made from, or could have been, by uri."""
    matched: dict[str, int] = {}
    for profile in profiles:
        for uri, rows in profile.matched.items():
            matched[uri] = matched.get(uri, 0) + rows
    found = []
    for state in sorted(inspection.found.inputs, key=lambda state: state.object.uri):
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


def _external(job: Job, uri: str) -> ReferenceData:
    location = open_location(uri, job.request.monitor_path.resolve().parent)
    monitor = monitor_of_external(job.monitor, uri)
    listed = listing(location, monitor.timezone)
    found, timed = inspect_external(listed.objects, location, monitor)
    windows = _windows(job, location, found) if timed else [job.monitor.calendar.containing(_INSTEAD)]
    external_job = replace(job, monitor=monitor, log=PredictionLog(monitor, location), labels=None)
    inspection = LogInspection(found, _NO_TIME, passed_over=listed.passed_over)
    return ReferenceData(external_job, inspection, windows, timed)


def inspect_external(
    objects: Sequence[LogObject], location: Location, monitor: Monitor
) -> tuple[Inspection, bool]:
    """What the footers of a data set elsewhere say, and whether its rows have times.

    They have none if no object has the timestamp's column: a training set. Where some have it, those without
    are set aside. ``monitor`` is that of ``monitor_of_external``.

    Raises ConfigError where there are no times to exclude by.
    """
    # A folder called by a date is when the data set was made, not when its rows are from.
    undated = [replace(found, folder_start=None, folder_end=None) for found in objects]
    found = inspect(undated, location, monitor, role="reference")
    if any(state.state == "read" for state in found.inputs):
        return found, True
    bare = inspect(undated, location, monitor, role="reference", timed=False)
    timestamp = monitor.logs.timestamp
    if not bare.splits or timestamp in {*bare.left_out, *(column.name for column in bare.columns)}:
        return found, True
    if monitor.reference.exclude:
        raise ConfigError(
            f"{monitor.monitor}: reference.exclude names times, and the data set at {location.uri} has none "
            f"(no column {timestamp!r}): add the times of its rows, or leave reference.exclude out"
        )
    expected = tuple(found for found in bare.schema_findings if found.column != timestamp)
    return replace(bare, schema_findings=expected), False


def monitor_of_external(monitor: Monitor, uri: str) -> Monitor:
    """The monitor as if the data set were its log: its labels are a column, its ids lead nowhere else."""
    labels = monitor.labels
    ignored = set(monitor.features.ignore)
    if isinstance(labels, LabelSource):
        roles = monitor.log_roles
        external_job = (labels.prediction_id, labels.label, labels.timestamp)  # none of them is in the log
        ignored |= {name for name in external_job if name and name not in roles}
        # under the prediction's name there is the prediction, so nothing says what became of it
        labels = None if labels.label in roles else LabelColumn(column=labels.label)
    return monitor.model_copy(
        update={
            "logs": monitor.logs.model_copy(update={"uri": uri}),
            "labels": labels,
            "features": monitor.features.model_copy(update={"ignore": tuple(sorted(ignored))}),
        }
    )


def _windows(job: Job, location: Location, found: Inspection) -> list[Window]:
    """Every window from the first row of the data set to the last."""
    name, calendar = job.monitor.monitor, job.monitor.calendar
    aside = [state for state in found.inputs if state.state == "quarantined"]
    if not found.splits and aside:
        raise ConfigError(
            f"{name}: no object of reference.uri can be read; {aside[0].object.uri}: {aside[0].reason}. "
            f"Its rows need the columns of the log, {job.monitor.logs.timestamp!r} among them"
        )
    spans = [_span(job, split, found) for split in found.splits]
    lows = [low for low, _ in filter(None, spans)]
    highs = [high for _, high in filter(None, spans)]
    if not lows:
        raise DataError(
            f"{name}: the data set at {location.uri} holds no rows with a time: name one that does"
        )
    try:
        first, last = (calendar.containing(from_us(moment)) for moment in (min(lows), max(highs)))
        too_long = (last.end - first.start) / (first.end - first.start) > MOST_WINDOWS
    except (OverflowError, ValueError):
        too_long = True
    if too_long:
        raise DataError(
            f"{name}: the data set at {location.uri} has timestamps so far apart that they are no "
            f"{calendar.granularity.value}s of one reference: correct or remove those that stand for none"
        )
    remaining = not_excluded(job.monitor, calendar.between(first, last))
    if not remaining:
        raise ConfigError(f"{name}: reference.exclude leaves nothing of the data set at {location.uri}")
    return remaining


def _span(job: Job, split: Split, found: Inspection) -> tuple[int, int] | None:
    """The first and last timestamp of a split: by its footer, or else by its rows. None if it has none."""
    low, high = split.min_us, split.max_us
    if low is not None and high is not None and low > BEFORE_ALL and high < AFTER_ALL:
        return low, high
    time = job.monitor.log_time
    try:
        with SplitReader(split, found.columns, wanted=[time.name]) as reader:
            times = reader.timestamps(time)
    except UnreadableObjectError:
        return None  # the survey comes upon it too, and sets the object aside
    times = times[times != NO_TIME]
    return (int(times.min()), int(times.max())) if len(times) else None
