"""Every command, killed for good at every point between two writes, on both stores.

Then what its user or Airflow does anyway: for a run or a catch-up one catch-up, for what is asked for by hand
the same command once more. The tables are those of a command that was let be.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cases.running import command
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, Table, assert_same_tables, day, normalised
from tests.stores.postgres_server import PostgresServer
from tests.stores.processes import python

from driftline_jobs.stores import open_store

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

DYING = Path(__file__).with_name("dying.py")
FIRST, LAST = REFERENCE_DAYS, REFERENCE_DAYS + 2
NEVER = 1 << 20
AS_OF = ("--as-of", "2030-01-01")
PERIOD = ("--period", f"{day(FIRST):%Y-%m-%d}", "--to", f"{day(LAST):%Y-%m-%d}")


@dataclass(frozen=True)
class Command:
    """What is killed.

    Attributes:
        words: the command.
        published: whether the windows have been published before.
        late: whether rows and labels have come late since.
        again: whether the same command is given once more, as for what only a person asks for.
    """

    words: tuple[str, ...]
    published: bool = True
    late: bool = False
    again: bool = False


COMMANDS = {
    "run": Command(("run", "monitor.yaml", *PERIOD, *AS_OF), published=False),
    "run again": Command(("run", "monitor.yaml", *PERIOD, *AS_OF), late=True),
    "catch-up": Command(("catch-up", "monitor.yaml", *AS_OF), late=True),
    "rebase": Command(
        ("rebase", "monitor.yaml", "--period", f"{day(FIRST + 1):%Y-%m-%d}"), late=True, again=True
    ),
    "report": Command(
        ("report", "monitor.yaml", "--period", f"{day(LAST):%Y-%m-%d}", "--out", "pages"), again=True
    ),
    "prune": Command(("store", "prune", "--keep", "0d"), late=True, again=True),
    "forget": Command(("store", "forget", "bench"), again=True),
}


class Places:
    """Stores of one kind: an empty one, and copies of one that nobody has open."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._folder, self._server = folder, server
        self._made = 0

    def empty(self) -> str:
        url = self._new()
        with open_store(url) as store:
            store.migrate()
        return url

    def copy(self, url: str) -> str:
        if self._server is None:
            there = self._new()
            shutil.copy(url.removeprefix("duckdb:///"), there.removeprefix("duckdb:///"))
            return there
        return self._server.url(self._server.create_database(url.rpartition("/")[2]))

    def _new(self) -> str:
        self._made += 1
        if self._server is not None:
            return self._server.url(self._server.create_database())
        return f"duckdb:///{self._folder}/{self._made}.duckdb"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    started = PostgresServer()
    started.start()
    yield started
    started.remove()


@pytest.fixture(params=["duckdb", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    (tmp_path / "stores").mkdir()
    server = request.getfixturevalue("server") if request.param == "postgres" else None
    return Places(tmp_path / "stores", server)


@dataclass(frozen=True)
class Ended:
    """How a command has ended, what it said, and how many points it has passed, if it came to its end."""

    status: int
    said: str

    @property
    def points(self) -> int:
        return int(self.said.rpartition("passed ")[2])


def call(bench: Bench, url: str, words: tuple[str, ...], point: int = NEVER, when: str = "before") -> Ended:
    """Call a command on the store, to be killed at a point."""
    arguments: list[str | Path] = [DYING, str(point), when, *words, "--store", url]
    with (bench.root / "said").open("w+b") as said:
        status = python(*arguments, cwd=bench.root, stdout=said, stderr=said).wait(timeout=120)
        said.seek(0)
        ended = Ended(status, said.read().decode())
    assert "Traceback" not in ended.said, ended.said
    return ended


def caught_up(bench: Bench, url: str, *more: str) -> str:
    """What a catch-up, in this process, says; it has to end well."""
    said = command("catch-up", bench.root / "monitor.yaml", *AS_OF, "--store", url, *more)
    assert said.status == 0, said.err
    return said.text


def tables(url: str) -> dict[str, Table]:
    """Everything current, but for objects that a window might have had rows of and has none: which of these
    there were depends on when it was last run."""
    with open_store(url) as store:
        found = normalised(store)
    inputs = found["run_inputs"]
    found["run_inputs"] = inputs[inputs["rows_matched"] > 0].reset_index(drop=True)
    found["runs"] = found["runs"].drop(columns="bytes_read")
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_every_point(
    bench: Bench, places: Places, name: str, record_property: Callable[[str, object], None]
) -> None:
    killed = COMMANDS[name]
    bench.days(0, LAST)
    bench.monitor_file()
    base = places.empty()
    if killed.published:
        assert call(bench, base, COMMANDS["run"].words).status == 0
    if killed.late:
        late = bench.rows(FIRST, 30)
        late["id"] = [f"late-{at}" for at in range(30)]
        bench.write(FIRST, late, "late.parquet")
        bench.write_labels(FIRST, late, arrived=LAST)
    if name == "prune":  # something is superseded, and may go
        assert call(bench, base, COMMANDS["catch-up"].words).status == 0

    def finish(url: str) -> dict[str, Table]:
        if name != "forget":
            caught_up(bench, url)
        return tables(url)

    undisturbed = places.copy(base)
    done = call(bench, undisturbed, killed.words)
    assert done.status == 0, done.said
    assert done.points >= 1
    expected = finish(undisturbed)
    kills = 0
    for point in range(done.points):
        for when in ("before", "after"):
            url = places.copy(base)
            assert call(bench, url, killed.words, point, when).status == -signal.SIGKILL
            kills += 1
            # Of a run that was killed before it wrote a word nobody knows: Airflow gives the task again.
            unknown = name == "run" and (point, when) == (0, "before")
            if killed.again or unknown:
                again = call(bench, url, killed.words)
                assert again.status == 0 or "nothing is stored" in again.said, again.said
            assert_same_tables(finish(url), expected)
            if name != "forget":
                assert "nothing new" in caught_up(bench, url, "--dry-run")
    record_property("measured", (14, f"{name}: {kills} kills"))
