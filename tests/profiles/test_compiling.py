"""Where machine code is kept, and where it is not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from numba.core.caching import InTreeCacheLocator

SOURCE = """
from numba import int64
from driftline_jobs.profiles.kernels.compiling import compiled

@compiled(int64(int64))
def twice(number):
    return 2 * number
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module, and a working folder for a user without a home: what is left of "~" is "~"."""
    monkeypatch.setenv("HOME", "~")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    path = tmp_path / "made" / "doubling.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("doubling", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.twice(21) == 42
    return module


def hits(module: ModuleType) -> int:
    return sum(module.twice.stats.cache_hits.values())


def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(InTreeCacheLocator, "ensure_cache_path", refuse)


def test_it_is_kept_beside_the_source(source: Path) -> None:
    assert [hits(imported(source)) for _ in range(2)] == [0, 1]


def test_what_lies_beside_a_source_that_is_read_only_is_used(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(source)
    read_only(monkeypatch)
    assert hits(imported(source)) == 1


def test_nothing_is_written_into_the_working_folder(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_only(monkeypatch)
    assert [hits(imported(source)) for _ in range(2)] == [0, 0]
    assert list(Path().iterdir()) == []


def test_a_home_is_the_next_place(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_only(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [hits(imported(source)) for _ in range(2)] == [0, 1]


def test_a_cache_that_is_full_fails_nothing(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    assert hits(imported(source)) == 0
