"""DuckDB's SUMMARIZE of a day, to compare with.

    python tests/bench/duckdb_summarize.py /tmp/bench/logs/dt=2026-03-03 --threads 2

Prints rows, columns, and the seconds of the query. It tells of each column its count, nulls, extremes, mean,
deviation, quartiles and approximate distinct count.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    """Summarize one folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--leave-out", nargs="*", default=["request_id"], help="columns that are not to be read"
    )
    asked = parser.parse_args()
    connection = duckdb.connect(config={"threads": asked.threads})
    excluded = ", ".join(asked.leave_out)
    started = time.perf_counter()
    found = connection.execute(
        f"SUMMARIZE SELECT * EXCLUDE ({excluded}) "
        f"FROM read_parquet('{asked.folder}/*.parquet', hive_partitioning = false)"
    ).fetchall()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{found[0][10]} {len(found)} {seconds:.6f}\n")


if __name__ == "__main__":
    main()
