"""A file that one process writes at a time: waiting, giving up, and letting readers in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.stores import behind
from tests.stores.makers import drift, reference_set, run
from tests.stores.processes import python

from driftline_jobs.stores import Store, open_store
from driftline_jobs.stores.turns import turn
from driftline_schemas.errors import ConfigError, StoreBusyError, TransientError


@pytest.fixture
def kind() -> str:
    return "duckdb"


HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("open", flush=True)
sys.stdin.read()
"""


# Writes one row at a time, opening and closing the file for each.
COME_AND_GO = """
import pathlib, sys
from driftline_jobs.stores.duckdb.database import DuckDbDatabase
from tests.stores.makers import binning

database = DuckDbDatabase(pathlib.Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    with database.writing(60) as session:
        session.insert("binnings", binning(f"{sys.argv[2]}-{number}"))
"""
COMINGS = 20


@contextmanager
def held(path: Path, mode: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open until the end of the ``with``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "open\n"
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def leavings(folder: Path) -> list[str]:
    """What is in a folder, but for the files that turns are taken with."""
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.endswith(".lock"))


@pytest.fixture
def path(url: str) -> Path:
    return Path(url.removeprefix("duckdb:///"))


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_writer_waits_no_longer_than_it_may_and_names_who_holds_the_store(
    store: Store, path: Path, url: str, mode: str
) -> None:
    with held(path, mode) as holder, open_store(url, wait_seconds=0.2) as impatient:
        with pytest.raises(StoreBusyError, match=rf"in use by process {holder.pid} \(python") as caught:
            impatient.publish([run("r1")], {})
        assert str(path) in str(caught.value)
    store.publish([run("r1")], {})


def test_a_job_that_waits_for_another_job_names_it(store: Store, path: Path, url: str) -> None:
    with turn(path, 0, shared=False), open_store(url, wait_seconds=0.05) as impatient:
        with pytest.raises(StoreBusyError, match=rf"in use by process {os.getpid()} and did not become free"):
            impatient.publish([run("r1")], {})
        with pytest.raises(StoreBusyError, match="in use by process"):
            impatient.current("drift_metrics", "flights")
    with turn(path, 0, shared=True), open_store(url, wait_seconds=0.05) as impatient:
        with pytest.raises(StoreBusyError, match="in use by process"):
            impatient.publish([run("r1")], {})
        assert impatient.current("drift_metrics", "flights").num_rows == 0
    store.publish([run("r1")], {})


def test_a_forked_child_does_not_keep_the_turn(path: Path, store: Store) -> None:
    with turn(path, 0, shared=False):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    store.publish([run("r1")], {})
    child.communicate(b"\n")


def test_many_processes_that_come_and_go_lose_nothing(store: Store, path: Path) -> None:
    """DuckDB takes its lock after it has read the header: without turns a row is lost now and then."""
    workers = [python("-c", COME_AND_GO, path, str(worker), str(COMINGS)) for worker in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4
    there = store.execute_read(
        "SELECT COUNT(*) AS n, COUNT(DISTINCT binning_id) AS ids FROM binnings"
    ).to_pylist()
    assert there == [{"n": 4 * COMINGS, "ids": 4 * COMINGS}]


def test_readers_do_not_wait_for_one_another(store: Store, path: Path, url: str) -> None:
    store.publish([run("r1")], {"drift_metrics": drift([run("r1")])})
    with held(path, "read"), open_store(url, wait_seconds=0) as other:
        assert other.current("drift_metrics", "flights").num_rows == 4


def test_whoever_waits_gets_in_when_the_other_is_done(store: Store, path: Path) -> None:
    with held(path, "write") as holder:
        assert holder.stdin is not None
        timer = threading.Timer(0.3, holder.stdin.close)
        timer.start()
        store.publish([run("r1")], {})
        timer.join()
    assert store.current_runs("flights", "data").num_rows == 1


def test_between_two_publications_everybody_gets_in(store: Store, path: Path) -> None:
    for number in range(3):
        store.publish([run(f"r{number}", number)], {})
        with held(path, "write"):
            pass


def test_another_connection_of_this_process_is_waited_for_too(store: Store, path: Path, url: str) -> None:
    import duckdb

    with (
        duckdb.connect(str(path), read_only=True),
        open_store(url, wait_seconds=0.1) as impatient,
        pytest.raises(StoreBusyError, match="another connection of this very process"),
    ):
        impatient.publish([run("r1")], {})
    store.publish([run("r1")], {})


def test_threads_share_a_store(store: Store, url: str) -> None:
    def publish(number: int) -> None:
        mine = store if number % 2 else open_store(url)
        record = run(f"r{number}", number)
        mine.publish([record], {"drift_metrics": drift([record])})
        assert (
            mine.current(
                "drift_metrics", "flights", start=record.window_start, end=record.window_end
            ).num_rows
            == 4
        )

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.current_runs("flights", "data").num_rows == 8


def test_a_copy_for_readers_is_swapped_and_locks_nobody_out(tmp_path: Path) -> None:
    copy = tmp_path / "readers.duckdb"
    with open_store(f"duckdb:///{tmp_path / 'store.duckdb'}?copy=readers.duckdb", wait_seconds=5) as store:
        store.migrate()
        store.publish([run("r1")], {"drift_metrics": drift([run("r1")], value=1.0)})
        with held(copy, "read"), open_store(f"duckdb:///{copy}", wait_seconds=0) as reader:
            assert set(reader.current("drift_metrics", "flights").column("value").to_pylist()) == {1.0}
            store.publish([run("r2")], {"drift_metrics": drift([run("r2")], value=2.0)})
            assert set(reader.current("drift_metrics", "flights").column("value").to_pylist()) == {2.0}
    assert leavings(tmp_path) == ["readers.duckdb", "store.duckdb"]


def test_a_copy_that_cannot_be_made_is_said_but_the_publication_stands(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'store.duckdb'}"
    with open_store(url) as plain:
        plain.migrate()
    (tmp_path / "taken").mkdir()
    with open_store(f"{url}?copy=taken", wait_seconds=0) as store:
        with pytest.raises(
            TransientError, match=r"is published, but its copy for readers .*taken could not be made"
        ):
            store.publish([run("r1")], {})
        assert store.current_runs("flights", "data").num_rows == 1


@pytest.mark.parametrize("content", [b"", b"hello, I am a text file" * 1000, b"PAR1" + b"\0" * 20_000])
def test_another_kind_of_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with open_store(f"duckdb:///{file}", wait_seconds=0) as store:
        with pytest.raises(ConfigError, match=r"notes\.txt is a file, but not a DuckDB database"):
            store.migrate()
        with pytest.raises(ConfigError, match=r"notes\.txt is a file, but not a DuckDB database"):
            store.execute_read("SELECT 1")
    assert file.read_bytes() == content


def test_a_store_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with open_store(f"duckdb:///{tmp_path / 'nowhere.duckdb'}", wait_seconds=0) as store:
        with pytest.raises(
            ConfigError, match=r"there is no store at .*nowhere\.duckdb.*driftline store migrate"
        ):
            store.current("drift_metrics", "flights")
        with pytest.raises(ConfigError, match="there is no store"):
            store.publish([run("r1")], {})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        open_store(f"duckdb:///{tmp_path / 'no' / 'store.duckdb'}", wait_seconds=0) as store,
        pytest.raises(ConfigError, match=r"the folder .*/no of the store .* does not exist"),
    ):
        store.migrate()
    with (
        open_store(f"duckdb:///{tmp_path}", wait_seconds=0) as store,
        pytest.raises(ConfigError, match="Is a directory"),
    ):
        store.migrate()


def test_making_a_store_leaves_the_store_alone(tmp_path: Path) -> None:
    with open_store(f"duckdb:///{tmp_path / 'store.duckdb'}") as store:
        store.migrate()
    assert leavings(tmp_path) == ["store.duckdb"]


def test_publishing_goes_on_while_somebody_reads_again_and_again(store: Store, url: str) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def look() -> None:
        with open_store(url, wait_seconds=20) as reader:
            while not stop.is_set():
                seen.append(reader.current_runs("flights", "data").num_rows)
                time.sleep(0.001)

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(10):
        store.publish([run(f"r{number}", number)], {})
    stop.set()
    thread.join()
    assert seen == sorted(seen)
    assert store.current_runs("flights", "data").num_rows == 10


def test_one_reference_of_many_is_read_without_the_others(store: Store, url: str) -> None:
    # a scan would decode the states of all of them, of a thousand monitors a gigabyte
    for number in range(50):
        store.put_once("reference_sets", reference_set(f"ref-{number}"))
    query = "SELECT state FROM reference_sets WHERE reference_id = 'ref-7'"
    plan = "\n".join(map(str, behind.read(url, f"EXPLAIN ANALYZE {query}")))
    assert "Index Scan" in plan
    assert len(behind.read(url, query)) == 1
