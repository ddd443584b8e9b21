"""Machines as jobs meet them: no home, no name for the user, a poor locale, files that may not be read.

Commands run as a user whom the machine has no name for, and who may pass over no file's permissions.
"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench, day

from driftline_jobs.stores import open_store

DRIFTLINE = str(Path(sys.executable).with_name("driftline"))
AS_NOBODY = ["unshare", "--user", "--map-user=4242", "--map-group=4242"]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "né ☃")
    made.root.mkdir()
    made.days(0, 3)
    made.write(4, made.rows(4, amount=[500.0] * 120))
    made.monitor_file()
    return made


def command(
    bench: Bench, *words: str | Path, where: Path | None = None, variables: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run it with hardly any environment: exit status, and all that it said."""
    needed = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    done = subprocess.run(
        [*AS_NOBODY, DRIFTLINE, *map(str, words)],
        cwd=where or bench.root,
        env={**needed, "DRIFTLINE_STORE": bench.store_url, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def run(bench: Bench) -> tuple[int, str]:
    return command(bench, "run", "monitor.yaml", "--period", f"{day(4):%Y-%m-%d}")


@pytest.mark.slow
def test_who_has_neither_a_home_nor_a_name_can_do_it_all(bench: Bench, tmp_path: Path) -> None:
    working, pages = tmp_path / "working", tmp_path / "pages"
    working.mkdir()
    file, period = bench.root / "monitor.yaml", ("--period", f"{day(4):%Y-%m-%d}")
    assert command(bench, "run", file, *period, where=working)[0] == 0
    assert command(bench, "report", file, *period, "--out", pages, where=working)[0] == 0
    assert command(bench, "catch-up", file, where=working)[0] == 0
    alert = bench.query("SELECT alert_id FROM current_alerts ORDER BY alert_id")[0]["alert_id"]
    assert command(bench, "alerts", "acknowledge", alert, where=working) == (
        0,
        f"bench: {alert} acknowledged\n",
    )
    assert [row["actor"] for row in bench.query("SELECT actor FROM alert_actions")] == ["uid 4242"]
    assert list(working.iterdir()) == []


@pytest.mark.slow
def test_a_locale_without_utf8_changes_nothing(bench: Bench) -> None:
    (bench.root / "monitor.yaml").rename(bench.root / "mönitor.yaml")
    words = ("run", "mönitor.yaml", "--period", f"{day(4):%Y-%m-%d}", "--store", "duckdb:///tä.duckdb")
    assert command(bench, *words, variables=ASCII)[0] == 0
    assert {path.name for path in bench.root.glob("*.duckdb")} == {"tä.duckdb"}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["logs", "logs/dt=2024-01-05", "logs/dt=2024-01-05/part-0.parquet"])
def test_what_may_not_be_read_is_a_wrong_setting(bench: Bench, what: str) -> None:
    (bench.root / what).chmod(0)
    try:
        status, said = run(bench)
    finally:
        (bench.root / what).chmod(0o755)
    assert status == 2
    assert "no permission to read file://" in said
    assert "uid 4242" in said


def test_a_monitor_file_that_may_not_be_read(bench: Bench) -> None:
    (bench.root / "monitor.yaml").chmod(0)
    status, said = run(bench)
    assert (status, "'monitor.yaml' is not readable" in said) == (2, True), said


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_store_that_may_not_be_written(bench: Bench, mode: int) -> None:
    with open_store(bench.store_url) as store:
        store.migrate()
    (bench.root / "tables.duckdb").chmod(mode)
    status, said = command(bench, "store", "prune", "--keep", "1d")
    assert (status, "Permission denied" in said) == (2, True), said


@pytest.mark.slow
def test_the_folder_of_a_store_must_be_writable_too(bench: Bench) -> None:
    """There DuckDB keeps the log of a transaction; the file alone being ours is not enough."""
    with open_store(bench.store_url) as store:
        store.migrate()
    bench.root.chmod(0o555)
    try:
        status, said = run(bench)
    finally:
        bench.root.chmod(0o755)
    assert (status, "the store cannot be written" in said) == (2, True), said


def test_an_action_of_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from driftline_jobs.cli import acting

    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4242")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert acting.actor() == f"uid {os.getuid()}"


@pytest.mark.parametrize(
    "words",
    [
        ("store", "migrate", "--store", "duckdb:///t\udcff.duckdb"),
        ("store", "export", "--store", "{store}", "--to", "{root}/o\udcff"),
    ],
)
def test_names_that_are_no_text_are_refused(bench: Bench, invoke: Invoke, words: tuple[str, ...]) -> None:
    with open_store(bench.store_url) as store:
        store.migrate()
    status, _, said = invoke(*(word.format(store=bench.store_url, root=bench.root) for word in words))
    assert (status, "UTF-8" in said) == (2, True), said


@pytest.mark.slow
def test_few_file_handles_are_enough(bench: Bench) -> None:
    """Objects are opened one at a time by a thread, however many there are."""
    rows = bench.rows(4, 240)
    for part in range(120):
        some = {name: values[2 * part : 2 * part + 2] for name, values in rows.items()}
        bench.write(4, some, f"part-{part:03d}.parquet")
    limited = ["bash", "-c", 'ulimit -n 64; exec "$@"', "limited"]
    done = subprocess.run(
        [*limited, DRIFTLINE, "run", "monitor.yaml", "--period", f"{day(4):%Y-%m-%d}", "--threads", "4"],
        cwd=bench.root,
        env={**os.environ, "DRIFTLINE_STORE": bench.store_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "360 rows read" in done.stdout
