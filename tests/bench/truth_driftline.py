"""What Driftline says of a log with known faults, through its command.

    python tests/bench/truth_driftline.py FOLDER [--faults nulls ...]

The days before the faults are run once; each fault goes on from a copy of that store, on its own copy of the
log. Prints JSON: for the clean log and for each fault, by day, what a message was about, first words first.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

Words = dict[str, list[list[str]]]
_COMMAND = [sys.executable, "-c", "from driftline_jobs.cli import main; main()", "run", "monitor.yaml"]


def run(folder: Path, store: Path, first: str, last: str) -> None:
    """``driftline run`` over these days."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    command = [*_COMMAND, "--period", first, "--to", last, "--store", f"duckdb:///{store}"]
    done = subprocess.run(
        [*command, "--log-format", "json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{folder}: driftline run ended with {done.returncode}: {done.stderr[-2000:]}")


# as messages have it: what opened or got worse, the worst first
_INCIDENTS = """
    SELECT strftime(window_start, '%Y-%m-%d') AS day, topic, columns, cause, headline, evidence, severity
    FROM current_incidents
    WHERE state IN ('new', 'escalated') AND severity <> 'low'
    ORDER BY window_start,
        CASE severity WHEN 'critical' THEN 1 WHEN 'high' THEN 2 ELSE 3 END, NOT certain, first_window,
        incident_id
"""


def words(store: Path, first: str) -> Words:
    """What was said on each day from ``first`` on."""
    said: Words = {}
    with duckdb.connect(str(store), read_only=True) as tables:
        for day, topic, columns, cause, headline, evidence, severity in tables.execute(_INCIDENTS).fetchall():
            if day >= first:
                metric = json.loads(evidence).get("metric") or ""
                column = (*json.loads(columns), "*")[0]
                kind = _KINDS.get(metric, topic)
                said.setdefault(day, []).append([kind, column, headline, metric, cause or "", severity])
    return said


_KINDS = {"duplicated_ids": "duplicates", "gaussian_kl": "together", "reconstruction_error": "together"}


def said_of(folder: Path, faults: Sequence[str]) -> dict[str, Words]:
    """Of the clean log, and of each fault."""
    case: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    dates, at = case["dates"], case["fault_at"]
    begun, store = folder / "begun.duckdb", folder / "clean.duckdb"
    if not begun.exists():
        unfinished = folder / "unfinished.duckdb"
        unfinished.unlink(missing_ok=True)
        run(folder / "clean", unfinished, dates[case["reference_days"]], dates[at - 1])
        unfinished.rename(begun)
    if not store.exists():
        shutil.copyfile(begun, folder / "unfinished.duckdb")
        run(folder / "clean", folder / "unfinished.duckdb", dates[at], dates[-1])
        (folder / "unfinished.duckdb").rename(store)
    said = {"clean": words(store, dates[case["reference_days"]])}
    for name in faults:
        faulty = folder / f"{name}.duckdb"
        shutil.copyfile(begun, faulty)
        run(folder / name, faulty, dates[at], dates[at + case["days_of"][name] - 1])
        said[name] = words(faulty, dates[at])
    return said


def main() -> None:
    """Print what was said as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faults", nargs="*", default=[])
    asked = parser.parse_args()
    sys.stdout.write(json.dumps({"Driftline": said_of(asked.folder.absolute(), asked.faults)}))


if __name__ == "__main__":
    main()
