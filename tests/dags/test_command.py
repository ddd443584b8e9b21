"""What a task makes of the command's exit status, and what it leaves in its log."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.dags.in_airflow import in_airflow

CALL = """
from driftline_dags.command import DriftlineOperator
passing = (4,) if {passing} else ()
try:
    answer = ["returned", *DriftlineOperator(task_id="t").call("run", "my file.yaml", passing=passing)]
except Exception as error:
    answer = [type(error).__name__, str(error)]
"""

COMMAND = """#!/bin/sh
echo "$@" >> "$0.arguments"
env > "$0.environment"
echo 'a line on the way'
echo '{"event": "%s", "error": "it is so", "alerts": 3}' >&2
exit %d
"""


def call(tmp_path: Path, status: int, *, passing: bool = False) -> list[object]:
    command = tmp_path / "driftline"
    command.write_text(COMMAND % ("published" if status == 0 else "failed", status))
    command.chmod(0o755)
    answer: list[object] = in_airflow(
        tmp_path,
        CALL.format(passing=passing),
        DRIFTLINE_COMMAND=str(command),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/secret.db",
        DRIFTLINE_STORE="duckdb:///x",
    )
    return answer


def test_the_answer_is_the_last_event(tmp_path: Path) -> None:
    assert call(tmp_path, 0) == ["returned", 0, {"event": "published", "error": "it is so", "alerts": 3}]
    assert (tmp_path / "driftline.arguments").read_text() == "run my file.yaml --log-format json\n"


def test_the_command_sees_its_settings_and_none_of_airflow_s(tmp_path: Path) -> None:
    call(tmp_path, 0)
    environment = (tmp_path / "driftline.environment").read_text()
    assert "DRIFTLINE_STORE=duckdb:///x" in environment
    assert "SQL_ALCHEMY_CONN" not in environment


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (1, "AirflowFailException"),
        (2, "AirflowFailException"),
        (3, "AirflowFailException"),
        (4, "AirflowException"),
        (137, "AirflowException"),
    ],
)
def test_only_what_may_pass_is_tried_again(tmp_path: Path, status: int, kind: str) -> None:
    raised, message = call(tmp_path, status)
    assert raised == kind
    assert isinstance(message, str)
    assert f"ended with status {status}: it is so" in message
    assert message.splitlines()[-1].startswith("What to do: ")


def test_a_status_that_is_waited_for_is_no_failure(tmp_path: Path) -> None:
    assert call(tmp_path, 4, passing=True)[:2] == ["returned", 4]


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    raised, message = in_airflow(tmp_path, CALL.format(passing=False), DRIFTLINE_COMMAND="/no/driftline")
    assert raised == "AirflowFailException"
    assert "DRIFTLINE_COMMAND" in message
