"""A standalone cluster of Spark, from the pyspark that the jobs use: a master and one worker."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from driftline_stack.processes import Process, StackError, start, wait_for

_CORES = 2
_MEMORY = "2g"


def java_is_there() -> bool:
    """Whether Spark could start: it alone needs Java."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java") is not None or (home is not None and Path(home, "bin", "java").exists())


def spark_home() -> Path:
    """Where pyspark lies; its ``bin`` holds spark-submit."""
    # Found and not imported: importing it takes a second.
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise StackError("pyspark is not installed: run make setup")
    return Path(spec.origin).parent


def spark_environment(deployment: Mapping[str, str]) -> dict[str, str]:
    """What the cluster's processes and spark-submit are told: the keys for S3 among it."""
    retained = {name: os.environ[name] for name in ("JAVA_HOME", "LANG") if name in os.environ}
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        **retained,
        "SPARK_LOCAL_IP": "127.0.0.1",
        # Executors need driftline as much as the driver: it is installed beside pyspark.
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        **{name: value for name, value in deployment.items() if name.startswith("AWS_")},
    }


def start_spark(home: Path, ports: Mapping[str, int], environment: Mapping[str, str]) -> list[Process]:
    """Start a master on ``spark_master`` and a worker that has joined it; their pages are on ``…_page``."""
    folder, logs = home / "spark", home / "logs"
    (folder / "work").mkdir(parents=True, exist_ok=True)
    reported = {
        **environment,
        "HOME": str(folder),
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "SPARK_DAEMON_MEMORY": "256m",
    }
    program = spark_home() / "bin" / "spark-class"

    def daemon(name: str, what: str, *words: str) -> Process:
        command: list[str | Path] = [
            program,
            f"org.apache.spark.deploy.{what}",
            "--host",
            "127.0.0.1",
            *words,
        ]
        log = logs / f"{name}.log"
        # What an earlier start has said does not count.
        log.unlink(missing_ok=True)
        return start(name, command, log=log, environment=reported, folder=folder)

    master = daemon(
        "spark-master",
        "master.Master",
        *("--port", str(ports["spark_master"]), "--webui-port", str(ports["spark_page"])),
    )
    worker = daemon(
        "spark-worker",
        "worker.Worker",
        *("--cores", str(_CORES), "--memory", _MEMORY, "--webui-port", str(ports["spark_worker_page"])),
        *("--work-dir", str(folder / "work"), f"spark://127.0.0.1:{ports['spark_master']}"),
    )
    return [master, worker]


def await_spark(home: Path, worker: Process) -> None:
    """Wait until ``worker`` has joined its master."""
    log = home / "logs" / "spark-worker.log"
    wait_for(
        "Spark",
        lambda: "Successfully registered with master" in log.read_text(errors="replace"),
        process=worker,
        log=log,
    )
