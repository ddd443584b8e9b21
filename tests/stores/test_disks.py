"""A store whose disk is full, read-only or damaged: what can be cured by waiting, and what cannot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench, day

DRIFTLINE = str(Path(sys.executable).with_name("driftline"))
Invoke = Callable[..., tuple[int, str]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A log, and a store with one window of it."""
    made = Bench(tmp_path)
    made.days(0, 5)
    made.run(4)
    return made


def run_words(number: int) -> str:
    return f"{DRIFTLINE} run monitor.yaml --period {day(number):%Y-%m-%d}"


def on_a_disk(bench: Bench, before: str, command: str, options: str = "size=8m") -> tuple[int, str]:
    """A command with a small disk of its own at ``disk``, seen by nobody else: status, standard error."""
    disk = bench.root / "disk"
    disk.mkdir()
    script = f"mount -t tmpfs -o {options} none {disk} && {before} && exec {command}"
    words = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script]
    done = subprocess.run(words, cwd=bench.root, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


def test_a_full_disk_may_be_emptied(bench: Bench) -> None:
    fill = "cp tables.duckdb disk/s.duckdb && (cat /dev/zero > disk/filler || true)"
    # For a second somebody might empty it, and then it is said.
    words = f"env DRIFTLINE_TIMEOUT=1 {run_words(5)} --store duckdb:///disk/s.duckdb"
    status, said = on_a_disk(bench, fill, words)
    assert (status, "No space left" in said) == (4, True)


@pytest.mark.parametrize("what", ["run", "prune"])
def test_a_folder_that_cannot_be_written_is_a_wrong_setting(bench: Bench, what: str) -> None:
    command = {"run": run_words(5), "prune": f"{DRIFTLINE} store prune --keep 1d"}[what]
    seal = "cp tables.duckdb disk/s.duckdb && mount -o remount,ro disk"
    status, said = on_a_disk(bench, seal, f"{command} --store duckdb:///disk/s.duckdb")
    assert (status, "Read-only file system" in said) == (2, True)


def test_a_store_cannot_be_made_where_nothing_can_be_written(bench: Bench) -> None:
    status, said = on_a_disk(bench, "true", f"{run_words(5)} --store duckdb:///disk/new.duckdb", "ro")
    assert status == 2
    assert "DRIFTLINE_STORE" in said


def test_pages_and_exports_need_a_place_too(bench: Bench) -> None:
    report = (
        f"{DRIFTLINE} report monitor.yaml --period {day(4):%Y-%m-%d} --out disk --store {bench.store_url}"
    )
    assert on_a_disk(bench, "true", report, "ro")[0] == 2


@pytest.mark.parametrize("share", [0.00002, 0.0008, 0.0025, 0.3, 0.7])
def test_a_file_that_was_cut_off_is_damaged(bench: Bench, share: float) -> None:
    whole = (bench.root / "tables.duckdb").read_bytes()
    (bench.root / "cut.duckdb").write_bytes(whole[: int(share * len(whole))])
    words = [*run_words(5).split(), "--store", "duckdb:///cut.duckdb"]
    done = subprocess.run(words, cwd=bench.root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 3, done.stderr
    assert "was cut off" in done.stderr
