"""From a monitor and its log to the plans that tasks work by."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.columns.hiding import Hiding
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.labels.rows import LabelPlan, PredictionPlan
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.survey import Decision, Watched, watched_columns
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import LabelColumn, LabelSource, Monitor
from driftline_schemas.serving_log import LogColumn, Role
from driftline_schemas.window import Window, to_us


def watched(monitor: Monitor, columns: tuple[LogColumn, ...]) -> list[Watched]:
    """The columns to watch. ConfigError when the monitor names one that the log does not have."""
    roles = {}
    there = {column.name for column in columns}
    not_watched = set(monitor.features.ignore)
    for name, role in monitor.log_roles.items():
        if role is Role.SCORE:
            roles[name] = "score"
        elif role is Role.PREDICTION:
            roles[name] = "prediction:value" if monitor.task_spec.numeric else "prediction"
        elif role is Role.LABEL and name in there - not_watched:  # a reference may have no labels
            roles[name] = "label:value" if monitor.task_spec.numeric else "label"
        else:
            not_watched.add(name)
    named = [*monitor.features.declared, *roles]
    for name in [*named, *(column for segment in monitor.segments for column in segment)]:
        if name not in there:
            raise missing_column(monitor, name, there)
    remaining = [column for column in columns if column.name not in not_watched]
    # a number or a date that is sensitive has no mean or extremes to show: only its hashes are watched, and
    # of what the file calls texts how long they are, and the hashes of their words
    texts = monitor.features.hashed.intersection(monitor.features.text)
    names = [name for name in monitor.features.sensitive_columns if name not in texts]
    sensitive = dict.fromkeys(names, "categorical")
    return watched_columns(remaining, roles, {**monitor.features.declared, **sensitive})


def missing_column(monitor: Monitor, name: str, there: set[str]) -> ConfigError:
    """The error for a column that the monitor names and the log does not have."""
    import difflib

    close = difflib.get_close_matches(name, sorted(there), n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(sorted(there)[:20])}"
    return ConfigError(f"{monitor.monitor}: the log at {monitor.logs.uri} has no column {name!r}: {hint}")


def base_bounds(monitor: Monitor, windows: list[Window]) -> tuple[IntArray, frozenset[int]]:
    """Bounds of the base windows from the first window to the last, and those that no window wants."""
    ordered = sorted(windows)
    calendar = monitor.base_calendar
    bounds = calendar.starts_us(ordered[0].start, ordered[-1].end)
    wanted = np.zeros(len(bounds) - 1, np.bool_)
    for window in ordered:
        first, last = np.searchsorted(bounds, [to_us(window.start), to_us(window.end)])
        wanted[first:last] = True
    return bounds, frozenset(np.flatnonzero(~wanted).tolist())


def scan_plan(
    monitor: Monitor,
    columns: tuple[LogColumn, ...],
    binning: Binning,
    windows: list[Window],
    hiding: Hiding,
    *,
    timed: bool = True,
) -> ScanPlan:
    """How to read the log for these windows. Rows that are not ``timed`` are all of the first."""
    bounds, gaps = base_bounds(monitor, windows)
    return ScanPlan(
        binning=binning,
        columns=columns,
        time=monitor.log_time if timed else None,
        model_version=monitor.logs.model_version,
        segments=monitor.segments,
        bounds_us=bounds,
        gaps=gaps,
        hiding=hiding,
    )


def decision_of(monitor: Monitor) -> Decision | None:
    """Where to look for the score at which a binary model decides."""
    score, prediction = monitor.logs.score, monitor.logs.prediction
    if not monitor.task_spec.positive or not isinstance(score, str) or prediction is None:
        return None
    return Decision(score, prediction, monitor.positive_prediction)


def prediction_plan(monitor: Monitor, scan: ScanPlan) -> PredictionPlan:
    """What the join needs of the log."""
    score = monitor.logs.score
    scores: tuple[tuple[str, str], ...] = ()
    if isinstance(score, str):
        scores = (("", score),)
    elif score:
        scores = tuple(score.items())
    return PredictionPlan(
        scan=scan,
        prediction_id=monitor.logs.prediction_id,
        prediction=monitor.logs.prediction,
        scores=scores,
        label=monitor.labels.column if isinstance(monitor.labels, LabelColumn) else None,
        numeric=monitor.task_spec.numeric,
    )


def label_plan(
    monitor: Monitor, labels: LabelSource, log: LogInspection, scan: ScanPlan | None = None
) -> LabelPlan:
    """What the join needs of the label objects."""
    return LabelPlan(
        log.columns,
        labels.prediction_id,
        labels.label,
        monitor.label_time,
        numeric=monitor.task_spec.numeric,
        bounds_us=None if scan is None else scan.bounds_us,
        reach_us=labels.catch_up // timedelta(microseconds=1),
    )
