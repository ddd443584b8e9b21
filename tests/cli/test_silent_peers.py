"""No command waits for ever for somebody who does not answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench, day

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mute() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_store_that_does_not_answer(
    invoke: Invoke, mute: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLINE_TIMEOUT", "1")
    monkeypatch.setenv("DRIFTLINE_STORE", f"postgresql://driftline@{mute}/driftline")
    bench = Bench(tmp_path)
    bench.days(0, 4)
    status, _, said = invoke("run", bench.monitor_file(), "--period", f"{day(4):%Y-%m-%d}")
    assert status == 4
    assert "DRIFTLINE_TIMEOUT" in said
    assert invoke("alerts", "list")[0] == 4


def test_a_store_for_which_its_own_library_stops_waiting_first(
    invoke: Invoke, mute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql://driftline@{mute}/driftline?connect_timeout=2"
    monkeypatch.setenv("DRIFTLINE_STORE", address)
    status, _, said = invoke("alerts", "list")
    assert status == 4
    assert "has not answered in time" in said
    assert "DRIFTLINE_TIMEOUT, and connect_timeout" in said


def test_a_storage_that_does_not_answer(
    invoke: Invoke, mute: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DRIFTLINE_TIMEOUT": "1",
        "AWS_ENDPOINT_URL": f"http://{mute}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    bench = Bench(tmp_path, {"logs": {"uri": "s3://serving-logs/flights/"}})
    status, _, _ = invoke("run", bench.monitor_file(), "--period", f"{day(4):%Y-%m-%d}")
    assert status == 4
