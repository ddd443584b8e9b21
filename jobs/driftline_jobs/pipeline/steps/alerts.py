"""Alerts, from what is published: the findings of every window, folded in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from driftline_jobs.detection.alerts import Alert, Finding, Place, State, Topic, WindowFindings, fold
from driftline_jobs.detection.nature import statement
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.repeated_ids import CHECK as REPEATED_IDS
from driftline_jobs.pipeline.steps.repeated_ids import Repeats
from driftline_jobs.tables.alerts import AlertRow
from driftline_schemas.metrics import LASTING_SHIFT, MOVES_BY_NATURE, NEW_COLUMN
from driftline_schemas.window import Granularity, Window

_PLACE = "window_start, column_name, model_version, segment, segment_value"
_CELL = "window_start, '*' AS column_name, model_version, segment, segment_value"
_WHERE = "WHERE monitor = $1 AND granularity = $2"
_DRIFTED = (
    f"SELECT {_PLACE}, metric, value, threshold, threshold_source, q_value, NULL AS reference_value "  # noqa: S608
    # what lasts is told by the detector itself, which has just been followed to the end
    f"FROM current_drift_metrics {_WHERE} AND drifted AND metric <> '{LASTING_SHIFT}'"
)
_DEGRADED = (
    f"SELECT {_CELL}, metric, value, threshold, threshold_source, NULL AS q_value, reference_value "  # noqa: S608
    f"FROM current_performance_metrics {_WHERE} AND degraded"
)
_FAILED = (
    f"SELECT {_PLACE}, check_name AS metric, value, NULL AS threshold, NULL AS threshold_source, "  # noqa: S608
    f"NULL AS q_value, NULL AS reference_value FROM current_quality_metrics {_WHERE} AND NOT passed"
)
_MOVING = (
    "SELECT window_start, column_name FROM current_quality_metrics "  # noqa: S608 - fixed names
    f"{_WHERE} AND check_name = '{MOVES_BY_NATURE}' AND column_name <> '*' ORDER BY column_name"
)
_EMPTY = f"SELECT window_start FROM current_runs {_WHERE} AND part = 'data' AND rows_read = 0"  # noqa: S608
_JUDGED = (
    ("current_drift_metrics", "drifted", {Topic.DRIFT}),
    ("current_performance_metrics", "degraded", {Topic.PERFORMANCE}),
    ("current_quality_metrics", "passed", {Topic.QUALITY, Topic.COLUMNS, Topic.SETUP}),
)
_NAMED = 3
"""How many of the new columns a sentence names."""


def alert_events(
    job: Job,
    windows: Sequence[Window],
    lasting: Mapping[datetime, Sequence[Finding]],
    repeats: Repeats,
    before: Mapping[datetime, Sequence[AlertRow]],
) -> dict[Window, list[AlertRow]]:
    """What the alerts of each published window ought to be.

    ``lasting`` are the detector's alarms, ``before`` the alerts as they are published.
    """
    findings = published_findings(job, repeats)
    for start, several in lasting.items():
        findings.setdefault(start, []).extend(several)
    judged = published_topics(job)
    acknowledged = acknowledged_alerts(job)
    said = [
        WindowFindings(
            start=window.start,
            label=window_label(window),
            findings=findings.get(window.start, []),
            judged=frozenset(judged.get(window.start, ())),
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
    judged = job.store.execute_read(
        f"SELECT MAX(window_start) AS newest FROM current_runs {_WHERE} AND part = 'judgement' "  # noqa: S608
        "AND window_start < $3",
        [job.monitor.monitor, job.monitor.granularity.value, windows[0].start],
    )
    newest = judged.column("newest")[0].as_py()
    rows = [] if newest is None else published.get(newest, [])
    return [row.alert(job.monitor.monitor) for row in rows if row.state != State.RESOLVED]


def acknowledged_alerts(job: Job) -> frozenset[str]:
    """Ids of the alerts that somebody has seen."""
    sql = "SELECT alert_id FROM alert_actions WHERE monitor = $1 AND action = 'acknowledge'"
    return frozenset(row["alert_id"] for row in _rows(job, sql, 1))


def published_alerts(job: Job) -> dict[datetime, list[AlertRow]]:
    """The alerts as they are published, by the start of their window."""
    found: dict[datetime, list[AlertRow]] = {}
    rows = job.store.current(
        "alerts", job.monitor.monitor, granularity=job.monitor.granularity.value
    ).to_pylist()
    for row in rows:
        found.setdefault(row["window_start"], []).append(AlertRow.read(row))
    return {start: sorted(alerts, key=_alert_id) for start, alerts in found.items()}


def alert_rows(alerts: Iterable[Alert]) -> list[AlertRow]:
    """The rows of one window's alerts, in an order that does not depend on how they were found."""
    return sorted((AlertRow.of(alert) for alert in alerts), key=_alert_id)


def _alert_id(row: AlertRow) -> str:
    return row.alert_id


def window_label(window: Window) -> str:
    """How a window is called in a sentence."""
    return (
        f"{window.start:%Y-%m-%d %H:%M}"
        if window.granularity is Granularity.HOUR
        else f"{window.start:%Y-%m-%d}"
    )


def _rows(job: Job, sql: str, parameters: int = 2) -> list[dict[str, Any]]:
    given = [job.monitor.monitor, job.monitor.granularity.value][:parameters]
    rows: list[dict[str, Any]] = job.store.execute_read(sql, given).to_pylist()
    return rows


def published_findings(job: Job, repeats: Repeats) -> dict[datetime, list[Finding]]:
    """What each published window says is wrong, by its start; of ids that repeat, what was found just now."""
    found: dict[datetime, list[Finding]] = {}
    moving: dict[datetime, list[str]] = {}
    added: dict[datetime, list[str]] = {}
    for row in _rows(job, _MOVING):
        moving.setdefault(row["window_start"], []).append(row["column_name"])
    for topic, sql in ((Topic.DRIFT, _DRIFTED), (Topic.PERFORMANCE, _DEGRADED), (Topic.QUALITY, _FAILED)):
        for row in _rows(job, sql):
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
    return Finding(
        place=Place(row["column_name"], row["model_version"], row["segment"], row["segment_value"]),
        topic=topic,
        metric=row["metric"],
        strength=_strength(value, threshold, row["reference_value"]),
        value=value,
        threshold=threshold,
        threshold_source=row["threshold_source"],
        q_value=row["q_value"],
        direction="below" if value is not None and threshold is not None and value < threshold else "above",
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
    empty = {row["window_start"] for row in _rows(job, _EMPTY)}
    for view, column, topics in _JUDGED:
        sql = f"SELECT DISTINCT window_start FROM {view} {_WHERE} AND {column} IS NOT NULL"  # noqa: S608  fixed names
        for row in _rows(job, sql):
            if row["window_start"] not in empty:
                found.setdefault(row["window_start"], set()).update(topics)
    return found
