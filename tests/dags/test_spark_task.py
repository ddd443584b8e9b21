"""A run that is submitted to Spark: what is submitted, and what its exit status means."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.dags.in_airflow import ROOT, in_airflow

SUBMIT = """
from datetime import datetime, timezone
from driftline_dags.monitor_files import read_monitor
from driftline_dags.spark_task import SubmitWindow
source = {source!r}
task = SubmitWindow(
    task_id="run", monitor=read_monitor(source).monitor, source=source, connection="spark_default",
    conf={{"spark.executor.memory": "1g"}},
)
context = {{"params": {{}}, "data_interval_start": datetime(2026, 3, 2, tzinfo=timezone.utc)}}
try:
    task.execute(context)
    answer = ["submitted", task.page_address]
except Exception as error:
    answer = [type(error).__name__, str(error)]
"""

FAKE = """#!/bin/sh
printf '%s\\n' "$@" > "{folder}/arguments"
echo '{{"event": "failed", "error": "it is so"}}'
exit {status}
"""

MONITOR = """
monitor: late
task: binary_classification
logs: {uri: s3://serving-logs/late/, timestamp: at, prediction: late}
reference: {window: [2026-01-01, 2026-02-01]}
"""


def submit(tmp_path: Path, status: int) -> list[str]:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "spark-submit").write_text(FAKE.format(folder=tmp_path, status=status))
    (binaries / "spark-submit").chmod(0o755)
    source = tmp_path / "late.yaml"
    source.write_text(MONITOR)
    answer: list[str] = in_airflow(
        tmp_path,
        SUBMIT.format(source=str(source)),
        PATH=f"{binaries}:/usr/bin:/bin",
        AIRFLOW_CONN_SPARK_DEFAULT='{"conn_type": "spark", "host": "spark://master", "port": 7077}',
        DRIFTLINE_WHEEL="/wheels/driftline.whl",
    )
    return answer


def test_what_is_submitted(tmp_path: Path) -> None:
    said, page = submit(tmp_path, 0)
    assert (said, page) == ("submitted", "/plugin/driftline/driftline/reports/late/day/2026-03-02.html")
    words = (tmp_path / "arguments").read_text().splitlines()
    assert words[words.index("--master") + 1] == "spark://master:7077"
    assert words[words.index("--py-files") + 1] == "/wheels/driftline.whl"
    assert "spark.executor.memory=1g" in words
    application = words.index(str(ROOT / "jobs" / "submit.py"))
    assert words[application + 1 :] == [
        *("run", str(tmp_path / "late.yaml"), "--period", "2026-03-02"),
        *("--engine", "spark", "--log-format", "json"),
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(2, "AirflowFailException"), (3, "AirflowFailException"), (4, "AirflowException")],
)
def test_its_exit_status_means_the_same(tmp_path: Path, status: int, kind: str) -> None:
    raised, message = submit(tmp_path, status)
    assert raised == kind
    assert f"ended with status {status}: it is so" in message
    assert message.splitlines()[-1].startswith("What to do: ")
