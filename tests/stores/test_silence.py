"""A server that takes connections and never answers: the limit is ours to keep, and says how to change it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.stores.makers import run
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.stores import open_store
from driftline_jobs.stores.patience import SilentPeerError, within
from driftline_jobs.stores.urls import with_limits
from driftline_schemas.errors import TransientError


@contextmanager
def mute_server() -> Iterator[int]:
    """A port where somebody listens, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_greets_is_given_up() -> None:
    with mute_server() as port:
        store = open_store(f"postgresql://driftline@127.0.0.1:{port}/driftline", silence_seconds=0.5)
        with pytest.raises(TransientError, match=r"has not answered for 0\.5 s.*DRIFTLINE_TIMEOUT"):
            store.migrate()


def test_a_server_that_falls_silent_is_given_up_and_found_again(postgres: PostgresServer) -> None:
    url = postgres.url(postgres.create_database())
    store = open_store(url, wait_seconds=1.0, silence_seconds=2.0)
    store.migrate()
    (pid,) = store.execute_read("SELECT pg_backend_pid()::text AS pid").column("pid").to_pylist()
    os.kill(int(pid), signal.SIGSTOP)
    try:
        with pytest.raises(TransientError, match="has not answered"):
            store.begin([run("r1")])
        store.begin([run("r1")])  # over a connection of its own
        assert store.execute_read("SELECT status FROM runs").column("status").to_pylist() == ["running"]
    finally:
        os.kill(int(pid), signal.SIGCONT)
    store.close()


def test_the_answer_or_the_error_comes_through() -> None:
    assert within(5.0, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 // 0)
    release, tidied = threading.Event(), threading.Event()
    with pytest.raises(SilentPeerError):
        within(0.05, release.wait, tidied.set)
    assert not tidied.is_set()
    release.set()
    assert tidied.wait(5.0)


def test_limits_are_added_to_a_url_that_has_none() -> None:
    own = "keepalives_idle=15&keepalives_interval=7"
    bare, given = "postgresql://h/d", "postgresql://h/d?connect_timeout=3&sslmode=require"
    assert with_limits(bare, 60.0) == f"{bare}?connect_timeout=60&tcp_user_timeout=60000&{own}"
    assert with_limits(given, 60.0) == f"{given}&tcp_user_timeout=60000&{own}"
