"""Many items in several processes: each is done once, and one that kills its process costs no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.fleet.deeds import process_of, squared_unless_deadly

from driftline_jobs.cli.fleet.processes import ProcessDiedError, in_processes


@pytest.mark.parametrize("workers", [1, 3])
def test_an_item_that_ends_its_process_costs_no_other(workers: int) -> None:
    items = [2, 3, 13, 4, 5, 6]
    found = dict(in_processes(squared_unless_deadly, items, workers))
    assert isinstance(found.pop(13), ProcessDiedError)
    assert found == {2: 4, 3: 9, 4: 16, 5: 25, 6: 36}


def test_the_work_is_shared() -> None:
    processes = {process for _, process in in_processes(process_of, range(8), 2)}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_nothing_to_do() -> None:
    assert list(in_processes(squared_unless_deadly, [], 2)) == []


def test_whoever_ends_the_command_ends_its_processes_and_lets_them_tidy(tmp_path: Path) -> None:
    marks = [tmp_path / f"{number}.begun" for number in range(2)]
    program = (
        "import pathlib, sys\n"
        "from driftline_jobs.cli.fleet.processes import in_processes\n"
        "from driftline_jobs.cli.signals import Stopped, stoppable\n"
        "from tests.cli.fleet.deeds import wait_and_tidy\n"
        "try:\n"
        "    with stoppable():\n"
        "        list(in_processes(wait_and_tidy, [pathlib.Path(path) for path in sys.argv[1:]], 2))\n"
        "except Stopped as stopped:\n"
        "    sys.exit(stopped.status)\n"
    )
    root = Path(__file__).parents[3]
    child = subprocess.Popen([sys.executable, "-c", program, *map(str, marks)], cwd=root)
    try:
        while not all(mark.exists() for mark in marks):
            assert child.poll() is None
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=60) == 143
    finally:
        child.kill()
        child.wait()
    assert all(mark.with_suffix(".tidied").exists() for mark in marks)
