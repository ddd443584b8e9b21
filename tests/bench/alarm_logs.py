"""Logs whose days are clean, and what may be wrong with a day of them.

Rows of a day are alike: each column's mean lies off by a twentieth of a standard deviation from day to day,
independently, by the weekday, or in a first-order autoregression; so no formula's independence is taken for
granted.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS, DAY_EFFECT = 20, 0.05
DEPENDENCE = ("independent", "weekday", "ar3", "ar7")
YEAR = "fixed year"
REFERENCES: dict[str, tuple[int, dict[str, Any]]] = {
    YEAR: (366, {}),
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
    season: float = 0.0
    """Height, in standard deviations, of a sine over the year in every column's mean."""
    cycle: float = 0.0
    """Height of a sine over the day in how many rows come, relative to their mean."""

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
        found: Floats = drawn + self.season * np.sin(2 * np.pi * np.arange(self.days) / 365.25)[:, None]
        return found

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
        seconds = np.sort(_of_day(rng, rows, self.cycle))
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


def _of_day(rng: np.random.Generator, rows: int, cycle: float) -> Floats:
    """Seconds since midnight: most rows come at noon."""
    seconds = np.empty(0)
    while len(seconds) < rows:
        drawn = rng.uniform(0, 86400, 4 * rows)
        wanted = 1.0 - cycle * np.cos(2 * np.pi * drawn / 86400)
        seconds = np.concatenate([seconds, drawn[rng.random(len(drawn)) * (1.0 + cycle) < wanted]])
    found: Floats = seconds[:rows]
    return found


def monitor_file(
    root: Path, reference: str, rate: float, *, labels: bool = True, base: str = "day"
) -> tuple[Path, int]:
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
        "base": base,
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


def _clocks(rng: np.random.Generator, day: Day) -> Day:  # noqa: ARG001 - as the others
    """An hour late; what that makes tomorrow's is not there."""
    hour = 3_600_000_000
    at = day["at"].cast(pa.int64()).to_numpy() + hour
    first = at.min() // (24 * hour) * 24 * hour
    chosen = np.flatnonzero(at < first + 24 * hour)
    moved = {name: _taken(values, chosen) for name, values in day.items()}
    return moved | {"at": pa.array(at[chosen], pa.timestamp("us", "UTC"))}


def _stale(rng: np.random.Generator, day: Day) -> Day:  # noqa: ARG001 - as the others
    """Yesterday's values of a few rows, over and over."""
    few = np.arange(len(day["label"])) % 50
    names = [f"x{at:02d}" for at in range(COLUMNS)]
    return day | {name: day[name][few] for name in names}


FAULTS: dict[str, tuple[Fault, str | None]] = {
    "30 % frozen": (_frozen, "x02"),
    "+.3 sd": (_shifted, "x03"),
    "4 % nulls": (_missing, "x04"),
    "40 % fewer rows": (_fewer, None),
    "sentinel -1 in 1 %": (_sentinel, "x12"),
    "2 % nulls": (_two_percent, "x05"),
    "a value renamed in .5 %": (_renamed, "region"),
    "20 % doubled": (_doubled, None),
    "a stale copy": (_stale, "x02"),
    "clocks an hour late": (_clocks, None),
}
BY_THE_HOUR = frozenset({"clocks an hour late"})
"""With a daily cycle, and profiles by the hour."""


def kept_up(column: str, change: Callable[[np.random.Generator, Any], Any]) -> tuple[Fault, str]:
    return (lambda rng, day: day | {column: change(rng, day[column])}), column


def masked(share: float) -> Callable[[np.random.Generator, Floats], pa.Array]:
    return lambda rng, values: pa.array(values, mask=rng.random(len(values)) < share)


def _more_north(rng: np.random.Generator, values: Any) -> Any:
    return np.where(rng.random(len(values)) < 0.02 / 0.6, "north", values)


def _some_doubled(rng: np.random.Generator, values: Floats) -> Floats:
    return np.where(rng.random(len(values)) < 0.02, 2.0 * values, values)


SMALL: dict[str, tuple[Fault, str]] = {
    "+.1 sd": kept_up("x03", lambda _, values: values + 0.1),
    "+.2 sd": kept_up("x03", lambda _, values: values + 0.2),
    "2 points of a category": kept_up("region", _more_north),
    "2 % of values doubled": kept_up("x12", _some_doubled),
    "nulls 5 to 7 %": kept_up("x05", masked(0.07)),
}
