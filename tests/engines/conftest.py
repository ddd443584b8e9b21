"""One log for all engines, and Spark where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engines import workload
from tests.engines.workload import Workload

from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.engines.spark.engine import SparkEngine


@pytest.fixture(scope="session", autouse=True)
def stay_on_this_machine() -> Iterator[None]:
    """Spark would listen on the address of the host's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        yield


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs and labels in a folder: to be read, not to be written into."""
    folder = tmp_path_factory.mktemp("workload")
    workload.write(folder)
    return folder


@pytest.fixture(scope="session")
def work(log_folder: Path) -> Workload:
    return Workload.at(str(log_folder / "logs"), str(log_folder / "labels"))


@pytest.fixture(scope="session")
def expected(work: Workload) -> dict[str, Any]:
    """What one machine says of the log."""
    engine = LocalEngine(2)
    try:
        return work.everything(engine)
    finally:
        engine.close()


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    engine = SparkEngine("local[2]")
    yield engine
    engine.close()
