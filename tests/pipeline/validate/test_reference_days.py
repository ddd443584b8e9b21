"""What validation says of a reference that is not all there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.looking import DAY, log

from driftline_jobs.pipeline.validate.check import check_log
from driftline_schemas.monitor import parse_monitor

MONITOR = """\
monitor: test
task: binary_classification
logs: {{uri: logs, timestamp: at, score: p, lateness: 1d}}
reference: {{window: [2013-07-01, 2013-07-05]{exclude}}}
"""


def write(root: Path, number: int, folder: str | None = None, **columns: pa.Array) -> Path:
    """The rows of a day of July 2013, by default in its folder."""
    day = DAY + timedelta(days=number - 1)
    path = root / "logs" / (folder or f"dt={day:%Y-%m-%d}") / f"part-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    table = log(start=day)
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    pq.write_table(table, path)
    return path


def said(root: Path, exclude: str = "") -> list[str]:
    monitor = parse_monitor(MONITOR.format(exclude=exclude), "monitor.yaml")
    found = [remark.text for remark in check_log(monitor, root).remarks]
    return [text for text in found if text.startswith("the reference has rows")]


@pytest.mark.parametrize("folder", [None, "."], ids=["dated", "undated"])
def test_a_whole_reference_is_no_remark(tmp_path: Path, folder: str | None) -> None:
    for number in range(1, 6):
        write(tmp_path, number, folder)
    assert said(tmp_path) == []


@pytest.mark.parametrize("folder", [None, "."], ids=["dated", "undated"])
def test_times_that_are_text_are_looked_at(tmp_path: Path, folder: str | None) -> None:
    for number in range(1, 6):
        write(
            tmp_path, number, folder, at=pa.array([f"2013-07-0{number}T0{hour}:00:00Z" for hour in range(4)])
        )
    assert said(tmp_path) == []


def test_days_that_cannot_be_read_are_named_with_the_reason(tmp_path: Path) -> None:
    for number in (1, 3, 4, 5):
        path = write(tmp_path, number)
        if number == 3:
            path.write_bytes(path.read_bytes()[:-20])
    write(tmp_path, 4, at=pa.array(["soon"] * 4))
    (text,) = said(tmp_path)
    assert text.startswith(
        "the reference has rows on 1 of 4 days: none on 2013-07-02, 2013-07-03, 2013-07-04 "
        f"(file://{tmp_path}/logs/dt=2013-07-03/part-3: it was cut off"
    )
    assert text.endswith("Put right what should be there, or list what need not under reference.exclude")


def test_a_good_object_beside_a_bad_one_fills_the_day(tmp_path: Path) -> None:
    for number in range(1, 6):
        write(tmp_path, number)
    bad = write(tmp_path, 9, "dt=2013-07-02")  # its rows are of another day
    bad.write_bytes(bad.read_bytes()[:-20])
    assert said(tmp_path) == []


def test_rows_may_lie_in_the_folders_before_and_after(tmp_path: Path) -> None:
    for number in range(1, 5):
        write(tmp_path, number, f"dt=2013-07-{number + 1:02}")
    assert said(tmp_path) == []


def test_excluded_days_are_not_missed(tmp_path: Path) -> None:
    for number in (1, 2, 4, 5):
        write(tmp_path, number)
    assert said(tmp_path, ", exclude: [[2013-07-03, 2013-07-04]]") == []
    (text,) = said(tmp_path)
    assert "3 of 4 days: none on 2013-07-03. Put right" in text
