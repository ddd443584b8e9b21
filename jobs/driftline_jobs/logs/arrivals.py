"""Has anything of a window arrived in the log yet? For those who wait before they start a run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from driftline_jobs.logs.filesystem import open_location
from driftline_jobs.logs.inspection import inspect
from driftline_jobs.logs.objects import LogObject, list_objects, overlapping
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

_NO_TIME = timedelta(0)


def arrived(monitor: Monitor, window: Window, relative_to: Path) -> list[LogObject]:
    """The objects that surely hold, or are dated as holding, rows of ``window``; by path.

    A neighbour's folder does not count, although rows of this window may have strayed there: it says nothing
    about whether this window's own have come. Where a folder is wider than the window, or tells no date, the
    timestamps in the footers decide. An empty place is no error: the first objects may be yet to come.

    Raises ConfigError for a place that is not ours to read, TransientError for one that does not answer.
    """
    location = open_location(monitor.logs.uri, relative_to, must_exist=False)
    near = overlapping(
        list_objects(location, monitor.timezone, start=window.start, end=window.end),
        window.start,
        window.end,
        lateness=_NO_TIME,
    )
    own = [found for found in near if _lies_in(found, window)]
    if own:
        return own
    splits = inspect(near, location, monitor, window.start, window.end).splits
    return sorted({split.object for split in splits if split.rows}, key=lambda found: found.path)


def _lies_in(found: LogObject, window: Window) -> bool:
    interval = found.folder
    return interval is not None and window.start <= interval[0] and interval[1] <= window.end
