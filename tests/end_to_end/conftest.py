"""Folders for the end-to-end tests: tiny ones of their own, and the demo, run once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An empty bench."""
    return Bench(tmp_path)
