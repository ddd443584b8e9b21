"""Sound Parquet objects of predictions and labels: what is read of them."""

from __future__ import annotations

import pickle
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.conftest import ReadMonitor, WriteLog
from tests.sources.looking import DAY, ONE_DAY, by_name, list_objects, log, look

from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.parquet.splits import Inspection
from driftline_jobs.storage.location import open_location
from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import Storage
from driftline_schemas.window import to_us


def test_a_sound_object(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("dt=2013-07-01/a.parquet", log(rows=10), row_group_size=4)
    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)

    (split,) = inspected.splits
    assert (split.row_groups, split.rows, split.part) == ((0, 1, 2), 10, 0)
    assert (split.min_us, split.max_us) == (to_us(DAY), to_us(DAY + timedelta(hours=9)))
    # The folder's day, and a day of lateness on both sides.
    assert split.accept_start_us == to_us(DAY - ONE_DAY)
    assert split.accept_end_us == to_us(DAY + 2 * ONE_DAY)
    assert split.absent == frozenset()
    metadata = pq.read_metadata(split.object.path)
    assert split.size_bytes == sum(metadata.row_group(i).total_byte_size for i in range(3))

    (state,) = inspected.inputs
    assert (state.role, state.rows, state.state, state.reason) == ("prediction", 10, "read", None)
    assert (state.min_us, state.max_us) == (split.min_us, split.max_us)
    assert [(c.name, c.storage) for c in inspected.columns] == [
        ("at", Storage.DATETIME),
        ("p", Storage.NUMBER),
    ]
    assert inspected.schema_findings == ()
    assert list(inspected.left_out) == ["dt"]  # its folder repeats the time


def test_no_object_at_all(tmp_path: Path, monitor: Monitor) -> None:
    assert look(tmp_path, monitor, DAY, DAY + ONE_DAY) == Inspection()


def test_an_inspection_and_its_splits_pickle(write_log: WriteLog, monitor: Monitor) -> None:
    inspected = look(write_log("a.parquet", log()), monitor)
    assert pickle.loads(pickle.dumps(inspected)) == inspected  # noqa: S301


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_timestamps_of_any_unit_and_zone(
    write_log: WriteLog, monitor: Monitor, unit: str, zone: str | None
) -> None:
    wanted = pa.timestamp(unit, zone)
    instants = [DAY, DAY + timedelta(hours=5)]
    times = (
        pa.array([t.replace(tzinfo=None) for t in instants], pa.timestamp(unit)).cast(pa.int64()).cast(wanted)
    )
    folder = write_log("a.parquet", log(rows=2).set_column(0, "at", times))
    (split,) = look(folder, monitor, DAY, DAY + ONE_DAY).splits
    # A naive timestamp is UTC; a zone only says how to show it.
    assert (split.min_us, split.max_us) == (to_us(instants[0]), to_us(instants[1]))


def test_nanoseconds_are_floored_before_1970_too(write_log: WriteLog, monitor: Monitor) -> None:
    times = pa.array([-1, 1999], pa.timestamp("ns"))
    (split,) = look(write_log("a.parquet", log(rows=2).set_column(0, "at", times)), monitor).splits
    assert (split.min_us, split.max_us) == (-1, 1)


def test_timestamps_that_spark_wrote_have_no_statistics(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(), use_deprecated_int96_timestamps=True)
    (split,) = look(folder, monitor, DAY + 10 * ONE_DAY, DAY + 11 * ONE_DAY).splits
    assert (split.rows, split.min_us, split.max_us) == (4, None, None)


@pytest.mark.parametrize(
    "text", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_timestamps_may_be_text(write_log: WriteLog, monitor: Monitor, text: pa.DataType) -> None:
    times = pa.array(["2013-07-01T00:00:00Z", "2013-07-01 05:00:00+02:00"]).cast(text)
    (split,) = look(
        write_log("a.parquet", log(rows=2).set_column(0, "at", times)), monitor, DAY, DAY + ONE_DAY
    ).splits
    assert (split.rows, split.min_us) == (2, None)


def test_a_timestamp_inside_a_struct(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with("logs: {uri: logs, timestamp: meta.at, score: p}")
    at = pa.StructArray.from_arrays([log()["at"].combine_chunks(), pa.array([1, 2, 3, 4])], ["at", "n"])
    folder = write_log(
        "a.parquet", pa.table({"first": pa.array([[1]] * 4), "meta": at, "p": pa.array([0.5] * 4)})
    )
    (split,) = look(folder, monitor, DAY, DAY + ONE_DAY).splits
    assert (split.min_us, split.max_us) == (to_us(DAY), to_us(DAY + timedelta(hours=3)))


LABELS = "labels: {uri: labels, prediction_id: id, label: truth, timestamp: seen}"
LOGS = "logs: {uri: logs, timestamp: at, score: p, prediction_id: id}"


def test_labels_are_held_by_their_own_columns(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with(LABELS, LOGS)
    seen = pa.array([DAY] * 2, pa.timestamp("us"))
    table = pa.table({"id": ["a", "b"], "truth": [1, 0], "seen": seen, "more": [1, 2], "many": [[1], [2]]})
    write_log("dt=2013-07-01/a.parquet", table)
    write_log("b.parquet", table.drop_columns(["truth"]))
    write_log("c.parquet", table.drop_columns(["seen"]))
    folder = write_log("d.parquet", table.set_column(0, "id", pa.array([["a"], ["b"]])))
    location = open_location(str(folder))
    inspected = inspect(list_objects(location, "UTC"), location, monitor, role="label")
    assert [c.name for c in inspected.columns] == ["id", "truth", "seen"]
    (split,) = inspected.splits
    assert (split.rows, split.min_us, split.accept_start_us) == (2, to_us(DAY), None)
    reasons = {name: state.reason for name, state in by_name(inspected).items()}
    assert reasons == {
        "a.parquet": None,
        "b.parquet": "it has no column 'truth'",
        "c.parquet": "it has no timestamp: no column 'seen'",
        "d.parquet": "its column 'id' is list<element: string>: lists are left out",
    }
    assert {state.role for state in inspected.inputs} == {"label"}
    assert (inspected.left_out, inspected.schema_findings) == ({}, ())


def test_labels_need_no_timestamp_when_none_is_named(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with("labels: {uri: labels, prediction_id: id, label: truth}", LOGS)
    location = open_location(str(write_log("a.parquet", pa.table({"id": [1, 2], "truth": [True, None]}))))
    inspected = inspect(list_objects(location, "UTC"), location, monitor, role="label")
    assert [(s.rows, s.min_us) for s in inspected.splits] == [(2, None)]


def test_a_monitor_without_label_objects_has_none_to_inspect(tmp_path: Path, monitor: Monitor) -> None:
    with pytest.raises(ValueError, match="no objects with labels"):
        inspect([], open_location(str(tmp_path)), monitor, role="label")
