"""How much more than a bare scan does a run cost? One table of ratios, all taken here and now.

    python tests/bench/bench.py --rows 10000000 --repetitions 3

Every measurement is a process of its own, scan and run by turns, so that whatever else the machine does falls
on both. The reference is profiled beforehand; every run starts from the same copy of that store.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# This process stays small and imports no engine: a child's peak memory is never counted below its parent's.
HERE = Path(__file__).parent
REFERENCE_DAY, DAY = "2026-03-02", "2026-03-03"
CASES = {
    "drift": "one day, drift of every column",
    "segments": "the same, by 4 + 2 + 3 segments",
}
# Neither case joins labels, so no run has to read the ids, and the scan may not be charged with them either.
NOT_READ = "request_id"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: whole-process seconds, those it says the work alone took, and peak bytes."""

    wall: float
    work: float
    cpu: float
    peak: int


def measure(command: Sequence[str]) -> tuple[float, float, int, str, str]:
    """Wall seconds, CPU seconds, peak resident bytes and both outputs of ``command``, which must succeed."""

    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        answer, said = out.read(), errors.read()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {child.returncode}:\n{answer}{said}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, answer, said


def scan(data: Path, threads: int) -> Cost:
    """A bare scan of the day."""
    script = [sys.executable, str(HERE / "scan.py"), str(data / "logs" / f"dt={DAY}")]
    wall, cpu, peak, answer, _ = measure([*script, "--threads", str(threads), "--leave-out", NOT_READ])
    return Cost(wall, float(answer.split()[2]), cpu, peak)


def run(data: Path, case: str, period: str, store: Path, threads: int) -> Cost:
    """One ``driftline run``."""
    command = [
        str(Path(sys.executable).with_name("driftline")),
        "run",
        str(data / "monitors" / f"{case}.yaml"),
    ]
    command += ["--period", period, "--store", f"duckdb:///{store}"]
    wall, cpu, peak, _, said = measure([*command, "--threads", str(threads), "--log-format", "json"])
    published = json.loads(said.splitlines()[-1])
    if published.get("event") != "published" or not published["rows_read"]:
        raise SystemExit(f"{' '.join(command)}\npublished nothing:\n{said}")
    return Cost(wall, published["wall_seconds"], cpu, peak)


def compare(data: Path, case: str, repetitions: int, threads: int) -> tuple[list[Cost], list[Cost]]:
    """The costs of scan and run, by turns."""
    learned = data / f"{case}.learned.duckdb"
    learned.unlink(missing_ok=True)
    run(data, case, REFERENCE_DAY, learned, threads)
    scan(data, threads)  # so that both find the files in the page cache
    scans, runs = [], []
    for _ in range(repetitions):
        store = data / f"{case}.duckdb"
        shutil.copyfile(learned, store)
        scans.append(scan(data, threads))
        runs.append(run(data, case, DAY, store, threads))
    return scans, runs


def generate(data: Path, rows: int, threads: int) -> None:
    """Generate the two days, unless ``data`` has them already."""
    made = data / "generated.json"
    wanted = json.dumps({"rows": rows, "days": 2, "seed": 1})
    if made.exists() and made.read_text() == wanted:
        return
    script = [sys.executable, str(HERE / "generate.py"), "--dir", str(data)]
    measure([*script, "--rows", str(rows), "--days", "2", "--threads", str(threads)])
    made.write_text(wanted)


def table(rows: int, threads: int, figures: dict[str, tuple[list[Cost], list[Cost]]]) -> str:
    """The figures as text: medians over the repetitions, and the ratios of each pair's seconds."""
    lines = [
        f"{rows:,} rows, 32 columns read, {threads} threads; medians",
        (
            f"{'':34}{'work s':>8}{'process s':>11}{'cpu s':>8}{'peak MB':>9}"
            f"{'x scan':>8}{'(min-max)':>14}{'x cpu':>7}"
        ),
    ]
    for case, (scans, runs) in figures.items():
        ratios = sorted(ran.work / scanned.work for scanned, ran in zip(scans, runs, strict=True))
        # Seconds of the clock are what is asked about; those of the processor tell when the machine was busy.
        processor = statistics.median(ran.cpu / scanned.cpu for scanned, ran in zip(scans, runs, strict=True))
        spread = f"({ratios[0]:.2f}-{ratios[-1]:.2f})"
        lines += [
            _line("bare scan", scans),
            f"{_line(CASES[case], runs)}{statistics.median(ratios):8.2f}{spread:>14}{processor:7.2f}",
        ]
    return "\n".join(lines) + "\n"


def _line(what: str, costs: Sequence[Cost]) -> str:
    work, wall, cpu, peak = (
        statistics.median(figures)
        for figures in zip(
            *((cost.work, cost.wall, cost.cpu, cost.peak / 1e6) for cost in costs), strict=True
        )
    )
    return f"{what:34}{work:8.2f}{wall:11.2f}{cpu:8.2f}{peak:9.0f}"


def main() -> None:
    """Bench what the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--dir", type=Path, help="where to keep the rows; by default they are thrown away")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as scratch:
        data = (asked.dir or Path(scratch)).absolute()
        generate(data, asked.rows, asked.threads)
        figures = {case: compare(data, case, asked.repetitions, asked.threads) for case in asked.cases}
        sys.stdout.write(table(asked.rows, asked.threads, figures))


if __name__ == "__main__":
    main()
