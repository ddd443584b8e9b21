"""Alerts, from what is published: the findings of every window, folded in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any

from driftline_jobs.detection.alert_states import from_json, to_json
from driftline_jobs.detection.alerts import Alert, Finding, Fold, Place, State, Topic, WindowFindings
from driftline_jobs.detection.check_strength import strength
from driftline_jobs.detection.verdicts import SUSTAINED
from driftline_jobs.evaluate.estimates import ESTIMATED
from driftline_jobs.evaluate.performance import REALIZED
from driftline_jobs.metrics.nature import statement
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.fold import Builders, Followed, Known, Said
from driftline_jobs.pipeline.steps.repeated_ids import CHECK as REPEATED_IDS
from driftline_jobs.pipeline.steps.repeated_ids import Repeats
from driftline_jobs.tables import (
    alert_actions,
    drift_metrics,
    fold_states,
    performance_metrics,
    quality_metrics,
    runs,
)
from driftline_jobs.tables.alerts import AlertRow, add_alerts, published_alerts
from driftline_schemas.metrics import MOVES_BY_NATURE, NEW_COLUMN
from driftline_schemas.window import Granularity, Window

_TOPICS = (
    (drift_metrics.judged_windows, {Topic.DRIFT}),
    (performance_metrics.judged_windows, {Topic.PERFORMANCE}),
    (performance_metrics.estimated_windows, {Topic.ESTIMATE}),
    (quality_metrics.judged_windows, {Topic.QUALITY, Topic.COLUMNS, Topic.SETUP}),
)
_NEXT = timedelta(microseconds=1)
_NAMED = 3
"""How many of the new columns a sentence names."""


class Alerts:
    """The step that makes alerts of the findings.

    ``published`` are all windows that share the bins, ascending.
    """

    name = "alerts"

    def __init__(self, job: Job, published: Sequence[Window]) -> None:
        self._job = job
        self._published = published
        self._acknowledged = alert_actions.acknowledged(job.store, job.monitor.monitor)
        self._fold = Fold(job.monitor.monitor)

    def begin(self, state: Known, windows: Sequence[Window]) -> None:  # noqa: ARG002 - nothing is to be read
        """See ``FoldStep``."""
        renewed = state is None
        opened, ended = _before(self._job, self._published) if renewed else _alerts_of(state)
        self._fold = Fold(
            self._job.monitor.monitor,
            opened=opened,
            ended=ended,
            contradicted=bool(state and state["contradicted"]),
            acknowledged=self._acknowledged,
            renewed=renewed,
            moves=self._job.monitor.reference.moves,
        )

    def follow(self, said: Said) -> Followed:
        """See ``FoldStep``."""
        window = said.window
        label, topics = window_label(window), frozenset(said.topics)
        said.alerts = self._fold.step(
            WindowFindings(window.start, label, said.findings, topics, said.contradicted)
        )
        state = {
            "open": [to_json(alert) for alert in self._fold.open],
            "ended": [[to_json(alert), ago] for alert, ago in self._fold.ended],
            "contradicted": self._fold.contradicted,
        }
        return Followed(state, partial(self._add_rows, window, alert_rows(said.alerts)))

    def _add_rows(self, window: Window, alerts: Sequence[AlertRow], builders: Builders, run_id: str) -> None:
        add_alerts(builders["alerts"], self._job.monitor.monitor, window, run_id, alerts)


def acknowledged_since(job: Job, state: Known) -> datetime | None:
    """The first window of the alerts that somebody has acknowledged since they were judged, of those that are
    under way by ``state``, which the step of alerts has left; None if there is none."""
    alerts, _ = _alerts_of(state)
    seen = alert_actions.acknowledged(job.store, job.monitor.monitor) if alerts else frozenset()
    return min(
        (one.first_window for one in alerts if one.alert_id in seen and one.state is State.OPEN), default=None
    )


def _alerts_of(state: Known) -> tuple[list[Alert], list[tuple[Alert, int]]]:
    """Those that are under way, and those that have ended and how many windows ago."""
    known = state or {"open": [], "ended": []}
    return [from_json(one) for one in known["open"]], [(from_json(one), ago) for one, ago in known["ended"]]


def _before(job: Job, windows: Sequence[Window]) -> tuple[list[Alert], list[tuple[Alert, int]]]:
    """The alerts that were under way in the window before the first of ``windows``, by other bins than
    theirs, and those that had ended.

    They were found against a reference that has been renewed since: without this nothing would ever end them.
    """
    newest = runs.newest_judged_before(job.store, job.monitor, windows[0].start) if windows else None
    if newest is None:
        return [], []
    state = fold_states.known_after(job.store, job.monitor, newest).state_of(Alerts.name)
    if state is not None:
        return _alerts_of(state)
    rows = published_alerts(job.store, job.monitor, newest, newest + _NEXT).get(newest, [])
    return [row.alert(job.monitor.monitor) for row in rows if row.state != State.RESOLVED], []


def alert_rows(alerts: Iterable[Alert]) -> list[AlertRow]:
    """The rows of one window's alerts, in an order that does not depend on how they were found."""
    return sorted((AlertRow.of(alert) for alert in alerts), key=attrgetter("alert_id"))


def window_label(window: Window) -> str:
    """How a window is called in a sentence."""
    start = window.start.replace(tzinfo=None)
    is_hour = window.granularity is Granularity.HOUR
    return start.isoformat(" ", "minutes") if is_hour else start.date().isoformat()


def published_findings(
    job: Job, repeats: Repeats, start: datetime, end: datetime
) -> dict[datetime, list[Finding]]:
    """What each published window says is wrong, by its start; of ids that repeat, what was found just now."""
    found: dict[datetime, list[Finding]] = {}
    added: dict[datetime, list[str]] = {}
    place = (job.store, job.monitor, start, end)
    moving = quality_metrics.columns_moving_by_nature(*place)
    for topic, rows in (
        (Topic.DRIFT, drift_metrics.drifted(*place)),
        (Topic.PERFORMANCE, performance_metrics.degraded(*place)),
        (Topic.QUALITY, quality_metrics.failed(*place)),
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
    for at, columns in added.items():
        found.setdefault(at, []).append(_new_columns(columns))
    for at, several in repeats.findings().items():
        if start <= at < end:
            found.setdefault(at, []).extend(several)
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
    if kind == SUSTAINED:
        kind = REALIZED
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
        usual=row["reference_value"],
        certain=topic is Topic.PERFORMANCE and _wholly_beyond(threshold, row["ci_low"], row["ci_high"]),
    )


def _wholly_beyond(threshold: float | None, low: float | None, high: float | None) -> bool:
    """Whether chance has no part in it: the interval does not reach the threshold."""
    return threshold is not None and (
        (high is not None and high < threshold) or (low is not None and low > threshold)
    )


def _strength(value: float | None, threshold: float | None, reference: float | None) -> float:
    """How many times its limit the figure is: the distance from the reference, or from zero."""
    if value is None or threshold is None:
        return 1.0
    start = reference or 0.0
    allowed = abs(threshold - start)
    return max(abs(value - start) / allowed, 1.0) if allowed else 1.0


def published_topics(job: Job, start: datetime, end: datetime) -> dict[datetime, set[Topic]]:
    """What each published window has judged, by its start. One without rows fails a check of its own for
    that; about anything else it judges nothing."""
    found: dict[datetime, set[Topic]] = {}
    empty = runs.windows_without_rows(job.store, job.monitor, start, end)
    for table, topics in _TOPICS:
        for at in table(job.store, job.monitor, start, end) - empty:
            found.setdefault(at, set()).update(topics)
    return found
