"""The bench runs from end to end. How fast anything is, no test asserts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_small_bench_prints_a_ratio_for_every_case(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("bench.py")), "--dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--rows", "20000", "--repetitions", "1", "--threads", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heading, columns, *lines = done.stdout.splitlines()
    assert heading.startswith("20,000 rows, 32 columns read, 2 threads")
    assert columns.split()[0] == "work"
    assert len(lines) == 4
    for scanned, ran in zip(lines[::2], lines[1::2], strict=True):
        assert scanned.startswith("bare scan")
        scan_work, run_work = float(scanned[34:42]), float(ran[34:42])
        ratio = float(ran.split()[-3])
        # Figures are printed to a hundredth of a second, and so small a scan takes few of them.
        assert run_work > scan_work >= 0
        assert ratio > 1


def test_rows_that_are_there_are_not_generated_again(tmp_path: Path) -> None:
    bench = str(Path(__file__).with_name("bench.py"))
    command = [sys.executable, bench, "--dir", str(tmp_path), "--rows", "5000", "--repetitions", "1"]
    files = []
    for _ in range(2):
        subprocess.run([*command, "--cases", "drift", "--threads", "1"], capture_output=True, check=True)
        files.append({path: path.stat().st_mtime_ns for path in (tmp_path / "logs").rglob("*.parquet")})
    assert files[0]
    assert files[0] == files[1]
