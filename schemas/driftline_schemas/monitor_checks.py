"""What must hold between the parts of a monitor file, each part being sound by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.drift_specs import drift_specs
from driftline_schemas.metrics import MULTIVARIATE_DRIFT, SUSTAINED_SHIFT
from driftline_schemas.monitor_errors import did_you_mean
from driftline_schemas.serving_log import Role
from driftline_schemas.task_specs import Scores, task_specs
from driftline_schemas.window import Granularity
from driftline_schemas.yaml_file import Place, shown

if TYPE_CHECKING:
    from driftline_schemas.monitor import LabelSource, Logs, Monitor, Rule

Found = Iterator[tuple[Place, str]]

_LONGEST = {
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.WEEK: timedelta(days=7),
    Granularity.MONTH: timedelta(days=31),
}


def problems_of(monitor: Monitor) -> Found:
    """Every place where the parts contradict each other, with the message for it."""
    yield from _task(monitor)
    yield from _roles(monitor)
    yield from _labels(monitor)
    yield from _features(monitor)
    yield from _segments(monitor)
    yield from _time(monitor)
    for position, rule in enumerate(monitor.alerts.rules):
        yield from _rule(monitor, rule, ("alerts", "rules", position))


def _task(monitor: Monitor) -> Found:
    logs, task = monitor.logs, monitor.task_spec
    if task.scores is Scores.NONE:
        if logs.score is not None:
            yield ("logs", "score"), f"a {task.title} has no score: its predicted value goes under prediction"
        if logs.prediction is None:
            yield (
                ("logs", "prediction"),
                f"is missing: a {task.title} needs the column of its predicted value",
            )
    elif logs.score is None and logs.prediction is None:
        yield ("logs",), "needs a score or a prediction, the columns of what the model said"
    elif logs.score is not None:
        yield from _scores(logs.score, task.scores)
    yield from _positive(monitor)
    if "score_scale" in logs.model_fields_set and logs.score is None:
        yield ("logs", "score_scale"), "needs logs.score, the column that it is about"


def _scores(given: str | Mapping[str, str], wanted: Scores) -> Found:
    if wanted is Scores.ONE and not isinstance(given, str):
        yield ("logs", "score"), "must name one column, the probability of the positive class"
    elif wanted is Scores.BY_CLASS and isinstance(given, str):
        yield ("logs", "score"), "must map each class to its column: {class: column}"
    elif wanted is Scores.BY_CLASS and len(given) < 2:
        yield ("logs", "score"), "must map at least two classes to their columns"


def _positive(monitor: Monitor) -> Found:
    logs, has_one = monitor.logs, monitor.task_spec.positive
    if not has_one and "positive_label" in monitor.model_fields_set:
        yield ("positive_label",), _only_some()
    if logs.positive_prediction is not None and not has_one:
        yield ("logs", "positive_prediction"), _only_some()
    elif logs.positive_prediction is not None and logs.prediction is None:
        yield ("logs", "positive_prediction"), "needs logs.prediction, the column of the predicted class"


def _only_some() -> str:
    return f"only a {' or a '.join(task.name for task in task_specs().values() if task.positive)} has one"


def _parts(logs: Logs) -> list[tuple[str, str]]:
    """Each part of the log that is played, and the column that plays it."""
    parts: list[tuple[str, str | None]] = [
        ("timestamp", logs.timestamp),
        ("prediction_id", logs.prediction_id),
        ("prediction", logs.prediction),
        *(("score", column) for column in logs.score_columns),
        ("model_version", logs.model_version),
    ]
    return [(part, column) for part, column in parts if column is not None]


def _roles(monitor: Monitor) -> Found:
    taken: dict[str, str] = {}
    for part, column in _parts(monitor.logs):
        if column in taken:
            yield ("logs", part), f"the column {shown(column)} is already the {taken[column]}"
        taken.setdefault(column, part)


def _labels(monitor: Monitor) -> Found:
    from driftline_schemas.monitor import LabelColumn

    if isinstance(monitor.labels, LabelColumn):
        taken = {column: part for part, column in _parts(monitor.logs)}
        column = monitor.labels.column
        if column in taken:
            yield ("labels", "column"), f"the column {shown(column)} is already the {taken[column]}"
    elif monitor.labels is not None:
        yield from _label_source(monitor, monitor.labels)


def _label_source(monitor: Monitor, labels: LabelSource) -> Found:
    if monitor.logs.prediction_id is None:
        yield ("logs", "prediction_id"), "is missing: labels are joined to predictions by it"
    columns = [labels.prediction_id, labels.label, labels.timestamp]
    for part, column in zip(("label", "timestamp"), columns[1:], strict=True):
        if column is not None and columns.count(column) > 1:
            yield ("labels", part), f"the column {shown(column)} plays two parts in the labels"
    if labels.catch_up < labels.mature_after:
        yield (
            ("labels", "catch_up"),
            "is shorter than mature_after: late labels would be missed before the end",
        )


def _features(monitor: Monitor) -> Found:
    features, roles = monitor.features, monitor.log_roles
    seen: dict[str, str] = {}
    for kind, columns in {**features.by_kind, "ignore": features.ignore}.items():
        for position, column in enumerate(columns):
            place: Place = ("features", kind, position)
            if column in seen:
                twice = "twice" if seen[column] == kind else f"also under {seen[column]}"
                yield place, f"the column {shown(column)} is listed {twice}"
            elif column in roles:
                yield place, f"the column {shown(column)} is the {roles[column].value}, which is no feature"
            seen.setdefault(column, kind)
    for position, column in enumerate(features.critical):
        place = ("features", "critical", position)
        if features.critical.index(column) < position:
            yield place, f"the column {shown(column)} is listed twice"
        elif column in features.ignore:
            yield place, f"the column {shown(column)} is also under ignore: nothing is known of it"
    for position, column in enumerate(features.sensitive_columns):
        place = ("features", "sensitive", position)
        if features.sensitive_columns.index(column) < position:
            yield place, f"the column {shown(column)} is listed twice"
        elif column in roles:
            yield (
                place,
                f"the column {shown(column)} is the {roles[column].value}: only features can be hashed",
            )


def _segments(monitor: Monitor) -> Found:
    refused = {Role.TIMESTAMP, Role.PREDICTION_ID, Role.SCORE, Role.LABEL}
    roles = monitor.log_roles
    seen: set[frozenset[str]] = set()
    for position, segment in enumerate(monitor.segments):
        place: Place = ("segments", position)
        if not segment:
            yield place, "names no column"
        if len(set(segment)) < len(segment):
            yield place, "names a column twice"
        elif frozenset(segment) in seen:
            yield place, "is the same segment as one before"
        seen.add(frozenset(segment))
        for column in segment:
            if roles.get(column) in refused:
                yield (
                    place,
                    f"the column {shown(column)} is the {roles[column].value}: it makes no segments",
                )
            elif column in monitor.features.dropped:
                yield place, f"the values of {shown(column)} are dropped: it makes no segments"


def _time(monitor: Monitor) -> Found:
    granularity, base, reference = monitor.granularity, monitor.base, monitor.reference
    if not base.nests_in(granularity):
        yield ("base",), f"a {base.value} does not nest in a {granularity.value}"
    if reference.trailing is not None and reference.trailing < _LONGEST[granularity]:
        yield ("reference", "trailing"), f"is shorter than one {granularity.value}, the granularity"
    if reference.same_weekday is not None and granularity not in {Granularity.HOUR, Granularity.DAY}:
        yield (
            ("reference", "same_weekday"),
            f"needs windows of an hour or a day, not of a {granularity.value}",
        )
    if reference.model_version is not None and monitor.logs.model_version is None:
        yield ("reference", "model_version"), "needs logs.model_version, the column to find that version by"


def _rule(monitor: Monitor, rule: Rule, place: Place) -> Found:
    metric, column, features = rule.metric, rule.column, monitor.features
    performance, drift = monitor.task_spec.metric_names, drift_specs()
    if metric not in drift and metric not in performance:
        task = next((task for task in task_specs().values() if metric in task.metric_names), None)
        if task is None:
            yield (
                (*place, "metric"),
                f"there is no metric {shown(metric)}" + did_you_mean(metric, (*drift, *performance)),
            )
        else:
            yield (
                (*place, "metric"),
                f"{metric} is a figure of a {task.name}, this is a {monitor.task}",
            )
    elif column is not None and metric in performance:
        yield (*place, "column"), f"{metric} is a figure of the model as a whole: leave the column out"
    elif column is not None and metric in MULTIVARIATE_DRIFT:
        yield (
            (*place, "column"),
            f"{metric} is a figure of the numeric columns as a whole: leave the column out",
        )
    elif column in features.ignore:
        yield (*place, "column"), f"the column {shown(column)} is ignored, so it has no figures"
    elif column in features.declared:
        kind = kind_spec(features.declared[column])
        if metric not in (*kind.metrics, SUSTAINED_SHIFT):
            yield (
                (*place, "metric"),
                f"{metric} is no figure of a {kind.name} column: {', '.join(kind.metrics)}",
            )
    if "kind" in rule.model_fields_set and metric in drift:
        yield (*place, "kind"), f"{metric} is a figure of drift, which needs no labels: leave the kind out"
    elif rule.kind == "estimated" and metric in performance:
        yield from _estimated(monitor, rule, place)
    if rule.segment is not None and metric in (*MULTIVARIATE_DRIFT, SUSTAINED_SHIFT):
        yield (*place, "segment"), f"{metric} is a figure of all rows: leave the segment out"
    elif rule.segment is not None and frozenset(rule.segment) not in map(frozenset, monitor.segments):
        yield (*place, "segment"), f"{shown(list(rule.segment))} is not listed under segments"


def _estimated(monitor: Monitor, rule: Rule, place: Place) -> Found:
    metric = rule.metric
    if monitor.labels is None:
        yield (*place, "kind"), f"{metric} is estimated by what the labels of the reference teach: add labels"
    elif monitor.logs.score is None and monitor.task_spec.scores is not Scores.NONE:
        yield (*place, "kind"), f"{metric} is estimated from scores: add logs.score"
    elif metric in monitor.task_spec.never_estimated:
        yield (*place, "kind"), f"{metric} is known by labels alone: leave the kind out"
    if rule.segment is not None:
        yield (*place, "segment"), "only the model as a whole is estimated: leave the segment out"
