"""Many small monitors as one DAG: run >> report >> outcome, mapped over a few of them at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from airflow.sdk import DAG, task_group
from driftline_airflow.timetable import WindowTimetable

from driftline_dags.describe import group_doc_md
from driftline_dags.group_tasks import GroupMembers, GroupOutcome, PostGroup, ReportGroup, RunGroup
from driftline_dags.monitor_dag import retrying, window_param
from driftline_dags.scheduling import MonitorScheduling
from driftline_dags.windows import PERIOD
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

PREFIX = "driftline_group__"
"""No monitor's DAG begins like this: theirs have two underscores after the first word."""
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
        doc_md=group_doc_md(name, members, settings),
        default_args=retrying(scheduling, (owners.pop() or "") if len(owners) == 1 else ""),
    )
    with dag:
        listed = GroupMembers(task_id="members", sources=sorted(members))

        @task_group(group_id="monitors")
        def monitors(sources: Sequence[str]) -> None:
            run = RunGroup(task_id="run", sources=sources, pool=scheduling.pool)
            report = ReportGroup(task_id="report", sources=sources, alias=PREFIX + name, pool=scheduling.pool)
            outcome = GroupOutcome(task_id="outcome", retries=0)
            run >> report >> outcome
            run >> outcome
            if scheduling.webhook_connection or any(one.notify.webhook for one in members.values()):
                report >> PostGroup(
                    task_id="webhook",
                    sources=sources,
                    connection=scheduling.webhook_connection,
                    backfills=scheduling.mail_backfills,
                    pool=scheduling.pool,
                )

        monitors.expand(sources=listed.output)
    return dag


def schedule_of(monitor: Monitor, scheduling: MonitorScheduling) -> tuple[tuple[str, object], ...]:
    """What the members of a group have in common."""
    shared = ((name, getattr(scheduling, name)) for name in _SHARED)
    return (("granularity", monitor.granularity.value), ("timezone", monitor.timezone), *shared)


def misfit(
    monitor: Monitor, group: str, own: tuple[tuple[str, object], ...], usual: tuple[tuple[str, object], ...]
) -> ConfigError:
    """Why a monitor cannot be in a group whose other members have the ``usual`` schedule."""
    what, differs, others = next(
        (name, one, other) for (name, one), (_, other) in zip(own, usual, strict=True) if one != other
    )
    return ConfigError(
        f"the monitor {monitor.monitor!r} cannot be in the group {group!r}: its {what} is {differs}, that of "
        f"the others {others}. Write the same, or give it another group or none"
    )


_SHARED = (
    "delay",
    "timeout",
    "retries",
    "retry_after",
    "pool",
    "max_active_runs",
    "start",
    "paused",
    "webhook_connection",
    "mail_backfills",
)
