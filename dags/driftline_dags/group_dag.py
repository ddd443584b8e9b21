"""Many small monitors as one DAG: run >> report, mapped over a few of them at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, task_group
from driftline_airflow.timetable import WindowTimetable

from driftline_dags.describe import group_doc_md
from driftline_dags.group_tasks import ReportGroup, RunGroup
from driftline_dags.monitor_dag import retrying, window_param
from driftline_dags.scheduling import MonitorScheduling
from driftline_dags.windows import PERIOD
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

PREFIX = "driftline_group__"
"""No monitor's DAG begins like this: theirs have two underscores after the first word."""
AT_ONCE = 50
"""Monitors of one task: enough that the start of a process weighs little, few enough that a retry does."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def group_dag(
    name: str, members: Mapping[str, Monitor], scheduling: MonitorScheduling, settings: Settings
) -> DAG:
    """The DAG of a group: ``members`` by where their files lie, all of which fit into it."""
    first = next(iter(members.values()))
    owners = {monitor.owner for monitor in members.values()}
    dag = DAG(
        PREFIX + name,
        description=f"{len(members)} monitors",
        schedule=WindowTimetable(first.granularity.value, first.timezone, scheduling.delay),
        start_date=scheduling.start or _LONG_AGO,
        catchup=scheduling.start is not None,
        max_active_runs=scheduling.max_active_runs,
        is_paused_upon_creation=scheduling.paused,
        tags={"driftline", "group", first.granularity.value},
        params={PERIOD: window_param()},
        doc_md=group_doc_md(name, members, scheduling, settings),
        default_args=retrying(scheduling, (owners.pop() or "") if len(owners) == 1 else ""),
    )
    common: dict[str, Any] = {"monitors": dict(members), "pool": scheduling.pool}
    with dag:

        @task_group(group_id="monitors")
        def monitors(sources: Sequence[str]) -> None:
            run = RunGroup(task_id="run", sources=sources, **common)
            run >> ReportGroup(task_id="report", sources=sources, alias=PREFIX + name, **common)

        monitors.expand(sources=list(_batches(sorted(members))))
    return dag


def misfit(
    monitor: Monitor, scheduling: MonitorScheduling, first: Monitor, of_first: MonitorScheduling
) -> ConfigError | None:
    """Why a monitor cannot be in the group of ``first``: they share windows and a schedule."""
    for what, own, others in (
        ("granularity", monitor.granularity.value, first.granularity.value),
        ("timezone", monitor.timezone, first.timezone),
        *((name, getattr(scheduling, name), getattr(of_first, name)) for name in _SHARED),
    ):
        if own != others:
            return ConfigError(
                f"the monitor {monitor.monitor!r} cannot be in the group {scheduling.group!r}: its {what} is "
                f"{own}, that of {first.monitor!r} {others}. Write the same, or give it another group or none"
            )
    return None


_SHARED = (
    "delay",
    "timeout",
    "retries",
    "retry_after",
    "pool",
    "max_active_runs",
    "start",
    "paused",
)


def _batches(sources: Sequence[str]) -> Iterator[list[str]]:
    for at in range(0, len(sources), AT_ONCE):
        yield list(sources[at : at + AT_ONCE])
