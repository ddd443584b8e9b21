"""Turns at a name: what only one may do at a time, without keeping anybody from the store."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest
from tests.stores.makers import run

from driftline_jobs.stores import Store, open_store
from driftline_schemas.errors import StoreBusyError, TransientError

NAME = "messages of flights"


def test_who_asks_for_the_same_name_waits_and_nobody_else(store: Store, url: str) -> None:
    order: list[str] = []
    began = threading.Event()

    def other() -> None:
        with open_store(url, wait_seconds=20) as second:
            began.set()
            with second.turn(NAME):
                order.append("second")

    with store.turn(NAME):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert began.wait(20)
        with open_store(url, wait_seconds=5) as third, third.turn("messages of trains"):
            third.begin([run("r1")])
        store.fail([run("r1")], "error", "done with")
        time.sleep(0.2)
        order.append("first")
    waiting.join(20)
    assert order == ["first", "second"]


def test_who_waits_for_long_may_come_again(store: Store, url: str) -> None:
    with open_store(url, wait_seconds=0.3) as other, store.turn(NAME):
        with pytest.raises(TransientError) as caught, other.turn(NAME):
            pass
        assert isinstance(caught.value, StoreBusyError)
    with open_store(url, wait_seconds=0.3) as other, other.turn(NAME):
        pass


def test_an_error_within_ends_it(store: Store) -> None:
    with pytest.raises(KeyError), store.turn(NAME):
        raise KeyError
    with store.turn(NAME):
        pass


def _die_within(url: str, taken: Path) -> None:
    with open_store(url) as store, store.turn(NAME):
        taken.touch()
        time.sleep(60)


def test_it_ends_with_the_process(store: Store, url: str, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    process = multiprocessing.get_context("spawn").Process(target=_die_within, args=(url, taken))
    process.start()
    until = time.monotonic() + 30
    while not taken.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, 9)
    process.join()
    with store.turn(NAME):
        pass
