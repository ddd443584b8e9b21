"""The monitor file: what is watched, against what, and when to raise the alarm.

``load_monitor`` reads one. Everything is checked there that can be checked without looking at the data, and
what a person may write in several ways (dates, durations, ``1`` or ``true``) has one form from there on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from driftline_schemas.classes import class_text
from driftline_schemas.errors import ConfigError
from driftline_schemas.extensions import PARQUET, SOURCES
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.monitor_errors import Problems, config_error
from driftline_schemas.monitor_features import Features
from driftline_schemas.monitor_notify import Notify
from driftline_schemas.monitor_section import Section
from driftline_schemas.monitor_values import (
    ClassValue,
    Duration,
    Interval,
    Line,
    LogUri,
    Name,
    PositiveDuration,
    ScoreColumns,
    Sensitivity,
    Source,
    TaskName,
    Uri,
    Weeks,
    in_zone,
)
from driftline_schemas.serving_log import Role, TimeColumn, TimeUnit
from driftline_schemas.task_specs import TaskSpec, task_spec
from driftline_schemas.window import Calendar, Granularity, load_zone
from driftline_schemas.yaml_file import YamlFile, parse_yaml, read_yaml

__all__ = [
    "Alerts",
    "Features",
    "LabelColumn",
    "LabelSource",
    "Logs",
    "Monitor",
    "Notify",
    "Reference",
    "Rule",
    "load_monitor",
    "parse_monitor",
]


def _segment(columns: object) -> object:
    return (columns,) if isinstance(columns, str) else columns


def _one_text(value: object) -> object:
    """A model version that YAML read as a number; a fraction has lost digits by then (1.10 is 1.1)."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


SegmentColumns = Annotated[tuple[Name, ...], BeforeValidator(_segment)]


class Logs(Section):
    """Where the serving logs are, and which of their columns play a part.

    A dated folder may hold rows of ``lateness`` before and after its interval; others are set aside.
    ``timestamp_unit`` is that of times that are numbers, those of the labels too. With ``partition_columns``
    the folders ``key=value`` are columns where the objects have none of that name. ``positive_prediction`` is
    the predicted class that means positive, where labels call it otherwise. ``format`` names the source that
    reads the log, where that is not Parquet and the scheme of ``uri`` does not say so.
    """

    ADDED_LATER = frozenset(
        {"timestamp_unit", "partition_columns", "positive_prediction", "score_scale", "format"}
    )

    uri: LogUri
    timestamp: Name
    timestamp_unit: TimeUnit | None = None
    prediction_id: Name | None = None
    prediction: Name | None = None
    score: ScoreColumns | None = None
    model_version: Name | None = None
    positive_prediction: ClassValue | None = None
    score_scale: ScoreScale = ScoreScale.PROBABILITY
    lateness: Duration = timedelta(days=1)
    partition_columns: StrictBool = True
    format: Source | None = None

    @property
    def source(self) -> str:
        """The name of the source that reads the log."""
        if self.format is not None:
            return self.format
        scheme, separator, _ = self.uri.partition("://")
        return scheme if separator and scheme in SOURCES.names() else PARQUET

    @property
    def score_columns(self) -> tuple[str, ...]:
        """The columns that hold scores, in the order of the file."""
        if self.score is None:
            return ()
        return (self.score,) if isinstance(self.score, str) else tuple(self.score.values())


class LabelSource(Section):
    """Labels that arrive later, in objects of their own."""

    uri: Uri
    prediction_id: Name
    label: Name
    timestamp: Name | None = None
    mature_after: Duration = timedelta(days=7)
    catch_up: Duration = timedelta(days=35)


class LabelColumn(Section):
    """Labels that the log itself has, in ``column``."""

    column: Name


def _label_kind(labels: object) -> str:
    if isinstance(labels, Mapping):
        return "<column>" if "column" in labels else "<source>"
    return "<column>" if isinstance(labels, LabelColumn) else "<source>"


Labels = Annotated[
    Annotated[LabelSource, Tag("<source>")] | Annotated[LabelColumn, Tag("<column>")],
    Discriminator(_label_kind),
]


class Reference(Section):
    """What windows are compared with: exactly one source. Within a Monitor all times are UTC.

    ``same_weekday`` is held as the timedelta of so many weeks. Intervals are half-open.
    """

    window: Interval | None = None
    uri: Uri | None = None
    trailing: PositiveDuration | None = None
    same_weekday: Weeks | None = None
    model_version: Annotated[StrictStr, BeforeValidator(_one_text), Field(min_length=1)] | None = None
    exclude: tuple[Interval, ...] = ()

    @property
    def kind(self) -> Literal["window", "uri", "trailing", "same_weekday", "model_version"]:
        """Which source is given."""
        if self.window is not None:
            return "window"
        if self.uri is not None:
            return "uri"
        if self.trailing is not None:
            return "trailing"
        return "same_weekday" if self.same_weekday is not None else "model_version"

    @property
    def moves(self) -> bool:
        """Whether each window has a reference of its own."""
        return self.kind in {"trailing", "same_weekday", "model_version"}

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = ("window", "uri", "trailing", "same_weekday", "model_version")
        given = [name for name in sources if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of {', '.join(sources)}; it has {found}")
        return self

    def in_zone(self, zone: str) -> Reference:
        """The same with every interval in UTC. Raises ValueError when one ends before it starts."""

        def instants(interval: Interval) -> Interval:
            start, end = (in_zone(moment, zone) for moment in interval)
            if start >= end:
                raise ValueError(f"the interval from {interval[0]} to {interval[1]} ends before it starts")
            return start, end

        window = None if self.window is None else instants(self.window)
        exclude = tuple(sorted(instants(interval) for interval in self.exclude))
        return self.model_copy(update={"window": window, "exclude": exclude})


class Rule(Section):
    """A fixed limit on one figure: of every column and of the whole unless one is named.

    ``kind``: of a figure of performance, whether the one by labels is meant, or that without them.
    """

    metric: StrictStr
    kind: Literal["realized", "estimated"] = "realized"
    column: Name | None = None
    segment: SegmentColumns | None = None
    above: Annotated[float, Field(allow_inf_nan=False)] | None = None
    below: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("needs either above or below")
        return self


class Alerts(Section):
    """When to raise the alarm. ``false_alarm_rate``: the chance that a clean window raises any.

    ``sensitivity``: by column, how much of the part of it that is for drift; ``off``: its drift is published
    and decides nothing but by rules that name it.
    """

    ADDED_LATER = frozenset({"sensitivity"})

    false_alarm_rate: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    min_rows: Annotated[StrictInt, Field(ge=1)] = 500
    rules: tuple[Rule, ...] = ()
    sensitivity: dict[Name, Sensitivity] = {}  # noqa: RUF012 - pydantic copies it

    @property
    def unwatched(self) -> frozenset[str]:
        """Columns whose drift is not watched."""
        return frozenset(name for name, word in self.sensitivity.items() if word == "off")


class Monitor(Section):
    """One monitor, checked. Equal monitors have equal ``config_hash``, however their files are written."""

    monitor: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    description: Annotated[StrictStr, Field(max_length=10_000)] = ""
    owner: Line = ""
    task: TaskName
    logs: Logs
    labels: Labels | None = None
    positive_label: ClassValue = 1
    features: Features = Features()
    segments: tuple[SegmentColumns, ...] = ()
    granularity: Granularity = Granularity.DAY
    timezone: StrictStr = "UTC"
    base: Annotated[Granularity, Field(validate_default=True)] = None  # type: ignore[assignment]
    reference: Reference
    alerts: Alerts = Alerts()
    notify: Notify = Notify()

    def __hash__(self) -> int:
        return hash(self.config_hash)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return load_zone(name).key
        except ConfigError as error:
            # As a ValueError it is listed with its line among the other faults.
            raise ValueError(str(error)) from error

    @field_validator("base", mode="before")
    @classmethod
    def _base_is_granularity(cls, base: object, info: ValidationInfo) -> object:
        return info.data.get("granularity", Granularity.DAY) if base is None else base

    @field_validator("reference")
    @classmethod
    def _reference_in_utc(cls, reference: Reference, info: ValidationInfo) -> Reference:
        return reference.in_zone(info.data.get("timezone", "UTC"))

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        from driftline_schemas.monitor_checks import problems_of

        problems = list(problems_of(self))
        if problems:
            raise Problems(problems)
        return self

    @property
    def task_spec(self) -> TaskSpec:
        """What there is to say of the task."""
        return task_spec(self.task)

    @property
    def positive_class(self) -> str:
        """The label that is positive, as ``class_text`` writes it."""
        return class_text(self.positive_label)

    @property
    def positive_prediction(self) -> str:
        """The predicted class that means positive, likewise."""
        given = self.logs.positive_prediction
        return self.positive_class if given is None else class_text(given)

    @property
    def calendar(self) -> Calendar:
        """The windows that are judged."""
        return Calendar(self.granularity, self.timezone)

    @property
    def base_calendar(self) -> Calendar:
        """The windows that profiles are kept for: they nest in those of ``calendar``."""
        return Calendar(self.base, self.timezone)

    @property
    def log_time(self) -> TimeColumn:
        """When the rows of the log are from."""
        return TimeColumn(self.logs.timestamp, self.logs.timestamp_unit, self.timezone)

    @property
    def label_time(self) -> TimeColumn | None:
        """When the labels of objects of their own are from; None where nothing says so."""
        if not isinstance(self.labels, LabelSource) or self.labels.timestamp is None:
            return None
        return TimeColumn(self.labels.timestamp, self.logs.timestamp_unit, self.timezone)

    @property
    def log_roles(self) -> dict[str, Role]:
        """The log's columns that play a named part; every other column is a feature or ignored."""
        logs = self.logs
        named: dict[str | None, Role] = {
            logs.timestamp: Role.TIMESTAMP,
            logs.prediction_id: Role.PREDICTION_ID,
            logs.prediction: Role.PREDICTION,
            **dict.fromkeys(logs.score_columns, Role.SCORE),
            logs.model_version: Role.MODEL_VERSION,
        }
        if isinstance(self.labels, LabelColumn):
            named[self.labels.column] = Role.LABEL
        return {column: role for column, role in named.items() if column is not None}

    @property
    def config_hash(self) -> str:
        """16 hex digits of the SHA-256 of everything in the file, free of its order and form."""
        content: dict[str, Any] = self.model_dump(mode="json")
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def load_monitor(path: Path) -> Monitor:
    """The monitor in the file at ``path``. Raises ConfigError, which names file, line, key and next step."""
    return _validated(read_yaml(Path(path)))


def parse_monitor(text: str, name: str) -> Monitor:
    """The monitor that ``text`` describes; errors call the text ``name``."""
    return _validated(parse_yaml(text, name))


def _validated(file: YamlFile) -> Monitor:
    try:
        return Monitor.model_validate(file.data)
    except ValidationError as error:
        raise config_error(file, error, _SECTIONS) from error


_SECTIONS: Mapping[tuple[str, ...], tuple[type[Section], ...]] = {
    (): (Monitor,),
    ("logs",): (Logs,),
    ("labels",): (LabelSource, LabelColumn),
    ("features",): (Features,),
    ("reference",): (Reference,),
    ("alerts",): (Alerts,),
    ("alerts", "rules"): (Rule,),
    ("notify",): (Notify,),
}
