"""What the server of workers imports, and what it therefore compiles."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import driftline_jobs

SOURCES = Path(driftline_jobs.__file__).parent


def imported_by(module: str) -> set[str]:
    listed = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_loop_over_rows_is_compiled() -> None:
    compiled = {
        ".".join(("driftline_jobs", *path.relative_to(SOURCES).with_suffix("").parts))
        for path in SOURCES.rglob("*.py")
        if "\n@compiled(" in path.read_text()
    }
    assert len(compiled) >= 6
    assert compiled <= imported_by("driftline_jobs.cli.fleet.warm")


def test_the_main_path_is_imported_without_a_compiler() -> None:
    loaded = imported_by("driftline_jobs.run")
    assert "driftline_jobs.run" in loaded
    assert not {"numba", "pandas", "duckdb", "scipy.special", "scipy.optimize"} & loaded
