"""Many processes publish at once, and now and then one of them is killed: every window is there once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.stores.makers import day
from tests.stores.postgres_server import PostgresServer
from tests.stores.processes import python

from driftline_jobs.stores import Store, open_store

PUBLISHED = "SELECT COUNT(*) AS n FROM runs WHERE status = 'published'"
PUBLISHER = Path(__file__).with_name("publisher.py")
# Workers, windows of each, and seconds from one kill to the next. The full size takes minutes.
SIZE = {"small": (3, 8, 0.8), "full": (8, 50, 3.0)}[os.environ.get("STORE_KILL_SIZE", "small")]


def start(url: str, worker: int, windows: int, columns: int) -> subprocess.Popen[bytes]:
    return python(PUBLISHER, url, str(worker), str(windows), str(columns))


def publish_under_fire(
    url: str, *, workers: int, windows: int, columns: int, every: float, deadline: float
) -> int:
    """Run the workers until their work is done, killing one at random every so often; returns how often."""
    chance = random.Random(20130701)  # noqa: S311 - it need not be hard to guess
    running = {worker: start(url, worker, windows, columns) for worker in range(workers)}
    kills = 0
    end = time.monotonic() + deadline
    next_kill = time.monotonic() + every
    try:
        while running:
            assert time.monotonic() < end, f"after {kills} kills {sorted(running)} are not done"
            for worker, process in list(running.items()):
                code = process.poll()
                if code == 0:
                    del running[worker]
                elif code is not None:
                    assert code == -signal.SIGKILL, f"worker {worker} ended with {code}"
                    running[worker] = start(url, worker, windows, columns)
            if running and time.monotonic() >= next_kill:
                chance.choice(list(running.values())).kill()
                kills += 1
                next_kill += every
            time.sleep(0.02)
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    return kills


def check(store: Store, *, workers: int, windows: int, columns: int) -> None:
    """Every window once, whole, and as an undisturbed publisher would have left it."""
    expected = [
        (day(number), f"column_{column}", metric, float(number))
        for number in range(windows)
        for column in sorted(range(columns), key=str)
        for metric in ("ks", "psi", "tvd")
    ]
    for monitor in [*(f"own_{worker}" for worker in range(workers)), "shared"]:
        rows = store.current(
            "drift_metrics", monitor, columns=["window_start", "column_name", "metric", "value"]
        )
        assert list(zip(*rows.to_pydict().values(), strict=True)) == expected, monitor
        runs = store.current_runs(monitor, "data").to_pylist()
        assert [record["window_start"] for record in runs] == [day(number) for number in range(windows)]
        assert store.current("run_inputs", monitor).num_rows == windows
    # Nothing of the dead is left: no row without a published run, no attempt that seems to run on.
    for table in ("drift_metrics", "run_inputs"):
        orphans = store.execute_read(
            f"SELECT COUNT(*) AS n FROM {table} t LEFT JOIN runs r "
            "ON r.run_id = t.run_id AND r.status = 'published' WHERE r.run_id IS NULL"
        )
        assert orphans.column("n").to_pylist() == [0]
    doubled = store.execute_read(
        "SELECT monitor, window_start FROM current_runs GROUP BY monitor, window_start HAVING COUNT(*) > 1"
    )
    assert doubled.num_rows == 0
    own = store.execute_read(
        "SELECT COUNT(*) AS n FROM runs WHERE monitor <> 'shared' AND status = 'running'"
    )
    assert own.column("n").to_pylist() == [0]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_processes_leave_every_window_once(store: Store, url: str) -> None:
    workers, windows, every = SIZE
    kills = publish_under_fire(url, workers=workers, windows=windows, columns=5, every=every, deadline=1400)
    assert kills >= 1
    check(store, workers=workers, windows=windows, columns=5)


@pytest.mark.slow
def test_a_server_that_restarts_in_the_middle_loses_nothing() -> None:
    server = PostgresServer()  # its own: the others' must stay up
    server.start()
    try:
        own = server.url("postgres")
        with open_store(own, wait_seconds=60) as patient:
            patient.migrate()
            processes = [start(own, worker, 40, 5) for worker in range(2)]
            for mode, so_far in (("fast", 10), ("immediate", 60)):
                while patient.execute_read(PUBLISHED).column("n")[0].as_py() < so_far:
                    time.sleep(0.01)
                server.stop(mode)
                server.start()
            assert [process.poll() for process in processes] == [None, None], "they were done before"
            assert [process.wait(timeout=120) for process in processes] == [0, 0]
            check(patient, workers=2, windows=40, columns=5)
    finally:
        server.remove()
