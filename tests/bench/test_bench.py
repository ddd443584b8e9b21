"""The bench runs from end to end. How fast anything is, no test asserts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# NannyML's part would install an environment of its own from the network.
OFFLINE = [
    "drift",
    "busy",
    "segments",
    "labels",
    "summarize",
    "spark_obvious",
    "evidently",
    "month",
    "memory",
    "spark",
]
SMALL = ("--parts", "drift", "--share", "0.002", "--repetitions", "1")


def bench(root: Path, *arguments: str) -> list[list[str]]:
    """The cells of the table's lines."""
    command = [sys.executable, str(HERE / "bench.py"), "--dir", str(root), "--threads", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    machine, empty, heading, rule, *lines = done.stdout.splitlines()
    assert "2 threads" in machine
    assert not empty
    assert heading.startswith("| what")
    assert rule.startswith("| ---")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """A small part, run once: its folder and its lines."""
    folder = tmp_path_factory.mktemp("bench")
    return folder, bench(folder, *SMALL)


def test_a_small_part_prints_a_ratio_for_its_pair(small: tuple[Path, list[list[str]]]) -> None:
    scanned, ran = small[1]
    assert scanned[0] == "bare pyarrow scan"
    assert scanned[1] == ran[1] == "20,000"
    assert scanned[7:] == ["", "", ""]
    assert float(ran[7].split()[0]) > 1
    assert ran[8] == "≤ 2.5"
    assert ran[9] in {"yes", "**missed**"}


def test_rows_that_are_there_are_not_generated_again(small: tuple[Path, list[list[str]]]) -> None:
    folder = small[0]
    before = written(folder)
    assert before
    bench(folder, *SMALL)
    assert written(folder) == before


def written(folder: Path) -> dict[Path, int]:
    """When each of the generated objects was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("part-*.parquet")}


@pytest.mark.long
def test_a_hundredth_of_every_part_goes_through(tmp_path: Path) -> None:
    lines = bench(tmp_path, "--parts", *OFFLINE, "--share", "0.01", "--repetitions", "1")
    judged = [cells for cells in lines if cells[9]]
    assert len(judged) == len(OFFLINE) + 2  # memory has two goals, labels two limits
    for cells in judged:
        assert float(cells[7].split()[0]) > 0
