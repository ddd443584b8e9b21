"""What is done for all monitors at once: late data, the store's upkeep, and the digests."""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import DAG, BaseOperator, Context, CronDataIntervalTimetable, conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from driftline_dags.command import DriftlineOperator
from driftline_dags.digest import digest_html, digest_subject
from driftline_dags.messages import page_link, send_written, webhook_of
from driftline_dags.monitor_files import as_local_file, monitor_sources, read_monitor
from driftline_dags.published import asset_of
from driftline_dags.scheduling import Scheduling
from driftline_schemas.errors import DriftlineError, TransientError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.window import load_zone

_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
Telling = Mapping[str, Sequence[str | None]]
"""How a monitor mails, and which connection it posts by."""
_OTHERS = "*"
"""Stands for the monitors that ``_airflow.yaml`` does not name."""
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


class CatchUp(MonitorCommand):
    """Runs again what late data has changed of one monitor, and tells people what follows from it: a loss is
    found by labels, which come late."""

    def __init__(
        self, *, telling: Mapping[str, Sequence[str | None]], connection: str, **kwargs: Any
    ) -> None:
        super().__init__(command="catch-up", **kwargs)
        self.telling = telling
        self.connection = connection

    def execute(self, context: Context) -> dict[str, Any]:
        """Call the commands; what ``catch-up`` answers is the task's result."""
        answer = super().execute(context)
        monitor = read_monitor(self.source).monitor
        if monitor is not None:
            mails, webhook = self.telling.get(monitor.monitor, self.telling[_OTHERS])
            for period in answer.get("periods", ()):
                window = monitor.calendar.parse(period)
                with as_local_file(self.source) as path:
                    words = ("notify", path, "--period", period, *page_link(monitor, window), "--channel")
                    if webhook is not None or monitor.notify.webhook is not None:
                        self.secrets = webhook_of(webhook)
                        self.call(*words, "webhook")
                    if mails == "each" and monitor.notify.email:
                        with tempfile.TemporaryDirectory(prefix="driftline-mail-") as folder:
                            written = self.call(*words, "email", "--mail-out", folder)[1]
                            send_written(self, written, self.connection)
        return answer


class SendWeekly(DriftlineOperator):
    """What was not told at once of a week: one mail per address, one post per webhook, over all monitors."""

    def __init__(
        self,
        *,
        folder: str,
        telling: Telling,
        connection: str,
        timezone: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.folder = folder
        self.telling = telling
        self.connection = connection
        self.timezone = timezone

    def execute(self, context: Context) -> int:
        """Send what is due; how many messages went out is the task's result."""
        mailed: list[str] = []
        posted: dict[str | None, list[str]] = {}
        for source in monitor_sources(self.folder):
            monitor = read_monitor(source).monitor
            if monitor is None:
                continue  # its own DAG says so
            mails, webhook = self.telling.get(monitor.monitor, self.telling[_OTHERS])
            if mails == "each" and monitor.notify.email:
                mailed.append(source)
            if webhook is not None or monitor.notify.webhook is not None:
                posted.setdefault(webhook, []).append(source)
        days = self._days(context)
        sent = 0
        for webhook, sources in posted.items():
            self.secrets = webhook_of(webhook)
            sent += len(self._digest(sources, days, "--channel", "webhook").get("sent", ()))
        self.secrets = {}
        with tempfile.TemporaryDirectory(prefix="driftline-mail-") as folder:
            words = ("--channel", "email", "--mail-out", folder)
            sent += send_written(self, self._digest(mailed, days, *words), self.connection)
        if not sent:
            raise AirflowSkipException("nothing to tell of these days")
        return sent

    def _digest(self, sources: Sequence[str], days: Sequence[str], *words: str) -> dict[str, Any]:
        if not sources:
            return {}
        with ExitStack() as files:
            paths = [files.enter_context(as_local_file(source)) for source in sources]
            return self.call("notify", *paths, "--digest", *days, *words)[1]

    def _days(self, context: Context) -> tuple[str, ...]:
        """The days of the run's interval; of a run by hand, which has none, the seven before it."""
        zone = load_zone(self.timezone)
        end = (context.get("data_interval_end") or context["dag_run"].run_after).astimezone(zone).date()
        start = context.get("data_interval_start")
        since = start.astimezone(zone).date() if start and context.get("data_interval_end") else end
        since = min(since, end - timedelta(days=1)) if since < end else end - timedelta(days=7)
        return ("--period", since.isoformat(), "--to", (end - timedelta(days=1)).isoformat())


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
        CatchUp.partial(
            task_id="catch_up",
            telling=_telling(scheduling),
            connection=scheduling.smtp_connection,
            pool=scheduling.defaults.pool,
            max_active_tis_per_dag=2,
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


def weekly_dag(settings: Settings, scheduling: Scheduling) -> DAG | None:
    """Tells once a week what was not told at once; None where nobody wants it."""
    if scheduling.digest.weekly is None:
        return None
    zone = scheduling.digest.timezone
    with _upkeep("weekly", scheduling.digest.weekly, "Tells what was not told at once.", zone) as dag:
        SendWeekly(
            task_id="send",
            folder=settings.monitors,
            telling=_telling(scheduling),
            connection=scheduling.smtp_connection,
            timezone=zone,
            pool=scheduling.defaults.pool,
        )
    return dag


def _telling(scheduling: Scheduling) -> dict[str, list[str | None]]:
    """How each monitor mails, and which connection it posts by, in types that Airflow can write down."""
    of = {**dict.fromkeys((_OTHERS,), scheduling.defaults), **scheduling.monitors}
    return {name: [one.mails, one.webhook_connection] for name, one in of.items()}


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
