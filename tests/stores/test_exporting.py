"""The current tables as Parquet, read back by another reader."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from tests.stores.makers import binning, day, drift, inputs, run

from driftline_jobs.stores import Store
from driftline_schemas.errors import ConfigError


@pytest.fixture
def filled(store: Store) -> Store:
    old = [run("old", 0)]
    runs = [run("r1", 0), run("r2", 40), run("r3", 0, monitor="trains")]
    store.publish(old, {"drift_metrics": drift(old, value=9.0)})
    store.publish(runs, {"drift_metrics": drift(runs)}, inputs(runs))
    store.fail([run("failed", 1)], "Error", "x")
    store.put_once("binnings", binning("b1"))
    return store


def test_partitions_hold_the_current_rows(filled: Store, tmp_path: Path) -> None:
    to = tmp_path / "new" / "export"
    files = filled.export(str(to))

    found = sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())
    assert found == [
        "binnings/monitor=flights/rows.parquet",
        "drift_metrics/monitor=flights/month=2013-01/rows.parquet",
        "drift_metrics/monitor=flights/month=2013-02/rows.parquet",
        "drift_metrics/monitor=trains/month=2013-01/rows.parquet",
        "run_inputs/monitor=flights/month=2013-01/rows.parquet",
        "run_inputs/monitor=flights/month=2013-02/rows.parquet",
        "run_inputs/monitor=trains/month=2013-01/rows.parquet",
        "runs/monitor=flights/month=2013-01/rows.parquet",
        "runs/monitor=flights/month=2013-02/rows.parquet",
        "runs/monitor=trains/month=2013-01/rows.parquet",
    ]
    assert files == len(found)
    back = ds.dataset(to / "drift_metrics", partitioning="hive").to_table()
    flights = back.filter(ds.field("monitor") == "flights").sort_by(
        [("window_start", "ascending"), ("column_name", "ascending"), ("metric", "ascending")]
    )
    expected = filled.current("drift_metrics", "flights")
    for name in expected.column_names:
        assert flights.column(name).to_pylist() == expected.column(name).to_pylist(), name
    assert 9.0 not in back.column("value").to_pylist()
    attempts = ds.dataset(to / "runs", partitioning="hive").to_table()
    assert sorted(attempts.column("run_id").to_pylist()) == ["failed", "old", "r1", "r2", "r3"]
    assert "state" not in pq.read_schema(to / "binnings/monitor=flights/rows.parquet").names


def test_sql_engines_read_it_as_one_table(filled: Store, tmp_path: Path) -> None:
    import duckdb

    filled.export(str(tmp_path))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT monitor, month, COUNT(*) FROM read_parquet('{tmp_path}/drift_metrics/*/*/*.parquet', "
            "hive_partitioning = true) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert [(monitor, str(month)[:7], count) for monitor, month, count in rows] == [
        *(("flights", "2013-01", 4), ("flights", "2013-02", 4), ("trains", "2013-01", 4))
    ]


def test_an_export_is_replaced_by_the_next(filled: Store, tmp_path: Path) -> None:
    filled.export(str(tmp_path))
    again = [run("r9", 0)]
    filled.publish(again, {"drift_metrics": drift(again, value=5.0)})
    filled.export(f"file://{tmp_path}")
    rows = pq.read_table(tmp_path / "drift_metrics/monitor=flights/month=2013-01/rows.parquet")
    assert set(rows.column("value").to_pylist()) == {5.0}
    # nothing half written is left; the hidden file there is, is the lock of the store beside the export
    assert [path.name for path in tmp_path.rglob(".*") if path.suffix != ".lock"] == []


def test_months_are_cut_in_utc(store: Store, tmp_path: Path) -> None:
    runs = [run("r1", 30), run("r2", 31), run("r3", 364)]
    store.publish(runs, {"drift_metrics": drift(runs)})
    store.export(str(tmp_path))
    starts = {
        path.parent.name: pq.read_table(path).column("window_start").unique().to_pylist()
        for path in (tmp_path / "drift_metrics").rglob("*.parquet")
    }
    assert starts == {
        "month=2013-01": [datetime(2013, 1, 31, tzinfo=UTC)],
        "month=2013-02": [datetime(2013, 2, 1, tzinfo=UTC)],
        "month=2013-12": [day(364)],
    }


def test_an_empty_store_exports_nothing(store: Store, tmp_path: Path) -> None:
    assert store.export(str(tmp_path / "x")) == 0


def test_a_place_that_cannot_be_written_is_named(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "drift_metrics").write_text("in the way")
    with pytest.raises(ConfigError, match=r"drift_metrics.*cannot be written"):
        filled.export(str(tmp_path))
    with pytest.raises(ConfigError):
        filled.export("ftp://somewhere/")
