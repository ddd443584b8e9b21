"""Tiny logs and monitors for the end-to-end tests, and the tables that a run leaves, made comparable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from driftline_jobs.pipeline.request import Progress, RunOutcome, RunRequest
from driftline_jobs.run import run
from driftline_jobs.stores import Store, open_store
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings
from driftline_schemas.table_definitions import load_tables

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
"""The first day of the reference, a Monday."""
REFERENCE_DAYS = 4
ROWS = 120
WINDOWED = (
    "profiles",
    "profile_metrics",
    "drift_metrics",
    "quality_metrics",
    "performance_metrics",
    "performance_curves",
    "impacts",
    "alerts",
    "incidents",
    "fold_states",
)
_COSTS = ("run_id", "started_at", "finished_at", "published_at", "superseded_at", "created_at")
_RUN_COSTS = ("cpu_seconds", "wall_seconds", "peak_memory_bytes", "engine")
AS_OF = datetime(2030, 1, 1, tzinfo=UTC)

Columns = dict[str, Any]
Table = pd.DataFrame


def day(number: int) -> datetime:
    """Midnight UTC of a day: 0 is the first of the reference."""
    return FIRST + timedelta(days=number)


@dataclass
class Bench:
    """A folder with a log, labels, a monitor file and a store."""

    root: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    store_name: str = "tables.duckdb"

    # -- the log ---------------------------------------------------------------------------------

    def rows(self, number: int, count: int = ROWS, **columns: object) -> Columns:
        """Columns of one day: a value given is taken as it is, None leaves the column out."""
        random = np.random.default_rng([number, count])
        start = np.datetime64(day(number).replace(tzinfo=None), "us")
        step = np.timedelta64(86_400_000_000 // count, "us")
        score = np.round(random.beta(2, 3, count), 3)
        made: Columns = {
            "at": pa.array(start + np.arange(count) * step, pa.timestamp("us", "UTC")),
            "id": pa.array([f"{number}-{i}" for i in range(count)]),
            "version": pa.array(["v1"] * count),
            "amount": pa.array(random.gamma(2.0, 10.0, count)),
            "city": pa.array(random.choice(["Bergen", "Kyiv", "Lima"], count, p=[0.5, 0.3, 0.2])),
            "score": pa.array(score),
            "class": pa.array((score >= 0.5).astype(np.int8)),
            "truth": pa.array((random.random(count) < score).astype(np.int8)),
        }
        made.update(columns)
        return {name: values for name, values in made.items() if values is not None}

    def write(self, number: int, columns: Columns, name: str = "part-0.parquet", **options: Any) -> Path:
        """Columns as one object in the folder of a day; the truth goes nowhere."""
        table = pa.table({n: v for n, v in columns.items() if n != "truth"})
        return self.put(table, f"logs/dt={day(number):%Y-%m-%d}/{name}", **options)

    def write_labels(self, number: int, columns: Columns, arrived: int | None = None, **more: object) -> Path:
        """Labels of a day's rows, in the folder of the day on which they arrived (the next)."""
        arrived = number + 1 if arrived is None else arrived
        table = pa.table({"id": columns["id"], "label": columns["truth"], **more})
        return self.put(table, f"labels/dt={day(arrived):%Y-%m-%d}/part-{number}.parquet")

    def put(self, table: pa.Table, path: str, **options: Any) -> Path:
        """A table as Parquet at a path below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, target, **options)
        return target

    def days(self, first: int, last: int, **columns: object) -> dict[int, Columns]:
        """Write log and labels of the days, both included; what was written, by day."""
        written = {}
        for number in range(first, last + 1):
            made = self.rows(number, ROWS, **columns)
            self.write(number, made)
            if "truth" in made:
                self.write_labels(number, made)
            written[number] = made
        return written

    def reference(self, **columns: object) -> dict[int, Columns]:
        """The days of the reference."""
        return self.days(0, REFERENCE_DAYS - 1, **columns)

    # -- the monitor -----------------------------------------------------------------------------

    def monitor_file(self) -> Path:
        """The monitor file, written anew."""
        content: dict[str, Any] = {
            "monitor": "bench",
            "task": "binary_classification",
            "logs": {
                "uri": "logs",
                "timestamp": "at",
                "prediction_id": "id",
                "prediction": "class",
                "score": "score",
                "model_version": "version",
            },
            "labels": {"uri": "labels", "prediction_id": "id", "label": "label", "catch_up": "10d"},
            "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE_DAYS):%Y-%m-%d}"]},
            "alerts": {"min_rows": 10},
        }
        for name, value in self.overrides.items():
            if isinstance(value, Mapping) and isinstance(content.get(name), dict):
                merged = content[name] | value
                content[name] = {key: entry for key, entry in merged.items() if entry is not None}
            else:
                content[name] = value
        path = self.root / "monitor.yaml"
        path.write_text(
            yaml.safe_dump({k: v for k, v in content.items() if v is not None}, allow_unicode=True),
            encoding="utf-8",
        )
        return path

    def run(
        self,
        first: int | str,
        last: int | str | None = None,
        *,
        as_of: datetime = AS_OF,
        allow_missing: bool = False,
        threads: int = 2,
        monitor_file: Path | None = None,
        progress: Progress | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> RunOutcome:
        """Run the windows of the days, both included; by default by the monitor file written anew."""
        path = monitor_file or self.monitor_file()
        monitor = load_monitor(path)
        calendar = monitor.calendar
        start, end = (
            calendar.parse(f"{day(w):%Y-%m-%d}" if isinstance(w, int) else w)
            for w in (first, first if last is None else last)
        )
        made = Settings(store=self.store_url, threads=threads, **(settings or {}))
        return run(RunRequest(monitor, path, start, end, made, as_of, allow_missing), progress)

    # -- the tables ------------------------------------------------------------------------------

    @property
    def store_url(self) -> str:
        """Where the tables are."""
        return f"duckdb:///{(self.root / self.store_name).absolute()}"

    def current(self, table: str, number: int | None = None, **where: object) -> Table:
        """Current rows, of one day if given, where the columns have the values."""
        with open_store(self.store_url) as store:
            start = None if number is None else day(number)
            end = None if number is None else day(number + 1)
            rows: Table = store.current(table, "bench", start=start, end=end).to_pandas()
        for name, value in where.items():
            rows = rows[rows[name] == value]
        return rows

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query of the store."""
        with open_store(self.store_url) as store:
            found: list[dict[str, Any]] = store.execute_read(sql).to_pylist()
            return found

    def one(self, table: str, number: int, **where: object) -> dict[str, Any]:
        """The one current row there must be."""
        rows = self.current(table, number, **where)
        assert len(rows) == 1, rows
        return {str(name): value for name, value in rows.iloc[0].items()}

    def described(self, number: int, column: str) -> dict[str, Any]:
        """What ``profile_metrics`` says of a column in the whole of a day."""
        return self.one(
            "profile_metrics",
            number,
            column_name=column,
            model_version="*",
            segment="*",
        )

    def drift(self, number: int, column: str, metric: str, comparison: str = "reference") -> dict[str, Any]:
        """What ``drift_metrics`` says of a column in the whole of a day."""
        return self.one(
            "drift_metrics",
            number,
            column_name=column,
            metric=metric,
            comparison=comparison,
            model_version="*",
            segment="*",
        )

    def performance(self, number: int, metric: str, kind: str = "realized") -> dict[str, Any]:
        """A figure of the whole of a day, for the model as a whole."""
        where = {"metric": metric, "kind": kind, "model_version": "*", "segment": "*", "windows": 1}
        rows = self.current("performance_metrics", number, **where)
        (row,) = rows[rows["class_label"].isna()].to_dict("records")
        return {str(name): value for name, value in row.items()}

    def check(self, number: int, check: str, column: str = "*") -> dict[str, Any]:
        """A quality check of a day."""
        return self.one("quality_metrics", number, column_name=column, check_name=check)

    def checks(self, number: int, check: str) -> list[str]:
        """The columns that failed a check."""
        rows = self.current("quality_metrics", number, check_name=check)
        return sorted(rows[rows["passed"].eq(False)]["column_name"])

    def inputs(self, number: int, part: str = "data") -> dict[str, tuple[str, str | None]]:
        """State and reason of the objects that a day's current run read, by path below the root."""
        with open_store(self.store_url) as store:
            rows = store.execute_read(
                "SELECT i.uri AS uri, i.state AS state, i.reason AS reason FROM run_inputs i "
                "JOIN current_runs r USING (run_id) "
                "WHERE r.part = $1 AND r.window_start = $2 AND i.role <> 'reference'",
                [part, day(number)],
            ).to_pylist()
        root = str(self.root)
        return {row["uri"].partition(root)[2].lstrip("/"): (row["state"], row["reason"]) for row in rows}


def normalised(store: Store, monitor: str = "bench") -> dict[str, Table]:
    """All current rows of every table, without run ids, times and costs, in one order."""
    tables = {name: store.current(name, monitor).to_pandas() for name in WINDOWED}
    tables["run_inputs"] = store.execute_read(
        "SELECT * FROM current_run_inputs WHERE monitor = $1", [monitor]
    ).to_pandas()
    tables["runs"] = store.execute_read(
        "SELECT * FROM current_runs WHERE monitor = $1", [monitor]
    ).to_pandas()
    for name in ("reference_sets", "binnings"):
        tables[name] = store.execute_read(f"SELECT * FROM {name} WHERE monitor = $1", [monitor]).to_pandas()
    known = load_tables()
    for name, rows in tables.items():
        dropped = [c for c in (*_COSTS, *(_RUN_COSTS if name == "runs" else ())) if c in rows.columns]
        kept = rows.drop(columns=dropped)
        if "state" in kept.columns and name != "run_inputs":
            kept["state"] = [
                hashlib.sha256(s).hexdigest() if isinstance(s, bytes) else s for s in kept["state"]
            ]
        order = [column for column in known[name].key if column in kept.columns] or list(kept.columns)
        if name in ("run_inputs", "runs"):
            order = [c for c in ("window_start", "part", "role", "uri") if c in kept.columns]
        tables[name] = kept.sort_values(order, ignore_index=True)
    return tables


def assert_same_tables(some: Mapping[str, Table], others: Mapping[str, Table]) -> None:
    """Every table equal to the bit."""
    assert some.keys() == others.keys()
    for name, rows in some.items():
        pd.testing.assert_frame_equal(rows, others[name], check_exact=True, obj=name)


def everything_written(url: str) -> bytes:
    """Every text and blob of every table, one after the other: to look for what must not be there."""
    found: list[bytes] = []
    with open_store(url) as store:
        for name in load_tables():
            rows = store.execute_read(f"SELECT * FROM {name}")
            for column in rows.columns:
                for value in column.to_pylist():
                    if isinstance(value, bytes):
                        found.append(value)
                    elif value is not None:
                        found.append(str(value).encode())
    return b"\0".join(found)


def texts(values: Sequence[object]) -> pa.Array:
    """Text values."""
    return pa.array([None if value is None else str(value) for value in values], pa.string())
