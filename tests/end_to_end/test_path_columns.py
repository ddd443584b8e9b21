"""Columns that stand in the path alone give the tables that they give when the objects hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, Table, day, normalised

from driftline_jobs.pipeline.judged_by import judged_run
from driftline_jobs.pipeline.request import SilentProgress
from driftline_jobs.profiles.columns.hiding import Hiding
from driftline_jobs.reporting.sampling import SamplePlan, sample_log
from driftline_jobs.sources.logs import PredictionLog
from driftline_jobs.stores import open_store
from driftline_jobs.tables.binnings import binning_at
from driftline_schemas.monitor import load_monitor
from driftline_schemas.window import to_us

LAST = 6
FIGURES = ("profile_metrics", "drift_metrics", "quality_metrics", "performance_metrics", "performance_curves")
IN_PATH = ["city", "version"]


def rows(bench: Bench, number: int) -> Columns:
    random = np.random.default_rng(number)
    cities = random.choice(["Bergen", "Kyiv", "Lima"], ROWS, p=[0.5, 0.3, 0.2])
    versions = random.choice(["v1", "v2"], ROWS)
    return bench.rows(number, city=pa.array(cities), version=pa.array(versions))


def in_objects(bench: Bench) -> None:
    for number in range(LAST + 1):
        made = rows(bench, number)
        bench.write(number, made)
        bench.write_labels(number, made)


def in_path(bench: Bench) -> None:
    for number in range(LAST + 1):
        made = rows(bench, number)
        frame = pa.table({n: v for n, v in made.items() if n != "truth"}).to_pandas()
        for (city, version), part in frame.groupby(IN_PATH):
            table = pa.Table.from_pandas(part.drop(columns=IN_PATH), preserve_index=False)
            bench.put(table, f"logs/city={city}/version={version}/dt={day(number):%Y-%m-%d}/part-0.snappy")
        bench.write_labels(number, made)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Bench]:
    """The same log twice, and what was published of it."""
    made = []
    for write in (in_objects, in_path):
        bench = Bench(tmp_path_factory.mktemp("log"), {"segments": ["city", ["city", "version"]]})
        write(bench)
        bench.run(REFERENCE_DAYS, LAST)
        made.append(bench)
    return made[0], made[1]


def figures(bench: Bench, table: str) -> Table:
    with open_store(bench.store_url) as store:
        found = normalised(store)[table]
    return found.drop(columns=["reference_id"], errors="ignore")


@pytest.mark.parametrize("table", FIGURES)
def test_the_tables_are_the_same(both: tuple[Bench, Bench], table: str) -> None:
    flat, parted = both
    expected = figures(flat, table)
    assert len(expected)
    pd.testing.assert_frame_equal(figures(parted, table), expected, check_exact=True)


def test_they_are_versions_segments_and_features(both: tuple[Bench, Bench]) -> None:
    _, parted = both
    made = rows(parted, LAST)
    frame = pd.DataFrame({name: made[name].to_pandas() for name in (*IN_PATH, "amount")})
    cells = parted.current("profile_metrics", LAST, column_name="amount")
    for city, amounts in frame.groupby("city").amount:
        row = cells[(cells["segment"] == "city") & (cells["segment_value"] == city)].iloc[0]
        assert (row["count"], row["mean"]) == (len(amounts), pytest.approx(amounts.mean(), rel=1e-8))
    for version, amounts in frame.groupby("version").amount:
        row = cells[cells["model_version"] == version].iloc[0]
        assert (row["count"], row["mean"]) == (len(amounts), pytest.approx(amounts.mean(), rel=1e-8))
    assert parted.described(LAST, "city")["distinct_count"] == 3
    watched = set(parted.current("profile_metrics", LAST)["column_name"])
    assert "dt" not in watched


def test_samples_of_rows_are_the_same(both: tuple[Bench, Bench]) -> None:
    found = [sample(bench, Path(bench.root)) for bench in both]
    assert found[0][1] == ROWS
    assert found[1][1] == ROWS
    assert found[0][0].equals(found[1][0])
    assert set(found[0][0].column("city").to_pylist()) == {"Bergen", "Kyiv", "Lima"}


def sample(bench: Bench, base: Path) -> tuple[pa.Table, int]:
    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.parse(f"{day(LAST):%Y-%m-%d}")
    with open_store(bench.store_url) as store:
        run = judged_run(store.current("runs", "bench"), monitor, window)
        binning = binning_at(store, run["binning_id"])
    assert binning is not None
    log = PredictionLog.open(monitor, base)
    inspection = log.inspect(window.start, window.end, expected=binning.storages)
    plan = SamplePlan(monitor, binning, Hiding(), ((to_us(window.start), to_us(window.end)),))
    return sample_log(inspection, plan, SilentProgress())


def test_an_object_that_moves_to_another_folder_counts_there(bench: Bench) -> None:
    """What a column in the path says is part of the window like any other."""
    bench.overrides = {"segments": ["tier"]}
    for number in range(REFERENCE_DAYS + 1):
        made = bench.rows(number)
        bench.put(
            pa.table({n: v for n, v in made.items() if n != "truth"}),
            f"logs/dt={day(number):%Y-%m-%d}/tier={'gold' if number < REFERENCE_DAYS else 'free'}/a",
        )
        bench.write_labels(number, made)
    bench.run(REFERENCE_DAYS)
    row = bench.one("profile_metrics", REFERENCE_DAYS, column_name="*", segment="tier")
    assert (row["segment_value"], row["count"]) == ("__other__", ROWS)
    unseen = bench.check(REFERENCE_DAYS, "unseen_fraction", "tier")
    assert (unseen["value"], unseen["passed"]) == (1.0, False)
