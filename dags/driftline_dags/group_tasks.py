"""The tasks of a group's DAG: one call of the command for many small monitors, each with its own outcome.

What a run of a small monitor takes is mostly the start of a process; a call for fifty starts a few. Each task
is safe to repeat: what was published is replaced by the same.
"""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from airflow.sdk import AssetAlias, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from driftline_dags.command import OUT_OF_REACH, DriftlineOperator
from driftline_dags.monitor_files import as_local_file
from driftline_dags.published import asset_of, found_in
from driftline_dags.tasks import window_or_fail
from driftline_schemas.errors import DriftlineError, TransientError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

_WELL = frozenset({0, 10})
_ANY = (1, 2, 3, OUT_OF_REACH)


class GroupOperator(DriftlineOperator):
    """A task about one window of several monitors, whose files lie at ``sources``.

    ``monitors`` are all of the group, by where their files lie.
    """

    template_fields = ("sources",)

    def __init__(self, *, monitors: Mapping[str, Monitor], sources: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.monitors = monitors
        self.sources = sources

    def window(self, context: Context) -> Window:
        """The window of the task's run, the same for all of them."""
        return window_or_fail(context, self.monitors[self.sources[0]])

    def about_each(self, command: str, window: Window, *arguments: str) -> dict[str, Mapping[str, Any]]:
        """Call ``driftline COMMAND`` once for all of them; how each of them ended, by source."""
        period = self.monitors[self.sources[0]].calendar.label(window)
        try:
            with ExitStack() as files:
                paths = [files.enter_context(as_local_file(source)) for source in self.sources]
                status, answer = self.call(command, *paths, "--period", period, *arguments, passing=_ANY)
        except TransientError:
            raise
        except DriftlineError as error:
            raise AirflowFailException(str(error)) from error
        if len(paths) == 1:  # then it answers about that one alone
            return {self.sources[0]: {**answer, "exit_status": status}}
        by_path = {each["monitor_file"]: each for each in answer.get("each", ())}
        left_open = {"exit_status": status, "error": "the command ended before it came to this one"}
        return {
            source: by_path.get(path, left_open) for source, path in zip(self.sources, paths, strict=True)
        }

    def fail_for(self, failed: Mapping[str, Mapping[str, Any]]) -> None:
        """Fail the task for those that failed, if any: for good unless one of them may do better later."""
        if not failed:
            return
        messages = "\n".join(
            f"{self.monitors[source].monitor} (status {each['exit_status']}): {each.get('error')}"
            for source, each in failed.items()
        )
        message = (
            f"{len(failed)} of {len(self.sources)} monitors failed, the others went on:\n{messages}\n"
            "What to do: mend what the messages name, then clear this task. A monitor that fails for long "
            "can be taken out of its group in _airflow.yaml, and has a DAG of its own then."
        )
        again = any(each["exit_status"] == OUT_OF_REACH for each in failed.values())
        raise (AirflowException if again else AirflowFailException)(message)


class RunGroup(GroupOperator):
    """Reads the window's log of each monitor and publishes its figures."""

    def execute(self, context: Context) -> list[str]:
        """Publish; which monitors were, is the task's result."""
        found = self.about_each("run", self.window(context), "--engine", "local")
        self.fail_for({source: each for source, each in found.items() if each["exit_status"] not in _WELL})
        return [self.monitors[source].monitor for source in found]


class ReportGroup(GroupOperator):
    """Writes the pages, and tells those who wait for the monitors' assets what was found.

    It comes after the run however that ended: what was published is reported on. A monitor whose run failed
    has no page to be written; the run says so, and this task does not say it again.
    """

    def __init__(self, *, alias: str, **kwargs: Any) -> None:
        super().__init__(outlets=[AssetAlias(alias)], trigger_rule="all_done", **kwargs)
        self.alias = alias

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Write the pages; their verdicts are the task's result and the assets' extras."""
        window = self.window(context)
        found = self.about_each("report", window)
        failed = {source: each for source, each in found.items() if each["exit_status"] not in _WELL}
        if len(failed) == len(found) or any(e["exit_status"] in {1, OUT_OF_REACH} for e in failed.values()):
            self.fail_for(failed)
        events = []
        for source, each in found.items():
            if source in failed:
                self.log.warning("no page: %s", each.get("error"))
                continue
            monitor = self.monitors[source]
            events.append(found_in(monitor, window, each))
            context["outlet_events"][AssetAlias(self.alias)].add(asset_of(monitor.monitor), extra=events[-1])
        return events
