"""Real Parquet objects, sound and spoilt: what is read of them, what is set aside, and what is said of it."""

from __future__ import annotations

import decimal
import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.logs.conftest import ReadMonitor, WriteLog

from driftline_jobs.logs import inspection as inspection_module
from driftline_jobs.logs.filesystem import open_location
from driftline_jobs.logs.inspection import inspect
from driftline_jobs.logs.objects import list_objects
from driftline_jobs.logs.splits import InputState, Inspection
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import Storage
from driftline_schemas.window import to_us

DAY = datetime(2013, 7, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)


def log(
    rows: int = 4, start: datetime = DAY, step: timedelta = timedelta(hours=1), **columns: object
) -> pa.Table:
    times = [start + step * row for row in range(rows)]
    base = {"at": pa.array(times, pa.timestamp("us", "UTC")), "p": pa.array([0.5] * rows)}
    return pa.table({**base, **columns})


def look(
    folder: Path, monitor: Monitor, start: datetime | None = None, end: datetime | None = None
) -> Inspection:
    location = open_location(str(folder))
    return inspect(list_objects(location, "UTC"), location, monitor, start, end)


def by_name(inspected: Inspection) -> dict[str, InputState]:
    return {state.object.path.rpartition("/")[2]: state for state in inspected.inputs}


def findings(inspected: Inspection) -> list[tuple[str, str, str]]:
    return [(f.object_uri.rpartition("/")[2], f.column, f.check) for f in inspected.schema_findings]


# ------------------------------------------------------------------------------------------ sound objects


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
    assert (inspected.left_out, inspected.schema_findings) == ({}, ())


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


# ---------------------------------------------------------------------------------------- pruning, splits


def test_row_groups_are_left_out_by_their_statistics(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=240), row_group_size=24)
    inspected = look(folder, monitor, DAY + 3 * ONE_DAY, DAY + 5 * ONE_DAY)
    (split,) = inspected.splits
    assert (split.row_groups, split.rows) == ((3, 4), 48)
    # The object as a whole is what was listed: all its rows are told.
    assert (inspected.inputs[0].rows, inspected.inputs[0].state) == (240, "read")


def test_a_footer_longer_than_the_first_look(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=2000), row_group_size=1)
    raw = (folder / "a.parquet").read_bytes()
    assert int.from_bytes(raw[-8:-4], "little") > 64 * 1024
    assert sum(split.rows for split in look(folder, monitor, DAY, DAY + ONE_DAY).splits) == 24


def test_bounds_are_half_open(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=3, step=ONE_DAY), row_group_size=1)
    (split,) = look(folder, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY).splits
    assert split.row_groups == (1,)
    (split,) = look(folder, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY + timedelta.resolution).splits
    assert split.row_groups == (1, 2)


def test_row_groups_without_statistics_are_kept(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=240), row_group_size=24, write_statistics=False)
    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)
    assert [split.rows for split in inspected.splits] == [240]
    assert (inspected.inputs[0].min_us, inspected.inputs[0].max_us) == (None, None)


def test_row_groups_of_null_timestamps_are_kept(write_log: WriteLog, monitor: Monitor) -> None:
    times = pa.array([None, None], pa.timestamp("us"))
    (split,) = look(
        write_log("a.parquet", log(rows=2).set_column(0, "at", times)), monitor, DAY, DAY + ONE_DAY
    ).splits
    assert (split.rows, split.min_us) == (2, None)


def test_stray_rows_are_read_with_the_window_of_their_folder_alone(
    write_log: WriteLog, monitor: Monitor
) -> None:
    # The second row group of this folder is stamped nine days later: no window of its time would look here.
    write_log("dt=2013-07-01/a.parquet", log(rows=2))
    stray = pa.concat_tables([log(rows=2), log(rows=2, start=DAY + 9 * ONE_DAY)])
    folder = write_log("dt=2013-07-01/b.parquet", stray, row_group_size=2)
    own = look(folder, monitor, DAY, DAY + ONE_DAY)
    assert [split.row_groups for split in own.splits] == [(0,), (0, 1)]
    assert own.splits[1].accept_end_us == to_us(DAY + 2 * ONE_DAY)
    assert look(folder, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY).splits == ()
    # Rows within the lateness belong to the next day, and are no strays.
    late = write_log("dt=2013-07-01/b.parquet", log(rows=2, start=DAY + ONE_DAY), row_group_size=2)
    assert [split.object.path[-9:] for split in look(late, monitor, DAY, DAY + ONE_DAY).splits] == [
        "a.parquet"
    ]
    assert [
        split.object.path[-9:] for split in look(late, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY).splits
    ] == ["b.parquet"]


def test_null_timestamps_are_read_with_the_window_of_their_folder(
    write_log: WriteLog, monitor: Monitor
) -> None:
    late = pa.array([DAY + ONE_DAY, None], pa.timestamp("us", "UTC"))
    folder = write_log("dt=2013-07-01/a.parquet", log(rows=2).set_column(0, "at", late))
    assert len(look(folder, monitor, DAY, DAY + ONE_DAY).splits) == 1
    assert len(look(folder, monitor, DAY - ONE_DAY, DAY).splits) == 0


def test_strays_are_counted_once_by_hourly_windows(write_log: WriteLog, monitor: Monitor) -> None:
    hour = timedelta(hours=1)
    folder = write_log("dt=2013-07-01/a.parquet", log(rows=2, start=DAY + 9 * ONE_DAY))
    read = [len(look(folder, monitor, DAY + h * hour, DAY + (h + 1) * hour).splits) for h in range(24)]
    assert read == [1] + [0] * 23


def test_splits_hold_consecutive_row_groups_up_to_a_size(
    write_log: WriteLog, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_log("a.parquet", log(rows=70), row_group_size=10)
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_ROWS", 25)
    splits = look(folder, monitor).splits
    assert [(s.part, s.row_groups, s.rows) for s in splits] == [
        (0, (0, 1), 20),
        (1, (2, 3), 20),
        (2, (4, 5), 20),
        (3, (6,), 10),
    ]
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_ROWS", 5)
    assert [s.rows for s in look(folder, monitor).splits] == [10] * 7
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_ROWS", 1000)
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_BYTES", splits[0].size_bytes)
    assert [s.row_groups for s in look(folder, monitor).splits] == [s.row_groups for s in splits]


def test_a_gap_between_row_groups_ends_a_split(write_log: WriteLog, monitor: Monitor) -> None:
    far = DAY + 99 * ONE_DAY
    table = pa.concat_tables([log(rows=2), log(rows=2, start=far), log(rows=2)])
    folder = write_log("a.parquet", table, row_group_size=2)
    splits = look(folder, monitor, DAY, DAY + ONE_DAY).splits
    assert [(s.part, s.row_groups) for s in splits] == [(0, (0,)), (1, (2,))]


# ------------------------------------------------------------------------------------------- bad objects


def test_objects_that_are_not_parquet_are_set_aside_and_the_others_are_read(
    write_log: WriteLog, monitor: Monitor
) -> None:
    folder = write_log("good.parquet", log())
    whole = (folder / "good.parquet").read_bytes()
    spoilt = {
        "cut.parquet": whole[:-20],
        "text.parquet": b"at,p\n2013-07-01,0.5\n",
        "short.parquet": b"PAR1",
        "nothing.parquet": b"",
        "lying.parquet": b"PAR1" + b"\xff\xff\xff\x7fPAR1",
        "garbled.parquet": whole[:-60] + bytes(52) + whole[-8:],
        "encrypted.parquet": whole[:-4] + b"PARE",
        "json.parquet": b'{"at": 1}' * 30_000,
    }
    for name, content in spoilt.items():
        (folder / name).write_bytes(content)

    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)

    states = by_name(inspected)
    assert {name: states[name].state for name in states} == dict.fromkeys(spoilt, "quarantined") | {
        "good.parquet": "read"
    }
    reasons = {name: str(states[name].reason) for name in spoilt}
    for name in ("cut.parquet", "text.parquet", "short.parquet", "json.parquet"):
        assert reasons[name].startswith("it is not Parquet, or was cut off: it ends in b")
    assert "holds no bytes" in reasons["nothing.parquet"]
    assert "footer would be longer than the object" in reasons["lying.parquet"]
    assert "footer cannot be read" in reasons["garbled.parquet"]
    assert "encrypted" in reasons["encrypted.parquet"]
    assert [split.object.path for split in inspected.splits] == [str(folder / "good.parquet")]
    assert inspected.schema_findings == ()


def test_an_object_without_the_timestamp_is_set_aside(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log())
    folder = write_log("b.parquet", log().rename_columns(["att", "p"]))
    state = by_name(look(folder, monitor))["b.parquet"]
    assert (state.state, state.rows) == ("quarantined", 4)
    assert state.reason == "it has no timestamp: no column 'at' (there is 'att')"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (pa.array([1372636800] * 4), "int64"),
        (pa.array([1372636800.0] * 4), "double"),
        (pa.array([date(2013, 7, 1)] * 4), "date32[day]"),
        (pa.array([0] * 4, pa.time64("us")), "time64[us]"),
        (pa.nulls(4), "null"),
        (pa.array([True] * 4), "bool"),
        (pa.array([[1]] * 4), "list<element: int64>: lists are left out"),
        (pa.array([b"2013-07-01"] * 4), "binary: bytes are left out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_timestamps_of_another_type_are_refused_by_name(
    write_log: WriteLog, monitor: Monitor, values: pa.Array, named: str
) -> None:
    folder = write_log("a.parquet", log().set_column(0, "at", values))
    (state,) = look(folder, monitor, DAY, DAY + ONE_DAY).inputs
    assert state.state == "quarantined"
    assert "its timestamp 'at' is" in str(state.reason)
    assert named in str(state.reason)


def test_an_object_without_rows_is_empty_and_has_no_vote(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("full.parquet", log(x=pa.array(["a"] * 4)))
    for name in ("e1.parquet", "e2.parquet"):
        # A frame without rows says nothing of its types.
        folder = write_log(
            name, pa.table({"at": pa.array([], pa.timestamp("us")), "x": pa.array([], pa.float64())})
        )
    inspected = look(folder, monitor)
    assert {n: (s.state, s.rows, s.reason) for n, s in by_name(inspected).items()} == {
        "full.parquet": ("read", 4, None),
        "e1.parquet": ("empty", 0, "it holds no rows"),
        "e2.parquet": ("empty", 0, "it holds no rows"),
    }
    assert [c.storage for c in inspected.columns if c.name == "x"] == [Storage.TEXT]
    assert inspected.schema_findings == ()
    assert len(inspected.splits) == 1


def test_an_object_that_vanishes_or_grows_after_it_was_listed(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log(rows=2))
    folder = write_log("b.parquet", log())
    location = open_location(str(folder))
    objects = list_objects(location, "UTC")
    write_log("a.parquet", log(rows=9))
    (folder / "b.parquet").unlink()
    grown, gone = inspect(objects, location, monitor).inputs
    assert (grown.state, grown.rows, grown.object.etag) == ("read", 9, location.etag_of(objects[0].path))
    assert (gone.state, gone.reason) == ("quarantined", "it vanished or changed while it was being read")


def test_an_object_that_may_not_be_read_stops_the_run(
    write_log: WriteLog, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may read everything, so the refusal is played: what matters is that no row is silently missing.
    folder = write_log("a.parquet", log())

    class Refusing:
        def open_input_file(self, path: str) -> None:
            raise PermissionError(13, f"Permission denied: {path}")

    monkeypatch.setattr("pyarrow.fs.LocalFileSystem", Refusing)
    with pytest.raises(ConfigError, match=r"no permission to read file://.*a\.parquet"):
        look(folder, monitor)


# ------------------------------------------------------------------------------------------------ schemas


def test_columns_of_every_kind_are_taken(write_log: WriteLog, monitor: Monitor) -> None:
    number = decimal.Decimal("1.50")
    kinds = {
        "u8": (pa.array([1] * 4, pa.uint8()), Storage.NUMBER),
        "u64": (pa.array([2**64 - 1] * 4, pa.uint64()), Storage.NUMBER),
        "nullable": (pa.array([1, None, 2, None], pa.int64()), Storage.NUMBER),
        "half": (pa.array(np.ones(4, np.float16)), Storage.NUMBER),
        "nan": (pa.array([float("nan"), float("inf"), -float("inf"), 0.0]), Storage.NUMBER),
        "money": (pa.array([number] * 4, pa.decimal128(10, 2)), Storage.NUMBER),
        "flag": (pa.array([True, None, False, True]), Storage.BOOLEAN),
        "born": (pa.array([date(1990, 1, 1)] * 4), Storage.DATETIME),
        "word": (pa.array(["a", None, "b", "a"]).dictionary_encode(), Storage.TEXT),
        "text": (pa.array(["a"] * 4, pa.large_string()), Storage.TEXT),
        "void": (pa.nulls(4), Storage.TEXT),
    }
    folder = write_log("a.parquet", log(**{name: values for name, (values, _) in kinds.items()}))
    inspected = look(folder, monitor)
    assert {c.name: c.storage for c in inspected.columns if c.name in kinds} == {
        n: s for n, (_, s) in kinds.items()
    }
    assert inspected.schema_findings == ()


def test_structs_are_flattened_and_lists_and_maps_are_left_out(write_log: WriteLog, monitor: Monitor) -> None:
    table = log(
        rows=1,
        payload=pa.array([{"carrier": "UA", "more": {"n": 1}, "tags": ["x"]}]),
        pairs=pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        many=pa.array([[1, 2]]),
    )
    inspected = look(write_log("a.parquet", table), monitor)
    assert [c.name for c in inspected.columns] == ["at", "p", "payload.carrier", "payload.more.n"]
    assert inspected.left_out == {
        "payload.tags": "list<element: string>: lists are left out",
        "pairs": "map<string, int64 ('pairs')>: maps are left out",
        "many": "list<element: int64>: lists are left out",
    }


def test_column_names_may_hold_anything(write_log: WriteLog, monitor: Monitor) -> None:
    odd = [
        "a \"quoted\" 'one'",
        "<script>alert(1)</script>",
        "'; DROP TABLE runs; --",
        "🛫",
        "two\nlines",
        "a.b",
        " ",
    ]
    inspected = look(write_log("a.parquet", log(**{name: pa.array([1] * 4) for name in odd})), monitor)
    assert [c.name for c in inspected.columns] == ["at", "p", *odd]


def test_a_column_with_a_dot_and_a_struct_of_the_same_name(write_log: WriteLog, monitor: Monitor) -> None:
    table = log(rows=1, a=pa.array([{"b": "text"}]), **{"a.b": pa.array([1])})
    inspected = look(write_log("a.parquet", table), monitor)
    assert [(c.name, c.path) for c in inspected.columns][2:] == [("a.b", ("a.b",))]
    assert inspected.left_out == {"a → b": "the name 'a.b' is that of another column"}
    # An object that has only the struct holds another column under that name.
    folder = write_log("b.parquet", log(rows=1, a=pa.array([{"b": 1}])))
    inspected = look(folder, monitor)
    assert findings(inspected) == [("b.parquet", "a.b", "changed_type")]
    assert inspected.schema_findings[0].detail == "lies at a → b here, at a.b elsewhere"
    assert [s.absent for s in inspected.splits] == [frozenset(), {"a.b"}]


def test_a_feature_missing_from_some_objects(write_log: WriteLog, monitor: Monitor) -> None:
    for name in ("a", "b"):
        write_log(f"{name}.parquet", log(x=pa.array([1] * 4)))
    folder = write_log("c.parquet", log())
    inspected = look(folder, monitor)
    assert [(s.object.path[-9:], s.absent) for s in inspected.splits] == [
        ("a.parquet", frozenset()),
        ("b.parquet", frozenset()),
        ("c.parquet", {"x"}),
    ]
    assert findings(inspected) == [("c.parquet", "x", "missing_column")]
    assert inspected.schema_findings[0].detail == "in 2 of 3 objects, not in this one"


def test_a_new_column(write_log: WriteLog, monitor: Monitor) -> None:
    for name in ("a", "b"):
        write_log(f"{name}.parquet", log())
    inspected = look(write_log("c.parquet", log(x=pa.array([1] * 4))), monitor)
    assert findings(inspected) == [("c.parquet", "x", "new_column")]
    assert [sorted(s.absent) for s in inspected.splits] == [["x"], ["x"], []]
    assert "x" in [c.name for c in inspected.columns]


def test_a_column_in_half_of_the_objects_is_new_there(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log())
    inspected = look(write_log("b.parquet", log(x=pa.array([1] * 4))), monitor)
    assert findings(inspected) == [("b.parquet", "x", "new_column")]


def test_a_column_that_is_named_and_in_no_object(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with("features: {numeric: [distanse], sensitive: [home_zip]}", "segments: [origin]")
    inspected = look(write_log("a.parquet", log(distance=pa.array([1] * 4))), monitor)
    assert [(f.column, f.check, f.detail) for f in inspected.schema_findings] == [
        ("home_zip", "missing_column", "in no object"),
        ("origin", "missing_column", "in no object"),
        ("distanse", "missing_column", "in no object: did you mean 'distance'?"),
    ]


def test_ignored_columns_are_not_looked_at(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with("features: {ignore: [x, many]}")
    write_log("a.parquet", log(x=pa.array([1] * 4), many=pa.array([[1]] * 4)))
    inspected = look(write_log("b.parquet", log(x=pa.array(["one"] * 4))), monitor)
    assert [c.name for c in inspected.columns] == ["at", "p"]
    assert (inspected.left_out, inspected.schema_findings) == ({}, ())


INTEGERS, TEXTS = pa.array([1, 2, 3, 4]), pa.array(["a", "b", None, "a"])


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (INTEGERS, INTEGERS.cast(pa.uint8())),
        (INTEGERS, INTEGERS.cast(pa.float64())),
        (INTEGERS, INTEGERS.cast(pa.decimal128(21, 2))),
        (INTEGERS, pa.nulls(4)),
        (TEXTS, TEXTS.cast(pa.large_string())),
        (TEXTS, TEXTS.dictionary_encode()),
        (TEXTS, pa.nulls(4)),
    ],
    ids=lambda values: str(values.type),
)
def test_widening_is_no_change_of_type(
    write_log: WriteLog, monitor: Monitor, first: pa.Array, other: pa.Array
) -> None:
    for one, two in ((first, other), (other, first)):
        write_log("a.parquet", log(x=one))
        inspected = look(write_log("b.parquet", log(x=two)), monitor)
        assert inspected.schema_findings == ()
        assert [s.absent for s in inspected.splits] == [frozenset(), frozenset()]
        (x,) = (column for column in inspected.columns if column.name == "x")
        assert x.storage is (Storage.TEXT if first is TEXTS else Storage.NUMBER)


def test_a_type_that_changes_between_objects(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log(x=pa.array(["one"] * 4), y=pa.array([True] * 4)))
    for name in ("b", "c"):
        folder = write_log(f"{name}.parquet", log(x=pa.array([1] * 4), y=pa.array([1] * 4)))
    inspected = look(folder, monitor)
    assert {c.name: c.storage for c in inspected.columns if c.name in "xy"} == {
        "x": Storage.NUMBER,
        "y": Storage.NUMBER,
    }
    assert [(f.object_uri[-9:], f.column, f.check, f.detail) for f in inspected.schema_findings] == [
        ("a.parquet", "x", "changed_type", "string here, int64 elsewhere"),
        ("a.parquet", "y", "changed_type", "bool here, int64 elsewhere"),
    ]
    assert [sorted(s.absent) for s in inspected.splits] == [["x", "y"], [], []]


def test_of_a_draw_the_first_object_wins(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log(x=pa.array(["one"] * 4)))
    inspected = look(write_log("b.parquet", log(x=pa.array([1] * 4))), monitor)
    assert findings(inspected) == [("b.parquet", "x", "changed_type")]


def test_a_column_that_is_a_list_in_one_object(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log(x=pa.array([1] * 4)))
    inspected = look(write_log("b.parquet", log(x=pa.array([[1]] * 4))), monitor)
    assert findings(inspected) == [("b.parquet", "x", "changed_type")]
    assert inspected.left_out == {}
    assert [sorted(s.absent) for s in inspected.splits] == [[], ["x"]]


def test_what_the_monitor_needs_as_a_number_is_no_text(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    monitor = monitor_with("features: {numeric: [distance]}")
    table = log(distance=pa.array(["1"] * 4)).set_column(1, "p", pa.array(["0.5"] * 4))
    inspected = look(write_log("a.parquet", table), monitor)
    assert [c.name for c in inspected.columns] == ["at"]
    assert {f.column: (f.check, f.detail) for f in inspected.schema_findings} == {
        "distance": ("changed_type", "string, where the monitor file needs a boolean or datetime or number"),
        "p": ("changed_type", "string, where the monitor file needs a number"),
    }
    # The other object is right, though it is outnumbered.
    write_log("b.parquet", table)
    inspected = look(write_log("c.parquet", log(distance=pa.array([1] * 4))), monitor)
    assert {c.name: c.storage for c in inspected.columns}["p"] is Storage.NUMBER
    assert [sorted(s.absent) for s in inspected.splits] == [["distance", "p"], ["distance", "p"], []]


# ------------------------------------------------------------------------------------------------- labels

LABELS = "labels: {uri: labels, prediction_id: id, label: truth, timestamp: seen}"
LOGS = "logs: {uri: logs, timestamp: at, score: p, prediction_id: id}"


def test_labels_are_held_by_their_own_columns(write_log: WriteLog, monitor_with: ReadMonitor) -> None:
    monitor = monitor_with(LABELS, LOGS)
    seen = pa.array([DAY] * 2, pa.timestamp("us"))
    table = pa.table({"id": ["a", "b"], "truth": [1, 0], "seen": seen, "more": [1, 2], "many": [[1], [2]]})
    write_log("dt=2013-07-01/a.parquet", table)
    write_log("b.parquet", table.drop_columns(["truth"]))
    write_log("c.parquet", table.drop_columns(["seen"]))
    folder = write_log("d.parquet", table.set_column(0, "id", pa.array([b"a", b"b"])))
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
        "d.parquet": "its column 'id' is binary: bytes are left out, write text as strings",
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
