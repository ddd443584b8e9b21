"""The example of a store: a folder of Parquet files keeps the promises of stores."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, assert_same_tables, day, normalised
from tests.extensions import Example
from tests.stores.makers import drift, run

from driftline_jobs.reporting.report import write_report
from driftline_jobs.stores import Store, open_store
from driftline_jobs.stores.turns import turn
from driftline_schemas.errors import ConfigError, StoreBusyError
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings, load_settings

DAY = REFERENCE_DAYS


class FolderBench(Bench):
    """The tables in a folder of Parquet files."""

    @property
    def store_url(self) -> str:
        return f"parquet:///{self.root.absolute()}/tables"


def test_a_run_leaves_what_it_leaves_in_duckdb(example: Example, tmp_path: Path) -> None:
    example("parquet_store")
    bench, plain = FolderBench(tmp_path), Bench(tmp_path)
    bench.reference()
    bench.days(DAY, DAY + 1)
    for each in (bench, plain):
        each.run(DAY, DAY + 1)
        each.run(DAY)  # once more: it takes the place of the one before
    with open_store(bench.store_url) as store, open_store(plain.store_url) as other:
        assert_same_tables(normalised(store), normalised(other))

    # with no program of ours
    runs = pq.read_table(tmp_path / "tables" / "current" / "runs.parquet").to_pylist()
    data = [row for row in runs if row["part"] == "data" and row["window_start"].day == day(DAY).day]
    assert [row["superseded_at"] is None for row in sorted(data, key=lambda row: row["run_id"])] == [
        False,
        True,
    ]

    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.parse(f"{day(DAY):%Y-%m-%d}")
    settings = Settings(store=bench.store_url, reports=str(tmp_path / "pages"))
    page = Path(write_report(monitor, window, settings, generated_at=day(DAY + 2)).page).read_text("utf-8")
    assert "bench" in page


def test_two_take_turns_and_see_each_other(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example("parquet_store")
    url = f"parquet:///{tmp_path}/tables"
    with open_store(url) as one, open_store(url, wait_seconds=0.2) as two:
        one.migrate()
        assert values(two) == set()
        first, second, third = run("r1"), run("r2"), run("r3")
        one.publish([first], {"drift_metrics": drift([first], value=1.0)})
        assert values(two) == {1.0}
        two.publish([second], {"drift_metrics": drift([second], value=2.0)})
        assert values(one) == {2.0}

        def full_disk(*_: object) -> str:
            raise OSError("No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("driftline_parquet_store.ParquetFolder._write", full_disk)
            with pytest.raises(OSError, match="No space"):
                one.publish([third], {"drift_metrics": drift([third], value=3.0)})
        assert values(one) == values(two) == {2.0}
        one.publish([third], {"drift_metrics": drift([third], value=3.0)})
        assert values(two) == {3.0}


def values(store: Store) -> set[float]:
    return set(store.current("drift_metrics", "flights").column("value").to_pylist())


def test_a_store_that_is_not_there_or_in_use_is_said(example: Example, tmp_path: Path) -> None:
    example("parquet_store")
    with closing(open_store(f"parquet:///{tmp_path}/tables", wait_seconds=0.1)) as store:
        with pytest.raises(ConfigError, match="there is no store"):
            values(store)
        store.migrate()
        with turn(tmp_path / "tables" / "current", 1.0, shared=False), pytest.raises(StoreBusyError):
            store.fail([run("r1", 0)], "DataError", "x")
    with pytest.raises(ConfigError, match="names no folder"):
        open_store("parquet://tables")


def test_without_it_the_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--store.*must be duckdb.*Known: duckdb, postgresql"):
        load_settings({"store": "parquet:///tables"})
