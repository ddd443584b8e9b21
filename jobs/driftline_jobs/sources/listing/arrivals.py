"""Has anything of a window arrived in the log yet? For those who wait before they start a run."""

from __future__ import annotations

from pathlib import Path

from driftline_jobs.sources.listing.objects import LogObject, overlapping
from driftline_jobs.sources.logs import open_log
from driftline_jobs.storage.location import claims_parquet
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window


def arrived(monitor: Monitor, window: Window, relative_to: Path) -> list[LogObject]:
    """The objects that surely hold, or are dated as holding, rows of ``window``; by path.

    A neighbour's folder does not count, although rows of this window may have strayed there: it says nothing
    about whether this window's own have come. Where a folder is wider than the window, or tells no date, the
    timestamps in the footers decide, and where no name says that an object is Parquet, whether they are
    footers. An empty place is no error: the first objects may be yet to come.

    Raises ConfigError for a place that is not ours to read, TransientError for one that does not answer.
    """
    log = open_log(monitor, relative_to, must_exist=False)
    listed = log.listing(window.start, window.end)
    near = overlapping(listed.objects, window.start, window.end)
    own = [found for found in near if _lies_in(found, window)]
    named = [found for found in own if claims_parquet(found.path)]
    if named:
        return named
    inspected = log.look_into(near, window.start, window.end).found
    others = {state.object for state in inspected.inputs if not state.is_passed_over}.intersection(own)
    with_rows = {split.object for split in inspected.splits if split.rows}
    return sorted(others or with_rows, key=lambda found: found.path)


def _lies_in(found: LogObject, window: Window) -> bool:
    interval = found.folder
    return interval is not None and window.start <= interval[0] and interval[1] <= window.end
