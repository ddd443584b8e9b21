"""What is done for all monitors at once: late data, the store's upkeep, and the digest."""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import DAG, BaseOperator, Context, CronDataIntervalTimetable, conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from driftline_dags.command import DriftlineOperator
from driftline_dags.digest import digest_html, digest_subject
from driftline_dags.monitor_files import as_local_file, monitor_sources
from driftline_dags.published import asset_of
from driftline_dags.scheduling import Scheduling
from driftline_schemas.errors import DriftlineError, TransientError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
_RETRIES = {"retries": 3, "retry_delay": timedelta(minutes=2), "retry_exponential_backoff": True}


class ListMonitors(BaseOperator):
    """The monitor files there are now: the tasks after it are as many."""

    def __init__(self, *, folder: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = folder

    def execute(self, context: Context) -> list[str]:
        """Their paths or addresses, by name."""
        del context
        try:
            return monitor_sources(self.folder)
        except TransientError:
            raise
        except DriftlineError as error:
            raise AirflowFailException(str(error)) from error


class MonitorCommand(DriftlineOperator):
    """One command about one monitor file; after ``catch-up`` the pages of its windows are written anew."""

    template_fields = ("source",)

    def __init__(self, *, command: str, source: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.source = source

    def execute(self, context: Context) -> dict[str, Any]:
        """Call the command; its answer is the task's result."""
        del context
        with as_local_file(self.source) as path:
            answer = self.call(self.command, path)[1]
            for period in answer.get("periods", ()) if self.command == "catch-up" else ():
                self.call("report", path, "--period", period)
        return answer


class StoreCommand(DriftlineOperator):
    """``driftline store WORDS``."""

    def __init__(self, *, words: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = tuple(words)

    def execute(self, context: Context) -> dict[str, Any]:
        """Call the command; its answer is the task's result."""
        del context
        return self.call("store", *self.words)[1]


class SendDigest(BaseOperator):
    """One mail to one address about every window that its monitors published in the DAG run's interval."""

    template_fields = ("address",)

    def __init__(
        self, *, address: str, monitors: Mapping[str, Sequence[str]], connection: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.address = address
        self.monitors = monitors
        self.connection = connection

    def execute(self, context: Context) -> None:
        """Gather what the monitors' assets tell, and send it unless there is nothing to tell."""
        # A digest that is asked for by hand has no interval: it is about the day before.
        end = context.get("data_interval_end") or context["dag_run"].run_after
        start = context.get("data_interval_start") or end - timedelta(days=1)
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for monitor in self.monitors[self.address]:
            events = (
                context["inlet_events"][asset_of(monitor)].after(start.isoformat()).before(end.isoformat())
            )
            # A window that was published twice is told of once, as it stands.
            found |= {(monitor, event.extra["window_start"]): event.extra for event in events}
        published = list(found.values())
        if not published:
            raise AirflowSkipException(f"nothing to tell {self.address}: no window was published")
        with SmtpHook(smtp_conn_id=self.connection) as smtp:
            smtp.send_email_smtp(
                to=self.address,
                subject=digest_subject(published),
                html_content=digest_html(published, conf.get("api", "base_url", fallback="")),
            )


def catch_up_dag(settings: Settings, scheduling: Scheduling) -> DAG:
    """Runs the windows whose log or labels came late, of every monitor."""
    with _upkeep("catch_up", scheduling.upkeep.catch_up, "Runs again what late data has changed.") as dag:
        sources = ListMonitors(task_id="list_monitors", folder=settings.monitors)
        MonitorCommand.partial(
            task_id="catch_up", command="catch-up", pool=scheduling.defaults.pool, max_active_tis_per_dag=2
        ).expand(source=sources.output)
    return dag


def maintenance_dag(settings: Settings, scheduling: Scheduling) -> DAG:
    """Looks after the store, and holds every monitor file to its log."""
    keep = scheduling.upkeep.keep
    about = f"Brings the store up to date, removes rows replaced more than {keep} ago, checks every monitor."
    with _upkeep("maintenance", scheduling.upkeep.maintenance, about) as dag:
        pool = scheduling.defaults.pool
        migrate = StoreCommand(task_id="migrate_store", words=("migrate",), pool=pool)
        migrate >> StoreCommand(task_id="prune_store", words=("prune", "--keep", keep), pool=pool)
        sources = ListMonitors(task_id="list_monitors", folder=settings.monitors)
        MonitorCommand.partial(task_id="validate", command="validate", max_active_tis_per_dag=2).expand(
            source=sources.output
        )
    return dag


def digest_dag(monitors: Iterable[Monitor], scheduling: Scheduling) -> DAG | None:
    """Mails each address one digest of all its monitors; None when no monitor asks for that."""
    readers: dict[str, list[str]] = {}
    for monitor in monitors:
        if scheduling.of(monitor.monitor).mails == "digest":
            for address in monitor.notify.email:
                readers.setdefault(address, []).append(monitor.monitor)
    if not readers:
        return None
    digested = sorted({name for names in readers.values() for name in names})
    with _upkeep(
        "digest", scheduling.digest.at, "One mail for many monitors.", scheduling.digest.timezone
    ) as dag:
        SendDigest.partial(
            task_id="send",
            monitors=readers,
            connection=scheduling.smtp_connection,
            inlets=[asset_of(name) for name in digested],
        ).expand(address=sorted(readers))
    return dag


def _upkeep(name: str, cron: str, about: str, zone: str = "UTC") -> DAG:
    return DAG(
        f"driftline_{name}",
        description=about,
        schedule=CronDataIntervalTimetable(cron, timezone=zone),
        start_date=_SINCE,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags={"driftline", "upkeep"},
        default_args={"owner": "driftline", **_RETRIES},
    )
