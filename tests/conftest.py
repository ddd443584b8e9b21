"""What every test stands on: no deployment's settings, and one demo for all that look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.extensions import Example, Install, built, forget, installing
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# With several processes, a file's tests stay in one, and so do those of files that share what takes long to
# make or needs much memory. They are named by how their paths begin; these groups come first, in this order.
MOMENTS = {
    "airflow": ("tests/end_to_end/test_airflow",),
    "flights": ("tests/demo/", "tests/end_to_end/test_demo_figures", "tests/cli/test_command_line",
                "tests/cli/test_index", "tests/cli/test_run_and_report"),
    "spark": ("tests/engines/test_spark", "tests/end_to_end/test_spark_submit", "tests/cases/test_on_spark"),
    "stores": ("tests/stores/",),
    "browser": ("tests/reports/test_in_browser",),
    "cases": ("tests/cases/",),
}  # fmt: skip
# Long simulations, of which each stands alone.
APART = ("tests/detection/test_criteria",)


def _group(test: str) -> str:
    """What a test of this name stays together with."""
    if test.startswith(APART):
        return test
    return next((name for name, paths in MOMENTS.items() if test.startswith(paths)), test.partition("::")[0])


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out groups, and not the tests of a module or class."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where there are several processes, the groups that take long come first."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = {name: place for place, name in enumerate(MOMENTS)}
        items.sort(key=lambda item: order.get(_group(item.nodeid), len(order)))


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
    # In whatever order the tests have run.
    for criterion, figure in sorted(found):
        terminalreporter.write_line(f"measured: criterion {criterion} {figure}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it, or the one playwright has fetched.

    Not for longer than a file: while it runs, nothing else in this process can start one, or an event loop.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        # Containers run tests as root, which Chromium's sandbox refuses.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def flights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's logs, labels and monitor file, made once: to be read, not to be written into."""
    from driftline_jobs.demo.prepare import prepare
    from driftline_jobs.pipeline.request import SilentProgress

    return prepare(tmp_path_factory.mktemp("flights") / "demo", SilentProgress()).root


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A finished ``driftline demo``: its folder, and what it printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The whole demo, March to December, run once as a user would: to be read, not to be written into."""
    external = tmp_path_factory.mktemp("elsewhere")
    folder = tmp_path_factory.mktemp("demo") / "flights"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    # The demo stays in its folder, whatever a deployment says.
    environment |= {
        "DRIFTLINE_STORE": f"duckdb:///{external}/tables.duckdb",
        "DRIFTLINE_REPORTS": str(external / "reports"),
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
    assert not list(external.iterdir())
    return DemoRun(folder, done.stdout)


@pytest.fixture
def fresh() -> Iterator[None]:
    """What is installed is looked up anew, before the test and after it."""
    forget()
    yield
    forget()


@pytest.fixture
def install(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes distributions with entry points, for the length of the test."""
    del fresh
    return installing(tmp_path / "installed", monkeypatch)


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Makes folders of examples of the docs, each once."""
    return cache(lambda name: built(name, tmp_path_factory.mktemp(name)))


@pytest.fixture
def example(fresh: None, examples: Example, monkeypatch: pytest.MonkeyPatch) -> Example:
    """Has examples of the docs installed for the length of a test, in processes that it starts too."""
    del fresh

    def install(name: str) -> Path:
        folder = examples(name)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", ":".join([str(folder), *sys.path]))
        forget()
        return folder

    return install
