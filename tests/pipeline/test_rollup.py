"""Longer spans from published profiles, held against the raw rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, Columns, day

from driftline_jobs.pipeline.rollup import RollUp, roll_up
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import Monitor, load_monitor

FIRST, LAST = 4, 8


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, dict[int, Columns]]:
    """Five days of hours, published by the day."""
    bench = Bench(tmp_path_factory.mktemp("rollup"), {"base": "hour", "segments": ["city"]})
    bench.reference()
    written = bench.days(FIRST, LAST)
    bench.run(FIRST, LAST)
    return bench, written


@pytest.fixture(scope="module")
def monitor(published: tuple[Bench, dict[int, Columns]]) -> Monitor:
    return load_monitor(published[0].monitor_file())


def rolled(bench: Bench, monitor: Monitor, first: float, last: float, *, segments: bool = False) -> RollUp:
    with open_store(bench.store_url) as store:
        start, end = (day(0) + timedelta(days=number) for number in (first, last))
        return roll_up(store, monitor, start, end, segments=segments)


def values(written: dict[int, Columns], column: str, first: float, last: float) -> np.ndarray:
    """What the log has in ``column`` from one moment to another, in days."""
    found = []
    for columns in written.values():
        table = pa.table({"at": columns["at"], "value": columns[column]}).to_pandas()
        days = (table["at"] - day(0)) / timedelta(days=1)
        found.append(table["value"][(days >= first) & (days < last)].to_numpy())
    return np.concatenate(found)


@pytest.mark.parametrize(("first", "last"), [(4, 9), (5, 7), (4.25, 6.5), (6, 6 + 1 / 24)])
def test_any_span_is_described_as_its_rows_are(
    published: tuple[Bench, dict[int, Columns]], monitor: Monitor, first: float, last: float
) -> None:
    bench, written = published
    span = rolled(bench, monitor, first, last)
    raw = values(written, "amount", first, last)
    assert span.rows == len(raw)
    assert set(span.cells) == {WHOLE}
    assert span.base_windows == round((last - first) * 24)
    row = {r["column_name"]: r for r in span.descriptions().to_pylist()}["amount"]
    assert row["count"] == len(raw)
    assert row["mean"] == pytest.approx(raw.mean(), rel=1e-8)
    assert (row["min"], row["max"]) == (raw.min(), raw.max())
    assert row["window_start"] == span.start
    assert row["window_end"] == span.end
    assert "run_id" not in row


def test_segments_are_rolled_up_too(published: tuple[Bench, dict[int, Columns]], monitor: Monitor) -> None:
    bench, written = published
    span = rolled(bench, monitor, 4, 9, segments=True)
    cities = values(written, "city", 4, 9)
    for city in ("Bergen", "Kyiv", "Lima"):
        rows = [
            r
            for r in span.descriptions().to_pylist()
            if (r["segment"], r["segment_value"], r["column_name"]) == ("city", city, "amount")
        ]
        assert [row["count"] for row in rows] == [np.count_nonzero(cities == city)]


def test_drift_of_one_day_is_what_its_run_has_published(
    published: tuple[Bench, dict[int, Columns]], monitor: Monitor
) -> None:
    bench, _ = published
    found = rolled(bench, monitor, 5, 6).drift().to_pylist()
    expected = bench.current("drift_metrics", 5, comparison="reference", model_version="*", segment="*")
    expected = expected[expected["column_kind"] != "label"]  # which no log holds
    of_run = {(row["column_name"], row["metric"]): row["value"] for row in expected.to_dict("records")}
    assert len(found) == len(of_run) > 20
    for row in found:
        was = of_run[row["column_name"], row["metric"]]
        assert row["value"] == was or (row["value"] is None and pd.isna(was))
    assert not {"threshold", "drifted", "run_id"} & set(found[0])


def test_a_bound_within_a_base_window_is_refused(
    published: tuple[Bench, dict[int, Columns]], monitor: Monitor
) -> None:
    with pytest.raises(ConfigError, match=r"within a base window.* by the hour"):
        rolled(published[0], monitor, 4, 4 + 1 / 48)


def test_nothing_is_published_there(published: tuple[Bench, dict[int, Columns]], monitor: Monitor) -> None:
    with pytest.raises(DataError, match="nothing is published"):
        rolled(published[0], monitor, 20, 27)


def test_profiles_with_other_bins_do_not_merge(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"base": "hour"})
    bench.reference()
    bench.days(4, 6)
    bench.run(4, 4)
    bench.overrides["reference"] = {"window": [f"{day(0):%Y-%m-%d}", f"{day(2):%Y-%m-%d}"]}
    bench.run(6, 6)
    monitor = load_monitor(bench.monitor_file())
    with pytest.raises(DataError, match="bins of 2 kinds"):
        rolled(bench, monitor, 4, 7)
    assert rolled(bench, monitor, 6, 7).rows == ROWS
