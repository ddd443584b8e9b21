"""A message by HTTP, held against a real server: retries, redirections, silence, and what is never shown."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from tests.reporting.messages.telling import hook

from driftline_jobs.reporting.messages.posting import post
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

BODY = {"text": "AUC fell ∎"}


def posted(address: str, seconds: float = 5.0) -> None:
    post(address, BODY, "0123456789abcdef", who="the webhook of flights", seconds=seconds)


def failing(address: str, kind: type[DriftlineError], seconds: float = 1.0) -> str:
    with pytest.raises(kind) as caught:
        posted(address, seconds)
    said = str(caught.value)
    assert caught.value.__cause__ is None
    assert "s3cret" not in said
    assert "127.0.0.1" not in said
    assert said.startswith("the webhook of flights")
    return said


def test_the_body_is_json_and_the_id_tells_one_that_comes_twice() -> None:
    with hook() as server:
        posted(server.address)
    (request,) = server.requests
    assert request.path == "/T0/s3cret"
    assert request.json == BODY
    assert "∎".encode() in request.body
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.headers["Idempotency-Key"] == "0123456789abcdef"
    assert request.headers["User-Agent"].startswith("driftline/")


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with hook(status, status) as server:
        posted(server.address)
    assert len(server.requests) == 3
    assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 1


def test_what_does_not_pass_in_time_is_transient() -> None:
    with hook(*[503] * 100) as server:
        said = failing(server.address, TransientError)
    assert "503 Service Unavailable" in said
    assert len(server.requests) > 1


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 418, 499])
def test_a_refusal_is_not_tried_again_and_not_repeated(status: int) -> None:
    with hook(status) as server:
        said = failing(server.address, ConfigError)
    assert str(status) in said
    assert len(server.requests) == 1


def test_silence_has_an_end() -> None:
    with hook(*[None] * 9) as server:
        began = time.monotonic()
        said = failing(server.address, TransientError, 0.7)
    assert time.monotonic() - began < 3
    assert "time" in said or "answered" in said


def test_a_server_that_drips_has_an_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        import threading

        over = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.1):
                    try:
                        connection.sendall(b"H" if over.is_set() else b"\r")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        failing(f"http://127.0.0.1:{port}/s3cret", TransientError, 0.6)
        assert time.monotonic() - began < 3
        over.set()
        thread.join(5)


def test_nothing_listening_is_transient_and_names_no_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "nothing listens" in failing(f"http://127.0.0.1:{port}/s3cret", TransientError, 0.3)


def test_no_tls_where_tls_was_asked_for_is_transient_and_names_no_place() -> None:
    with hook() as server:
        failing(server.address.replace("http:", "https:"), TransientError, 0.3)
    assert server.requests == []


def test_a_redirection_to_the_same_host_is_followed() -> None:
    with hook((307, {"Location": "/elsewhere"}), (308, {"Location": "/and/on"})) as server:
        posted(server.address)
    assert [request.path for request in server.requests] == ["/T0/s3cret", "/elsewhere", "/and/on"]
    assert all(request.json == BODY for request in server.requests)


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/x", "http://example.com/x", "//h/x", "http://127.0.0.1:{port}/x"]
)
def test_a_redirection_to_another_host_is_told_nothing(target: str) -> None:
    with hook() as other, hook() as server:
        server.answers = [(307, {"Location": target.format(port=other.port)})]
        assert "another host" in failing(server.address, ConfigError)
    assert other.requests == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [(302, {"Location": "/x"}), (303, {"Location": "/x"}), 307, 304])
def test_a_redirection_that_would_lose_the_message_is_a_refusal(answer: Any) -> None:
    with hook(answer) as server:
        assert "takes nothing" in failing(server.address, ConfigError)
    assert len(server.requests) == 1


def test_redirections_have_an_end() -> None:
    with hook(*[(307, {"Location": "/again"})] * 9) as server:
        assert "on and on" in failing(server.address, ConfigError)
    assert len(server.requests) == 4


def test_a_proxy_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    with hook() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        posted("http://hooks.test.invalid/T0/s3cret")
        assert [request.path for request in proxy.requests] == ["http://hooks.test.invalid/T0/s3cret"]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with hook() as server:
            posted(server.address)
        assert len(server.requests) == len(proxy.requests) == 1
