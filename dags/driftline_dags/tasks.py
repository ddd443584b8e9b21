"""The tasks of a monitor's DAG: wait for the log, run the window, report on it; see also ``messages``.

Each is safe to repeat: a run replaces its window whole, a report is made from the tables.
"""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import Asset, BaseOperatorLink, Context
from airflow.sdk.exceptions import AirflowFailException

from driftline_dags.command import OUT_OF_REACH, DriftlineOperator
from driftline_dags.monitor_files import as_local_file
from driftline_dags.published import found_in, page_address
from driftline_dags.windows import window_of
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window


def window_or_fail(context: Mapping[str, Any], monitor: Monitor) -> Window:
    """The window of a task's run; a period that names none fails the task for good."""
    try:
        return window_of(context, monitor)
    except ConfigError as error:
        raise AirflowFailException(f"{error}\nWhat to do: trigger a run with another period.") from error


class WindowOperator(DriftlineOperator):
    """A task about one window of one monitor, whose file lies at ``source``."""

    def __init__(self, *, monitor: Monitor, source: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.monitor = monitor
        self.source = source

    def about_window(
        self, command: str, window: Window, *arguments: str, passing: tuple[int, ...] = ()
    ) -> tuple[int, dict[str, Any]]:
        """Call ``driftline COMMAND MONITOR --period … ARGUMENTS``."""
        period = self.monitor.calendar.label(window)
        try:
            with as_local_file(self.source) as path:
                return self.call(command, path, "--period", period, *arguments, passing=passing)
        except TransientError:
            raise
        except DriftlineError as error:
            raise AirflowFailException(str(error)) from error


class WaitForLog(WindowOperator):
    """Succeeds when objects of the window have arrived in the log, or at the deadline without them.

    Between two looks the task is deferred and takes no worker. At the deadline the run goes on all the same,
    so that the window is published with what there is: a window without data is news, not nothing.
    """

    def __init__(self, *, deadline: timedelta, look_every: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deadline = deadline
        self.look_every = look_every

    def execute(self, context: Context) -> dict[str, Any]:
        """Look once; come back later unless there is something to read or no time left."""
        window = window_or_fail(context, self.monitor)
        status, answer = self.about_window("arrived", window, passing=(OUT_OF_REACH,))
        if status == 0:
            return {"arrived": True, "objects": answer.get("objects")}
        now, last = datetime.now(UTC), window.end + self.deadline
        if now >= last:
            self.log.warning("Nothing has arrived by %s: the window is published without data.", last)
            return {"arrived": False, "objects": 0}
        next_look = DateTimeTrigger(moment=min(now + self.look_every, last))
        return self.defer(trigger=next_look, method_name=self.look_again.__name__)  # type: ignore[no-any-return]

    def look_again(self, context: Context, event: object = None) -> dict[str, Any]:
        """The time to look has come; ``event`` is that time."""
        del event
        return self.execute(context)


class ReportLink(BaseOperatorLink):
    """The button on the run's task that opens its report."""

    name = "Report"

    def get_link(self, operator: object, *, ti_key: object) -> str:
        """The address that the task itself has left."""
        del ti_key
        return str(getattr(operator, "page_address", ""))


class RunWindow(WindowOperator):
    """Reads the window's log once, on the worker itself, and publishes its figures."""

    operator_extra_links = (ReportLink(),)

    page_address = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Publish; what was published is the task's result."""
        window = window_or_fail(context, self.monitor)
        self.page_address = page_address(self.monitor, window)
        return self.about_window("run", window, "--engine", "local")[1]


class ReportWindow(WindowOperator):
    """Writes the page, and emits the event of the monitor's asset, with what was found."""

    operator_extra_links = (ReportLink(),)

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        super().__init__(outlets=[asset], **kwargs)
        self.asset = asset
        self.page_address = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the page; how the window stands is the task's result and the asset's extra."""
        window = window_or_fail(context, self.monitor)
        self.page_address = page_address(self.monitor, window)
        answer = self.about_window("report", window)[1]
        found = found_in(self.monitor, window, answer)
        context["outlet_events"][self.asset].extra = found
        return found
