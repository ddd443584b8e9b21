"""A monitor file as a DAG: wait_for_log >> run >> report >> [mail, webhook]."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator, Param
from airflow.sdk.exceptions import AirflowFailException
from driftline_airflow.timetable import WindowTimetable

from driftline_dags.describe import doc_md
from driftline_dags.messages import MailChanges, PostChanges
from driftline_dags.published import asset_of, dag_id_of
from driftline_dags.scheduling import MonitorScheduling
from driftline_dags.tasks import ReportWindow, RunWindow, WaitForLog
from driftline_dags.windows import PERIOD
from driftline_schemas.errors import DriftlineError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

_LONGEST_WAIT = timedelta(hours=1)
# A backfill reaches no further back than a DAG's start.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def monitor_dag(
    monitor: Monitor, source: str, scheduling: MonitorScheduling, settings: Settings, smtp_connection: str
) -> DAG:
    """The DAG of one monitor."""
    dag = DAG(
        dag_id_of(monitor.monitor),
        description=" ".join(monitor.description.split())[:300] or None,
        schedule=WindowTimetable(monitor.granularity.value, monitor.timezone, scheduling.delay),
        start_date=scheduling.start or _LONG_AGO,
        catchup=scheduling.start is not None,
        max_active_runs=scheduling.max_active_runs,
        is_paused_upon_creation=scheduling.paused,
        tags={"driftline", monitor.task, monitor.granularity.value},
        params={PERIOD: window_param()},
        doc_md=doc_md(monitor, source, scheduling, settings),
        default_args=retrying(scheduling, monitor.owner),
    )
    with dag:
        about: dict[str, Any] = {"monitor": monitor, "source": source}
        wait = WaitForLog(
            task_id="wait_for_log", deadline=scheduling.deadline, look_every=scheduling.look_every, **about
        )
        run = _run_task(scheduling, about)
        report = ReportWindow(
            task_id="report", asset=asset_of(monitor.monitor), pool=scheduling.pool, **about
        )
        wait >> run >> report
        telling = {**about, "backfills": scheduling.mail_backfills, "pool": scheduling.pool}
        if scheduling.mails == "each" and monitor.notify.email:
            report >> MailChanges(task_id="mail", connection=smtp_connection, **telling)
        if monitor.notify.webhook is not None or scheduling.webhook_connection is not None:
            report >> PostChanges(task_id="webhook", connection=scheduling.webhook_connection, **telling)
    return dag


def window_param() -> Param:
    """By which a person names the window of a run started by hand."""
    return Param(
        None,
        type=["null", "string"],
        title="Period",
        description="Start of the window: 2013-07-01, 2013-07-01T05. Empty: the last that ended.",
    )


def retrying(scheduling: MonitorScheduling, owner: str) -> dict[str, Any]:
    """What all tasks of a DAG have in common: whose they are, and when they are tried again."""
    return {
        "owner": owner or "driftline",
        "retries": scheduling.retries,
        "retry_delay": scheduling.retry_after,
        "retry_exponential_backoff": True,
        "max_retry_delay": _LONGEST_WAIT,
        "execution_timeout": scheduling.timeout,
    }


def _run_task(scheduling: MonitorScheduling, about: dict[str, Any]) -> BaseOperator:
    if scheduling.engine == "local":
        return RunWindow(task_id="run", pool=scheduling.pool, **about)
    from driftline_dags.spark_task import SubmitWindow

    return SubmitWindow(
        task_id="run",
        pool=scheduling.pool,
        connection=scheduling.spark_connection,
        conf=dict(scheduling.spark_conf),
        **about,
    )


class BrokenFile(BaseOperator):
    """Fails with what is wrong with a file."""

    def __init__(self, *, error: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.error = error

    def execute(self, context: object) -> None:
        """Fail for good: a retry reads the same file."""
        del context
        raise AirflowFailException(
            f"{self.error}\nWhat to do: correct the file (`driftline validate` tells whether it is right); "
            "its DAG takes the place of this one when Airflow next reads the folder."
        )


def broken_dag(dag_id: str, source: str, error: DriftlineError) -> DAG:
    """The DAG that stands for a file which is no monitor. It runs when somebody triggers it."""
    with DAG(
        dag_id,
        description=f"{source} cannot be read",
        schedule=None,
        tags={"driftline", "broken"},
        doc_md=f"This file cannot be read:\n\n```\n{str(error).replace('```', '')}\n```",
    ) as dag:
        BrokenFile(task_id="read_monitor_file", error=str(error), retries=0)
    return dag
