"""What there is to say of every task before a row is read: its metrics, and which columns it needs.

How its rows become outcomes and figures is in ``driftline_jobs.tasks``. A task may come from another
distribution: an entry point of the group ``driftline.tasks`` names a class with such a ``spec`` (see
``driftline_jobs.tasks.base``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from driftline_schemas import extensions
from driftline_schemas.drift_specs import drift_specs
from driftline_schemas.errors import ConfigError
from driftline_schemas.performance_specs import (
    AVERAGED,
    AVERAGES,
    CLASSIFICATION,
    REGRESSION,
    PerformanceSpec,
    base_metric,
)

GROUP = "driftline.tasks"


class Scores(StrEnum):
    """Which scores a model of a task gives beside what it predicts, or instead."""

    NONE = "none"
    ONE = "of the positive class"
    BY_CLASS = "of each class"


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task.

    Attributes:
        name: as in the monitor file; with blanks for ``_`` it is what a page calls it.
        metrics: in the order of reading; one that another task has too is the same object.
        averaged: those of them of which there are averages over classes. With several classes the plain ones
            are per class.
        never_estimated: names of figures that are known by labels alone, where others can do without.
        numeric: whether predictions and labels are numbers rather than classes.
        scores: that its logs may have; without any a prediction is needed.
        positive: whether one of its classes is positive, and all others are negative.
    """

    name: str
    metrics: tuple[PerformanceSpec, ...]
    averaged: tuple[PerformanceSpec, ...] = ()
    never_estimated: frozenset[str] = frozenset()
    numeric: bool = False
    scores: Scores = Scores.NONE
    positive: bool = False

    @property
    def title(self) -> str:
        """In words."""
        return self.name.replace("_", " ")

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Of all figures of the model as a whole, averages too."""
        averages = (f"{spec.name}{ending}" for spec in self.averaged for ending in AVERAGES)
        return (*(spec.name for spec in self.metrics), *averages)


BUILT_IN: Final = {
    TaskSpec("binary_classification", CLASSIFICATION, scores=Scores.ONE, positive=True): "binary:BinaryTask",
    TaskSpec(
        "multiclass_classification",
        CLASSIFICATION,
        averaged=AVERAGED,
        never_estimated=frozenset({"ece_macro", "ece_weighted"}),
        scores=Scores.BY_CLASS,
    ): "multiclass:MulticlassTask",
    TaskSpec("regression", REGRESSION, numeric=True): "regression:RegressionTask",
}
"""Ours, each with the module of ``driftline_jobs.tasks``, which stored outcomes go by too, and its class."""
_BUILT_IN = {spec.name: spec for spec in BUILT_IN}
_METRICS = {metric.name: metric for spec in BUILT_IN for metric in spec.metrics}


@cache
def members() -> Mapping[TaskSpec, object]:
    """The tasks of other distributions, by what there is to say of them.

    Raises ConfigError for one that cannot be loaded, or whose name is taken or is none.
    """
    return extensions.members(GROUP, "task", TaskSpec, "a driftline_jobs.tasks.base.Task", _BUILT_IN)


@cache
def task_specs() -> Mapping[str, TaskSpec]:
    """Every task by name, ours first. Raises ConfigError, as ``members`` does."""
    return _BUILT_IN | {spec.name: spec for spec in members()}


def task_spec(name: str) -> TaskSpec:
    """One of them; ConfigError for a name that no task has."""
    # who has a task of ours does not wait for what is installed
    spec = _BUILT_IN.get(name) or task_specs().get(name)
    if spec is None:
        raise ConfigError(extensions.unknown("task", GROUP, name, task_specs()))
    return spec


@cache
def performance_specs() -> Mapping[str, PerformanceSpec]:
    """Every performance metric by name, in the order of reading: ours, then those of added tasks.

    Raises ConfigError, as ``members`` does, and for a metric whose name another one has.
    """
    found = dict(_METRICS)
    for task in members():
        for spec in task.metrics:
            if spec.name in drift_specs() or found.setdefault(spec.name, spec) != spec:
                raise ConfigError(
                    f"the task {task.name} has a metric {spec.name!r}, whose name is taken: give it another"
                )
    return found


def performance_spec(metric: str) -> PerformanceSpec | None:
    """What there is to say of a metric, or of that which an average over classes is an average of; None for
    one that no task has."""
    name = base_metric(metric)
    return _METRICS.get(name) or performance_specs().get(name)
