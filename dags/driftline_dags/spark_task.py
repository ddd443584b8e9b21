"""The run of a window as a Spark application, submitted in client mode by Airflow's own operator.

Imported only where a monitor asks for Spark: the others need not pay for it.
"""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException

from driftline_dags.command import failure
from driftline_dags.monitor_files import as_local_file
from driftline_dags.published import page_address
from driftline_dags.tasks import ReportLink, window_or_fail
from driftline_schemas.monitor import Monitor

SUBMIT = "DRIFTLINE_SUBMIT"
"""The program that spark-submit runs; ``jobs/submit.py`` beside the DAG folder by default."""
WHEEL = "DRIFTLINE_WHEEL"
"""The wheel that travels to the executors; none where their image has Driftline."""
_STATUS = re.compile(r"Error code is: (\d+)")
_FAILED = re.compile(r'^.*?(\{.*"event": "failed".*\})\s*$', re.MULTILINE)


class SubmitWindow(SparkSubmitOperator):
    """Publishes the window from a cluster; exit statuses mean what they mean on one machine.

    The driver runs here, as client mode has it: in cluster mode its exit status would be lost.
    """

    operator_extra_links = (ReportLink(),)

    def __init__(self, *, monitor: Monitor, source: str, connection: str, **kwargs: Any) -> None:
        super().__init__(
            conn_id=connection,
            application=os.environ.get(SUBMIT) or str(Path(__file__).parents[2] / "jobs" / "submit.py"),
            py_files=os.environ.get(WHEEL) or None,
            name=f"driftline-{monitor.monitor}",
            deploy_mode="client",
            **kwargs,
        )
        self.monitor = monitor
        self.source = source
        self.page_address = ""

    def execute(self, context: Context) -> None:
        """Submit, and turn the exit status into what Airflow understands."""
        window = window_or_fail(context, self.monitor)
        self.page_address = page_address(self.monitor, window)
        period = self.monitor.calendar.label(window)
        with as_local_file(self.source) as path:
            arguments = ["run", path, "--period", period, "--engine", "spark"]
            self.application_args = [*arguments, "--log-format", "json"]
            try:
                super().execute(context)
            except AirflowException as error:
                status = _STATUS.search(str(error))
                if status is None:
                    raise
                raise failure(arguments, int(status[1]), _answer(str(error))) from error


def _answer(log: str) -> dict[str, Any]:
    """The event by which the command told of its failure, from the end of the log."""
    events = _FAILED.findall(log)
    try:
        answer = json.loads(events[-1]) if events else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
