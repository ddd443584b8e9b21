"""What validation says of columns of which no two windows are alike, before any run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from driftline_jobs.metrics.nature import Nature
from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.pipeline.validate.nature import natures_of_sample
from driftline_jobs.pipeline.validate.sample import MOST_OBJECTS, LogSample
from driftline_schemas.monitor import Monitor, load_monitor

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 200
MOVING = ["batch", "day_of_month", "ingested", "sequence", "trace"]


def write(root: Path, days: int) -> None:
    """A log of one object a day: columns that move, columns that vary, and prose."""
    for number in range(days):
        random = np.random.default_rng(number)
        at = np.datetime64((FIRST + timedelta(days=number)).replace(tzinfo=None), "us")
        times = at + np.sort(random.integers(0, 86_400_000_000, ROWS)).astype("timedelta64[us]")
        level = random.normal(0.0, 3.0)
        table = pa.table(
            {
                "ts": times,
                "p": random.random(ROWS),
                "batch": [f"batch {number}"] * ROWS,
                "day_of_month": np.full(ROWS, (FIRST + timedelta(days=number)).day),
                "ingested": times + np.timedelta64(30, "s"),
                "sequence": np.arange(ROWS) + 1000 + number * ROWS,
                "trace": [f"{value:016x}" for value in random.integers(0, 2**62, ROWS)],
                "weekday": np.full(ROWS, number % 7),
                "level": random.normal(level, 1.0, ROWS),
                "price": np.full(ROWS, level),
                "colour": random.choice(["red", "green", "blue"], ROWS),
                "prose": [
                    "word " * int(count) + str(count) for count in random.integers(1, 10**6, ROWS) % 997
                ],
                "empty": pa.nulls(ROWS),
            }
        )
        path = root / "logs" / f"dt={FIRST + timedelta(days=number):%Y-%m-%d}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(table, path)


def monitor(root: Path, days: int = 14, **changes: Any) -> Monitor:
    document = {
        "monitor": "case",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "ts", "score": "p"},
        "reference": {"window": ["2026-01-01", f"{FIRST + timedelta(days=days):%Y-%m-%d}"]},
        **changes,
    }
    (root / "monitor.yaml").write_text(yaml.safe_dump(document))
    return load_monitor(root / "monitor.yaml")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("nature")
    write(made, MOST_OBJECTS + 8)
    return made


def said(root: Path, watched: Monitor) -> list[str]:
    return [remark.text for remark in check_log(watched, root).remarks if not remark.is_fault]


def test_they_are_named_with_the_line_that_leaves_them_out(root: Path) -> None:
    features = {"ignore": ["level"], "numeric": ["sequence"]}
    (remark,) = said(root, monitor(root, features=features))
    assert f"each of {', '.join(MOVING[:-1])} and {MOVING[-1]} moves by nature" in remark
    assert "take sequence out of the other lists of features" in remark
    line = remark.split("`")[1]
    assert yaml.safe_load(line) == {"ignore": ["level", *MOVING]}
    assert said(root, monitor(root, features=yaml.safe_load(line))) == []


def test_what_is_seen_of_each_is_said(root: Path) -> None:
    (remark,) = said(root, monitor(root))
    for column, nature in {
        "batch": Nature.NEW_VALUES,
        "day_of_month": Nature.CALENDAR,
        "ingested": Nature.TIME,
        "sequence": Nature.GROWING,
        "trace": Nature.ID,
    }.items():
        assert f"{column}: {nature.words}" in remark


def test_without_a_reference_in_the_log_all_of_it_is_looked_at(root: Path) -> None:
    """Forty days, so that the day of the month comes again."""
    found = said(root, monitor(root, reference={"trailing": "14d"}))
    assert "each of batch, ingested, sequence and trace moves by nature" in found[0]


def test_a_reference_of_few_windows_is_said_to_be_too_short(root: Path) -> None:
    short, named = said(root, monitor(root, 4))
    assert "the reference has 4 of the 8 windows that it takes to recognise columns that move" in short
    assert "moves by nature" in named  # the log itself is long enough to tell
    assert len(said(root, monitor(root, 4, base="hour"))) == 1  # and so are the hours of four days


def test_a_log_without_rows_has_nothing_to_say(tmp_path: Path) -> None:
    assert natures_of_sample(monitor(tmp_path), LogSample((), ())) == {}
