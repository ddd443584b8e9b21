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
from driftline_schemas.errors import TerminalError
from driftline_schemas.monitor import Monitor

_OF_PARTS = (
    "SELECT d.window_start AS window_start, d.reference_id AS data_reference, d.binning_id AS data_binning, "
    "p.run_id AS performance, p.reference_id AS performance_reference, p.binning_id AS performance_binning, "
    "(j.run_id IS NULL OR j.published_at < d.published_at "
    "OR (p.run_id IS NOT NULL AND j.published_at < p.published_at)) AS unjudged "
    "FROM current_runs d "
    "LEFT JOIN current_runs p ON p.monitor = d.monitor AND p.granularity = d.granularity "
    "AND p.window_start = d.window_start AND p.part = 'performance' "
    "LEFT JOIN current_runs j ON j.monitor = d.monitor AND j.granularity = d.granularity "
    "AND j.window_start = d.window_start AND j.part = 'judgement' "
    "WHERE d.monitor = $1 AND d.granularity = $2 AND d.part = 'data'"
)
_NEVER = (
    "SELECT window_start, error_kind FROM runs r WHERE monitor = $1 AND granularity = $2 AND part = 'data' "
    "AND status <> 'published' AND NOT EXISTS (SELECT 1 FROM current_runs d WHERE d.monitor = r.monitor "
    "AND d.granularity = r.granularity AND d.window_start = r.window_start AND d.part = 'data')"
)


def unjudged(job: Job) -> set[datetime]:
    """Starts of the windows whose judgement is missing, or older than what it judges."""
    return {row["window_start"] for row in _parts(job) if row["unjudged"]}


def unfinished(job: Job) -> set[datetime]:
    """Starts of those, and of the windows whose performance is missing or rests on another reference than
    their data."""
    labelled = job.monitor.labels is not None
    return {
        row["window_start"]
        for row in _parts(job)
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
    rows = store.execute_read(_NEVER, [monitor.monitor, monitor.granularity.value]).to_pylist()
    last_words: dict[datetime, set[str | None]] = {}
    for row in rows:
        last_words.setdefault(row["window_start"], set()).add(row["error_kind"])
    return {start for start, kinds in last_words.items() if not kinds & terminal}


def _parts(job: Job) -> list[dict[str, Any]]:
    given = [job.monitor.monitor, job.monitor.granularity.value]
    rows: list[dict[str, Any]] = job.store.execute_read(_OF_PARTS, given).to_pylist()
    return rows


def _with_subclasses(kind: type[TerminalError]) -> Iterator[type[TerminalError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _with_subclasses(below)
