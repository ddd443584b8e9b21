"""What each Arrow type is taken for, and how structs are flattened."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftline_schemas.serving_log import Storage, flatten, leaf_position, storage_of

NUMBER, BOOLEAN, DATETIME, TEXT = Storage.NUMBER, Storage.BOOLEAN, Storage.DATETIME, Storage.TEXT


@pytest.mark.parametrize(
    ("arrow_type", "storage"),
    [
        *((t, NUMBER) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())),
        *((t, NUMBER) for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
        *((t, NUMBER) for t in (pa.float16(), pa.float32(), pa.float64())),
        *(
            (t, NUMBER)
            for t in (pa.decimal32(5, 2), pa.decimal64(9, 2), pa.decimal128(20, 4), pa.decimal256(50, 4))
        ),
        (pa.bool_(), BOOLEAN),
        *((t, DATETIME) for t in (pa.date32(), pa.date64(), pa.time32("s"), pa.time64("us"))),
        *((pa.timestamp(unit), DATETIME) for unit in ("s", "ms", "us", "ns")),
        (pa.timestamp("us", "Europe/Berlin"), DATETIME),
        *((t, TEXT) for t in (pa.string(), pa.large_string(), pa.string_view())),
        (pa.null(), Storage.NOTHING),
        (pa.dictionary(pa.int32(), pa.string()), TEXT),
        (pa.dictionary(pa.int8(), pa.int64()), NUMBER),
        (pa.json_(), TEXT),
        *((t, TEXT) for t in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(16), pa.uuid())),
        *((pa.duration(unit), NUMBER) for unit in ("s", "ms", "us", "ns")),
        (pa.bool8(), BOOLEAN),
        *(
            (t, None)
            for t in (pa.list_(pa.int64()), pa.list_(pa.int64(), 3), pa.map_(pa.string(), pa.int64()))
        ),
        (pa.dictionary(pa.int32(), pa.binary()), TEXT),
        (pa.run_end_encoded(pa.int32(), pa.int64()), None),
        (pa.month_day_nano_interval(), None),
    ],
    ids=str,
)
def test_storage_of_types(arrow_type: pa.DataType, storage: Storage | None) -> None:
    assert storage_of(arrow_type) is storage


def test_structs_are_flattened_and_the_rest_is_left_out_with_a_reason() -> None:
    schema = pa.schema(
        {
            "at": pa.timestamp("us"),
            "payload": pa.struct(
                {"carrier": pa.string(), "deep": pa.struct({"n": pa.int64(), "tags": pa.list_(pa.string())})}
            ),
            "pairs": pa.map_(pa.string(), pa.int64()),
            "raw": pa.binary(),
            "took": pa.duration("s"),
            "runs": pa.run_end_encoded(pa.int32(), pa.int64()),
            "lag": pa.month_day_nano_interval(),
        }
    )
    columns, left_out = flatten(schema)
    assert [(c.name, c.path, c.storage) for c in columns] == [
        ("at", ("at",), DATETIME),
        ("payload.carrier", ("payload", "carrier"), TEXT),
        ("payload.deep.n", ("payload", "deep", "n"), NUMBER),
        ("raw", ("raw",), TEXT),
        ("took", ("took",), NUMBER),
    ]
    assert left_out == {
        "payload.deep.tags": "list<item: string>: lists are left out",
        "pairs": "map<string, int64>: maps are left out",
        "runs": "run_end_encoded<run_ends: int32, values: int64>: runs are left out, write every value",
        "lag": "month_day_nano_interval: intervals are left out, write durations",
    }


def test_a_column_with_a_dot_keeps_its_name_before_a_struct() -> None:
    struct = pa.field("a", pa.struct({"b": pa.string(), "c": pa.string()}))
    dotted = pa.field("a.b", pa.int64())
    for fields in ([struct, dotted], [dotted, struct]):
        columns, left_out = flatten(pa.schema(fields))
        assert {c.name: c.path for c in columns} == {"a.b": ("a.b",), "a.c": ("a", "c")}
        assert left_out == {"a → b": "the name 'a.b' is that of another column"}


def test_of_two_columns_with_one_name_neither_is_taken() -> None:
    columns, left_out = flatten(pa.schema([("a", pa.int64()), ("a", pa.string()), ("b", pa.int64())]))
    assert [c.name for c in columns] == ["b"]
    assert left_out == {"a": "2 columns have this name"}


def test_a_very_deep_struct_is_no_danger() -> None:
    arrow_type = pa.int64()
    for _ in range(90):
        arrow_type = pa.struct({"s": arrow_type})
    (column,), _ = flatten(pa.schema([("top", arrow_type)]))
    assert len(column.path) == 91


def test_positions_are_those_of_the_parquet_leaves() -> None:
    table = pa.table(
        {
            "first": pa.array([1]),
            "list": pa.array([[{"x": 1, "y": 2}]], pa.list_(pa.struct({"x": pa.int64(), "y": pa.int64()}))),
            "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
            "id": pa.array([b"0" * 16], pa.uuid()),
            "s": pa.array([{"x": 1, "at": 2}], pa.struct({"x": pa.int64(), "at": pa.int64()})),
            "word": pa.array(["w"]).dictionary_encode(),
            "s.at": pa.array([3]),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    leaves = pq.read_metadata(sink).schema
    expected = {
        ("first",): "first",
        ("s", "at"): "s.at",
        ("s", "x"): "s.x",
        ("word",): "word",
        ("s.at",): "s.at",
    }
    found = {path: leaf_position(table.schema, path) for path in expected}
    assert {path: leaves.column(position).path for path, position in found.items()} == expected
    assert found["s", "at"] < found["s.at",]
    with pytest.raises(KeyError):
        leaf_position(table.schema, ("nowhere",))
