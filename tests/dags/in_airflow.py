"""Run a few lines in Airflow's own environment, where pytest is not, and bring their answer back."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_ANSWER = "answer:"


def in_airflow(home: Path, code: str, **environment: str) -> Any:
    """What ``code`` leaves as ``answer`` (JSON), in a process with ``home`` as Airflow's folder."""
    script = textwrap.dedent(code) + f"\nimport json\nprint({_ANSWER!r} + json.dumps(answer))\n"
    done = subprocess.run(
        [ROOT / ".venv-airflow" / "bin" / "python", "-c", script],
        env=_environment(home, environment),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith(_ANSWER)]
    assert answers, done.stdout + done.stderr
    return json.loads(answers[-1].removeprefix(_ANSWER))


def _environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    folders = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "infra" / "airflow" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # of this tree, whichever one is installed
        "PYTHONPATH": ":".join(str(ROOT / part) for part in ("dags", "schemas", "infra/airflow/plugins")),
    }
    return {**kept, **folders, **more}
