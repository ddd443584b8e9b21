"""Whoever reads what a command says, or does not: the exit status and what is published are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench, day

DRIFTLINE = str(Path(sys.executable).with_name("driftline"))
# What a shell does with the two streams. `false` reads nothing, so the pipe to it breaks.
REDIRECTIONS = {
    "closed": ">&- 2>&-",
    "full": ">/dev/full 2>/dev/full",
    "broken": "2>&1 | false; exit ${PIPESTATUS[0]}",
    "output closed": ">&-",
    "errors closed": "2>&-",
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A log with labels, a day to run, and a monitor whose every name needs more than ASCII."""
    made = Bench(tmp_path, {"owner": "Zoë", "features": {"categorical": ["city", "prénom"]}})
    made.days(0, 4, prénom=["Zoë"] * 120)
    made.monitor_file()
    return made


def shell(bench: Bench, words: str, redirection: str, environment: Mapping[str, str] | None = None) -> int:
    command = f"{DRIFTLINE} {words} {redirection}"
    env = {**os.environ, "DRIFTLINE_STORE": bench.store_url, **(environment or {})}
    done = subprocess.run(["bash", "-c", command], check=False, cwd=bench.root, env=env, timeout=120)
    return done.returncode


RUN = f"run monitor.yaml --period {day(4):%Y-%m-%d}"


@pytest.mark.parametrize("redirection", REDIRECTIONS.values(), ids=REDIRECTIONS)
def test_a_run_is_published_whatever_becomes_of_its_output(bench: Bench, redirection: str) -> None:
    assert shell(bench, RUN, redirection) == 0
    (run,) = bench.current("runs", part="data").to_dict("records")
    assert (run["status"], run["rows_read"]) == ("published", 120)


@pytest.mark.parametrize("redirection", REDIRECTIONS.values(), ids=REDIRECTIONS)
@pytest.mark.parametrize(
    ("words", "status"),
    [("--help", 0), ("--version", 0), ("run missing.yaml --period 2024-01-05", 2), ("rnu", 2)],
)
def test_the_status_does_not_depend_on_the_output(
    bench: Bench, words: str, status: int, redirection: str
) -> None:
    assert shell(bench, words, redirection) == status


def test_json_lines_go_on_without_a_reader(bench: Bench) -> None:
    assert shell(bench, f"{RUN} --log-format json", REDIRECTIONS["broken"]) == 0
    assert len(bench.current("runs", part="data")) == 1


def test_what_the_encoding_lacks_is_escaped(bench: Bench) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    assert shell(bench, "validate monitor.yaml", ">out 2>err", ascii_only) == 0
    assert "pr\\xe9nom" in (bench.root / "out").read_text()
    assert (bench.root / "err").read_text().isascii()
