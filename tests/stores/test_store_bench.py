"""The benchmark of the stores works, at a small size; no time is looked at."""

from __future__ import annotations

from pathlib import Path

from tests.bench.store_bench import Size, fill, measure

from driftline_jobs.stores import Store
from driftline_schemas.view_definitions import load_views

SIZE = Size(monitors=3, columns=4, days=45, metrics=8)


def test_the_benchmark_fills_and_asks_every_view(store: Store, url: str, tmp_path: Path) -> None:
    assert tmp_path.is_dir()
    fill(url, SIZE)

    answers = {name: rows for name, (_, rows) in measure(store, SIZE, repetitions=1).items()}

    current = store.execute_read("SELECT COUNT(*) AS n FROM current_drift_metrics").column("n")[0].as_py()
    assert current == SIZE.rows + SIZE.columns * SIZE.metrics  # and the window that was published at the end
    assert set(load_views()) < set(answers)
    assert answers["latest_status"] == answers["monitors"] == 1
    assert answers["drift_calendar"] == answers["monitor_costs"] == answers["window_levels"] == 30
    assert answers["worst_columns"] == 30 * SIZE.columns
    assert answers["current_drift_metrics"] == 30 * SIZE.columns * SIZE.metrics
    assert answers["databricks_drift_metrics"] == answers["databricks_profile_metrics"] == 30 * SIZE.columns
