"""A clock that was moved: the rows of a day are as many, and come at another time of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.end_to_end.builder import AS_OF

from driftline_jobs.pipeline.request import RunRequest
from driftline_jobs.run import run
from driftline_jobs.stores import open_store
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

FIRST, REFERENCE, DAYS, ROWS = pd.Timestamp("2024-01-01"), 28, 12, 2000
MOVED = 9
"""The day, of those after the reference, from which on the clock is moved."""


def write(root: Path, hours: int) -> Path:
    """A log of days that vary, with a daily cycle that is another one at weekends."""
    random = np.random.default_rng(7)
    (root / "log").mkdir()
    for number in range(REFERENCE + DAYS):
        day = FIRST + pd.Timedelta(days=number)
        weekend = day.weekday() >= 5
        rows = int(ROWS * (0.6 if weekend else 1.0) * random.lognormal(0.0, 0.05))
        weights = 1.0 + 0.8 * np.sin((np.arange(24) - (11 if weekend else 8)) / 24 * 2 * np.pi)
        hour = random.choice(24, rows, p=random.dirichlet(20_000 * weights / weights.sum()))
        at = day + pd.to_timedelta(hour * 3600 + random.uniform(0, 3600, rows), unit="s")
        if number >= REFERENCE + MOVED:
            at = at + pd.Timedelta(hours=hours)
        frame = pd.DataFrame({"at": at, "amount": random.normal(size=rows), "score": random.random(rows)})
        frame.to_parquet(root / "log" / f"{number:03d}.parquet", index=False)
    monitor = {
        "monitor": "clocks",
        "task": "binary_classification",
        "logs": {"uri": str(root / "log"), "timestamp": "at", "score": "score"},
        "granularity": "day",
        "base": "hour",
        "reference": {"window": ["2024-01-01", "2024-01-29"]},
    }
    (root / "monitor.yaml").write_text(yaml.safe_dump(monitor))
    return root / "monitor.yaml"


def rows_of(root: Path, hours: int, query: str) -> list[Mapping[str, Any]]:
    path, store = write(root, hours), f"duckdb:///{root}/tables.duckdb"
    monitor = load_monitor(path)
    days = [FIRST + pd.Timedelta(days=REFERENCE + number) for number in (0, DAYS - 1)]
    start, end = (monitor.calendar.parse(f"{moment:%Y-%m-%d}") for moment in days)
    run(RunRequest(monitor, path, start, end, Settings(store=store), AS_OF))
    with open_store(store) as opened:
        return list(opened.execute_read(query).to_pylist())


CHECKS = (
    "SELECT value, passed FROM current_quality_metrics WHERE check_name = 'time_of_day' ORDER BY window_start"
)


@pytest.mark.parametrize("hours", [1, -1, 3])
def test_is_found_within_two_windows(tmp_path: Path, hours: int) -> None:
    found = rows_of(tmp_path, hours, CHECKS)
    passed = [row["passed"] for row in found]
    assert all(passed[: MOVED - 1])  # what is too early lies in the day before
    assert not all(passed[MOVED : MOVED + 2])
    assert found[-1]["value"] == pytest.approx(hours, abs=0.6)


def test_says_so_in_words(tmp_path: Path) -> None:
    said = rows_of(
        tmp_path, 3, "SELECT headline FROM current_incidents WHERE state = 'new' AND severity <> 'low'"
    )
    assert any("hours later in the day than usual" in row["headline"] for row in said), said
