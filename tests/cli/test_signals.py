"""A command that is asked to end tidies up, and says neither that it is broken nor that all is well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench, day

from driftline_jobs.stores import open_store

# Runs the command in argv with one function replaced by one that says where it is and then waits.
HALTED = """
import importlib, pathlib, sys, time
module, name, mark, *arguments = sys.argv[1:]
def halt(*_, **__):
    pathlib.Path(mark).touch()
    time.sleep(120)
setattr(importlib.import_module(module), name, halt)
from driftline_jobs.cli import main
main(arguments)
"""
PLACES = {
    "data": ("driftline_jobs.sources.logs", "scan_windows"),
    "labels": ("driftline_jobs.pipeline.steps.performance", "scan_plan"),
    "during the join": ("driftline_jobs.engines.local", "collect"),
    "judgement": ("driftline_jobs.pipeline.steps.judgement", "add_previous"),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.days(0, 4)
    made.monitor_file()
    made.run(4)  # so that the reference is there, and the signal meets the window
    return made


@pytest.fixture
def stopped(bench: Bench, tmp_path: Path) -> Callable[[str, signal.Signals], tuple[int, str]]:
    """Start a run that halts in a place, send a signal there: the exit status and what was said."""

    def stop(place: str, number: signal.Signals) -> tuple[int, str]:
        mark = tmp_path / "halted"
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        command = [sys.executable, "-c", HALTED, *PLACES[place], str(mark), "run", "monitor.yaml"]
        child = subprocess.Popen(
            [*command, "--period", f"{day(4):%Y-%m-%d}"],
            cwd=bench.root,
            env={**os.environ, "DRIFTLINE_STORE": bench.store_url, "TMPDIR": str(scratch)},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            while not mark.exists():
                assert child.poll() is None
                time.sleep(0.02)
            child.send_signal(number)
            _, said = child.communicate(timeout=150)
        finally:
            child.kill()
            child.wait()
        assert list(scratch.iterdir()) == []
        return child.returncode, said

    return stop


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_was_running_is_noted_as_failed(
    bench: Bench,
    stopped: Callable[[str, signal.Signals], tuple[int, str]],
    place: str,
    number: signal.Signals,
    status: int,
) -> None:
    code, said = stopped(place, number)
    assert code == status
    assert "Traceback" not in said
    assert "defect" not in said
    part = {"data": "data", "judgement": "judgement"}.get(place, "performance")
    with open_store(bench.store_url) as store:
        runs = store.execute_read("SELECT part, status, error_kind FROM runs ORDER BY started_at").to_pylist()
    assert [run for run in runs if run["status"] == "running"] == []
    assert (runs[-1]["part"], runs[-1]["status"], runs[-1]["error_kind"]) == (part, "failed", "Stopped")
