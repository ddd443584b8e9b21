"""Every DAG of the deployment, whatever state its files are in."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence

from airflow.sdk import DAG

from driftline_dags import last_known
from driftline_dags.group_dag import group_dag, misfit, schedule_of
from driftline_dags.monitor_dag import broken_dag, monitor_dag
from driftline_dags.monitor_files import (
    MonitorFile,
    last_known_text,
    monitor_sources,
    read_monitor,
    read_monitors,
)
from driftline_dags.published import dag_id_of
from driftline_dags.scheduling import FILE_NAME, MonitorScheduling, Scheduling, parse_scheduling
from driftline_dags.upkeep import catch_up_dag, digest_dag, maintenance_dag, weekly_dag
from driftline_schemas.errors import ConfigError, DriftlineError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings, load_settings

SETTINGS_DAG = "driftline_settings"
"""Stands for settings of the deployment that cannot be read."""


def dags_of_deployment(only: str | None = None) -> list[DAG]:
    """All DAGs, or those among them that may be ``only`` (a task's process asks for its own alone)."""
    problems: list[tuple[str, DriftlineError]] = []
    settings = _settings(problems)
    scheduling = _scheduling(settings, problems)
    dags: dict[str, DAG] = {}
    for dag in _monitors(settings, scheduling, problems, only):
        dags.setdefault(dag.dag_id, dag)
    for source, error in problems:
        dags.setdefault(SETTINGS_DAG, broken_dag(SETTINGS_DAG, source, error))
    return list(dags.values())


def _settings(problems: list[tuple[str, DriftlineError]]) -> Settings:
    try:
        return load_settings()
    except ConfigError as error:
        problems.append(("the environment", error))
        # The folder is all that is needed to show the monitors; their tasks will fail with the same error.
        return Settings.model_construct(
            **{name: field.default for name, field in Settings.model_fields.items()}
            | {"monitors": os.environ.get("DRIFTLINE_MONITORS") or "monitors"}
        )


def _scheduling(settings: Settings, problems: list[tuple[str, DriftlineError]]) -> Scheduling:
    place = f"{settings.monitors.rstrip('/')}/{FILE_NAME}"
    try:
        text = last_known_text(place)
        scheduling = Scheduling() if text is None else parse_scheduling(text, place)
    except DriftlineError as error:
        problems.append((place, error))
        return _last_that_was_right(place)
    last_known.keep(_right(place), "" if text is None else text)
    return scheduling


def _last_that_was_right(place: str) -> Scheduling:
    """What the file said before it went wrong: else groups would fall apart, and everybody would be mailed.
    Where that is not known, new DAGs are created paused, and nobody is mailed."""
    text = last_known.known(_right(place))
    if text is None:
        return Scheduling(defaults=MonitorScheduling(paused=True, mail="none"))
    return parse_scheduling(text, place) if text else Scheduling()


def _right(place: str) -> str:
    return f"{place} as it was right"


def _monitors(
    settings: Settings,
    scheduling: Scheduling,
    problems: list[tuple[str, DriftlineError]],
    only: str | None,
) -> Iterator[DAG]:
    try:
        sources = monitor_sources(settings.monitors)
    except DriftlineError as error:
        problems.append((settings.monitors, error))
        return
    own = _own_file(sources, only)
    if own is not None and own.monitor is not None and scheduling.of(own.monitor.monitor).group is None:
        yield _dag_of(own, own.monitor, scheduling, settings)
        return
    files = read_monitors(sources)
    yield from _one_each(files, settings, scheduling)
    monitors = {file.source: file.monitor for file in files if file.monitor is not None}
    yield catch_up_dag(settings, scheduling)
    yield maintenance_dag(settings, scheduling)
    digest = digest_dag(list(monitors.values()), scheduling)
    weekly = weekly_dag(settings, scheduling)
    yield from (dag for dag in (digest, weekly) if dag is not None)


def _own_file(sources: list[str], only: str | None) -> MonitorFile | None:
    """The file of the DAG ``only``, if it is called like its monitor, as it nearly always is."""
    for source in sources if only else ():
        if dag_id_of(source.rpartition("/")[2].rpartition(".")[0]) == only:
            file = read_monitor(source)
            if file.monitor is not None and dag_id_of(file.monitor.monitor) == only:
                return file
    return None


def _one_each(files: list[MonitorFile], settings: Settings, scheduling: Scheduling) -> Iterator[DAG]:
    """A DAG for each file: first those that are right, so that a broken file never takes a monitor's id."""
    taken: dict[str, str] = {}
    groups: dict[str, list[tuple[MonitorFile, Monitor]]] = {}
    broken: list[tuple[MonitorFile, DriftlineError]] = []
    for file in files:
        if file.monitor is None:
            broken.append((file, file.error or ConfigError(f"{file.source} cannot be read")))
            continue
        dag_id = dag_id_of(file.monitor.monitor)
        if dag_id in taken:
            twice = f"the monitor {file.monitor.monitor!r} is in {taken[dag_id]} already: rename one of them"
            broken.append((file, ConfigError(f"{file.source}: {twice}")))
            continue
        own = scheduling.of(file.monitor.monitor)
        if own.group is not None:
            groups.setdefault(own.group, []).append((file, file.monitor))
            continue
        taken[dag_id] = file.source
        yield _dag_of(file, file.monitor, scheduling, settings)
    for name, candidates in groups.items():
        members, unfit = _members(name, candidates, scheduling)
        broken += unfit
        taken |= {dag_id_of(monitor.monitor): source for source, monitor in members.items()}
        first = next(iter(members.values()))
        yield group_dag(name, members, scheduling.of(first.monitor), settings)
    for file, error in broken:
        dag_id = dag_id_of(file.stem)
        while dag_id in taken:
            dag_id += "_broken"
        taken[dag_id] = file.source
        yield broken_dag(dag_id, file.source, error)


def _members(
    name: str, candidates: Sequence[tuple[MonitorFile, Monitor]], scheduling: Scheduling
) -> tuple[dict[str, Monitor], list[tuple[MonitorFile, DriftlineError]]]:
    """Those that share the schedule which most of them have, by where their files lie; and the others."""
    schedules = [schedule_of(monitor, scheduling.of(monitor.monitor)) for _, monitor in candidates]
    ((usual, _),) = Counter(schedules).most_common(1)
    members: dict[str, Monitor] = {}
    unfit: list[tuple[MonitorFile, DriftlineError]] = []
    for (file, monitor), own in zip(candidates, schedules, strict=True):
        if own == usual:
            members[file.source] = monitor
        else:
            unfit.append((file, misfit(monitor, name, own, usual)))
    return members, unfit


def _dag_of(file: MonitorFile, monitor: Monitor, scheduling: Scheduling, settings: Settings) -> DAG:
    return monitor_dag(
        monitor, file.source, scheduling.of(monitor.monitor), settings, scheduling.smtp_connection
    )
