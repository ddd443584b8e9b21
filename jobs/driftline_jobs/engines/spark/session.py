"""Get hold of Spark, or say in one sentence what is missing."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from driftline_jobs.engines.process import BEFORE_IMPORTS
from driftline_schemas.errors import ConfigError, TransientError

if TYPE_CHECKING:
    from pyspark import SparkConf, SparkContext

_MASTER = re.compile(r"local\b|spark://|yarn$|k8s://")
_MASTERS = "local[*], spark://host:7077, yarn or k8s://https://host:443"
_LOCAL = re.compile(r"local(?:\[(\d+|\*)\])?")
_LOCAL_FAILURES = 4
_ANSWER_SECONDS = 5.0
_POLL_SECONDS = 0.2
_INSTEAD = "`--engine local` needs neither Spark nor Java"


@contextmanager
def spark_context(master: str, threads: int | None, patience_seconds: float) -> Iterator[SparkContext]:
    """A Spark context on ``master``: the one there is (under spark-submit, in a notebook), or a new one.

    Raises:
        ConfigError: pyspark or Java is not installed, the user has no name, or the master's name makes no
            sense to Spark.
        TransientError: the master does not answer, or has no worker for us in ``patience_seconds``.
    """
    if find_spec("pyspark") is None:
        raise ConfigError(f"the engine spark needs pyspark: pip install 'driftline[spark]'; {_INSTEAD}")
    if not _MASTER.match(master):
        raise ConfigError(f"{master!r} is no Spark master: {_MASTERS}")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if not submitted:
        _check_java()
        _check_user()
    # The workers must run this very interpreter: it has what the tasks import.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException

    if submitted:
        SparkContext._ensure_initialized()  # noqa: SLF001  before it, a conf does not know what spark-submit was told
    conf = SparkConf()
    if not submitted:
        conf.set("spark.master", _with_retries(master, threads))
    master = conf.get("spark.master") or master
    _check_answers(master)
    existing = SparkContext._active_spark_context  # noqa: SLF001  the only way to ask without making one
    _settle(conf, master)
    try:
        context = existing or SparkContext(conf=conf)
    except PySparkException as error:
        raise ConfigError(
            f"Spark did not start: {_first_line(error)}. Is it Java 17 or newer? {_INSTEAD}"
        ) from error
    except Py4JError as error:
        raise _not_started(error, master) from error
    try:
        with tempfile.TemporaryDirectory(prefix="driftline-wheel-") as folder:
            _send_wheels(context, Path(folder))
            if awaits_executors(context):
                _await_executors(context, master, patience_seconds)
            yield context
    finally:
        if existing is None:
            _stop(context)


def is_local(master: str) -> bool:
    """Whether tasks run in the driver's own process tree."""
    return master.startswith("local")


def spark_errors() -> tuple[type[Exception], ...]:
    """What pyspark raises when Spark, or the way to it, fails."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return Py4JError, PySparkException


def awaits_executors(context: SparkContext) -> bool:
    """Whether there have to be executors even while nothing runs: neither locally nor if they come and go."""
    dynamic = context.getConf().get("spark.dynamicAllocation.enabled", "false") == "true"
    return not is_local(str(context.master)) and not dynamic


def executors(context: SparkContext) -> int:
    """How many executors there are; the driver is none."""
    return len(context._jsc.sc().statusTracker().getExecutorInfos()) - 1  # noqa: SLF001  not in its Python API


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java"):
        return
    where = f"there is none in JAVA_HOME ({home})" if home else "there is none on the PATH"
    raise ConfigError(
        f"the engine spark needs Java 17 or newer, and {where}: install it "
        f"(Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME; {_INSTEAD}"
    )


def _check_user() -> None:
    """Hadoop asks the system who runs it, whatever variables say, and Spark does not start without."""
    import pwd

    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        raise ConfigError(
            "the engine spark needs a user with a name, and this one "
            f"(uid {os.getuid()}) has no entry in passwd: add one; {_INSTEAD}"
        ) from None


def _with_retries(master: str, threads: int | None) -> str:
    """``local[n]`` so that a failed task is tried again, as on a cluster; other masters as they are."""
    found = _LOCAL.fullmatch(master)
    if not found:
        return master
    cores = found[1] or "1"
    if cores == "*" and threads is not None:
        cores = str(threads)
    return f"local[{cores},{_LOCAL_FAILURES}]"


def _settle(conf: SparkConf, master: str) -> None:
    """What we would rather have than Spark's defaults, unless somebody has decided otherwise."""
    wanted = {"spark.app.name": "driftline", "spark.ui.showConsoleProgress": "false"}
    if is_local(master):
        wanted |= {
            "spark.ui.enabled": "false",
            "spark.log.level": "ERROR",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
        }
    for name, value in BEFORE_IMPORTS.items():
        wanted[f"spark.executorEnv.{name}"] = os.environ.get(name, value)
    for name, value in wanted.items():
        conf.setIfMissing(name, value)


def _check_answers(master: str) -> None:
    """Standalone masters alone: Spark itself would wait a minute for one that is not there."""
    if not master.startswith("spark://"):
        return
    addresses = [urlsplit(f"spark://{one}") for one in master.removeprefix("spark://").split(",")]
    reasons = []
    for address in addresses:
        try:
            with socket.create_connection((address.hostname or "", address.port or 7077), _ANSWER_SECONDS):
                return
        except (OSError, ValueError) as error:
            reasons.append(str(error))
    raise TransientError(f"the Spark master {master} does not answer: {'; '.join(reasons)}")


def _await_executors(context: SparkContext, master: str, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while executors(context) < 1:
        if time.monotonic() > deadline:
            raise TransientError(
                f"the Spark master {master} gave us no worker in {patience_seconds:.0f} s: "
                "are its workers up, and have they cores and memory left?"
            )
        time.sleep(_POLL_SECONDS)


def _send_wheels(context: SparkContext, folder: Path) -> None:
    """Spark hands wheels of ``--py-files`` to its workers but puts only .zip files on their path.

    The workers fetch the copies from ``folder``, when they come up: it must last as long as the context.
    """
    conf = context.getConf()
    listed = f"{conf.get('spark.submit.pyFiles', '')},{conf.get('spark.yarn.dist.pyFiles', '')}"
    for wheel in sorted({Path(urlsplit(name).path) for name in listed.split(",") if name.endswith(".whl")}):
        archive = (folder / wheel.name).with_suffix(".zip")
        shutil.copyfile(wheel, archive)
        context.addPyFile(str(archive))


def _not_started(error: Exception, master: str) -> ConfigError | TransientError:
    reason = _first_line(error)
    found = re.search(r"(?:\w+\.)+(\w+(?:Exception|Error)): (.+)", str(error))
    if found:
        reason = found[2]
    if "master URL" in reason or "Could not parse" in reason:
        return ConfigError(f"{master!r} is no Spark master ({reason}): {_MASTERS}")
    return TransientError(f"Spark did not start on {master}: {reason}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _stop(context: SparkContext) -> None:
    from py4j.protocol import Py4JError

    try:
        context.stop()
    except (Py4JError, OSError):  # the JVM is gone already: nothing is left to stop
        return
