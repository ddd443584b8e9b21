"""A data set of its own as a reference: read as if it were the monitor's log, with or without times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from driftline_jobs.profiles.columns.times import AFTER_ALL, BEFORE_ALL, NO_TIME
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.listing.objects import Listing, LogObject, listing
from driftline_jobs.sources.listing.passed_over import PassedOver
from driftline_jobs.sources.logs import PredictionLog
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.storage.location import open_location
from driftline_schemas.errors import ConfigError, DataError, UnreadableObjectError
from driftline_schemas.monitor import LabelColumn, LabelSource, Monitor
from driftline_schemas.window import Window, from_us

MOST_WINDOWS = 50_000
"""More windows than five years of hours: a data set that spans them has a date that is wrong."""
_INSTEAD = datetime(1970, 1, 1, tzinfo=UTC)
"""Rows without times have to be somewhere: in the window of this instant, which nobody sees."""


@dataclass(frozen=True)
class DataSet(PredictionLog):
    """The data set at ``reference.uri``: as if it were the log, and all of it, whatever times are asked for.
    ``monitor`` has its place as that of the log, and the labels in a column of it."""

    @classmethod
    def open(cls, monitor: Monitor, relative_to: Path, *, must_exist: bool = True) -> Self:
        """Raises ConfigError when the place is not there, TransientError when it does not answer."""
        uri = monitor.reference.uri
        if uri is None:
            raise ValueError(f"the reference of {monitor.monitor} is no data set of its own")
        return cls(_as_its_log(monitor, uri), open_location(uri, relative_to, must_exist=must_exist))

    def listing(self, start: datetime | None = None, end: datetime | None = None) -> Listing:
        """See ``ProfileSource.listing``."""
        del start, end
        return listing(self.location, self.monitor.timezone)

    def look_into(
        self,
        objects: Sequence[LogObject],
        start: datetime | None = None,
        end: datetime | None = None,
        expected: Mapping[str, str] | None = None,
        passed_over: tuple[PassedOver, ...] = (),
    ) -> LogInspection:
        """See ``ProfileSource.look_into``.

        Its rows have no times if no object has the timestamp's column: a training set. Where some have it,
        those without are set aside. Raises ConfigError where there are no times to exclude by.
        """
        del start, end, expected
        monitor, location = self.monitor, self.location
        # A folder called by a date is when the data set was made, not when its rows are from.
        undated = [replace(found, folder_start=None, folder_end=None) for found in objects]
        found = inspect(undated, location, monitor, role="reference")
        timed = LogInspection(found, passed_over=passed_over)
        if any(state.state == "read" for state in found.inputs):
            return timed
        bare = inspect(undated, location, monitor, role="reference", timed=False)
        timestamp = monitor.logs.timestamp
        if not bare.splits or timestamp in {*bare.left_out, *(column.name for column in bare.columns)}:
            return timed
        if monitor.reference.exclude:
            raise ConfigError(
                f"{monitor.monitor}: reference.exclude names times, and the data set at {self.uri} has "
                f"none (no column {timestamp!r}): add the times of its rows, or leave reference.exclude out"
            )
        findings = tuple(found for found in bare.schema_findings if found.column != timestamp)
        return replace(timed, found=replace(bare, schema_findings=findings), timed=False)

    def windows(self, inspection: LogInspection) -> list[Window]:
        """Every window from its first row to its last; one that stands for none where rows have no times.

        Raises ConfigError where its timestamps cannot be read, DataError where they make no sense.
        """
        name, calendar = self.monitor.monitor, self.monitor.calendar
        if not inspection.timed:
            return [calendar.containing(_INSTEAD)]
        aside = [state for state in inspection.inputs if state.state == "quarantined"]
        if not inspection.splits and aside:
            raise ConfigError(
                f"{name}: no object of reference.uri can be read; {aside[0].object.uri}: {aside[0].reason}. "
                f"Its rows need the columns of the log, {self.monitor.logs.timestamp!r} among them"
            )
        spans = [span for split in inspection.splits if (span := self._span(split, inspection)) is not None]
        if not spans:
            raise DataError(
                f"{name}: the data set at {self.uri} holds no rows with a time: name one that does"
            )
        low, high = min(low for low, _ in spans), max(high for _, high in spans)
        try:
            first, last = (calendar.containing(from_us(moment)) for moment in (low, high))
            too_long = (last.end - first.start) / (first.end - first.start) > MOST_WINDOWS
        except (OverflowError, ValueError):
            too_long = True
        if too_long:
            raise DataError(
                f"{name}: the data set at {self.uri} has timestamps so far apart that they are no "
                f"{calendar.granularity.value}s of one reference: correct or remove those that stand for none"
            )
        return calendar.between(first, last)

    def _span(self, split: Split, inspection: LogInspection) -> tuple[int, int] | None:
        """The first and last timestamp of a split: by its footer, or else by its rows. None without any."""
        low, high = split.min_us, split.max_us
        if low is not None and high is not None and low > BEFORE_ALL and high < AFTER_ALL:
            return low, high
        time = self.monitor.log_time
        try:
            with SplitReader(split, inspection.columns, wanted=[time.name]) as reader:
                times = reader.timestamps(time)
        except UnreadableObjectError:
            return None  # the survey comes upon it too, and sets the object aside
        times = times[times != NO_TIME]
        return (int(times.min()), int(times.max())) if len(times) else None


def _as_its_log(monitor: Monitor, uri: str) -> Monitor:
    """The monitor as if the data set were its log: its labels are a column, its ids lead nowhere else."""
    labels = monitor.labels
    ignored = set(monitor.features.ignore)
    if isinstance(labels, LabelSource):
        roles = monitor.log_roles
        of_labels = (labels.prediction_id, labels.label, labels.timestamp)  # none of them is in the log
        ignored |= {name for name in of_labels if name and name not in roles}
        # under the prediction's name there is the prediction, so nothing says what became of it
        labels = None if labels.label in roles else LabelColumn(column=labels.label)
    return monitor.model_copy(
        update={
            "logs": monitor.logs.model_copy(update={"uri": uri}),
            "labels": labels,
            "features": monitor.features.model_copy(update={"ignore": tuple(sorted(ignored))}),
        }
    )
