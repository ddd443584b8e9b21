"""The summary tables in a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest
from tests.reports.readback import Database, database_of

from driftline_reports.inputs import ReportInputs


@pytest.fixture
def database() -> Iterator[Callable[[ReportInputs], Database]]:
    """Loads a page's tables as the ``current_`` views."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    # Nothing may depend on the zone of whoever asks.
    connection.execute("SET TimeZone = 'America/New_York'")
    yield lambda inputs: database_of(connection, inputs)
    connection.close()
