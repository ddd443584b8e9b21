"""What of a monitor is published, asked of the store alone."""

from __future__ import annotations

from contextlib import closing

from driftline_jobs.pipeline.unfinished import never_published
from driftline_jobs.stores import store_of
from driftline_jobs.tables import runs
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.window import Window


def published_range(monitor: Monitor, settings: Settings) -> tuple[Window, Window] | None:
    """The first and the last window that is published, or was begun; None if there is none.

    Raises:
        ConfigError: the store is not there, or not ours.
        TransientError: the store does not answer.
    """
    with closing(store_of(settings)) as store:
        starts = never_published(store, monitor)
        starts |= set(runs.published_range(store, monitor) or ())
    if not starts:
        return None
    calendar = monitor.calendar
    return calendar.containing(min(starts)), calendar.containing(max(starts))
