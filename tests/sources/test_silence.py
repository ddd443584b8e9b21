"""An S3 server that takes connections and never answers is given up, by whichever library asks it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from driftline_jobs.storage import s3
from driftline_jobs.storage.location import open_location
from driftline_schemas.errors import TransientError


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that says nothing, with keys for it and a limit of two seconds."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("DRIFTLINE_TIMEOUT", "2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_listing_ends(mute: str) -> None:
    with pytest.raises(TransientError, match="does not answer"):
        open_location("s3://serving-logs/flights/", endpoint_url=mute)


@pytest.mark.slow
def test_reading_ends(mute: str) -> None:
    location = s3.S3("s3://serving-logs/flights", "serving-logs/flights", mute, "us-east-1")
    with pytest.raises(TransientError, match="out of reach"):
        location.etag_of("serving-logs/flights/part-0.parquet")


def test_the_limit_is_shared_by_the_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLINE_TIMEOUT", "60")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    config: Any = s3.client("http://127.0.0.1:9", "us-east-1").meta.config
    assert config.retries["total_max_attempts"] == 4
    assert config.read_timeout * 4 <= 60
    assert config.connect_timeout <= config.read_timeout
