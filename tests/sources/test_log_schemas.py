"""Columns of many kinds, and objects that do not agree on them."""

from __future__ import annotations

import decimal
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from tests.sources.conftest import ReadMonitor, WriteLog
from tests.sources.looking import findings, log, look

from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import Storage


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
        "void": (pa.nulls(4), Storage.NOTHING),
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
    assert [s.absent for s in inspected.splits] == [frozenset()] * 3  # read all the same, and converted


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


def test_what_the_monitor_needs_as_a_number_is_one_whatever_it_is_stored_as(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    monitor = monitor_with("features: {numeric: [distance]}")
    table = log(distance=pa.array(["1"] * 4)).set_column(1, "p", pa.array(["0.5"] * 4))
    inspected = look(write_log("a.parquet", table), monitor)
    storages = {column.name: column.storage for column in inspected.columns}
    assert (storages["distance"], storages["p"]) == (Storage.NUMBER, Storage.NUMBER)
    assert {f.column: (f.check, f.detail) for f in inspected.schema_findings} == {
        "distance": ("changed_type", "string, where the monitor file needs a boolean or datetime or number"),
        "p": ("changed_type", "string, where the monitor file needs a number"),
    }
    # The other object is right, though it is outnumbered.
    write_log("b.parquet", table)
    inspected = look(write_log("c.parquet", log(distance=pa.array([1] * 4))), monitor)
    assert {c.name: str(c.type) for c in inspected.columns}["p"] == "double"
    assert [s.absent for s in inspected.splits] == [frozenset()] * 3


def test_a_column_without_values_is_held_as_what_the_monitor_needs(
    write_log: WriteLog, monitor_with: ReadMonitor
) -> None:
    monitor = monitor_with("features: {numeric: [distance], categorical: [carrier]}")
    inspected = look(write_log("a.parquet", log(distance=pa.nulls(4), carrier=pa.nulls(4))), monitor)
    assert inspected.schema_findings == ()
    storages = {column.name: column.storage for column in inspected.columns}
    assert (storages["distance"], storages["carrier"]) == (Storage.NUMBER, Storage.NOTHING)
