"""The worked examples of ``docs/extending.md``, installed by pip as any distribution is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftline_schemas import entry_points

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs an example of the docs, once, into a folder of its own."""
    folders: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in folders:
            folders[name] = target = tmp_path_factory.mktemp(name)
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
            subprocess.run([*pip, *offline, str(EXAMPLES / name)], check=True)
        return folders[name]

    return build


@pytest.fixture
def example(built: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Has an example installed for the length of a test."""

    def install(name: str) -> Path:
        folder = built(name)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", ":".join([str(folder), *sys.path]))
        entry_points.installed.cache_clear()
        return folder

    yield install
    entry_points.installed.cache_clear()
