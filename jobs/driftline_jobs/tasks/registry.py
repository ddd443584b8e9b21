"""The tasks by name: ours, and those of other distributions."""

from __future__ import annotations

from importlib import import_module

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.tasks.base import AnyTask, Task
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.task_specs import BUILT_IN, members, task_spec


def task_class(name: str) -> type[AnyTask]:
    """What is done with the rows of a task. Raises ConfigError for one that nobody has, or that is none."""
    spec = task_spec(name)
    found = _ours(BUILT_IN[spec]) if spec in BUILT_IN else members()[spec]
    if not (isinstance(found, type) and issubclass(found, Task)):
        raise ConfigError(f"the task {name} is no class of tasks.base.Task: see the docs on extending")
    return found


def task_of(monitor: Monitor, binning: Binning) -> AnyTask:
    """The task of a monitor, by what is fixed with its reference."""
    return task_class(monitor.task).planned(monitor, binning)


def outcomes_class(stored: object) -> type[Outcomes] | None:
    """What stored outcomes are of, by the task in their bytes; None for one that nobody has."""
    ours = next((value for value in BUILT_IN.values() if value.partition(":")[0] == stored), None)
    if ours is not None:
        return _ours(ours).outcomes
    added = (task_class(spec.name).outcomes for spec in members())
    return next((outcomes for outcomes in added if outcomes.task == stored), None)


def _ours(value: str) -> type[AnyTask]:
    module, _, name = value.partition(":")
    found: type[AnyTask] = getattr(import_module(f"driftline_jobs.tasks.{module}"), name)
    return found
