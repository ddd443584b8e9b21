"""Distributions that add members by entry points, installed for one test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from driftline_jobs.metrics import registry as metrics
from driftline_jobs.profiles.kinds import registry as kinds
from driftline_reports import glossary
from driftline_schemas import column_kinds, drift_specs, extensions, task_specs

ROOT = Path(__file__).resolve().parents[1]
_CACHES = (
    extensions.installed,
    drift_specs.members,
    drift_specs.drift_specs,
    metrics.added_metrics,
    column_kinds.members,
    column_kinds.kind_specs,
    kinds.column_kind,
    task_specs.members,
    task_specs.task_specs,
    task_specs.performance_specs,
    glossary.drift_terms,
    glossary.performance_terms,
)


def forget() -> None:
    """What is installed is looked up anew."""
    for cached in _CACHES:
        cached.cache_clear()


class Example(Protocol):
    """Has an example of the docs installed, by pip as any distribution is, into the folder that it gives."""

    def __call__(self, name: str) -> Path: ...


class Install(Protocol):
    """Makes a distribution with one entry point of the group: the ``MEMBER`` of the given code."""

    def __call__(
        self, group: str, code: str = "MEMBER = print\n", *, name: str = "mine", of: str = "some"
    ) -> None: ...


def built(name: str, target: Path) -> Path:
    """An example in a folder of its own."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *offline, str(ROOT / "docs/examples" / name)], check=True)
    return target


def installing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Into folders below this one, for as long as the test lasts."""

    def install(group: str, code: str = "MEMBER = print\n", *, name: str = "mine", of: str = "some") -> None:
        about = folder / of / f"{of}_thing-1.0.dist-info"
        about.mkdir(parents=True)
        (folder / of / f"{of}_thing.py").write_text(code)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {of}-thing\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {of}_thing:MEMBER\n")
        monkeypatch.syspath_prepend(str(folder / of))
        monkeypatch.delitem(sys.modules, f"{of}_thing", raising=False)
        forget()

    return install
