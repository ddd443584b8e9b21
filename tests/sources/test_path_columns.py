"""Columns that stand in the path of an object, and how they are read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.sources.conftest import ReadMonitor, WriteLog
from tests.sources.looking import by_name, findings, list_objects, log, look

from driftline_jobs.sources.listing.folders import names_time
from driftline_jobs.sources.listing.path_values import values_of
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Inspection
from driftline_schemas.serving_log import Storage


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ("", {}),
        ("eu/2013/07/01", {}),
        ("region=eu/model_version=v2", {"region": "eu", "model_version": "v2"}),
        ("region=eu/dt=2013-07-01/region=us", {"region": "us", "dt": "2013-07-01"}),
        ("region=__HIVE_DEFAULT_PARTITION__", {"region": None}),
        ("region=", {"region": ""}),
        ("=eu", {}),
        ("a%3Db=%C3%A9t%C3%A9%20%2F%25", {"a=b": "été /%"}),
        ("a=b=c", {"a": "b=c"}),
        ("_tier=gold", {"_tier": "gold"}),
        (os.fsdecode(b"city=caf\xe9"), {"city": "caf\ufffd"}),
    ],
)
def test_values_are_those_of_the_folders(folders: str, expected: dict[str, str | None]) -> None:
    assert dict(values_of(folders.split("/"))) == expected


@pytest.mark.parametrize(
    "folder",
    [
        *("dt=2013-07-01", "dt=20130701", "_dt=2013-07", "DS=2013_07_01", "date=2013-07-01 05:00:00"),
        *("year=2013", "month=07", "m=7", "day=1", "hour=05", "hh=5", "week=27", "quarter=3", "minute=30"),
        *(
            "load=2013-07-01",
            "snapshot=20130701",
            "batch=2013-07-01T05-00-00",
            "run=2013070105",
            "w=2013-W27",
        ),
        *("ts=1372636800", "ingested=2013/07/01", "dow=6", "month=2013-07"),
    ],
)
def test_folders_that_name_a_time(folder: str) -> None:
    assert names_time(*folder.split("="))


@pytest.mark.parametrize(
    "folder",
    [
        *(
            "region=eu",
            "model_version=v2",
            "store=20131",
            "store=2013",
            "shard=07",
            "month=july",
            "hour=late",
        ),
        *(
            "time=morning",
            "size=201307",
            "id=20139901",
            "sku=9999-01-01",
            "date=",
            "version=2013.07",
            "day=first",
        ),
    ],
)
def test_folders_that_name_none(folder: str) -> None:
    assert not names_time(*folder.split("="))


def column(inspected: Inspection, name: str, where: str) -> list[Any]:
    """The values of a column in the object whose path holds ``where``."""
    (split,) = [split for split in inspected.splits if where in split.object.path]
    with SplitReader(split, inspected.columns, [c.name for c in inspected.columns]) as reader:
        values: list[Any] = reader.column(name).to_pylist()
        assert len(values) == reader.rows
        head = reader.head(3)[name].to_pylist()
    assert head == values[:3]
    return values


def test_they_are_columns_where_the_object_has_none_of_that_name(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    monitor = monitor_with("segments: [region]")
    write_log("region=eu/dt=2013-07-01/a.parquet", log())
    write_log("region=us/dt=2013-07-01/b.parquet", log(region=pa.array(["own"] * 4)))
    write_log("region=__HIVE_DEFAULT_PARTITION__/c.parquet", log())
    folder = write_log("region=caf%C3%A9/d.parquet", log(rows=2))
    inspected = look(folder, monitor)
    assert [column_.name for column_ in inspected.columns] == ["at", "p", "region"]
    assert {c.name: c.storage for c in inspected.columns}["region"] is Storage.TEXT
    assert findings(inspected) == []
    assert column(inspected, "region", "a.parquet") == ["eu"] * 4
    assert column(inspected, "region", "b.parquet") == ["own"] * 4
    assert column(inspected, "region", "c.parquet") == [None] * 4
    assert column(inspected, "region", "d.parquet") == ["café"] * 2
    assert set(inspected.left_out) == {"dt"}
    assert "not watched unless the monitor file names it" in inspected.left_out["dt"]


def test_a_time_in_the_folders_is_a_column_where_it_is_named(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    folder = write_log("dt=2013-07-01/hour=05/a.parquet", log())
    monitor = monitor_with("segments: [hour]", "features: {categorical: [dt]}")
    inspected = look(folder, monitor)
    assert [column_.name for column_ in inspected.columns] == ["at", "p", "dt", "hour"]
    assert column(inspected, "hour", "a.parquet") == ["05"] * 4
    assert column(inspected, "dt", "a.parquet") == ["2013-07-01"] * 4
    assert inspected.left_out == {}


def test_the_timestamp_may_stand_in_the_path(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    folder = write_log("day=2013-07-01/a.parquet", log().drop_columns(["at"]))
    monitor = monitor_with("logs: {uri: logs, timestamp: day, score: p}")
    inspected = look(folder, monitor)
    (state,) = inspected.inputs
    assert (state.state, state.reason) == ("read", None)
    with SplitReader(inspected.splits[0], inspected.columns) as reader:
        assert reader.timestamps(monitor.log_time).tolist() == [1372636800 * 10**6] * 4


def test_what_has_to_be_a_number_is_one(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with("features: {numeric: [store]}")
    write_log("store=07/a.parquet", log())
    folder = write_log("store=central/b.parquet", log())
    inspected = look(folder, monitor)
    assert {c.name: c.storage for c in inspected.columns}["store"] is Storage.NUMBER
    assert column(inspected, "store", "a.parquet") == [7.0] * 4
    assert column(inspected, "store", "b.parquet") == [None] * 4


def test_they_can_be_turned_off(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with("logs: {uri: logs, timestamp: at, score: p, partition_columns: false}")
    folder = write_log("region=eu/dt=2013-07-01/a.parquet", log())
    inspected = look(folder, monitor)
    assert [column_.name for column_ in inspected.columns] == ["at", "p"]
    assert inspected.left_out == {}


def test_an_object_beside_the_folders_lacks_the_column(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    for name in ("region=eu/a.parquet", "region=us/b.parquet"):
        write_log(name, log())
    folder = write_log("c.parquet", log())
    inspected = look(folder, monitor_with("segments: [region]"))
    assert findings(inspected) == [("c.parquet", "region", "missing_column")]
    (split,) = [split for split in inspected.splits if split.object.path.endswith("c.parquet")]
    with SplitReader(split, inspected.columns) as reader:
        assert not reader.has("region")


def test_what_a_reference_did_not_know_is_no_finding(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    """One that was made before folders were columns is as good as it was."""
    from driftline_jobs.sources.parquet.inspection import inspect
    from driftline_jobs.storage.location import open_location

    folder = write_log("region=eu/a.parquet", log(extra=pa.array([1] * 4)))
    location = open_location(str(folder))
    expected = {"p": "number"}
    found = inspect(list_objects(location, "UTC"), location, monitor_with(), expected=expected)
    assert findings(found) == [("a.parquet", "extra", "new_column")]


def test_a_folder_of_any_name_harms_nothing(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    odd = [
        "*=x",
        "a b=c d",
        "<b>=<i>",
        "p.q=1",
        "'; DROP TABLE x=y",
        "at=2013-07-01",
        "p=0.25",
        "x=" + "y" * 200,
    ]
    for number, name in enumerate(odd):
        folder = write_log(f"{name}/{number}.parquet", log())
    bad = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9=\xff"))
    bad.mkdir()
    (bad / "x.parquet").write_bytes((folder / f"{odd[0]}/0.parquet").read_bytes())
    inspected = look(folder, monitor_with())
    states = by_name(inspected)
    assert states.pop("x.parquet").state == "quarantined"  # Arrow cannot open a path that is no UTF-8
    assert {state.state for state in states.values()} == {"read"}
    assert column(inspected, "<b>", "2.parquet") == ["<i>"] * 4
    assert column(inspected, "p", "6.parquet") == [0.5] * 4  # its own
