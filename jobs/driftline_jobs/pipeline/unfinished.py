"""What was begun and not ended: parts of windows that are missing, or rest on something else than the others.

A run publishes a window's data, its performance and its judgement one after the other. Whatever ends it in
between leaves windows with some of them; the next run judges these too, and ``driftline catch-up`` completes
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from driftline_jobs.pipeline.context import Job
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import runs
from driftline_schemas.errors import TerminalError
from driftline_schemas.monitor import Monitor


def unjudged(job: Job) -> set[datetime]:
    """Starts of the windows whose judgement is missing, or older than what it judges."""
    return {row["window_start"] for row in runs.current_parts(job.store, job.monitor) if row["unjudged"]}


def unfinished(job: Job) -> set[datetime]:
    """Starts of those, and of the windows whose performance is missing or rests on another reference than
    their data."""
    labelled = job.monitor.labels is not None
    return {
        row["window_start"]
        for row in runs.current_parts(job.store, job.monitor)
        if row["unjudged"] or (labelled and _lacks_performance(row))
    }


def _lacks_performance(row: Mapping[str, Any]) -> bool:
    return bool(
        row["performance"] is None
        or row["performance_reference"] != row["data_reference"]
        or row["performance_binning"] != row["data_binning"]
    )


def never_published(store: Store, monitor: Monitor) -> set[datetime]:
    """Starts of the windows that were begun and never published.

    But for those that failed for what no retry cures: the data or the file was wrong, and their run said so.
    """
    terminal = {kind.__name__ for kind in _with_subclasses(TerminalError)}
    last_words: dict[datetime, set[str | None]] = {}
    for row in runs.never_published(store, monitor):
        last_words.setdefault(row["window_start"], set()).add(row["error_kind"])
    return {start for start, kinds in last_words.items() if not kinds & terminal}


def _with_subclasses(kind: type[TerminalError]) -> Iterator[type[TerminalError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _with_subclasses(below)
