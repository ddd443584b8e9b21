"""Alerts, from what is published: the findings of every window, folded in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from driftline_jobs.detection.alerts import Alert, Finding, Place, State, Topic, WindowFindings, fold
from driftline_jobs.detection.check_strength import strength
from driftline_jobs.evaluate.estimates import ESTIMATED
from driftline_jobs.metrics.nature import statement
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.repeated_ids import CHECK as REPEATED_IDS
from driftline_jobs.pipeline.steps.repeated_ids import Repeats
from driftline_jobs.tables import alert_actions, drift_metrics, performance_metrics, quality_metrics, runs
from driftline_jobs.tables.alerts import AlertRow
from driftline_schemas.metrics import MOVES_BY_NATURE, NEW_COLUMN
from driftline_schemas.window import Granularity, Window

_TOPICS = (
    (drift_metrics.judged_windows, {Topic.DRIFT}),
    (performance_metrics.judged_windows, {Topic.PERFORMANCE}),
    (performance_metrics.estimated_windows, {Topic.ESTIMATE}),
    (quality_metrics.judged_windows, {Topic.QUALITY, Topic.COLUMNS, Topic.SETUP}),
)
_NAMED = 3
"""How many of the new columns a sentence names."""


def alert_events(
    job: Job,
    windows: Sequence[Window],
    sustained: Mapping[datetime, Sequence[Finding]],
    repeats: Repeats,
    before: Mapping[datetime, Sequence[AlertRow]],
) -> dict[Window, list[AlertRow]]:
    """What the alerts of each published window ought to be.

    ``sustained`` are the detector's alarms, ``before`` the alerts as they are published.
    """
    findings = published_findings(job, repeats)
    for start, several in sustained.items():
        findings.setdefault(start, []).extend(several)
    judged = published_topics(job)
    contradicted = performance_metrics.contradicted_windows(job.store, job.monitor)
    acknowledged = alert_actions.acknowledged(job.store, job.monitor.monitor)
    said = [
        WindowFindings(
            start=window.start,
            label=window_label(window),
            findings=findings.get(window.start, []),
            judged=frozenset(judged.get(window.start, ())),
            contradicted=window.start in contradicted,
        )
        for window in windows
    ]
    folded = fold(
        job.monitor.monitor,
        said,
        opened=open_before(job, windows, before),
        acknowledged=acknowledged,
        renewed=True,
    )
    return {window: alert_rows(alerts) for window, alerts in zip(windows, folded, strict=True) if alerts}


def open_before(
    job: Job, windows: Sequence[Window], published: Mapping[datetime, Sequence[AlertRow]]
) -> list[Alert]:
    """The alerts that were open in the window before the first of ``windows``, by other bins than theirs.

    They were found against a reference that has been renewed since: without this nothing would ever end them.
    """
    if not windows:
        return []
    newest = runs.newest_judged_before(job.store, job.monitor, windows[0].start)
    rows = [] if newest is None else published.get(newest, [])
    return [row.alert(job.monitor.monitor) for row in rows if row.state != State.RESOLVED]


def alert_rows(alerts: Iterable[Alert]) -> list[AlertRow]:
    """The rows of one window's alerts, in an order that does not depend on how they were found."""
    return sorted((AlertRow.of(alert) for alert in alerts), key=attrgetter("alert_id"))


def window_label(window: Window) -> str:
    """How a window is called in a sentence."""
    start = window.start.replace(tzinfo=None)
    is_hour = window.granularity is Granularity.HOUR
    return start.isoformat(" ", "minutes") if is_hour else start.date().isoformat()


def published_findings(job: Job, repeats: Repeats) -> dict[datetime, list[Finding]]:
    """What each published window says is wrong, by its start; of ids that repeat, what was found just now."""
    found: dict[datetime, list[Finding]] = {}
    added: dict[datetime, list[str]] = {}
    moving = quality_metrics.columns_moving_by_nature(job.store, job.monitor)
    for topic, rows in (
        (Topic.DRIFT, drift_metrics.drifted(job.store, job.monitor)),
        (Topic.PERFORMANCE, performance_metrics.degraded(job.store, job.monitor)),
        (Topic.QUALITY, quality_metrics.failed(job.store, job.monitor)),
    ):
        for row in rows:
            if row["metric"] == REPEATED_IDS and row["window_start"] in repeats.checks:
                continue
            if topic is Topic.QUALITY and row["metric"] == NEW_COLUMN:
                added.setdefault(row["window_start"], []).append(row["column_name"])
                continue
            said = finding(topic, row)
            if topic is Topic.QUALITY and said.metric == MOVES_BY_NATURE:
                said = replace(said, topic=Topic.SETUP, statement=statement(moving[row["window_start"]]))
            found.setdefault(row["window_start"], []).append(said)
    for start, columns in added.items():
        found.setdefault(start, []).append(_new_columns(columns))
    for start, several in repeats.findings().items():
        found.setdefault(start, []).extend(several)
    return found


def _new_columns(columns: Sequence[str]) -> Finding:
    """One finding for all of them: a log that has gained a thousand columns has changed once."""
    count = len(columns)
    named = ", ".join(sorted(columns)[:_NAMED]) + (f" and {count - _NAMED:,} more" if count > _NAMED else "")
    return Finding(
        place=Place(),
        topic=Topic.COLUMNS,
        metric=NEW_COLUMN,
        strength=1.0,
        value=float(count),
        statement=f"the log has {count:,} new column{'s' * (count > 1)}, unknown to the reference: {named} "
        "(to watch them, name a reference that has them and run driftline rebase; otherwise list them under "
        "features.ignore)",
    )


def finding(topic: Topic, row: Mapping[str, Any]) -> Finding:
    """What one row of a metric table says is wrong."""
    value, threshold = row["value"], row["threshold"]
    times = _strength(value, threshold, row["reference_value"])
    kind = row["kind"] if topic is Topic.PERFORMANCE else None
    if kind == ESTIMATED:
        topic = Topic.ESTIMATE
    if topic is Topic.QUALITY:
        times, threshold = strength(row["metric"], value, json.loads(row["expected"] or "null"))
    return Finding(
        place=Place(row["column_name"], row["model_version"], row["segment"], row["segment_value"]),
        topic=topic,
        metric=row["metric"],
        strength=times,
        value=value,
        threshold=threshold,
        threshold_source=row["threshold_source"],
        q_value=row["q_value"],
        direction="below" if value is not None and threshold is not None and value < threshold else "above",
        kind=kind,
        windows=1 if kind is None else row["windows"],
    )


def _strength(value: float | None, threshold: float | None, reference: float | None) -> float:
    """How many times its limit the figure is: the distance from the reference, or from zero."""
    if value is None or threshold is None:
        return 1.0
    start = reference or 0.0
    allowed = abs(threshold - start)
    return max(abs(value - start) / allowed, 1.0) if allowed else 1.0


def published_topics(job: Job) -> dict[datetime, set[Topic]]:
    """What each published window has judged, by its start. One without rows fails a check of its own for
    that; about anything else it judges nothing."""
    found: dict[datetime, set[Topic]] = {}
    empty = runs.windows_without_rows(job.store, job.monitor)
    for table, topics in _TOPICS:
        for start in table(job.store, job.monitor) - empty:
            found.setdefault(start, set()).update(topics)
    return found
