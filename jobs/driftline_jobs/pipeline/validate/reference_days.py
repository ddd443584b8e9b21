"""Whether the windows of a fixed reference have rows that can be read: a few objects of each tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from driftline_jobs.pipeline.validate.remarks import Remark
from driftline_jobs.pipeline.validate.sample import MOST_ROWS, spread
from driftline_jobs.profiles.columns.times import NO_TIME, microseconds
from driftline_jobs.references.windows import fixed_windows
from driftline_jobs.sources.base import LogInspection, ProfileSource
from driftline_jobs.sources.listing.objects import ON_TIME, Listing, LogObject, overlapping
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Split
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window, to_us

MOST_WINDOWS = 400
"""A year of days. Longer references are not looked at."""
_OF_EACH = 3
_UNDATED = 100
_NAMED = 3


def remarks(log: ProfileSource, listed: Listing) -> Iterator[Remark]:
    """One remark if windows of the reference have no rows, with what was set aside there.

    Objects in folders that name no date are looked at as far as there are few of them; where there are many,
    nothing is said of windows that only these might fill.
    """
    monitor = log.monitor
    if monitor.reference.window is None:
        return
    windows = fixed_windows(monitor)
    undated = [found for found in listed.objects if found.folder is None]
    if not 0 < len(windows) <= MOST_WINDOWS or len(undated) > _UNDATED:
        return
    dated = [found for found in listed.objects if found.folder is not None]
    chosen = {found.uri: found for window in windows for found in _of(window, dated, ON_TIME)}
    for at in (windows[0], windows[-1]):  # the rows of these may lie in the folders before and after
        chosen |= {found.uri: found for found in _of(at, dated, monitor.logs.lateness)}
    chosen |= {found.uri: found for found in undated}
    inspection = log.look_into(list(chosen.values()), windows[0].start, windows[-1].end)
    there = _Filled(monitor, inspection).windows(windows)
    empty = [window for window in windows if window not in there]
    if empty:
        yield Remark(_said(monitor, windows, empty, inspection))


def _of(window: Window, dated: Sequence[LogObject], lateness: timedelta) -> list[LogObject]:
    return spread(overlapping(dated, window.start, window.end, lateness), _OF_EACH)


@dataclass(frozen=True)
class _Filled:
    """Which windows have rows: by the bounds in the footers, or else by the first rows."""

    monitor: Monitor
    inspection: LogInspection

    def windows(self, windows: Sequence[Window]) -> set[Window]:
        """Those that have any."""
        spans = [span for split in self.inspection.splits if (span := self._span(split)) is not None]
        return {
            window
            for window in windows
            if any(low < to_us(window.end) and high >= to_us(window.start) for low, high in spans)
        }

    def _span(self, split: Split) -> tuple[int, int] | None:
        if split.min_us is not None and split.max_us is not None:
            return split.min_us, split.max_us
        time = self.monitor.log_time
        columns = [column for column in self.inspection.columns if column.name == time.name]
        try:
            with SplitReader(split, columns) as reader:
                head = reader.head(MOST_ROWS)
        except UnreadableObjectError:
            return None
        times = microseconds(head[time.name], time) if time.name in head else None
        if times is None or not (times != NO_TIME).any():
            return None
        known = times[times != NO_TIME]
        return int(known.min()), int(known.max())


def _said(
    monitor: Monitor, windows: Sequence[Window], empty: Sequence[Window], inspection: LogInspection
) -> str:
    unit, label = monitor.granularity.value, monitor.calendar.label
    named = ", ".join(label(window) for window in empty[:_NAMED])
    more = f" and {len(empty) - _NAMED} more" if len(empty) > _NAMED else ""
    filled = f"{len(windows) - len(empty)} of {len(windows)} {unit}s"
    said = f"the reference has rows on {filled}: none on {named}{more}"
    aside = [state for window in empty for state in inspection.set_aside_in(window)]
    if aside:
        said += f" ({aside[0].object.uri}: {aside[0].reason})"
    return f"{said}. Put right what should be there, or list what need not under reference.exclude"
