"""The cases, written and run once for all tests."""

from __future__ import annotations

import pytest
from tests.cases.running import Cases


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """All cases; a test asks for those it needs."""
    return Cases(tmp_path_factory.mktemp("cases"))
