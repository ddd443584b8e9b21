"""What the performance part of the last run took, by its row in ``runs``: rows, seconds, core-seconds.

python tests/bench/performance_part.py /tmp/bench/labels.duckdb
"""

from __future__ import annotations

import sys

import duckdb


def main() -> None:
    """Print it."""
    with duckdb.connect(sys.argv[1], read_only=True) as store:
        found = store.execute(
            "SELECT rows_read, wall_seconds, cpu_seconds FROM runs "
            "WHERE part = 'performance' AND status = 'published' ORDER BY published_at DESC LIMIT 1"
        ).fetchone()
    if found is None:
        raise SystemExit("no performance was published")
    sys.stdout.write(" ".join(map(str, found)) + "\n")


if __name__ == "__main__":
    main()
