"""Calls that share a connection: each is a transaction of its own all the same."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import duckdb
import pytest
from tests.stores.makers import drift, run

from driftline_jobs.stores import QueryError, Store, open_store
from driftline_jobs.stores.duckdb.database import DuckDbDatabase
from driftline_schemas.errors import StoreBusyError, TransientError


def published(store: Store) -> list[str]:
    return sorted(store.current_runs("flights", "data").column("run_id").to_pylist())


def test_what_was_published_is_seen_at_once_and_afterwards_by_others(store: Store, url: str) -> None:
    with store.stay_connected():
        store.begin([run("r1", 0), run("r2", 1)])
        assert published(store) == []
        store.publish([run("r1", 0)], {"drift_metrics": drift([run("r1", 0)])})
        assert published(store) == ["r1"]
        store.publish([run("r2", 1)], {"drift_metrics": drift([run("r2", 1)])})
    with open_store(url) as other:
        assert published(other) == ["r1", "r2"]
        assert other.current("drift_metrics", "flights").num_rows == 8


def test_a_call_that_fails_leaves_nothing_and_the_next_ones_work(store: Store) -> None:
    with store.stay_connected():
        store.publish([run("r1")], {"drift_metrics": drift([run("r1")])})
        with pytest.raises(ValueError, match="published already"):
            store.publish([run("r1"), run("r2", 1)], {})
        with pytest.raises(QueryError, match="nowhere"):
            store.execute_read("SELECT * FROM nowhere")
        store.publish([run("r3", 2)], {})
    assert published(store) == ["r1", "r3"]


def test_a_question_changes_nothing(store: Store) -> None:
    with store.stay_connected():
        store.publish([run("r1")], {})
        with pytest.raises(QueryError):
            store.execute_read("DELETE FROM runs")
    assert published(store) == ["r1"]


def test_keeping_open_what_is_open_changes_nothing(store: Store) -> None:
    with store.stay_connected():
        with store.stay_connected():
            store.publish([run("r1")], {})
        assert published(store) == ["r1"]
    assert published(store) == ["r1"]


def test_an_error_within_closes_it(store: Store, url: str) -> None:
    def fails() -> None:
        with store.stay_connected():
            store.publish([run("r1")], {})
            raise KeyError("something else")

    with pytest.raises(KeyError):
        fails()
    with open_store(url, wait_seconds=0) as other:
        assert published(other) == ["r1"]


class TestFile:
    """What is so for a file alone."""

    @pytest.fixture
    def kind(self) -> str:
        return "duckdb"

    def test_others_wait_until_it_is_closed(self, store: Store, url: str) -> None:
        seen: list[list[str]] = []
        with open_store(url, wait_seconds=0) as hasty, open_store(url, wait_seconds=20) as patient:
            waiting = threading.Thread(target=lambda: seen.append(published(patient)))
            with store.stay_connected():
                assert published(store) == []
                waiting.start()
                with pytest.raises(StoreBusyError):
                    published(hasty)
                store.publish([run("r1")], {})
            waiting.join()
        assert seen == [["r1"]]

    def test_others_get_in_before_the_first_call(self, store: Store, url: str) -> None:
        with open_store(url, wait_seconds=0) as hasty, store.stay_connected():
            hasty.publish([run("r1")], {})
            assert published(store) == ["r1"]
            with pytest.raises(StoreBusyError):
                published(hasty)

    def test_others_get_in_while_it_is_not_in_use(self, store: Store, url: str) -> None:
        with open_store(url, wait_seconds=10) as patient, store.stay_connected(alone=False):
            store.publish([run("r1")], {})
            patient.publish([run("r2", 1)], {})
            assert published(store) == ["r1", "r2"]
            with store.stay_connected():  # but not within what must not be disturbed
                assert published(store) == ["r1", "r2"]
                with open_store(url, wait_seconds=1) as hasty, pytest.raises(StoreBusyError):
                    published(hasty)

    def test_others_get_in_between_many_calls(self, store: Store, url: str) -> None:
        seen: list[list[str]] = []
        with open_store(url, wait_seconds=20) as patient, store.stay_connected(alone=False):
            published(store)
            waiting = threading.Thread(target=lambda: seen.append(published(patient)))
            waiting.start()
            while waiting.is_alive():  # never idle
                published(store)
        assert seen == [[]]

    def test_threads_of_one_store_share_it(self, store: Store) -> None:
        seen: list[list[str]] = []
        with store.stay_connected():
            store.publish([run("r1")], {})
            other = threading.Thread(target=lambda: seen.append(published(store)))
            other.start()
            store.publish([run("r2", 1)], {})
            other.join()
        assert seen in ([["r1"]], [["r1", "r2"]])

    def test_the_copy_for_readers_is_made_while_it_is_not_in_use(self, tmp_path: Path) -> None:
        url = f"duckdb:///{tmp_path / 'store.duckdb'}?copy=readers.duckdb"
        copy = tmp_path / "readers.duckdb"
        with open_store(url, wait_seconds=5) as store:
            store.migrate()
            copy.unlink(missing_ok=True)
            with store.stay_connected(alone=False):
                store.publish([run("r1")], {})
                while not copy.exists():
                    time.sleep(0.05)
                with open_store(f"duckdb:///{copy}") as reader:
                    assert published(reader) == ["r1"]

    def test_the_copy_for_readers_has_all_of_it(self, tmp_path: Path) -> None:
        url = f"duckdb:///{tmp_path / 'store.duckdb'}?copy=readers.duckdb"
        with open_store(url, wait_seconds=5) as store:
            store.migrate()
            with store.stay_connected():
                store.publish([run("r1")], {})
                store.publish([run("r2", 1)], {})
        with open_store(f"duckdb:///{tmp_path / 'readers.duckdb'}") as reader:
            assert published(reader) == ["r1", "r2"]

    def test_the_copy_has_what_was_published_before_an_error(self, tmp_path: Path) -> None:
        def fails(store: Store) -> None:
            with store.stay_connected():
                store.publish([run("r1")], {})
                raise KeyError("something else")

        url = f"duckdb:///{tmp_path / 'store.duckdb'}?copy=readers.duckdb"
        with open_store(url, wait_seconds=5) as store:
            store.migrate()
            with pytest.raises(KeyError):
                fails(store)
        with open_store(f"duckdb:///{tmp_path / 'readers.duckdb'}") as reader:
            assert published(reader) == ["r1"]

    def test_a_connection_that_broke_is_not_used_again(self, url: str, store: Store) -> None:
        database = DuckDbDatabase(Path(url.removeprefix("duckdb:///")))

        def breaks() -> None:
            with database.writing(5) as session:
                session.run("DELETE FROM runs")
                raise TransientError("the disk is full")

        with database.stay_connected(5):
            with pytest.raises(TransientError):
                breaks()
            # somebody else gets in: the file was closed
            store.publish([run("r1")], {})
            with database.reading(5) as session:
                assert session.query("SELECT run_id FROM runs").column("run_id").to_pylist() == ["r1"]
        with duckdb.connect(str(database.path), read_only=True) as connection:
            assert connection.sql("SELECT COUNT(*) FROM runs").fetchall() == [(1,)]


def test_while_one_only_reads_others_read_too(store: Store, url: str) -> None:
    store.migrate()
    store.publish([run("r1")], {})
    with store.stay_connected(reading=True), open_store(url, wait_seconds=2.0) as other:
        assert store.current("runs", "flights").num_rows == 1
        with other.stay_connected(reading=True):
            assert other.current("runs", "flights").num_rows == 1
    store.publish([run("r2")], {})
