"""What does a run cost beside a bare scan, and beside others? One table of ratios, all taken here and now.

    python tests/bench/bench.py                          all of it: half an hour, and 20 GB in --dir
    python tests/bench/bench.py --parts drift segments   some of it
    python tests/bench/bench.py --share 0.01             all of it on a hundredth of the rows

Every measurement is a process of its own, this and the other by turns, so that whatever else the machine does
falls on both; ratios are of the seconds of work, imports apart, pair by pair. The reference is profiled
beforehand; every run starts from the same copy of that store.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.costs import HEADING, Comparison, Cost, busy_cores, by_turns, line, measure, told, verdict

HERE = Path(__file__).parent
REFERENCE_DAY, DAY, LABELS_DAY = "2026-03-02", "2026-03-03", "2026-03-04"
SMALL, MIDDLE, LARGE = 1_000_000, 10_000_000, 50_000_000
# No run but the one that joins labels reads the ids, so no scan may be charged with them either.
NOT_READ = "request_id"
JOINED = ["requested_at", "request_id", "model_version", "prediction", "score", "label", "labelled_at"]
MOST_MEMORY = 1000.0
ONE_DAY, FROM_PARQUET = "one day, drift of every column", "one day, from the Parquet"
MONTH_DAYS, MONTH_ROWS = 30, 240_000
KEPT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the rows lie, how many there are, and how often a pair is measured."""

    root: Path
    share: float
    threads: int
    repetitions: int
    environments: Path

    @property
    def few(self) -> int:
        """How often what takes minutes is measured: its ratio is so large that a single pair tells it."""
        return max(1, self.repetitions // 3)

    def data(self, rows: int, *, days: int = 2, like: int | None = None) -> Path:
        """The folder of so many rows a day, generated unless it is there.

        With ``like`` the reference has that many, and no labels are written: only the day itself is large.
        """
        data = self.root / f"{rows}x{days}"
        made = data / "generated.json"
        wanted = json.dumps({"rows": self.of(rows), "days": days, "seed": 1, "like": like})
        if made.exists() and made.read_text() == wanted:
            return data
        command = [*script("generate"), "--dir", str(data), "--rows", str(self.of(rows))]
        command += ["--days", str(days), "--threads", str(self.threads)]
        if like is not None:
            command += ["--reference-rows", str(self.of(like)), "--no-labels"]
        measure(command)
        made.write_text(wanted)
        return data

    def of(self, rows: int) -> int:
        """The share of so many rows that is asked for."""
        return max(round(rows * self.share), 1000)

    def learned(self, data: Path, case: str) -> Path:
        """A store with the reference of a monitor, and nothing else but its first day."""
        store = data / f"{case}.learned.duckdb"
        store.unlink(missing_ok=True)
        self.run(data, case, REFERENCE_DAY, store)
        return store

    def run(
        self, data: Path, case: str, period: str, store: Path, *, to: str | None = None, memory: str = ""
    ) -> Cost:
        """One ``driftline run``."""
        command = [str(Path(sys.executable).with_name("driftline")), "run"]
        command += [str(data / "monitors" / f"{case}.yaml"), "--period", period, "--store", url(store)]
        command += ["--to", to] if to else []
        command += ["--memory-limit", memory] if memory else []
        _, cpu, peak, _, said = measure([*command, "--threads", str(self.threads), "--log-format", "json"])
        published = json.loads(said.splitlines()[-1])
        if published.get("event") != "published" or not published["rows_read"]:
            raise SystemExit(f"{' '.join(command)}\npublished nothing:\n{said}")
        return Cost(published["wall_seconds"], cpu, peak, published["rows_read"], 32)

    def day(self, data: Path, case: str, learned: Path, *, memory: str = "") -> Cost:
        """A run of the second day, from a fresh copy of what was learned."""
        store = data / f"{case}.duckdb"
        shutil.copyfile(learned, store)
        return self.run(data, case, DAY, store, memory=memory)

    def scan(self, folders: Sequence[Path], *, only: Sequence[str] = ()) -> Cost:
        """A bare scan."""
        command = [*script("scan"), *map(str, folders), "--threads", str(self.threads)]
        return told([*command, *(["--only", *only] if only else ["--leave-out", NOT_READ])])


def script(name: str) -> list[str]:
    """The command of one of the scripts here."""
    return [sys.executable, str(HERE / f"{name}.py")]


def url(store: Path) -> str:
    """The store's URL."""
    return f"duckdb:///{store}"


def day_against(
    bench: Bench,
    rows: int,
    what: str,
    other: tuple[str, Callable[[Path], Cost]],
    goal: float | None,
    *,
    case: str = "drift",
    divided: bool = False,
    repetitions: int | None = None,
) -> Iterator[str]:
    """One day of a monitor against something else that reads the same day."""
    data = bench.data(rows)
    learned = bench.learned(data, case)
    name, cost = other
    costs = by_turns(
        lambda: bench.day(data, case, learned),
        lambda: cost(data),
        repetitions or bench.repetitions,
        [logs(data)],
    )
    yield from Comparison((what, name), costs, goal, divided).lines()


def logs(data: Path, day: str = DAY) -> Path:
    """The folder of a day's log."""
    return data / "logs" / f"dt={day}"


def drift(bench: Bench) -> Iterator[str]:
    """One day, drift of every column."""
    other = ("bare pyarrow scan", lambda data: bench.scan([logs(data)]))
    yield from day_against(bench, MIDDLE, ONE_DAY, other, 2.5)


def busy(bench: Bench) -> Iterator[str]:
    """One day while something else keeps every core busy: what the machine does, not what the work takes."""
    data = bench.data(MIDDLE)
    learned = bench.learned(data, "drift")

    def beside() -> Cost:
        with busy_cores(os.cpu_count() or 1):
            return bench.day(data, "drift", learned)

    costs = by_turns(beside, lambda: bench.day(data, "drift", learned), bench.repetitions, [logs(data)])
    ratios = sorted(ours.cpu / others.cpu for ours, others in zip(*costs, strict=True))
    ratio = statistics.median(ratios)
    yield line(ONE_DAY, costs[1])
    yield line(
        "the same beside as many busy processes as cores: core-seconds",
        costs[0],
        f"{ratio:.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})",
        *verdict(ratio, 1.2),
    )


def segments(bench: Bench) -> Iterator[str]:
    """The same by three segment columns."""
    other = ("bare pyarrow scan", lambda data: bench.scan([logs(data)]))
    yield from day_against(
        bench, MIDDLE, "the same, by segments of 4, 2 and 3 values", other, 3.5, case="segments"
    )


def labels(bench: Bench) -> Iterator[str]:
    """Labels joined and performance published: with memory for it, and within what a run takes unasked."""
    data = bench.data(MIDDLE)
    learned = bench.learned(data, "labels")
    yield from _joined(bench, data, learned, "2GB", 3.0)
    yield from _joined(bench, data, learned, "", 3.0)


def _joined(bench: Bench, data: Path, learned: Path, memory: str, goal: float | None) -> Iterator[str]:
    folders = [logs(data), *(data / "labels" / f"dt={day}" for day in (DAY, LABELS_DAY))]

    def joined() -> Cost:
        cost = bench.day(data, "labels", learned, memory=memory)
        # the run publishes data and performance: only what the second took counts here
        command = [*script("performance_part"), str(data / "labels.duckdb")]
        rows, seconds, cpu = measure(command)[3].split()
        return Cost(float(seconds), float(cpu), cost.peak, int(rows), len(JOINED))

    costs = by_turns(joined, lambda: bench.scan(folders, only=JOINED), bench.repetitions, folders)
    what = f"labels joined, performance published ({f'--memory-limit {memory}' if memory else 'spilling'})"
    yield from Comparison((what, "bare scan of the columns that the join reads"), costs, goal).lines()


def summarize(bench: Bench) -> Iterator[str]:
    """DuckDB's SUMMARIZE."""

    def other(data: Path) -> Cost:
        return told([*script("duckdb_summarize"), str(logs(data)), "--threads", str(bench.threads)])

    yield from day_against(bench, MIDDLE, ONE_DAY, ("DuckDB SUMMARIZE", other), 8, divided=True)


def spark_obvious(bench: Bench) -> Iterator[str]:
    """The Spark job that first comes to mind."""

    def other(data: Path) -> Cost:
        return told([*script("spark_obvious"), str(logs(data)), "--threads", str(bench.threads)])

    name = f"Spark local[{bench.threads}], its own reader and aggregates"
    yield from day_against(
        bench,
        MIDDLE,
        ONE_DAY,
        (name, other),
        None,
        divided=True,
        repetitions=bench.few,
    )


def evidently(bench: Bench) -> Iterator[str]:
    """Evidently's DataDriftPreset."""

    def other(data: Path) -> Cost:
        return told([*script("evidently_drift"), str(logs(data, REFERENCE_DAY)), str(logs(data))])

    name = "Evidently, DataDriftPreset, from loaded frames"
    yield from day_against(
        bench, SMALL, FROM_PARQUET, (name, other), 100, divided=True, repetitions=bench.few
    )


def nannyml_python(environments: Path) -> Path:
    """The interpreter of NannyML's environment, which is made the first time."""
    home = environments / ".venv-nannyml"
    python = home / "bin" / "python"
    if not (home / ".installed").exists():
        measure([sys.executable, "-m", "venv", "--clear", str(home)])
        requirements = HERE.parents[1] / "requirements" / "nannyml.txt"
        measure(
            [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(requirements)]
        )
        (home / ".installed").touch()
    return python


def nannyml(bench: Bench) -> Iterator[str]:
    """NannyML's univariate drift, in an environment of its own: it pins what the project does not."""
    python = nannyml_python(bench.environments)

    def other(data: Path) -> Cost:
        command = [str(python), str(HERE / "nannyml_drift.py"), f"dt={REFERENCE_DAY}", f"dt={DAY}"]
        return told(command, folder=data / "logs")

    name = "NannyML, univariate fit and calculate, from loaded frames"
    yield from day_against(bench, SMALL, FROM_PARQUET, (name, other), 10, divided=True)


def month(bench: Bench) -> Iterator[str]:
    """A month from hourly profiles."""
    data = bench.data(MONTH_ROWS, days=MONTH_DAYS + 1)
    monitor = data / "monitors" / "hours.yaml"
    monitor.write_text((data / "monitors" / "drift.yaml").read_text() + "base: hour\n")
    store = data / "hours.duckdb"
    store.unlink(missing_ok=True)
    first = datetime.date.fromisoformat(DAY)
    last = first + datetime.timedelta(days=MONTH_DAYS - 1)
    bench.run(data, "hours", DAY, store, to=last.isoformat())
    command = [*script("month"), str(monitor), "--store", url(store), "--days", str(MONTH_DAYS)]
    costs = [told(command) for _ in range(bench.repetitions)]
    seconds = statistics.median(cost.work for cost in costs)
    shown = [Cost(cost.work, 0, 0, cost.rows, cost.columns) for cost in costs]
    yield line("a month from hourly profiles (rows: hours)", shown, f"{seconds:.2f} s", *verdict(seconds, 1))


def memory(bench: Bench) -> Iterator[str]:
    """Peak memory at the large size against the middle one, the reference being the same."""
    middle, large = bench.data(MIDDLE), bench.data(LARGE, like=MIDDLE)
    learned = bench.learned(middle, "drift")
    costs = by_turns(
        lambda: bench.day(large, "drift", learned),
        lambda: bench.day(middle, "drift", learned),
        bench.few,
        [logs(large), logs(middle)],
    )
    ours, others = ([cost.peak / 1e6 for cost in several] for several in costs)
    ratio = statistics.median(ours) / statistics.median(others)
    yield line(ONE_DAY, costs[1])
    yield line(
        "a day five times as large: peak memory beside it", costs[0], f"{ratio:.2f}", *verdict(ratio, 1.2)
    )
    peak = max(ours)
    yield line("the same in megabytes", costs[0], f"{peak:.0f} MB", *verdict(peak, MOST_MEMORY))


def spark(bench: Bench) -> Iterator[str]:
    """Spark on this machine against threads, one session for all repetitions."""
    data = bench.data(LARGE, like=MIDDLE)
    # the allocator as the command line sets it for threads, and the engine for Spark's workers
    command = ["env", f"MIMALLOC_PURGE_DELAY={KEPT_MS}", *script("spark_against_local"), "--dir", str(data)]
    command += ["--threads", str(bench.threads), "--repetitions", str(bench.repetitions)]
    answer = measure(command)[3]
    found = dict(pair.split("=") for pair in answer.split())
    ratio = float(found["ratio"])
    rows, columns = int(found["rows"]), int(found["columns"])
    for what, seconds, said in (
        (f"local engine, {bench.threads} threads, the scan alone", found["local"], ()),
        (
            f"Spark local[{bench.threads}], the scan alone, session start apart",
            found["spark"],
            (f"{ratio:.2f}", *verdict(ratio, 2)),
        ),
    ):
        yield line(what, [Cost(float(seconds), 0, 0, rows, columns)], *said)


PARTS: dict[str, Callable[[Bench], Iterator[str]]] = {
    part.__name__: part
    for part in (
        drift,
        busy,
        segments,
        labels,
        summarize,
        spark_obvious,
        evidently,
        nannyml,
        month,
        memory,
        spark,
    )
}


def machine(threads: int) -> str:
    """What it was measured on."""
    processor = platform.processor() or platform.machine()
    for told_of in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if told_of.startswith("model name"):
            processor = told_of.partition(":")[2].strip()
            break
    today = datetime.datetime.now(datetime.UTC).date()
    return (
        f"{today}, {processor}, {os.cpu_count()} cores, {threads} threads, Python {platform.python_version()}"
    )


def _share(share: float) -> str:
    return "" if share == 1 else f"; {share:g} of the rows, which is not what the goals are about"


def main() -> None:
    """Bench what the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--share", type=float, default=1.0, help="of the rows of every part")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dir", type=Path, help="where to keep the rows; by default they are thrown away")
    parser.add_argument(
        "--environments",
        type=Path,
        default=HERE.parents[1],
        help="where NannyML's environment is made",
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as scratch:
        root = (asked.dir or Path(scratch)).absolute()
        bench = Bench(root, asked.share, asked.threads, asked.repetitions, asked.environments.absolute())
        sys.stdout.write(
            f"{machine(asked.threads)}; medians of {asked.repetitions}{_share(asked.share)}\n\n{HEADING}\n"
        )
        for name in asked.parts:
            for written in PARTS[name](bench):
                sys.stdout.write(written + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
