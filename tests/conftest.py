"""What every test stands on: no deployment's settings, and one demo for all that look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
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


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[int, str], None]:
    """Keep what a test has measured for a numbered criterion: it is printed when all tests have run."""

    def keep(criterion: int, figure: str) -> None:
        record_property("measured", (criterion, figure))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Every measured figure, of tests that failed too: a bound says little without what it was held to."""
    found = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, value in report.user_properties
        if name == "measured"
    ]
    if found:
        terminalreporter.section("measured")
    for criterion, figure in sorted(found, key=lambda item: item[0]):
        terminalreporter.write_line(f"measured: criterion {criterion} {figure}")


@pytest.fixture(scope="session")
def flights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's logs, labels and monitor file, made once: to be read, not to be written into."""
    from driftline_jobs.demo.prepare import prepare
    from driftline_jobs.request import SilentProgress

    return prepare(tmp_path_factory.mktemp("flights") / "demo", SilentProgress()).root


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A finished ``driftline demo``: its folder, and what it printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The whole demo, March to December, run once as a user would: to be read, not to be written into."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    folder = tmp_path_factory.mktemp("demo") / "flights"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    # The demo stays in its folder, whatever a deployment says.
    environment |= {
        "DRIFTLINE_STORE": f"duckdb:///{elsewhere}/tables.duckdb",
        "DRIFTLINE_REPORTS": str(elsewhere / "reports"),
        "COLUMNS": "140",
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("driftline"), "demo", "--dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert not list(elsewhere.iterdir())
    return DemoRun(folder, done.stdout)
