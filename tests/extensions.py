"""Distributions that add to a registry, installed for one test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from driftline_jobs.metrics import registry
from driftline_reports import glossary
from driftline_schemas import drift_specs, task_specs

ROOT = Path(__file__).resolve().parents[1]
_CACHES = (
    drift_specs.members,
    drift_specs.drift_specs,
    registry.added_metrics,
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


def install_example(name: str, target: Path) -> Path:
    """An example of the docs, installed by pip into a folder of its own."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *offline, str(ROOT / "docs/examples" / name)], check=True)
    return target


def install_module(folder: Path, monkeypatch: pytest.MonkeyPatch, group: str, member: str, code: str) -> None:
    """A distribution ``some-<group>`` of one module, with one entry point that is its ``member``."""
    module = f"some_{group}"
    (folder / f"{module}.py").write_text(code)
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: some-{group}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[driftline.{group}s]\nmine = {module}:{member}\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, module, raising=False)
