"""Linear algebra keeps to one thread in every command, and in a run within somebody's own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from threadpoolctl import threadpool_info, threadpool_limits

from driftline_jobs.engines.process import BEFORE_IMPORTS
from driftline_jobs.pipeline import context as job
from driftline_jobs.pipeline.request import RunRequest, SilentProgress
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings


def threads() -> set[int]:
    assert np.ones((2, 2)).sum() == 4
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize(("given", "expected"), [(None, [1]), ("2", [2])])
def test_a_command_has_one_thread_unless_somebody_decides_otherwise(
    given: str | None, expected: list[int]
) -> None:
    program = (
        "import json\n"
        "from driftline_jobs.cli import main\n"
        "try:\n"
        "    main(['--version'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "import numpy, scipy.linalg\n"
        "from threadpoolctl import threadpool_info\n"
        "print(json.dumps([i['num_threads'] for i in threadpool_info() if i['user_api'] == 'blas']))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in BEFORE_IMPORTS}
    if given is not None:
        environment["OPENBLAS_NUM_THREADS"] = given
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout
    found = json.loads(said.splitlines()[-1])
    assert found
    assert sorted(set(found)) == expected


@pytest.fixture
def two_threads() -> Iterator[None]:
    """A process whose owner has given linear algebra two threads."""
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.usefixtures("two_threads")
def test_a_run_in_a_process_of_somebody_else_gives_the_threads_back(tmp_path: Path) -> None:
    content = {
        "monitor": "one",
        "task": "regression",
        "logs": {"uri": ".", "timestamp": "at", "prediction": "p"},
        "reference": {"window": ["2024-01-01", "2024-01-03"]},
    }
    file = tmp_path / "one.yaml"
    file.write_text(yaml.safe_dump(content))
    monitor = load_monitor(file)
    window = monitor.calendar.parse("2024-01-03")
    settings = Settings(store=f"duckdb:///{tmp_path / 'one.duckdb'}")
    request = RunRequest(monitor, file, window, window, settings, as_of=window.end)
    assert threads() == {2}
    with job.opened(request, SilentProgress()):
        assert threads() == {1}
    assert threads() == {2}
