"""Airflow, each part a process: what ``airflow standalone`` runs, but on Postgres and on 127.0.0.1 alone."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from driftline_stack.processes import Process, StackError, start, wait_for

ROOT = Path(__file__).resolve().parents[2]
USER = "admin"
POOL = "driftline"
SLOTS = 2
# Each would serve its tasks' logs on every address of the machine; the API server reads them from the folder.
_PARTS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


def airflow_program(root: Path = ROOT) -> Path:
    """The ``airflow`` command of the environment that ``make setup`` fills."""
    program = root / ".venv-airflow" / "bin" / "airflow"
    if not program.exists():
        raise StackError(f"there is no {program}: run make setup")
    return program


def airflow_environment(
    home: Path, port: int, smtp_port: int, database: str, deployment: Mapping[str, str]
) -> dict[str, str]:
    """Everything Airflow is told, and with it the jobs it starts: ``deployment`` holds what is theirs.

    ``database`` is the URL of an empty Postgres database, or of the one that an earlier start has filled.
    """
    smtp = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": smtp_port,
        # The catcher speaks plain SMTP; a real server does not want these two.
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "driftline@example.com"},
    }
    passed_on = {name: os.environ[name] for name in ("LANG", "TZ", "JAVA_HOME") if name in os.environ}
    own = {
        **passed_on,
        "HOME": str(home),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "AIRFLOW_HOME": str(home / "airflow"),
        # With SQLite, one writer at a time, a busy machine makes the server answer "database is locked".
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.replace("postgresql://", "postgresql+psycopg2://", 1),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "infra" / "airflow" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Two tasks at a time: each starts a job that takes what cores there are.
        "AIRFLOW__CORE__PARALLELISM": str(SLOTS),
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
        # A slot may stay taken for this long after a task's end: its supervisor can oversleep the end itself.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(smtp),
    }
    reported = {**own, **deployment}
    reported["PATH"] = f"{ROOT / '.venv-airflow' / 'bin'}:{reported['PATH']}"
    return reported


def prepare_airflow(home: Path, environment: Mapping[str, str], password: str) -> None:
    """Make its tables, or bring them up to date, and set the password of ``USER``."""
    folder = home / "airflow"
    folder.mkdir(exist_ok=True)
    passwords = folder / "simple_auth_manager_passwords.json.generated"
    passwords.touch(0o600)
    passwords.write_text(json.dumps({USER: password}))
    # Alone and first: it writes the configuration with the secrets that the parts share.
    done = subprocess.run(  # noqa: S603 - our own words
        [airflow_program(), "db", "migrate"],
        env=dict(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"airflow db migrate failed: {done.stderr[-2000:]}")


def start_airflow(home: Path, environment: Mapping[str, str]) -> list[Process]:
    """Start the parts of an Airflow that was prepared; ``await_airflow`` waits until they are well."""
    logs = home / "logs"
    return [
        start(
            part,
            [airflow_program(), *words],
            log=logs / f"{part}.log",
            environment=environment,
            folder=home / "airflow",
        )
        for part, words in _PARTS.items()
    ]


def await_airflow(home: Path, port: int, parts: list[Process], password: str) -> None:
    """Wait until every part says that it is well, and make the pool that the tasks take slots of."""

    def well() -> bool:
        for part in parts:
            if not part.running:
                end = (home / "logs" / f"{part.name}.log").read_text(errors="replace")[-2000:]
                raise StackError(f"Airflow's {part.name} has ended:\n{end}")
        return _healthy(port)

    server = parts[0]
    wait_for("Airflow", well, process=server, log=home / "logs" / f"{server.name}.log", seconds=180)
    token = _ask(port, "POST", "/auth/token", {"username": USER, "password": password})["access_token"]
    pool = {"name": POOL, "slots": SLOTS, "description": "what driftline tasks may do at once"}
    try:
        _ask(port, "POST", "/api/v2/pools", {**pool, "include_deferred": False}, token)
    except urllib.error.HTTPError as error:
        if error.code != 409:  # there since an earlier start
            raise StackError(f"Airflow made no pool: {error.read().decode()}") from error


def _healthy(port: int) -> bool:
    try:
        parts = _ask(port, "GET", "/api/v2/monitor/health")
    except (urllib.error.URLError, OSError, ValueError):
        return False
    return all(
        parts.get(part, {}).get("status") == "healthy"
        for part in ("metadatabase", "scheduler", "triggerer", "dag_processor")
    )


def _ask(port: int, method: str, path: str, body: object = None, token: str | None = None) -> Any:  # noqa: ANN401
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
        return json.load(answer)
