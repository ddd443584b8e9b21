"""Many small monitors on one machine: what a monitor and window cost, run and page, as their number grows.

    python tests/bench/fleet_bench.py --monitors 10 100 1000 --workers 2

Each monitor has 10,000 rows a day of 20 columns, with labels, and a reference of a week. One log serves them
all: what differs is the monitor, and a thousand logs would say no more and fill the disk. The first run makes
the references; the second, of the next day, and its pages are what is counted.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

ROWS, DAYS = 10_000, 9
DRIFTLINE = str(Path(sys.executable).with_name("driftline"))
GOAL = 0.8
_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Spent:
    """Of a command and all that it has started: processor and wall seconds, bytes of the largest process."""

    cpu: float
    wall: float
    largest: int


def make_log(folder: Path) -> None:
    """A week of reference and two days more."""
    for number in range(DAYS):
        random = np.random.default_rng(number)
        score = random.beta(2.0, 3.0, ROWS)
        start = np.datetime64("2026-01-01", "us") + np.timedelta64(number, "D")
        columns: dict[str, object] = {
            "at": start + (np.arange(ROWS) * (86_400_000_000 // ROWS)).astype("timedelta64[us]"),
            "score": score,
            "class": (score > 0.5).astype(np.int8),
            "truth": (random.random(ROWS) < score).astype(np.int8),
        }
        for at in range(12):
            columns[f"number{at}"] = random.lognormal(size=ROWS) if at % 2 else random.normal(size=ROWS)
        for at in range(4):
            columns[f"word{at}"] = random.choice([f"value {n}" for n in range(5 + at)], ROWS)
        target = folder / f"dt=2026-01-{number + 1:02}" / "part-0.parquet"
        target.parent.mkdir(parents=True)
        pq.write_table(pa.table(columns), target)


def make_monitors(folder: Path, count: int) -> None:
    """So many monitors of the log beside their folder."""
    folder.mkdir()
    for number in range(count):
        name = f"monitor_{number:04}"
        document = {
            "monitor": name,
            "task": "binary_classification",
            "logs": {"uri": "../log", "timestamp": "at", "prediction": "class", "score": "score"},
            "labels": {"column": "truth"},
            "reference": {"window": ["2026-01-01", "2026-01-08"]},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))


def spent(words: list[str], home: Path) -> Spent:
    """Run a command; its processes that outlive it become ours, so that what they spent is known."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "DRIFTLINE_STORE": "duckdb:///store.duckdb"}
    subprocess.run([DRIFTLINE, *words], cwd=home, env=environment, check=True, capture_output=True)
    wall = time.perf_counter() - start
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(cpu, wall, after.ru_maxrss * 1024)


def measure(count: int, workers: int) -> tuple[Spent, Spent]:
    """The second day's run and pages of so many monitors."""
    with tempfile.TemporaryDirectory(prefix="driftline-fleet-") as folder:
        home = Path(folder)
        make_log(home / "log")
        make_monitors(home / "monitors", count)
        share = ["--workers", str(workers)]
        spent(["run", "monitors", "--period", "2026-01-08", *share], home)
        run = spent(["run", "monitors", "--period", "2026-01-09", *share], home)
        return run, spent(["report", "monitors", "--period", "2026-01-09", *share], home)


def main() -> None:
    """Print one line per number of monitors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--monitors", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    print("| monitors | run, CPU s each | page, CPU s each | both (goal) | wall s | largest process |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for count in asked.monitors:
        run, page = measure(count, asked.workers)
        each = (run.cpu + page.cpu) / count
        print(  # noqa: T201
            f"| {count:,} | {run.cpu / count:.2f} | {page.cpu / count:.2f} | {each:.2f} ({GOAL}) "
            f"| {run.wall + page.wall:.0f} | {max(run.largest, page.largest) / 1e6:.0f} MB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
