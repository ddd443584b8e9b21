"""A real standalone cluster of Spark for tests: one master, some workers, on ports that are free."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

_REGISTERED = "Successfully registered with master"


@dataclass
class SparkProcess:
    """A master or a worker: its process group holds the executors that it started, too."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str) -> None:
        """Until the log has ``words``."""
        for _ in range(600):
            if words in self.said():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(f"Spark did not say {words!r}:\n{self.said()[-2000:]}")

    def kill(self) -> None:
        """At once, with everything it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


@dataclass
class SparkCluster:
    """A running master and its workers."""

    url: str
    folder: Path
    environment: Mapping[str, str]
    workers: list[SparkProcess]
    started: int = 0

    def add_worker(self) -> SparkProcess:
        """One more worker, of one core."""
        self.started += 1
        name = f"worker-{self.started}"
        worker = start(
            self.folder / name,
            self.environment,
            "worker.Worker",
            *("--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"),
            *("--work-dir", str(self.folder / name / "work"), self.url),
        )
        self.workers.append(worker)
        worker.wait_for(_REGISTERED)
        return worker

    def kill_workers(self) -> None:
        """All of them."""
        for worker in self.workers:
            worker.kill()


def start(folder: Path, environment: Mapping[str, str], what: str, *arguments: str) -> SparkProcess:
    """Start one of Spark's daemons in a process group of its own."""
    folder.mkdir(parents=True)
    command = [str(_spark_home() / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *arguments]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, cwd=folder, env=dict(environment), start_new_session=True
        )
    return SparkProcess(process, log)


def _spark_home() -> Path:
    found = find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@contextmanager
def cluster(folder: Path, workers: int = 2, **environment: str) -> Iterator[SparkCluster]:
    """A cluster whose processes see ``environment``, as the keys for S3; everything ends with the block."""
    surroundings = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_DAEMON_MEMORY": "256m",
        **environment,
    }
    with ExitStack() as stack:
        master = start(
            folder / "master",
            surroundings,
            "master.Master",
            *("--host", "127.0.0.1", "--port", "0", "--webui-port", "0"),
        )
        stack.callback(master.kill)
        master.wait_for("I have been elected leader")
        url = re.search(r"spark://[\d.]+:\d+", master.said())
        assert url is not None, master.said()
        running = SparkCluster(url[0], folder, surroundings, [])
        stack.callback(running.kill_workers)
        for _ in range(workers):
            running.add_worker()
        yield running
