"""The judgement part: the fold over windows, from the first that changed.

What a window says on its own is in the other parts. Here stands what depends on other windows: the
comparison with the previous one, and the alerts with their lives. Both are made from what is published,
so single runs, a range and a parallel backfill end in the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pyarrow as pa

from driftline_jobs.calibrations import Calibrations
from driftline_jobs.job import Job, attempt, peak_memory_bytes
from driftline_jobs.profile.binning import Binning
from driftline_jobs.profile.cells import column_label
from driftline_jobs.profile.codec import decode
from driftline_jobs.profile.state import Profile, merge
from driftline_jobs.profile.windows import WHOLE
from driftline_jobs.publish.alerts import alert_events, published_alerts, window_label
from driftline_jobs.publish.lasting import follow_windows
from driftline_jobs.references import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tabulate.alerts import add_alerts
from driftline_jobs.tabulate.cells import MeasuredCell
from driftline_jobs.tabulate.drift import Pair, add_drift, measure_drift
from driftline_schemas.errors import DriftlineError
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

PART = "judgement"
_TABLES = ("drift_metrics", "alerts")
_UNDER_WAY = ("open", "acknowledged")


@dataclass
class Judged:
    """What the fold has left."""

    run_ids: list[str] = field(default_factory=list)
    open_alerts: int = 0


def publish_judgement(job: Job, reference: Reference, calibrations: Calibrations) -> Judged:
    """Judge the windows that were run, and those after them that this changes."""
    job.progress.stage("judge")
    published = _published_windows(job, reference)
    lasting = follow_windows(job, reference, calibrations, published, [window_label(w) for w in published])
    events = alert_events(job, published, lasting.findings())
    before = published_alerts(job)
    asked = set(job.windows)
    compared = {
        window for window in published if window in asked or job.monitor.calendar.previous(window) in asked
    }
    shifted = lasting.changed(job)
    due = [
        window
        for window in published
        if window in compared
        or window.start in shifted
        or events.get(window, []) != before.get(window.start, [])
    ]
    if not due:
        return Judged()
    attempts = [attempt(job, window, PART, reference_id=reference.reference_id) for window in due]
    job.store.begin(attempts)
    builders = {name: TableBuilder(table) for name, table in load_tables().items() if name in _TABLES}
    try:
        _add_previous(job, reference, builders["drift_metrics"], due, attempts)
        lasting.add_rows(builders["drift_metrics"], job, reference, dict(zip(due, attempts, strict=True)))
        for window, record in zip(due, attempts, strict=True):
            add_alerts(builders["alerts"], job.monitor.monitor, window, record.run_id, events.get(window, []))
        cpu, wall = job.meter.read(len(due))
        records = [
            replace(
                record,
                status="published",
                finished_at=datetime.now(UTC),
                cpu_seconds=cpu,
                wall_seconds=wall,
                peak_memory_bytes=peak_memory_bytes(),
            )
            for record in attempts
        ]
        job.store.publish(records, {name: builder.to_arrow() for name, builder in builders.items()})
    except DriftlineError as error:
        job.store.fail(attempts, type(error).__name__, str(error))
        raise
    current = [event for window in job.windows for event in events.get(window, [])]
    return Judged(
        [record.run_id for record in records],
        len({event.alert_id for event in current if event.state in _UNDER_WAY}),
    )


def _published_windows(job: Job, reference: Reference) -> list[Window]:
    """The published windows from the first that was run on, ascending."""
    runs = job.store.current_runs(job.monitor.monitor, "data").select(
        ["granularity", "window_start", "binning_id"]
    )
    calendar = job.monitor.calendar
    return sorted(
        calendar.containing(run["window_start"])
        for run in runs.to_pylist()
        if run["granularity"] == calendar.granularity.value
        and run["binning_id"] == reference.binning.binning_id  # windows at other bins keep their judgement
    )


def _add_previous(
    job: Job,
    reference: Reference,
    table: TableBuilder,
    windows: Sequence[Window],
    attempts: Sequence[RunRecord],
) -> None:
    """Each window as a whole against the window before it, from the profiles that are published."""
    calendar = job.monitor.calendar
    wanted = {moment for window in windows for moment in (window.start, calendar.previous(window).start)}
    profiles = whole_profiles(
        job, reference.binning.binning_id, min(wanted), max(window.end for window in windows)
    )
    pairs = []
    for window, record in zip(windows, attempts, strict=True):
        mine = _by_column(profiles.get(window.start), reference.binning) or {}
        rows = next(iter(mine.values())).rows if mine else 0
        cell = MeasuredCell(window, WHOLE, record.run_id, mine, rows)
        before = profiles.get(calendar.previous(window).start)
        pairs.append(Pair(cell, _by_column(before, reference.binning)))
    columns = measure_drift(pairs, reference.binning)
    add_drift(table, job.monitor, pairs, columns, "previous", None, decides=False)


def _by_column(profiles: Mapping[str, Profile] | None, binning: Binning) -> dict[str, Profile] | None:
    """Profiles by the log's columns rather than by the names that these have in the tables."""
    if profiles is None:
        return None
    labels = {name: column_label(name) for name in binning.columns}
    return {name: profiles[label] for name, label in labels.items() if label in profiles}


def whole_profiles(
    job: Job, binning_id: str, start: datetime, end: datetime
) -> Mapping[datetime, dict[str, Profile]]:
    """The published profiles of whole windows made at these bins, merged over their base windows."""
    rows: pa.Table = job.store.execute_read(
        "SELECT p.window_start, p.column_name, p.state FROM current_profiles p "
        "JOIN runs r ON r.run_id = p.run_id AND r.binning_id = $5 "  # other bins cannot be compared
        "WHERE p.monitor = $1 AND p.granularity = $2 AND p.window_start >= $3 AND p.window_start < $4 "
        "AND p.model_version = '*' AND p.segment = '*' AND p.column_name <> '*' "
        "ORDER BY p.window_start, p.column_name, p.base_start",
        [job.monitor.monitor, job.monitor.granularity.value, start, end, binning_id],
    )
    parts: dict[datetime, dict[str, list[Profile]]] = {}
    names = ("window_start", "column_name", "state")
    for window_start, name, state in zip(*(rows.column(n).to_pylist() for n in names), strict=True):
        parts.setdefault(window_start, {}).setdefault(name, []).append(decode(state))
    return {
        window_start: {name: merge(several) for name, several in columns.items()}
        for window_start, columns in parts.items()
    }
