"""Distributions with an entry point, made for a test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

import pytest

from driftline_schemas import entry_points
from driftline_schemas.entry_points import Registry


class Install(Protocol):
    """Makes a distribution with one entry point that is the ``MEMBER`` of the given code."""

    def __call__(
        self, registry: Registry, name: str, code: str = "MEMBER = print\n", of: str = "some"
    ) -> None: ...


def installing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Into folders below this one, for as long as the test lasts."""

    def install(registry: Registry, name: str, code: str = "MEMBER = print\n", of: str = "some") -> None:
        about = folder / of / f"{of}_thing-1.0.dist-info"
        about.mkdir(parents=True)
        (folder / of / f"{of}_thing.py").write_text(code)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {of}-thing\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{registry.group}]\n{name} = {of}_thing:MEMBER\n")
        monkeypatch.syspath_prepend(str(folder / of))
        monkeypatch.delitem(sys.modules, f"{of}_thing", raising=False)
        entry_points.installed.cache_clear()

    return install
