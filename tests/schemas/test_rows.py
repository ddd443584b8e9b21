"""Rows are built in columns, and whatever does not fit is refused with its name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pytest

from driftline_schemas.rows import TableBuilder, canonical_json, conform
from driftline_schemas.table_definitions import load_tables

WINDOW = {
    "monitor": "flights",
    "window_start": datetime(2013, 7, 1, tzinfo=UTC),
    "window_end": datetime(2013, 7, 2, tzinfo=UTC),
    "granularity": "day",
    "model_version": "*",
    "segment": "*",
    "segment_value": "*",
    "run_id": "r1",
}


def quality(n: int = 1, **values: object) -> pa.Table:
    builder = TableBuilder(load_tables()["quality_metrics"])
    builder.add(n, **{**WINDOW, "column_name": "*", "check_name": "freshness", **values})
    return builder.to_arrow()


def column(name: str, n: int = 1, **values: object) -> list[object]:
    return list(quality(n, **values).column(name).to_pylist())


def test_scalars_hold_for_every_row_of_the_block() -> None:
    rows = quality(3, column_name=["a", "b", "c"], value=np.array([1.0, 2.0, 3.0]), passed=True)
    assert rows.column("column_name").to_pylist() == ["a", "b", "c"]
    assert rows.column("value").to_pylist() == [1.0, 2.0, 3.0]
    assert rows.column("passed").to_pylist() == [True, True, True]
    assert rows.column("monitor").to_pylist() == ["flights"] * 3
    assert rows.column("expected").to_pylist() == [None, None, None]
    assert rows.schema == load_tables()["quality_metrics"].arrow_schema()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([1.5, None], [1.5, None]),
        ((1, 2), [1.0, 2.0]),
        (np.array([1, 2], np.uint8), [1.0, 2.0]),
        (np.array([0.5, 0.25], np.float32), [0.5, 0.25]),
        (np.ma.masked_invalid([1.0, np.nan]), [1.0, None]),
        (pa.array([1.0, None]), [1.0, None]),
        (pa.chunked_array([[1.0], [2.0]]), [1.0, 2.0]),
        (np.float64(2.5), [2.5, 2.5]),
        (np.array(2.5), [2.5, 2.5]),
        (None, [None, None]),
    ],
)
def test_numbers_of_any_origin(given: object, kept: list[float | None]) -> None:
    assert column("value", 2, value=given) == kept


def test_blocks_follow_one_another_across_the_flush() -> None:
    builder = TableBuilder(load_tables()["quality_metrics"])
    for block in range(70):
        builder.add(1000, **WINDOW, column_name="*", check_name="x", value=np.arange(1000) + 1000.0 * block)
    assert len(builder) == 70_000
    rows = builder.to_arrow()
    assert rows.column("value").to_pylist() == list(map(float, range(70_000)))
    builder.add(1, **WINDOW, column_name="*", check_name="x", value=-1.0)
    assert len(builder) == 70_001
    assert builder.to_arrow().column("value")[-1].as_py() == -1.0


def test_no_rows_are_a_table_too() -> None:
    builder = TableBuilder(load_tables()["alerts"])
    builder.add(0, monitor="flights", alert_id=[])
    assert builder.to_arrow().num_rows == 0
    assert builder.to_arrow().schema == load_tables()["alerts"].arrow_schema()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="value of quality_metrics holds NaN or an infinity"):
        quality(2, value=[1.0, odd])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"colour": "red"}, "quality_metrics has no column colour"),
        ({"value": [1.0]}, "column value of quality_metrics: 1 values for 2 rows"),
        ({"value": np.zeros((2, 1))}, "column value of quality_metrics: an array of 2 axes"),
        ({"value": "many"}, "column value of quality_metrics holds double, got 'many'"),
        ({"passed": "yes"}, "column passed of quality_metrics holds bool, got 'yes'"),
        ({"monitor": None}, "column monitor of quality_metrics must not be null: 2 rows are"),
        ({"granularity": "fortnight"}, "holds 'fortnight', which is none of hour, day, week, month"),
        ({"expected": [float("nan"), None]}, "JSON compliant"),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quality(2, **values)


def test_a_refused_block_leaves_no_torn_row() -> None:
    builder = TableBuilder(load_tables()["quality_metrics"])
    with pytest.raises(ValueError, match="3 values for 2 rows"):
        builder.add(2, **WINDOW, column_name="*", check_name=["a", "b", "c"])
    builder.add(1, **WINDOW, column_name="*", check_name="d")
    assert builder.to_arrow().num_rows == 1


def test_integers_are_not_rounded() -> None:
    builder = TableBuilder(load_tables()["run_inputs"])
    builder.add(1, run_id="r", role="label", uri="u", etag="e", size_bytes=1.5, state="read")
    with pytest.raises(ValueError, match=r"size_bytes of run_inputs holds int64, got 1\.5"):
        builder.to_arrow()


class Kind(StrEnum):
    DAY = "day"


def test_texts_are_kept_but_for_what_is_no_text() -> None:
    hostile = ["a\0b\0", "'; DROP TABLE runs; --", "\U0001f600" * 80, "line\nbreak", "\ud800alone", ""]
    kept = column("column_name", len(hostile), column_name=hostile, granularity=Kind.DAY)
    assert kept == ["a␀b␀", *hostile[1:4], "?alone", ""]


def test_json_is_canonical() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "é"}) == '{"a":"é","b":[1,2.5,null]}'
    assert column("expected", 2, expected={"b": 1, "a": 2}) == ['{"a":2,"b":1}'] * 2
    assert column("expected", 3, expected=[[1, 2], "already", None]) == ["[1,2]", "already", None]
    assert json.loads(str(column("expected", 1, expected=0.1)[0])) == 0.1


def test_conform_orders_and_casts_without_loss() -> None:
    rows = quality(2, value=[1.0, 2.0])
    table = load_tables()["quality_metrics"]
    shuffled = rows.select(list(reversed(rows.column_names)))
    naive = shuffled.set_column(shuffled.column_names.index("value"), "value", pa.array([1, 2], pa.int32()))
    assert conform(table, naive).equals(rows)


def test_conform_names_columns_that_are_missing_or_too_many() -> None:
    rows = quality(1)
    table = load_tables()["quality_metrics"]
    with pytest.raises(ValueError, match=r"columns missing \['passed'\]"):
        conform(table, rows.drop_columns(["passed"]))
    with pytest.raises(ValueError, match=r"unknown or twice \['extra'\]"):
        conform(table, rows.append_column("extra", pa.array([1])))
    with pytest.raises(ValueError, match="column value of quality_metrics"):
        conform(table, rows.set_column(10, "value", pa.array(["x"])))
