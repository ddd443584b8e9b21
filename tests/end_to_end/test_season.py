"""A reference of a year: windows are compared with those of their season."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day

from driftline_jobs.reporting.report import write_report
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

WEEKS, LAST, SHIFTED, COUNT = 53, 78, 76, 300


def start(week: int) -> int:
    """The number of the first day of a week."""
    return 7 * week


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Weeks whose mean goes up and down with the year by .8 standard deviations; one is off by .6."""
    made = Bench(
        tmp_path_factory.mktemp("season"),
        {
            "granularity": "week",
            "base": "week",
            "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(start(WEEKS)):%Y-%m-%d}"]},
            "features": {"numeric": ["warmth"], "ignore": ["city", "amount"]},
            "labels": None,
            "alerts": {"min_rows": 10},
        },
    )
    for week in range(LAST + 1):
        random = np.random.default_rng([week, 51])
        mean = 0.8 * np.sin(2 * np.pi * week / 52.18) + (0.6 if week == SHIFTED else 0.0)
        warmth = pa.array(random.normal(mean, 1.0, COUNT))
        made.write(start(week), made.rows(start(week), count=COUNT, warmth=warmth))
    made.run(f"{day(start(WEEKS)):%Y-%m-%d}", f"{day(start(LAST)):%Y-%m-%d}")
    return made


def test_it_is_compared_with_the_same_weeks_and_no_others(bench: Bench) -> None:
    rows = bench.current("drift_metrics", column_name="warmth", metric="mean_shift", comparison="reference")
    rows = rows[(rows["segment"] == "*") & (rows["model_version"] == "*")]
    assert set(rows["n_reference"]) == {9 * COUNT}
    assert set(rows["threshold_source"]) == {"calibrated"}


def test_the_season_is_no_drift_and_a_shift_beside_it_is(bench: Bench) -> None:
    rows = bench.current("drift_metrics", column_name="warmth", metric="mean_shift", comparison="reference")
    drifted = rows[rows["drifted"] == True]["window_start"].tolist()  # noqa: E712 - null is neither
    assert [at.to_pydatetime() for at in drifted] == [day(start(SHIFTED))]


def test_windows_of_the_reference_are_compared_with_the_others_of_their_season(
    bench: Bench,
) -> None:
    again = Bench(bench.root, bench.overrides, store_name="within.duckdb")
    again.run(f"{day(start(26)):%Y-%m-%d}")
    row = again.drift(start(26), "warmth", "mean_shift")
    assert row["n_reference"] == 8 * COUNT
    assert abs(row["value"]) < 0.3


def test_single_runs_are_those_of_a_range(bench: Bench) -> None:
    alone = Bench(bench.root, bench.overrides, store_name="alone.duckdb")
    alone.run(f"{day(start(LAST)):%Y-%m-%d}")
    one, other = (
        made.current("drift_metrics", start(LAST), comparison="reference").drop(columns="run_id")
        for made in (alone, bench)
    )
    # what the windows before have to do with is another matter
    one, other = (rows[rows["metric"] != "sustained_shift"] for rows in (one, other))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_the_page_says_with_which_weeks(bench: Bench) -> None:
    settings = Settings(store=bench.store_url, reports=str(bench.root / "reports"))
    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.containing(day(start(LAST)))
    written = write_report(monitor, window, settings, generated_at=day(start(LAST) + 8))
    page = Path(written.page).read_text("utf-8")
    assert "compared with the same weeks of" in page
    assert "(9 weeks," in page
