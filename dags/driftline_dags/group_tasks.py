"""The tasks of a group's DAG: one call of the command for many small monitors, each with its own outcome.

What a run of a small monitor takes is mostly the start of a process; a call for fifty starts a few. Each task
is safe to repeat: what was published is replaced by the same.
"""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from airflow.sdk import AssetAlias, BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from driftline_dags.command import OUT_OF_REACH, DriftlineOperator
from driftline_dags.messages import skip_backfill, webhook_of
from driftline_dags.monitor_files import as_local_file, read_monitor
from driftline_dags.published import asset_of, found_in
from driftline_dags.tasks import window_or_fail
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor

AT_ONCE = 50
"""Monitors of one task: enough that the start of a process weighs little, few enough that a retry does."""
_WELL = frozenset({0, 10})
_ANY = (1, 2, 3, OUT_OF_REACH)
FAILED = "failed"
"""The XCom that names the monitors which failed, with what was said of each."""

Outcome = Mapping[str, Any]


class GroupMembers(BaseOperator):
    """Which monitors a DAG run is about, a few at a time: settled once, whatever becomes of the files."""

    def __init__(self, *, sources: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sources = sources

    def execute(self, context: Context) -> list[list[str]]:
        """Where their files lie, in batches."""
        del context
        return [list(self.sources[at : at + AT_ONCE]) for at in range(0, len(self.sources), AT_ONCE)]


class GroupOperator(DriftlineOperator):
    """A task about one window of the monitors whose files lie at ``sources``."""

    template_fields = ("sources",)

    def __init__(self, *, sources: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sources = sources

    def about_each(
        self, command: str, context: Context, *arguments: str, sources: Sequence[str] | None = None
    ) -> dict[str, Outcome]:
        """Call ``driftline COMMAND`` once for all of them, or for ``sources``; how each ended, by source."""
        found: dict[str, Outcome] = {}
        with ExitStack() as files:
            paths: dict[str, str] = {}
            for source in self.sources if sources is None else sources:
                try:
                    paths[source] = files.enter_context(as_local_file(source))
                except ConfigError as error:  # the file of one is gone, or refused
                    found[source] = {"exit_status": error.exit_code, "error": str(error)}
            monitors = self.monitors()
            if paths and monitors:
                first = next(iter(monitors.values()))
                period = first.calendar.label(window_or_fail(context, first))
                status, answer = self.call(
                    command, *paths.values(), "--period", period, *arguments, passing=_ANY
                )
                found |= _by_source(paths, status, answer)
        return found

    def monitors(self) -> dict[str, Monitor]:
        """Those whose files can be read, by source."""
        read = ((source, read_monitor(source).monitor) for source in self.sources)
        return {source: monitor for source, monitor in read if monitor is not None}

    def noted(self, context: Context, found: Mapping[str, Outcome]) -> dict[str, Outcome]:
        """Those that failed; ``FAILED`` names them for the tasks that come after."""
        failed = {source: one for source, one in found.items() if one["exit_status"] not in _WELL}
        context["ti"].xcom_push(FAILED, {source: _said(one) for source, one in failed.items()})
        return failed


class RunGroup(GroupOperator):
    """Reads the window's log of each monitor and publishes its figures."""

    def execute(self, context: Context) -> list[str]:
        """Publish; where the files of those lie that were published is the task's result."""
        found = self.about_each("run", context, "--engine", "local")
        failed = self.noted(context, found)
        if failed:
            raise _failure(failed, len(found))
        return sorted(found)


class ReportGroup(GroupOperator):
    """Writes the pages, and emits the events of the monitors' assets, with what was found.

    It comes after the run however that ended: what was published is reported on. Of a monitor whose run
    failed the page is written too, if there is one to write, and no event is emitted again.
    """

    def __init__(self, *, alias: str, **kwargs: Any) -> None:
        super().__init__(outlets=[AssetAlias(alias)], trigger_rule="all_done", **kwargs)
        self.alias = alias

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Write the pages; how the windows stand is the task's result and the assets' extras."""
        found = self.about_each("report", context)
        failed = self.noted(context, found)
        not_run = _failed_in(context, "run")
        transient = any(one["exit_status"] == OUT_OF_REACH for one in failed.values())
        if transient and context["ti"].try_number <= (context["ti"].max_tries or 0):
            raise _failure(failed, len(found))
        events = []
        for source, monitor in self.monitors().items():
            if source in failed or source in not_run or source not in found:
                continue
            events.append(found_in(monitor, window_or_fail(context, monitor), found[source]))
            context["outlet_events"][AssetAlias(self.alias)].add(asset_of(monitor.monitor), extra=events[-1])
        return events


class PostGroup(GroupOperator):
    """Posts what has changed to the webhooks of those monitors that have one, or to that of a connection."""

    def __init__(self, *, connection: str | None, backfills: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connection = connection
        self.backfills = backfills

    def execute(self, context: Context) -> int:
        """Post what is due of those that have a page; how many messages went out is the task's result."""
        skip_backfill(context, allowed=self.backfills)
        without = {**_failed_in(context, "run"), **_failed_in(context, "report")}
        asking = [
            source
            for source, monitor in self.monitors().items()
            if source not in without and (self.connection or monitor.notify.webhook is not None)
        ]
        self.secrets = webhook_of(self.connection)
        found = self.about_each("notify", context, "--channel", "webhook", sources=asking)
        failed = {source: one for source, one in found.items() if one["exit_status"] not in _WELL}
        if failed:
            raise _failure(failed, len(found))
        return sum(len(one.get("sent", ())) for one in found.values())


class GroupOutcome(BaseOperator):
    """The last task: fails where a monitor has no page of its window, so that the DAG run is not taken for
    well. Where a run failed, it is not even reached."""

    def execute(self, context: Context) -> None:
        """Fail for good, with what was said of each."""
        failed = _failed_in(context, "report")
        if failed:
            raise AirflowFailException(
                f"{len(failed)} pages were not written:\n" + "\n".join(failed.values()) + f"\n{_WHAT_TO_DO}"
            )


_WHAT_TO_DO = (
    "What to do: mend what the messages name, then clear this task and those before it. A monitor that fails "
    "for long can be taken out of its group in _airflow.yaml, and has a DAG of its own then."
)


def _by_source(paths: Mapping[str, str], status: int, answer: Mapping[str, Any]) -> dict[str, Outcome]:
    if len(paths) == 1:  # then the command answers about that one alone
        return {source: {**answer, "exit_status": status} for source in paths}
    by_path = {str(Path(one["monitor_file"])): one for one in answer.get("each", ())}
    left_open: Outcome = {
        "exit_status": status or 1,
        "error": answer.get("error") or "the command did not say how this one ended: see the log above",
    }
    return {source: by_path.get(str(Path(path)), left_open) for source, path in paths.items()}


def _failed_in(context: Context, task: str) -> Mapping[str, str]:
    """What ``FAILED`` of the task before, of the same monitors, names."""
    ti = context["ti"]
    group = ti.task_id.rpartition(".")[0]
    task_id = f"{group}.{task}" if group else task
    found = ti.xcom_pull(task_ids=task_id, key=FAILED, map_indexes=ti.map_index)
    return found if isinstance(found, Mapping) else {}


def _said(one: Outcome) -> str:
    return f"status {one['exit_status']}: {one.get('error') or 'see the log'}"


def _failure(failed: Mapping[str, Outcome], count: int) -> Exception:
    """For good, unless one of them may do better later."""
    messages = "\n".join(f"{source}: {_said(one)}" for source, one in failed.items())
    message = f"{len(failed)} of {count} monitors failed, the others went on:\n{messages}\n{_WHAT_TO_DO}"
    again = any(one["exit_status"] == OUT_OF_REACH for one in failed.values())
    kind: type[Exception] = AirflowException if again else AirflowFailException
    return kind(message)
