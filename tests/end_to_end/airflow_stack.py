"""The stack of ``make up``, started for the tests: what they ask of its Airflow, S3, Postgres and mail."""

from __future__ import annotations

import http.client
import io
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
ROWS = 400
FIRST = date(2026, 3, 2)
REFERENCE = FIRST - timedelta(days=7)
# What differs between two runs of the same window: who, when, and how long it took.
_OF_THE_RUN = {"run_id"}
METRIC_TABLES = (
    "profile_metrics",
    "drift_metrics",
    "quality_metrics",
    "performance_metrics",
    "attributions",
    "alerts",
)

MONITOR = """
monitor: {name}
owner: ml@example.com
task: binary_classification
logs: {{uri: s3://serving-logs/{name}/, timestamp: at, prediction: late, score: p, prediction_id: id}}
labels: {{column: was_late}}
features: {{categorical: [carrier], numeric: [distance]}}
segments: [carrier]
reference: {{window: [{reference}, {first}]}}
alerts: {{min_rows: 50}}
notify: {{email: [team@example.com], when: always}}
"""


class RefusedError(OSError):
    """An answer of Airflow's server that is none; the message holds what the server said."""

    def __init__(self, request: str, status: int, body: str) -> None:
        super().__init__(f"{request} -> {status}: {body}")
        self.status = status


@dataclass(frozen=True)
class Stack:
    """A running stack, as ``stack.json`` describes it."""

    home: Path
    facts: Mapping[str, Any]

    # S3

    def s3(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.facts["s3"],
            aws_access_key_id=self.facts["s3_key"],
            aws_secret_access_key=self.facts["s3_secret"],
            region_name="us-east-1",
        )

    def put_day(self, name: str, day: date, *, shifted: float = 0.0, rows: int = ROWS) -> None:
        """One day of a small log, the same for the same day."""
        buffer = io.BytesIO()
        pq.write_table(day_of_log(day, rows, shifted), buffer)
        self.s3().put_object(
            Bucket="serving-logs", Key=f"{name}/dt={day}/part-0.parquet", Body=buffer.getvalue()
        )

    def page(self, name: str, day: date) -> bytes:
        body: bytes = self.s3().get_object(Bucket="reports", Key=f"{name}/day/{day}.html")["Body"].read()
        return body

    # Monitors

    def add_monitor(self, name: str, reference: date, first: date, **scheduling: object) -> Path:
        """Drop a monitor file in; ``scheduling`` becomes its part of ``_airflow.yaml``.

        Unless that has a ``start``, be it None, the scheduler runs no window by itself.
        """
        monitors = Path(self.facts["monitors"])
        settings = monitors / "_airflow.yaml"
        known = json.loads(settings.read_text()) if settings.exists() else {"monitors": {}}
        known["defaults"] = {"pool": "driftline", "retry_after": "1min"}
        not_yet = str(datetime.now(UTC).date() + timedelta(days=2))
        known["monitors"][name] = {"start": not_yet, **scheduling}
        # JSON is YAML.
        settings.write_text(json.dumps(known))
        path = monitors / f"{name}.yaml"
        path.write_text(MONITOR.format(name=name, reference=reference, first=first))
        return path

    # Airflow

    def status(self, path: str, *, logged_in: bool = True) -> int:
        """What Airflow's server answers to a browser that asks for ``path`` as it stands."""
        connection = http.client.HTTPConnection(self.facts["airflow"].removeprefix("http://"), timeout=30)
        headers = {"Cookie": f"_token={self._token}"} if logged_in else {}
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def api(self, path: str, method: str = "GET", body: object = None) -> Any:
        """Airflow's public API."""
        return self._ask(f"/api/v2{path}", self._token, body, method)

    @cached_property
    def _token(self) -> str:
        user = {"username": self.facts["airflow_user"], "password": self.facts["airflow_password"]}
        return str(self._ask("/auth/token", None, user)["access_token"])

    def _ask(self, path: str, token: str | None, body: object, method: str = "POST") -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.facts["airflow"] + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise RefusedError(f"{method} {path}", error.code, error.read().decode()) from error
        return json.loads(content) if content else None

    def wait_for_dag(self, name: str, prefix: str = "driftline__") -> None:
        """Until Airflow knows the monitor's DAG; its turn to be parsed comes at once."""

        def there() -> bool:
            try:
                self.api(f"/dags/{prefix}{name}")
            except RefusedError as error:
                if error.status == 404:
                    return False
                raise
            return True

        if not there():
            token = self.api("/dags/driftline_catch_up/details")["file_token"]
            self.api(f"/parseDagFile/{token}", "PUT")
        until(there, f"the DAG of {name}", 60)

    def trigger(self, name: str, day: date | None) -> str:
        """Start a run for one window; returns its id."""
        return self.start_run(f"driftline__{name}", {} if day is None else {"period": str(day)})

    def start_run(self, dag_id: str, conf: Mapping[str, object]) -> str:
        """Start one run of a DAG; returns its id.

        A server that stumbles is asked again: since the id is ours, a run that it started after all is
        refused as one that there is, and not started twice.
        """
        run_id = f"by_hand_{secrets.token_hex(6)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        for attempt in range(4):
            try:
                self.api(f"/dags/{dag_id}/dagRuns", "POST", body)
            except RefusedError as error:
                if error.status == 409 and attempt:
                    break
                if error.status < 500 or attempt == 3:
                    raise
                time.sleep(1)
            else:
                break
        return run_id

    def run_upkeep(self, dag_id: str, seconds: float = 150) -> dict[str, str]:
        """Run one of the DAGs over all monitors to its end; the state of its tasks."""
        path = f"/dags/{dag_id}/dagRuns/{self.start_run(dag_id, {})}"
        until(lambda: self.api(path)["state"] in {"success", "failed"}, f"a run of {dag_id}", seconds)
        found = self.api(f"{path}/taskInstances?limit=100")["task_instances"]
        return {f"{task['task_id']} {task['map_index']}": task["state"] for task in found}

    def runs(self, name: str) -> dict[str, str]:
        """The state of every run of a monitor's DAG, by id."""
        found = self.api(f"/dags/driftline__{name}/dagRuns?limit=100")["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def tasks(self, name: str, run_id: str) -> dict[str, str]:
        """The state of each task of a run."""
        path = f"/dags/driftline__{name}/dagRuns/{quote(run_id)}/taskInstances"
        return {task["task_id"]: task["state"] for task in self.api(path)["task_instances"]}

    def result(self, name: str, run_id: str, task: str) -> Any:
        """What a task returned."""
        path = (
            f"/dags/driftline__{name}/dagRuns/{quote(run_id)}/taskInstances/{task}/xcomEntries/return_value"
        )
        value = self.api(path)["value"]
        return json.loads(value) if isinstance(value, str) else value

    def log(self, name: str, run_id: str, task: str) -> str:
        """The log of a task's first attempt."""
        path = f"/dags/driftline__{name}/dagRuns/{quote(run_id)}/taskInstances/{task}/logs/1"
        return "\n".join(json.dumps(line) for line in self.api(path)["content"])

    def finish(self, name: str, *run_ids: str, seconds: float = 150, state: str = "success") -> None:
        """Wait until the runs are over, and hold them to ``state``."""

        def over() -> bool:
            states = self.runs(name)
            return all(states.get(run_id) in {"success", "failed"} for run_id in run_ids)

        until(over, f"the runs {run_ids} of {name}", seconds)
        for run_id in run_ids:
            assert self.runs(name)[run_id] == state, self.tasks(name, run_id)

    def airflow(self, *words: str) -> str:
        """The ``airflow`` command."""
        return _run([str(ROOT / ".venv-airflow" / "bin" / "airflow"), *words], self.facts["environment"])

    # Driftline and its tables

    def driftline(self, *words: str, store: str | None = None) -> str:
        """The ``driftline`` command, by default on the stack's own tables."""
        environment = dict(self.facts["environment"])
        if store is not None:
            environment["DRIFTLINE_STORE"] = store
        return _run([str(Path(sys.executable).parent / "driftline"), *words], environment)

    def another_store(self, database: str) -> str:
        """An empty database beside the stack's own."""
        with psycopg.connect(self.facts["postgres"], autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")
        return str(self.facts["postgres"].rpartition("/")[0] + f"/{database}")

    def query(self, sql: str, *parameters: object, store: str | None = None) -> list[dict[str, Any]]:
        with psycopg.connect(
            store or self.facts["postgres"], row_factory=psycopg.rows.dict_row
        ) as connection:
            return connection.execute(sql, parameters).fetchall()

    def tables(self, name: str, store: str | None = None) -> dict[str, list[str]]:
        """Every current row of a monitor as text, sorted, without what may differ between runs."""
        found = {}
        for table in METRIC_TABLES:
            rows = self.query(
                f"SELECT * FROM driftline.current_{table} WHERE monitor = %s", name, store=store
            )
            kept = ({key: row[key] for key in row if key not in _OF_THE_RUN} for row in rows)
            found[table] = sorted(json.dumps(row, default=str, sort_keys=True) for row in kept)
        return found

    # Spark

    def start_spark(self) -> None:
        """Add Spark, which most of the tests do without; ``down`` stops it with the rest."""
        _stack("spark", "--home", str(self.home))

    # Mail

    def mails(self, name: str) -> list[EmailMessage]:
        """The mails about a monitor so far."""
        files = sorted(Path(self.facts["mail_folder"]).glob("*.eml"))
        parsed = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [mail for mail in parsed if isinstance(mail, EmailMessage) and f"[{name}]" in mail["Subject"]]


def day_of_log(day: date, rows: int = ROWS, shifted: float = 0.0) -> pa.Table:
    """Requests of one day, from a seed made of its date; ``shifted`` moves the distances."""
    rng = np.random.default_rng(day.toordinal())
    midnight = np.datetime64(day, "us")
    at = midnight + np.sort(rng.integers(0, 86_400_000_000, rows)).astype("timedelta64[us]")
    p = rng.beta(2, 5, rows)
    return pa.table(
        {
            "at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "id": [f"{day}-{n}" for n in range(rows)],
            "carrier": rng.choice(["AA", "B6", "UA"], rows),
            "distance": rng.normal(1000 + shifted, 250, rows),
            "p": p,
            "late": (p > 0.4).astype(np.int8),
            "was_late": (rng.random(rows) < p).astype(np.int8),
        }
    )


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def logged(stack: Stack, name: str, count: int) -> list[date]:
    """Logs of the reference and of ``count`` days after it; the days."""
    for day in days(REFERENCE, 7 + count):
        stack.put_day(name, day)
    return days(FIRST, count)


def until(happened: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)


@contextmanager
def running_stack(home: Path) -> Iterator[Stack]:
    """A stack of its own in ``home``, on free ports, with no monitor yet; gone in the end."""
    try:
        _stack("up", "--home", str(home), "--empty", "--any-ports")
        yield Stack(home, json.loads((home / "stack.json").read_text()))
    finally:
        _stack("down", "--home", str(home), "--remove")


def _stack(*words: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT / "infra")}
    _run([sys.executable, "-m", "driftline_stack", *words], environment)


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
