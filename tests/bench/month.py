"""A month from hourly profiles: how long it takes to put together, to describe and to compare.

    python tests/bench/month.py MONITOR.yaml --store duckdb:////tmp/bench/hours.duckdb --days 30

The store holds the published days, profiled by the hour. Prints hours, columns, and the seconds from the
store to the figures of the whole month.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftline_jobs.pipeline.rollup import roll_up
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.stores import open_store
from driftline_schemas.monitor import load_monitor
from driftline_schemas.table_definitions import load_tables

FIRST = datetime(2026, 3, 3, tzinfo=UTC)


def main() -> None:
    """Roll one store up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("monitor", type=Path)
    parser.add_argument("--store", required=True)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    monitor = load_monitor(asked.monitor)
    load_tables()
    with open_store(asked.store) as store:
        started = time.perf_counter()
        month = roll_up(store, monitor, FIRST, FIRST + timedelta(days=asked.days))
        figures = month.descriptions().num_rows + month.drift().num_rows
        seconds = time.perf_counter() - started
    if not figures:
        raise SystemExit("the month has no figures")
    sys.stdout.write(f"{month.base_windows} {len(month.cells[WHOLE])} {seconds:.6f}\n")


if __name__ == "__main__":
    main()
