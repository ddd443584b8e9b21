"""The whole demo: what it leaves, and that what it tells is so."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds
import pytest
from sklearn.metrics import roc_auc_score

from driftline_jobs.stores import open_store
from driftline_schemas.monitor import load_monitor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(demo_run: Any) -> Path:
    path: Path = demo_run.folder
    return path


def answer(folder: Path, sql: str) -> pd.DataFrame:
    with closing(open_store(f"duckdb:///{folder}/driftline.duckdb")) as store:
        frame: pd.DataFrame = store.execute_read(sql).to_pandas()
        return frame


def test_everything_lies_in_its_folder(folder: Path) -> None:
    # a hidden file beside the tables is their lock
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
        "driftline.duckdb",
        "labels",
        "logs",
        "monitors",
        "reports",
    }
    assert load_monitor(folder / "monitors" / "flight_delay.yaml").monitor == "flight_delay"
    pages = folder / "reports"
    assert {str(page.relative_to(pages)) for page in pages.rglob("*.html")} == {
        "index.html",
        "flight_delay/index.html",
        "flight_delay/day/2013-12-31.html",
    }


def test_it_tells_where_everything_lies(demo_run: Any, folder: Path) -> None:
    for path in (folder / "driftline.duckdb", folder / "monitors" / "flight_delay.yaml"):
        assert str(path) in demo_run.printed
    assert str(folder / "reports" / "flight_delay" / "day" / "2013-12-31.html") in demo_run.printed


def test_every_day_from_march_to_december_is_published_once_in_every_part(folder: Path) -> None:
    runs = answer(folder, "SELECT part, window_start FROM current_runs WHERE monitor = 'flight_delay'")
    days = set(pd.date_range("2013-03-01", "2013-12-31", tz="UTC"))
    assert len(days) == 306
    for part in ("data", "performance", "judgement"):
        starts = runs.loc[runs["part"] == part, "window_start"]
        assert len(starts) == 306
        assert set(starts) == days


def test_the_printed_monthly_figures_are_those_of_scikit_learn(demo_run: Any, folder: Path) -> None:
    log = ds.dataset(folder / "logs").to_table(["request_id", "requested_at", "late_probability"]).to_pandas()
    labels = ds.dataset(folder / "labels").to_table(["request_id", "arrived_late"]).to_pandas()
    joined = log.merge(labels.dropna(), on="request_id")
    by_day = joined.groupby(joined["requested_at"].dt.floor("D"))
    daily = by_day.apply(lambda day: roc_auc_score(day["arrived_late"], day["late_probability"]))
    monthly = daily.groupby(daily.index.month).agg(["mean", "min"])
    labelled = joined.groupby(joined["requested_at"].dt.month).size()

    names = pd.date_range("2013-03-01", periods=10, freq="MS").strftime("%B")
    for month, name in enumerate(names, start=3):
        (line,) = (line.split() for line in demo_run.printed.splitlines() if line.split()[:1] == [name])
        assert line[1] == ("v1" if month < 7 else "v2")
        assert int(line[2].replace(",", "")) == labelled[month]
        # Printed to a thousandth; from bins, within a few thousandths of exact for a day.
        assert float(line[3]) == pytest.approx(monthly.loc[month, "mean"], abs=0.003)
        assert float(line[4]) == pytest.approx(monthly.loc[month, "min"], abs=0.005)


def test_the_seasons_are_what_drifted_most(demo_run: Any) -> None:
    lines = demo_run.printed.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("What drifted from March"))
    ranked = [line.split()[0] for line in lines[start + 3 : start + 6] if line.split()]
    assert {"temperature", "dew_point"} <= set(ranked)
