"""A real S3 server, started once, and logs written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.s3_server import S3Server, serve

from driftline_schemas.monitor import Monitor, parse_monitor

MONITOR = """\
monitor: test
task: binary_classification
logs: {uri: logs, timestamp: at, score: p, lateness: 1d}
reference: {window: [2013-01-01, 2013-02-01]}
"""

WriteLog = Callable[..., Path]
ReadMonitor = Callable[..., Monitor]


@pytest.fixture
def monitor() -> Monitor:
    return parse_monitor(MONITOR, "monitor.yaml")


@pytest.fixture
def monitor_with() -> ReadMonitor:
    """A monitor with further lines of YAML, in place of the lines of the same key."""

    def read(*lines: str) -> Monitor:
        keys = {line.partition(":")[0] for line in lines}
        kept = [line for line in MONITOR.splitlines() if line.partition(":")[0] not in keys]
        return parse_monitor("\n".join([*kept, *lines]), "monitor.yaml")

    return read


@pytest.fixture
def write_log(tmp_path: Path) -> WriteLog:
    """Write a table under ``logs/`` and return that folder."""

    def write(name: str, table: pa.Table, **options: object) -> Path:
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **options)
        return tmp_path / "logs"

    return write


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with the environment that a job would have to use it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return s3_server
