"""A real browser, and the summary tables in a real database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import duckdb
import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.reports.readback import Database, database_of

from driftline_reports.inputs import ReportInputs


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it, or the one playwright has fetched."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        # Containers run tests as root, which Chromium's sandbox refuses.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def database() -> Iterator[Callable[[ReportInputs], Database]]:
    """Loads a page's tables as the ``current_`` views."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    # Nothing may depend on the zone of whoever asks.
    connection.execute("SET TimeZone = 'America/New_York'")
    yield lambda inputs: database_of(connection, inputs)
    connection.close()
