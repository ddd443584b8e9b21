"""The example of an engine: processes leave the tables that threads leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, assert_same_tables, day, normalised
from tests.end_to_end.damaging import damage_a_page
from tests.engines.workload import Workload, scanned, write
from tests.extensions import Example

from driftline_jobs.engines import open_engine
from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError
from driftline_schemas.settings import Settings, load_settings

DAY = REFERENCE_DAYS


def test_a_run_leaves_what_threads_leave(example: Example, tmp_path: Path) -> None:
    example("processes")
    bench, other = Bench(tmp_path), Bench(tmp_path, store_name="other.duckdb")
    bench.reference()
    bench.days(DAY, DAY + 1)
    damage_a_page(bench.write(DAY, bench.rows(DAY), "damaged.parquet"), "amount")
    bench.run(DAY, DAY + 1)
    # as a person would, with processes that have to find all that they need
    code = "from driftline_jobs.cli import main; main()"
    run = [sys.executable, "-c", code, "run", str(bench.monitor_file()), "--engine", "processes"]
    period = ["--period", f"{day(DAY):%Y-%m-%d}", "--to", f"{day(DAY + 1):%Y-%m-%d}"]
    as_of = ["--as-of", "2030-01-01", "--threads", "2", "--store", other.store_url]
    ran = subprocess.run([*run, *period, *as_of], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    with open_store(bench.store_url) as threads, open_store(other.store_url) as processes:
        assert_same_tables(normalised(threads), normalised(processes))
    runs = other.current("runs", DAY, part="data")
    assert list(runs["engine"]) == ["processes"]
    assert other.inputs(DAY)[f"logs/dt={day(DAY):%Y-%m-%d}/damaged.parquet"][0] == "quarantined"


def test_a_scan_is_that_of_threads_and_its_costs_are_known(example: Example, tmp_path: Path) -> None:
    example("processes")
    write(tmp_path, objects_a_day=2, rows=400)
    inspection, plan = Workload.at(str(tmp_path / "logs"), str(tmp_path / "labels")).planned()
    with open_engine(Settings(engine="processes", threads=2)) as engine:
        assert engine.spent().cpu_seconds == 0
        found = scanned(engine, inspection, plan)
        assert engine.spent().cpu_seconds > 0
        assert engine.spent().peak_memory_bytes > 10_000_000
    with open_engine(Settings(threads=2)) as engine:
        assert found == scanned(engine, inspection, plan)


def test_without_it_the_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--engine.*is none that there is. Known: local, spark; another"):
        load_settings({"engine": "processes"})
