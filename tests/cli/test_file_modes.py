"""Who may read what a command creates."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A shell that lets everybody read, which has it back afterwards."""
    before = os.umask(0o022)
    yield
    assert os.umask(before) == 0o022


def modes(folder: Path) -> set[int]:
    return {file.stat().st_mode & 0o777 for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(("mask", "mode"), [(None, 0o600), ("", 0o600), ("027", 0o640), ("22", 0o644)])
def test_files_are_their_owners_alone_unless_it_is_said(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: str | None, mode: int
) -> None:
    if mask is not None:
        monkeypatch.setenv("DRIFTLINE_UMASK", mask)
    store = ("--store", f"duckdb:///{tmp_path}/tables.duckdb")
    assert invoke("store", "migrate", *store)[0] == 0
    assert invoke("store", "export", "--to", tmp_path / "exported", *store)[0] == 0
    assert modes(tmp_path) == {mode}


@pytest.mark.parametrize("mask", ["rw", "8", "0o77", "7777", "-1"])
def test_what_is_no_mask_is_refused(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: str
) -> None:
    monkeypatch.setenv("DRIFTLINE_UMASK", mask)
    status, _, said = invoke("store", "migrate", "--store", f"duckdb:///{tmp_path}/tables.duckdb")
    assert status == 2
    assert f"DRIFTLINE_UMASK is '{mask}', which is no mask: write octal digits, such as 077" in said
    assert modes(tmp_path) == set()
