"""How fast do the stores answer when they are full? One table of medians, all taken here and now.

    python tests/bench/store_bench.py --monitors 100 --columns 50 --days 365 --metrics 8

Fills a DuckDB file and a Postgres of its own by SQL, one window after another as jobs would, every twentieth
of them published a second time. Then asks each ready view for one monitor and 30 days, and publishes one
window more.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from tests.stores import behind
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.stores import RunRecord, Store, open_store
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.view_definitions import load_views

START = datetime(2013, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CELL = {"model_version": "*", "segment": "*", "segment_value": "*"}


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: ``rows`` of them in ``drift_metrics``, all but those of superseded runs."""

    monitors: int
    columns: int
    days: int
    metrics: int

    @property
    def rows(self) -> int:
        return self.monitors * self.columns * self.days * self.metrics


_ID = (
    "'run-' || LPAD(CAST(d.d AS VARCHAR), 4, '0') || '-' || LPAD(CAST(m.m AS VARCHAR), 4, '0') || '-' || a.a"
)
_MONITOR = "'monitor_' || m.m"
_START = "TIMESTAMP '2013-01-01 00:00:00' + d.d * INTERVAL '1 day'"
_END = f"{_START} + INTERVAL '1 day'"
# Attempt 0 is the one that counts; attempt 1, of every twentieth window, was superseded by it.
_WINDOWS = (
    "generate_series(0, {days} - 1) AS d(d) CROSS JOIN generate_series(0, {monitors} - 1) AS m(m) "
    "CROSS JOIN (VALUES (0), (1)) AS a(a)"
)
_THERE = "(a.a = 0 OR (d.d + m.m) % 20 = 0)"
_IN_ORDER = f"WHERE {_THERE} ORDER BY d.d, m.m, a.a"
_COLUMNS = "CROSS JOIN generate_series(0, {columns} - 1) AS c(c)"
_COMMON = f"{_MONITOR}, {_START}, {_END}, 'day', '*', '*', '*', {_ID} || '-{{part}}'"
_FILL = {
    "runs": (
        f"SELECT {_ID} || '-' || p.p, {_MONITOR}, {_START}, {_END}, 'day', p.p, 'published', "
        f"{_END}, {_END} + (10 - a.a) * INTERVAL '1 minute', "
        f"CASE WHEN a.a = 1 THEN {_END} + INTERVAL '10 minutes' END, 'local', '0.1.0', 'abc', 'reference', "
        f"'binning', {_END}, {_END}, 100000, 0, 10000000, 90000, 1.5, 1.0, 200000000, NULL, NULL, '{{{{}}}}' "
        f"FROM {_WINDOWS} CROSS JOIN (VALUES ('data'), ('performance'), ('judgement')) AS p(p) "
        f"WHERE {_THERE} ORDER BY d.d, m.m"
    ),
    "drift_metrics": (
        f"SELECT {_COMMON.format(part='data')}, 'column_' || c.c, 'numeric', 'reference', "
        "CASE k.k WHEN 0 THEN 'psi' WHEN 1 THEN 'js_distance' WHEN 2 THEN 'ks' WHEN 3 THEN 'wasserstein' "
        "WHEN 4 THEN 'tvd' WHEN 5 THEN 'chi_squared' WHEN 6 THEN 'anderson_darling' "
        "WHEN 7 THEN 'l_infinity' ELSE 'metric_' || k.k END, "
        "((d.d * 31 + m.m * 17 + c.c * 7 + k.k * 3) % 1000) / 1000e0, 0.01e0, NULL, NULL, 0.5e0, 0.6e0, "
        "0.9e0, 'calibrated', CASE WHEN k.k = 6 THEN (d.d * 31 + m.m * 17 + c.c * 7) % 50 = 0 END, "
        "100000, 3000000, 'reference', 'ok', NULL "
        f"FROM {_WINDOWS} {_COLUMNS} CROSS JOIN generate_series(0, {{metrics}} - 1) AS k(k) {_IN_ORDER}"
    ),
    "profile_metrics": (
        f"SELECT {_COMMON.format(part='data')}, 'column_' || c.c, 'numeric', 100000, 10, 0, 0, 5, 1000, "
        "1e0, 1e0, 0e0, 9e0, 1e0, 2e0, 3e0, 4e0, 5e0, 6e0, 7e0, NULL "
        f"FROM {_WINDOWS} {_COLUMNS} {_IN_ORDER}"
    ),
    "quality_metrics": (
        f"SELECT {_COMMON.format(part='data')}, 'column_' || c.c, 'null_fraction', 0.001e0, '0.01', "
        "(d.d + c.c) % 97 <> 0 "
        f"FROM {_WINDOWS} {_COLUMNS} {_IN_ORDER}"
    ),
    "performance_metrics": (
        f"SELECT {_COMMON.format(part='performance')}, 'metric_' || c.c, k.k, NULL, 0.8e0, 0.78e0, 0.82e0, "
        "0e0, 90000, 0.9e0, TRUE, 0.81e0, 0.5e0, 0.7e0, 'reference', FALSE, 'ok', NULL, 1 "
        f"FROM {_WINDOWS} CROSS JOIN generate_series(0, 9) AS c(c) "
        f"CROSS JOIN (VALUES ('realized'), ('estimated')) AS k(k) {_IN_ORDER}"
    ),
    "alerts": (
        f"SELECT {_COMMON.format(part='judgement')}, 'alert_' || m.m, 'column_0', 'psi', 'high', 'open', "
        f"{_START}, {_START}, '{{{{}}}}', NULL, NULL, NULL "
        f"FROM {_WINDOWS} WHERE {_THERE} AND (d.d + m.m) % 10 = 0 ORDER BY d.d, m.m, a.a"
    ),
}


def fill(url: str, size: Size) -> None:
    """Publish ``size`` by SQL."""
    for table, query in _FILL.items():
        sql = query.format(days=size.days, monitors=size.monitors, columns=size.columns, metrics=size.metrics)
        if url.startswith("postgresql"):
            sql = f"SET TimeZone = 'UTC'; INSERT INTO {table} {sql}; ANALYZE {table}"
        else:
            sql = f"INSERT INTO {table} {sql}"
        behind.write(url, sql)


def questions(size: Size) -> dict[str, tuple[str, list[object]]]:
    """Each ready view for one monitor and the last 30 days, and what a report asks of the tables."""
    monitor = f"monitor_{size.monitors // 2}"
    end = START + size.days * DAY
    start = max(START, end - 30 * DAY)
    asked: dict[str, tuple[str, list[object]]] = {}
    for name, view in load_views().items():
        names = [column.name for column in view.columns]
        if name in {"latest_status", "monitors"}:
            asked[name] = (f"SELECT * FROM {name} WHERE monitor = $1", [monitor])
            continue
        # Where the window is a structure, its start is a field of it.
        bound = "window_start" if "window_start" in names else '("window")."start"'
        asked[name] = (
            f"SELECT * FROM {name} WHERE monitor = $1 AND {bound} >= $2 AND {bound} < $3",
            [monitor, start, end],
        )
    asked["current_drift_metrics"] = (
        "SELECT * FROM current_drift_metrics WHERE monitor = $1 AND window_start >= $2 AND window_start < $3",
        [monitor, start, end],
    )
    at_the_end = asked["current_drift_metrics"][0].replace("current_drift_metrics", "drift_metrics_as_of($4)")
    asked["drift_metrics_as_of"] = (at_the_end, [monitor, start, end, end])
    return asked


def one_window(size: Size, number: int) -> tuple[RunRecord, dict[str, pa.Table]]:
    """The run of a day after all the others, of one monitor, with all its rows."""
    start = START + (size.days + number) * DAY
    record = RunRecord(
        run_id=f"run-9999-{number:04}-data",
        monitor="monitor_0",
        window_start=start,
        window_end=start + DAY,
        granularity="day",
        part="data",
        as_of=start + DAY,
    )
    builder = TableBuilder(load_tables()["drift_metrics"])
    for column in range(size.columns):
        builder.add(
            size.metrics,
            monitor=record.monitor,
            window_start=start,
            window_end=start + DAY,
            granularity="day",
            run_id=record.run_id,
            **CELL,
            column_name=f"column_{column}",
            column_kind="numeric",
            comparison="reference",
            metric=[f"metric_{metric}" for metric in range(size.metrics)],
            value=0.5,
            status="ok",
        )
    return record, {"drift_metrics": builder.to_arrow()}


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(store: Store, size: Size, repetitions: int) -> dict[str, tuple[float, int]]:
    """Median seconds, and rows of the answer, of every question, and of publishing a window."""
    result = {}
    for name, (sql, parameters) in questions(size).items():
        rows = store.execute_read(sql, parameters).num_rows
        taken = [seconds(lambda: store.execute_read(sql, parameters)) for _ in range(repetitions)]  # noqa: B023
        result[name] = (statistics.median(taken), rows)
    taken = []
    for number in range(repetitions):
        record, tables = one_window(size, number)
        taken.append(seconds(lambda: store.publish([record], tables)))  # noqa: B023
    result["publish one window"] = (statistics.median(taken), size.columns * size.metrics)
    return result


@contextmanager
def stores(kinds: list[str], folder: Path) -> Iterator[dict[str, str]]:
    """Empty stores of the present version, by kind, with their URLs."""
    with ExitStack() as cleanup:
        urls = {}
        for kind in kinds:
            if kind == "duckdb":
                urls[kind] = f"duckdb:///{folder / 'bench.duckdb'}"
            else:
                # As a server would be set up, writes to disk included.
                server = PostgresServer(settings=("shared_buffers=1GB", "max_wal_size=8GB", "work_mem=64MB"))
                server.start()
                cleanup.callback(server.remove)
                urls[kind] = server.url("postgres")
            with open_store(urls[kind]) as store:
                store.migrate()
        yield urls


def run(size: Size, kinds: list[str], repetitions: int, say: Callable[[str], object]) -> None:
    """Fill, measure, and say it as one Markdown table."""
    with (
        tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder,
        stores(kinds, Path(folder)) as urls,
    ):
        measured = {}
        for kind, url in urls.items():
            say(f"{kind}: filled in {seconds(lambda: fill(url, size)):.0f} s\n")  # noqa: B023
            with open_store(url) as store:
                measured[kind] = measure(store, size, repetitions)
            if kind == "duckdb":
                measured[kind] |= _copying(url, size)
        say(f"\n{size.rows:,} rows of drift_metrics; median of {repetitions}, in milliseconds\n\n")
        say(f"| what | rows | {' | '.join(measured)} |\n| --- | ---: |{' ---: |' * len(measured)}\n")
        for name in dict.fromkeys(name for table in measured.values() for name in table):
            cells = [f"{table[name][0] * 1000:.0f}" if name in table else "" for table in measured.values()]
            rows = next(table[name][1] for table in measured.values() if name in table)
            say(f"| {name} | {rows:,} | {' | '.join(cells)} |\n")


def _copying(url: str, size: Size) -> dict[str, tuple[float, int]]:
    record, tables = one_window(size, 9999)
    with open_store(f"{url}?copy=readers.duckdb") as store:
        taken = seconds(lambda: store.publish([record], tables))
    megabytes = Path(url.removeprefix("duckdb:///")).stat().st_size >> 20
    return {f"publish one window and copy the file of {megabytes} MB": (taken, size.columns * size.metrics)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--monitors", type=int, default=100)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--metrics", type=int, default=8)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--store", action="append", choices=("duckdb", "postgres"))
    given = parser.parse_args()
    size = Size(given.monitors, given.columns, given.days, given.metrics)
    run(size, given.store or ["duckdb", "postgres"], given.repetitions, sys.stdout.write)


if __name__ == "__main__":
    main()
