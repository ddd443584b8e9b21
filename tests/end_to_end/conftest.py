"""Folders for the end-to-end tests, and one stack for all that ask for Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.end_to_end.airflow_stack import Stack, running_stack
from tests.end_to_end.builder import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An empty bench."""
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack without a monitor; each test adds its own.

    One file has all its tests: Airflow keeps a good part of a core busy, and ends with the last of them.
    """
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
