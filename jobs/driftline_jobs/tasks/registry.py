"""The tasks by name: ours, and those of other distributions."""

from __future__ import annotations

from importlib import import_module

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.tasks.base import AnyTask, Task
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.task_specs import members

_BUILT_IN = {
    "binary_classification": ("binary", "BinaryTask"),
    "multiclass_classification": ("multiclass", "MulticlassTask"),
    "regression": ("regression", "RegressionTask"),
}
"""By name: the module, which stored outcomes go by too, and the class. Loaded when asked for."""


def task_class(name: str) -> type[AnyTask]:
    """What is done with the rows of a task. Raises ConfigError for one that nobody has, or that is none."""
    if name in _BUILT_IN:
        module, member = _BUILT_IN[name]
        found: object = getattr(import_module(f"driftline_jobs.tasks.{module}"), member)
    else:
        found = next((member for spec, member in members().items() if spec.name == name), None)
        if found is None:
            raise ConfigError(f"there is no task {name!r}: install the distribution that has it")
    if not (isinstance(found, type) and issubclass(found, Task)):
        raise ConfigError(f"the task {name} is no class of tasks.base.Task: see the docs on extending")
    return found


def task_of(monitor: Monitor, binning: Binning) -> AnyTask:
    """The task of a monitor, by what is fixed with its reference."""
    return task_class(monitor.task).planned(monitor, binning)


def outcomes_class(stored: object) -> type[Outcomes] | None:
    """What stored outcomes are of, by the task in their bytes; None for one that nobody has."""
    ours = next((name for name, (module, _) in _BUILT_IN.items() if module == stored), None)
    if ours is not None:
        return task_class(ours).outcomes
    added = (task_class(spec.name).outcomes for spec in members())
    return next((outcomes for outcomes in added if outcomes.task == stored), None)
