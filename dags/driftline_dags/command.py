"""Call the ``driftline`` command and turn its exit status into what Airflow understands."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

COMMAND = "DRIFTLINE_COMMAND"
"""How the command is called, words as a shell splits them; ``driftline`` on the PATH by default."""
OUT_OF_REACH = 4
_IN_VAIN = {1, 2, 3}

_ADVICE = {
    1: "this is a defect in Driftline: report it with the log above, and what --debug prints.",
    2: (
        "correct the monitor file or the settings of the workers (`driftline validate MONITOR.yaml` tells "
        "whether they are right), then clear this task."
    ),
    3: (
        "mend the data that the message names, then clear this task. If published rows are gone on purpose, "
        "run `driftline run MONITOR.yaml --period … --allow-missing` once."
    ),
    OUT_OF_REACH: (
        "nothing was changed. It is tried again by itself; when that stays in vain, see that the store, the "
        "logs and S3 answer from this worker, then clear this task."
    ),
}
_KILLED = "the process was ended from outside (out of memory?): give the worker more, then clear this task."


class DriftlineOperator(BaseOperator):
    """A task that calls ``driftline``; subclasses say with what."""

    _process: SubprocessHook | None = None
    secrets: Mapping[str, str] = {}
    """Settings for the command's environment that nobody is to see."""

    def call(self, *arguments: str, passing: Sequence[int] = ()) -> tuple[int, dict[str, Any]]:
        """Run ``driftline ARGUMENTS`` with its output in the task's log.

        Returns its exit status, 0 or one of ``passing``, and its answer, the last event it told. Any other
        status fails the task: for good when a retry would not help.
        """
        words = [*shlex.split(os.environ.get(COMMAND) or "driftline"), *arguments, "--log-format", "json"]
        self._process = SubprocessHook()
        try:
            ended = self._process.run_command(words, env={**_environment(), **self.secrets})
        except FileNotFoundError as error:
            raise AirflowFailException(
                f"there is no command {words[0]!r} on this worker.\n"
                f"What to do: install Driftline there, or name the command in {COMMAND}."
            ) from error
        finally:
            self._process = None
        answer = _event(ended.output)
        if ended.exit_code == 0 or ended.exit_code in passing:
            return ended.exit_code, answer
        raise failure(arguments, ended.exit_code, answer)

    def on_kill(self) -> None:
        """Airflow gives the task up: so does the command. What it had not published stays invisible."""
        if self._process is not None:
            self._process.send_sigterm()


def failure(arguments: Sequence[str], status: int, answer: Mapping[str, Any]) -> Exception:
    """What to raise: of a kind that Airflow does not try again where that would be in vain."""
    said = answer.get("error", "see the log above")
    message = (
        f"`driftline {shlex.join(arguments)}` ended with status {status}: {said}\n"
        f"What to do: {_ADVICE.get(status, _KILLED)}"
    )
    kind: type[Exception] = AirflowFailException if status in _IN_VAIN else AirflowException
    return kind(message)


def _environment() -> dict[str, str]:
    """The worker's environment without Airflow's own settings: the command has no use for their secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
