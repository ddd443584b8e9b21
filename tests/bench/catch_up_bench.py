"""How fast is catch-up when nothing is new, and what does it read? Logs and labels on S3, on both stores.

    python tests/bench/catch_up_bench.py --windows 300

Publishes that many days, then asks ``driftline catch-up`` (a process of its own, start-up included) with
nothing new, and with one object that was replaced. What it reads is counted by a proxy in front of the
server; times are taken without it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from tests.bench.store_bench import stores
from tests.end_to_end.builder import AS_OF, REFERENCE_DAYS, Bench, day
from tests.engines.fault_proxy import PASS, FaultProxy, fault_proxy
from tests.sources.s3_server import S3Server, serve

DRIFTLINE = Path(sys.executable).with_name("driftline")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one store: seconds, log and label objects that were read, and the windows that were run again."""

    publish: float
    nothing_new: float
    read_with_nothing_new: int
    requests: int
    changed: float
    read_with_one_changed: int
    periods: tuple[str, ...]
    nothing_new_then: tuple[str, ...]


@dataclass(frozen=True)
class LogsOnS3:
    """A bench's log and labels in a bucket, and the command that reads them."""

    bench: Bench
    server: S3Server

    def put(self, path: Path) -> None:
        """Put one object where the monitor looks for it."""
        key = str(path.relative_to(self.bench.root))
        self.server.client().put_object(Bucket="logs", Key=key, Body=path.read_bytes())

    def call(self, *words: str, store: str, endpoint: str | None = None) -> tuple[float, dict[str, object]]:
        """Seconds that ``driftline WORDS`` took, and its last event."""
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.server.key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": endpoint or self.server.url,
        }
        name, *rest = words
        command: list[str | Path] = [DRIFTLINE, name, self.bench.root / "monitor.yaml", *rest]
        command += ["--store", store, "--as-of", AS_OF.isoformat(), "--log-format", "json"]
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        answer: dict[str, object] = json.loads(done.stderr.splitlines()[-1])
        return seconds, answer


@contextmanager
def logs_on_s3(folder: Path, windows: int) -> Iterator[LogsOnS3]:
    """Reference and ``windows`` days in a bucket."""
    bench = Bench(folder)
    bench.overrides = {"logs": {"uri": "s3://logs/logs/"}, "labels": {"uri": "s3://logs/labels/"}}
    bench.monitor_file()
    bench.days(0, REFERENCE_DAYS + windows - 1)
    (folder / "s3").mkdir()
    with serve(folder / "s3") as server:
        made = LogsOnS3(bench, server)
        for part in ("logs", "labels"):
            for path in sorted((folder / part).rglob("*.parquet")):
                made.put(path)
        yield made


def measure(logs: LogsOnS3, store: str, windows: int, repetitions: int) -> Figures:
    """Publish every window, and catch up with nothing new and with one object replaced."""
    first, last = REFERENCE_DAYS, REFERENCE_DAYS + windows - 1
    period = ("--period", f"{day(first):%Y-%m-%d}", "--to", f"{day(last):%Y-%m-%d}")
    publish, _ = logs.call("run", *period, store=store)
    taken = [logs.call("catch-up", store=store)[0] for _ in range(repetitions)]
    with counting(logs) as proxy:
        logs.call("catch-up", store=store, endpoint=proxy.url)
        read, requests = objects_read(proxy), len(proxy.done)

    number = first + windows // 2
    rows = logs.bench.rows(number)
    logs.put(logs.bench.write(number, {**rows, "amount": pa.array([1.0] * len(rows["id"]))}))
    with counting(logs) as proxy:
        logs.call("catch-up", "--dry-run", store=store, endpoint=proxy.url)
        read_changed = objects_read(proxy)
    changed, answer = logs.call("catch-up", store=store)
    _, then = logs.call("catch-up", store=store)
    return Figures(
        publish,
        statistics.median(taken),
        read,
        requests,
        changed,
        read_changed,
        tuple(map(str, _periods(answer))),
        tuple(map(str, _periods(then))),
    )


def _periods(answer: dict[str, object]) -> list[object]:
    found = answer["periods"]
    if not isinstance(found, list):
        raise TypeError(f"no list of periods: {found!r}")
    return found


@contextmanager
def counting(logs: LogsOnS3) -> Iterator[FaultProxy]:
    """A proxy that lets everything pass and counts it."""
    with fault_proxy(logs.server.url, lambda _method, _path, _times: PASS) as proxy:
        yield proxy


def objects_read(proxy: FaultProxy) -> int:
    """Requests for the bytes of a log or label object."""
    return sum(
        times
        for (method, path), times in proxy.asked.items()
        if method == "GET" and path.endswith(".parquet")
    )


def run(windows: int, kinds: list[str], repetitions: int, say: Callable[[str], object]) -> None:
    """Measure every store, and say it as one Markdown table."""
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as name:
        folder = Path(name)
        (folder / "logs-on-s3").mkdir()
        with logs_on_s3(folder / "logs-on-s3", windows) as logs, stores(kinds, folder) as urls:
            say(f"{windows:,} windows on S3; median of {repetitions}, a process each, in seconds\n\n")
            say(
                "| store | publish all | nothing new | objects read | requests | one replaced | run again |\n"
            )
            say("| --- | ---: | ---: | ---: | ---: | ---: | --- |\n")
            for kind, url in urls.items():
                # The object that another store's turn has replaced is back, or its windows would differ.
                logs.put(logs.bench.write(number := REFERENCE_DAYS + windows // 2, logs.bench.rows(number)))
                found = measure(logs, url, windows, repetitions)
                figures = (
                    f"{found.publish:.1f}",
                    f"{found.nothing_new:.2f}",
                    f"{found.read_with_nothing_new}",
                    f"{found.requests}",
                    f"{found.changed:.2f}",
                    ", ".join(found.periods),
                )
                say(f"| {kind} | {' | '.join(figures)} |\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=300)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--store", action="append", choices=("duckdb", "postgres"))
    given = parser.parse_args()
    run(given.windows, given.store or ["duckdb", "postgres"], given.repetitions, sys.stdout.write)


if __name__ == "__main__":
    main()
