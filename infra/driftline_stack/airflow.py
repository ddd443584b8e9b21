"""Airflow with all its parts in one place, as ``airflow standalone`` runs them."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from driftline_stack.processes import Process, StackError, start, wait_for

ROOT = Path(__file__).resolve().parents[2]
USER = "admin"
POOL = "driftline"


def airflow_program(root: Path = ROOT) -> Path:
    """The ``airflow`` command of the environment that ``make setup`` fills."""
    program = root / ".venv-airflow" / "bin" / "airflow"
    if not program.exists():
        raise StackError(f"there is no {program}: run make setup")
    return program


def airflow_environment(
    home: Path, port: int, smtp_port: int, deployment: Mapping[str, str]
) -> dict[str, str]:
    """Everything Airflow is told, and with it the jobs it starts: ``deployment`` holds what is theirs."""
    smtp = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": smtp_port,
        # The catcher speaks plain SMTP; a real server does not want these two.
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "driftline@example.com"},
    }
    passed_on = {name: os.environ[name] for name in ("LANG", "TZ", "JAVA_HOME") if name in os.environ}
    return {
        **passed_on,
        "HOME": str(home),
        "PATH": f"{ROOT / '.venv-airflow' / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "infra" / "airflow" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Two tasks at a time: each starts a job that takes what cores there are.
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        # The port is told to both sides: tasks find the server by the second.
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__WORKERS": "1",
        # A monitor file that is dropped in shows within seconds.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(smtp),
        **deployment,
    }


def start_airflow(home: Path, port: int, environment: Mapping[str, str], password: str) -> Process:
    """Start it and wait until its server, scheduler, triggerer and DAG processor say that they are well."""
    folder, log = home / "airflow", home / "logs" / "airflow.log"
    folder.mkdir(exist_ok=True)
    passwords = folder / "simple_auth_manager_passwords.json.generated"
    passwords.touch(0o600)
    passwords.write_text(json.dumps({USER: password}))
    command: list[str | Path] = [airflow_program(), "standalone"]
    process = start("airflow", command, log=log, environment=environment, folder=folder)
    wait_for("Airflow", lambda: _healthy(port), process=process, log=log, seconds=180)
    _run(environment, folder, "pools", "set", POOL, "2", "what driftline tasks may do at once")
    return process


def _healthy(port: int) -> bool:
    address = f"http://127.0.0.1:{port}/api/v2/monitor/health"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            parts = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False
    return all(
        parts.get(part, {}).get("status") == "healthy"
        for part in ("metadatabase", "scheduler", "triggerer", "dag_processor")
    )


def _run(environment: Mapping[str, str], folder: Path, *words: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [airflow_program(), *words],
        env=dict(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"airflow {' '.join(words)} failed: {done.stderr[-2000:]}")
