"""The yardstick: read Parquet with pyarrow and do nothing with it.

A file per thread, memory-mapped, in batches that fit the cache, text as dictionaries: of the ways pyarrow has
to read every value, the fastest that was found. Prints rows, columns, and the seconds from the first open to
the last value, imports apart.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS = 65_536


def scan(
    folders: Iterable[Path], threads: int, leave_out: frozenset[str], only: frozenset[str] = frozenset()
) -> tuple[int, int, float]:
    """Rows read, columns read, and seconds, of every file in ``folders``; of the columns ``only``, if any."""
    started = time.perf_counter()
    files = [file for folder in folders for file in sorted(folder.glob("*.parquet"))]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        read = list(pool.map(lambda file: _scan_file(file, leave_out, only), files))
    return sum(rows for rows, _ in read), max(columns for _, columns in read), time.perf_counter() - started


def _scan_file(file: Path, leave_out: frozenset[str], only: frozenset[str]) -> tuple[int, int]:
    schema = pq.read_schema(file)
    columns = [name for name in schema.names if name not in leave_out and (not only or name in only)]
    text = [name for name in columns if pa.types.is_string(schema.field(name).type)]
    with pq.ParquetFile(file, read_dictionary=text, memory_map=True) as opened:
        batches = opened.iter_batches(batch_size=BATCH_ROWS, columns=columns, use_threads=False)
        return sum(batch.num_rows for batch in batches), len(columns)


def main() -> None:
    """Scan what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--leave-out", nargs="*", default=[], help="columns that are not to be read")
    parser.add_argument("--only", nargs="*", default=[], help="columns that alone are to be read")
    asked = parser.parse_args()
    rows, columns, seconds = scan(
        asked.folders, asked.threads, frozenset(asked.leave_out), frozenset(asked.only)
    )
    sys.stdout.write(f"{rows} {columns} {seconds:.6f}\n")


if __name__ == "__main__":
    main()
