"""What every test stands on: no deployment's settings, and one demo for all that look at it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_deployment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A developer's own store, keys and profiles must not decide what a test sees, nor be touched by one."""
    for name in os.environ:
        if name.startswith(("DRIFTLINE_", "AWS_")):
            monkeypatch.delenv(name)
    nothing = tmp_path_factory.getbasetemp() / "no-such-file"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nothing))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nothing))
    # Without this, boto3 and Arrow ask the cloud's metadata service, and wait for it where there is none.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def flights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's logs, labels and monitor file, made once: to be read, not to be written into."""
    from driftline_jobs.demo.prepare import prepare
    from driftline_jobs.request import SilentProgress

    return prepare(tmp_path_factory.mktemp("flights") / "demo", SilentProgress()).root
