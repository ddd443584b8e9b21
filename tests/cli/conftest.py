"""Commands called in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from driftline_jobs.cli import main


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command: its exit status, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, printed.out, printed.err

    return run


@pytest.fixture
def monitor(flights_folder: Path) -> Path:
    """The demo's monitor file."""
    return flights_folder / "monitors" / "flight_delay.yaml"
