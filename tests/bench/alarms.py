"""Whether alarms keep their promise, end to end: what is reported on clean days, and on days with a fault.

    python tests/bench/alarms.py [--seeds 20] [--days 200] [--references fixed trailing same_weekday] ...

Every log is made, run through the command, and read from the tables. Rows of a day are alike: each column's
mean lies off by a twentieth of a standard deviation from day to day, independently, by the weekday, or in a
first-order autoregression; so no formula's independence is taken for granted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from scipy.stats import beta

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS, DAY_EFFECT = 20, 0.05
DEPENDENCE = ("independent", "weekday", "ar3", "ar7")
REFERENCES: dict[str, tuple[int, dict[str, Any]]] = {
    "fixed 28": (28, {}),
    "fixed 56": (56, {}),
    "trailing 28": (28, {"trailing": "28d"}),
    "same weekday 8": (56, {"same_weekday": 8}),
}
Floats = npt.NDArray[np.float64]
Day = dict[str, Any]
Fault = Callable[[np.random.Generator, Day], Day]


@dataclass
class Log:
    """A log of days that are clean, but for ``faults`` by the number of the day."""

    seed: int
    days: int
    rows: int = 2000
    dependence: str = "independent"
    spread_of_rows: float = 0.0
    faults: dict[int, Fault] = field(default_factory=dict)
    labels: bool = True

    def write(self, root: Path) -> None:
        """One object a day below ``root/log``, labels below ``root/labels``."""
        effects = self._effects()
        (root / "log").mkdir(parents=True)
        (root / "labels").mkdir()
        for number in range(self.days):
            made = self._day(number, effects[number])
            fault = self.faults.get(number)
            if fault is not None:
                made = fault(np.random.default_rng([self.seed, number, 7]), made)
            labels = made.pop("label")
            pq.write_table(pa.table(made), root / "log" / f"{number:04d}.parquet")
            if self.labels:
                table = pa.table({"id": made["id"], "label": pa.array(labels, pa.int8())})
                pq.write_table(table, root / "labels" / f"{number:04d}.parquet")

    def _effects(self) -> Floats:
        """(days, COLUMNS) of the means, in standard deviations."""
        rng = np.random.default_rng([self.seed, 1])
        drawn = rng.normal(0, DAY_EFFECT, (self.days, COLUMNS))
        if self.dependence.startswith("ar"):
            rho = int(self.dependence[2:]) / 10
            for day in range(1, self.days):
                drawn[day] = rho * drawn[day - 1] + np.sqrt(1 - rho**2) * drawn[day]
        if self.dependence == "weekday":
            drawn += rng.normal(0, 0.1, (7, COLUMNS))[np.arange(self.days) % 7]
        return drawn

    def _day(self, number: int, effect: Floats) -> Day:
        rng = np.random.default_rng([self.seed, number, 2])
        rows = round(self.rows * np.exp(rng.normal(0, self.spread_of_rows)))
        if self.dependence == "weekday" and number % 7 >= 5:
            rows = round(0.7 * rows)
        values = rng.normal(size=(rows, COLUMNS)) + effect
        made: Day = {f"x{at:02d}": values[:, at] for at in range(COLUMNS)}
        for at in range(COLUMNS // 2, COLUMNS):
            made[f"x{at:02d}"] = np.exp(made[f"x{at:02d}"])
        linear = values[:, 0] + 0.5 * values[:, 1] - 1.5
        score = 1 / (1 + np.exp(-linear))
        seconds = np.sort(rng.uniform(0, 86400, rows))
        start = FIRST + timedelta(days=number)
        made |= {
            "region": rng.choice(["north", "south", "east", "west"], rows, p=[0.4, 0.3, 0.2, 0.1]),
            "device": rng.choice(["phone", "desk", "other"], rows, p=[0.6, 0.3, 0.1]),
            "score": score,
            "prediction": (score > 0.5).astype(np.int8),
            "at": pa.array(
                (np.int64(start.timestamp() * 1e6) + (seconds * 1e6).astype(np.int64)),
                pa.timestamp("us", "UTC"),
            ),
            "id": [f"{number}-{row}" for row in range(rows)],
            "label": (rng.random(rows) < score).astype(np.int8),
        }
        return made


def monitor_file(root: Path, reference: str, rate: float, *, labels: bool = True) -> tuple[Path, int]:
    """A monitor of that log, and how many days belong to the reference."""
    days, moving = REFERENCES[reference]
    fixed = {"window": [f"{FIRST:%Y-%m-%d}", f"{FIRST + timedelta(days=days):%Y-%m-%d}"]}
    content: dict[str, Any] = {
        "monitor": "alarms",
        "task": "binary_classification",
        "logs": {
            "uri": str(root / "log"),
            "timestamp": "at",
            "prediction_id": "id",
            "prediction": "prediction",
            "score": "score",
        },
        "positive_label": 1,
        "segments": ["region", "device"],
        "granularity": "day",
        "reference": moving or fixed,
        "alerts": {"false_alarm_rate": rate, "min_rows": 500},
    }
    if labels:
        content["labels"] = {
            "uri": str(root / "labels"),
            "prediction_id": "id",
            "label": "label",
            "mature_after": "0d",
        }
    path = root / "monitor.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path, days


def run(root: Path, monitor: Path, first: int, last: int) -> duckdb.DuckDBPyConnection:
    """The tables that ``driftline run`` leaves for these days."""
    store = root / "tables.duckdb"
    store.unlink(missing_ok=True)
    day = [f"{FIRST + timedelta(days=number):%Y-%m-%d}" for number in (first, last)]
    command = [
        sys.executable,
        "-c",
        "from driftline_jobs.cli import main; main()",
        "run",
        str(monitor),
        "--period",
        day[0],
        "--to",
        day[1],
    ]
    done = subprocess.run(
        [*command, "--store", f"duckdb:///{store}", "--log-format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"driftline run ended with {done.returncode}: {done.stderr[-2000:]}")
    return duckdb.connect(str(store), read_only=True)


_NEW = """
    SELECT window_start, column_name, metric, segment, json_extract_string(evidence, '$.metric') AS leading
    FROM current_alerts WHERE window_start = first_window AND state <> 'resolved'
"""


_FIXED = """
    SELECT count(DISTINCT window_start) FROM current_drift_metrics WHERE column_name = 'x00' AND segment = '*'
    AND comparison = 'reference' AND metric = 'psi' AND threshold_source LIKE 'fixed%'
"""


@dataclass
class Promise:
    """What clean windows raised."""

    windows: int = 0
    alarmed: int = 0
    uncalibrated: int = 0
    by: Counter[str] = field(default_factory=Counter)

    def add(self, seed: int, days: int, dependence: str, reference: str, rate: float) -> None:
        """Make a log of so many days after the reference, run it, and count."""
        with tempfile.TemporaryDirectory() as folder:
            root, first = Path(folder), REFERENCES[reference][0]
            Log(seed, first + days, dependence=dependence).write(root)
            monitor, _ = monitor_file(root, reference, rate)
            with run(root, monitor, first, first + days - 1) as tables:
                found = tables.execute(_NEW).fetchall()
                (fixed,) = tables.execute(_FIXED).fetchone() or (0,)
        self.uncalibrated += fixed
        self.windows += days
        self.alarmed += len({row[0] for row in found})
        self.by.update(f"{row[4] or row[2]}" for row in found)

    def line(self) -> str:
        """The share, the least that it is with 95 % confidence, and what led."""
        least = beta.ppf(0.05, self.alarmed, self.windows - self.alarmed + 1) if self.alarmed else 0.0
        led = ", ".join(f"{name} {count}" for name, count in self.by.most_common(6))
        return f"{self.alarmed / self.windows:.2%} | {least:.2%} | {self.uncalibrated} | {led}"


def clean(args: argparse.Namespace) -> Iterator[str]:
    """Windows with any new alert, of clean days."""
    for reference, dependence, rate in product(args.references, args.dependence, args.rates):
        promise = Promise()
        for seed in range(args.seeds):
            promise.add(seed, args.days, dependence, reference, rate)
        yield f"| {reference} | {dependence} | {rate:.0%} | {promise.line()} |"


def _frozen(rng: np.random.Generator, day: Day) -> Day:
    values = day["x02"].copy()
    values[rng.random(len(values)) < 0.3] = 0.25
    return day | {"x02": values}


def _shifted(rng: np.random.Generator, day: Day) -> Day:  # noqa: ARG001 - as the others
    return day | {"x03": day["x03"] + 0.3}


def _missing(rng: np.random.Generator, day: Day) -> Day:
    values = day["x04"]
    return day | {"x04": pa.array(values, mask=rng.random(len(values)) < 0.04)}


def _fewer(rng: np.random.Generator, day: Day) -> Day:
    chosen = np.flatnonzero(rng.random(len(day["label"])) < 0.6)
    return {name: _taken(values, chosen) for name, values in day.items()}


def _taken(values: Any, chosen: npt.NDArray[np.int64]) -> Any:
    if isinstance(values, pa.Array):
        return values.take(pa.array(chosen))
    return [values[at] for at in chosen] if isinstance(values, list) else values[chosen]


def _sentinel(rng: np.random.Generator, day: Day) -> Day:
    values = day["x12"].copy()
    values[rng.random(len(values)) < 0.01] = -1.0
    return day | {"x12": values}


def _two_percent(rng: np.random.Generator, day: Day) -> Day:
    values = day["x05"]
    return day | {"x05": pa.array(values, mask=rng.random(len(values)) < 0.02)}


def _renamed(rng: np.random.Generator, day: Day) -> Day:
    values = day["region"].astype(object)
    values[rng.random(len(values)) < 0.005] = "North"
    return day | {"region": values.astype(str)}


def _doubled(rng: np.random.Generator, day: Day) -> Day:
    rows = len(day["label"])
    again = np.flatnonzero(rng.random(rows) < 0.2)
    chosen = np.concatenate([np.arange(rows), again])
    twice = {name: _taken(values, chosen) for name, values in day.items()}
    return twice | {"id": [*day["id"], *(f"again-{day['id'][at]}" for at in again)]}


FAULTS: dict[str, tuple[Fault, str | None]] = {
    "30 % frozen": (_frozen, "x02"),
    "+.3 sd": (_shifted, "x03"),
    "4 % nulls": (_missing, "x04"),
    "40 % fewer rows": (_fewer, None),
    "sentinel -1 in 1 %": (_sentinel, "x12"),
    "2 % nulls": (_two_percent, "x05"),
    "a value renamed in .5 %": (_renamed, "region"),
    "20 % doubled": (_doubled, None),
}


def faulty(args: argparse.Namespace) -> Iterator[str]:
    """On how many of the seeds a fault on one day is found on it, or within two."""
    fixed = [name for name in args.references if name.startswith("fixed")]
    for rows, reference, (name, (fault, column)) in product(args.rows, fixed, FAULTS.items()):
        found = [_found(seed, rows, reference, fault, column) for seed in range(args.seeds)]
        on_it, within = sum(0 in at for at in found), sum(bool(at & {0, 1}) for at in found)
        counts = f"{on_it} of {args.seeds} | {within} of {args.seeds}"
        yield f"| {name} | {rows:,} | {reference} | {counts} |"


def _found(seed: int, rows: int, reference: str, fault: Fault, column: str | None) -> set[int]:
    """The days, counted from the fault's first, on which it is under an alert."""
    with tempfile.TemporaryDirectory() as folder:
        root, days = Path(folder), REFERENCES[reference][0]
        first = days + 2
        log = Log(seed, days + 4, rows, spread_of_rows=0.05, labels=False)
        log.faults = {first: fault, first + 1: fault}
        log.write(root)
        monitor, _ = monitor_file(root, reference, 0.01, labels=False)
        with run(root, monitor, days, days + 3) as tables:
            starts = tables.execute(_UNDER_ALERT, [column or "*"]).fetchall()
    begun = (FIRST + timedelta(days=first)).replace(tzinfo=None)
    return {(start - begun).days for (start,) in starts}


_UNDER_ALERT = """
    SELECT window_start FROM current_alerts
    WHERE state <> 'resolved' AND column_name = ? AND metric <> 'moves_by_nature'
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--rows", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--references", nargs="+", default=list(REFERENCES), choices=list(REFERENCES))
    parser.add_argument("--dependence", nargs="+", default=list(DEPENDENCE), choices=list(DEPENDENCE))
    parser.add_argument("--rates", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--only", choices=["clean", "faults"])
    args = parser.parse_args(argv)
    if args.only != "faults":
        print("| reference | days | budget | windows with a new alert | at least | uncalibrated | led by |")  # noqa: T201
        print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
        for line in clean(args):
            print(line, flush=True)  # noqa: T201
    if args.only != "clean":
        print("\n| fault | rows a day | reference | found on its day | within two |")  # noqa: T201
        print("| --- | --- | --- | --- | --- |")  # noqa: T201
        for line in faulty(args):
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
