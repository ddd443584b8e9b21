"""The current tables as Parquet, for Athena, Trino, DuckDB or whatever else reads hive-style folders.

``<to>/<table>/monitor=<monitor>/month=<YYYY-MM>/rows.parquet``, months by the UTC start of the window; tables
without windows have no month. Each file replaces the one before it at once, so an export may be repeated
while others read. A file is as the store was when it was written; two files may be some seconds apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa

from driftline_jobs.storage.location import Location, check_name, open_location
from driftline_schemas.table_definitions import ColumnType, Table, load_tables

if TYPE_CHECKING:
    from driftline_jobs.stores.base import Store

_LEFT_OUT = frozenset({"profiles"})
"""Nothing but state in binary form, by far the largest table, and of no use to SQL."""
_NEXT_STEP = "export --to another folder"


def export(store: Store, to: str) -> int:
    """Write every current table of ``store`` under ``to``; returns how many files were written."""
    location = open_location(to, must_exist=False)
    check_name(location, _NEXT_STEP)
    written = 0
    for table in load_tables().values():
        if table.name in _LEFT_OUT:
            continue
        for folder, rows in _partitions(store, table):
            _write(location, f"{location.path}/{table.name}/{folder}", rows)
            written += 1
    return written


def _partitions(store: Store, table: Table) -> Iterator[tuple[str, pa.Table]]:
    """Each partition's folder, and its rows."""
    # Of runs all attempts: what failed has cost something too.
    source = f"current_{table.name}" if table.published else table.name
    columns = ", ".join(
        f'"{column.name}"'
        for column in table.columns
        if column.type is not ColumnType.BLOB and column.name != "monitor"
    )
    order = ", ".join(f'"{name}"' for name in table.key if name != "monitor")
    if not table.parts:
        monitors = store.execute_read(f"SELECT DISTINCT monitor FROM {source} ORDER BY monitor")  # noqa: S608
        for monitor in monitors.column("monitor").to_pylist():
            rows = store.execute_read(
                f"SELECT {columns} FROM {source} WHERE monitor = $1 ORDER BY {order}",  # noqa: S608
                [monitor],
            )
            yield _folder(monitor), rows
        return
    months = store.execute_read(
        "SELECT DISTINCT monitor, DATE_TRUNC('month', window_start) AS month "  # noqa: S608
        f"FROM {source} ORDER BY monitor, month"
    )
    for partition in months.to_pylist():
        monitor, month = partition["monitor"], _utc(partition["month"])
        rows = store.execute_read(
            f"SELECT {columns} FROM {source} "  # noqa: S608
            f"WHERE monitor = $1 AND window_start >= $2 AND window_start < $3 ORDER BY {order}",
            [monitor, month, _next(month)],
        )
        yield f"{_folder(monitor)}/month={month:%Y-%m}", rows


def _folder(monitor: str) -> str:
    return f"monitor={quote(monitor, safe='')}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _next(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def _write(location: Location, folder: str, rows: pa.Table) -> None:
    import pyarrow.parquet as pq

    content = pa.BufferOutputStream()
    pq.write_table(rows, content, compression="zstd")
    location.write(f"{folder}/rows.parquet", memoryview(content.getvalue()), _NEXT_STEP)
