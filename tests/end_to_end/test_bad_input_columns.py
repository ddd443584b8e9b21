"""Columns that are not plain numbers and words: every one is profiled, or left out and said so."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, texts


def _both(bench: Bench, **columns: object) -> None:
    """The same columns in the reference and in day 4, then run day 4."""
    bench.reference(**columns)
    bench.days(4, 4, **columns)
    bench.run(4)


def test_null_constant_nan_and_infinite_columns(bench: Bench) -> None:
    some = np.where(np.arange(ROWS) % 3 == 0, np.nan, np.arange(ROWS, dtype=float))
    ends = np.arange(ROWS, dtype=float)
    ends[:7], ends[7:12] = np.inf, -np.inf
    _both(
        bench,
        empty=pa.nulls(ROWS),
        nulls=pa.nulls(ROWS, pa.float64()),
        no_text=pa.nulls(ROWS, pa.string()),
        constant=pa.array(np.full(ROWS, 3.5)),
        one_word=texts(["x"] * ROWS),
        only_nan=pa.array(np.full(ROWS, np.nan)),
        some_nan=pa.array(some),
        only_infinite=pa.array(np.full(ROWS, -np.inf)),
        ends=pa.array(ends),
        huge=pa.array(np.where(np.arange(ROWS) % 2, 1.7e308, -1.7e308)),
        tiny=pa.array(np.linspace(0, 5e-324 * 50, ROWS)),
    )
    for name in ("empty", "nulls", "no_text"):
        described = bench.described(4, name)
        assert (described["count"], described["nulls"]) == (ROWS, ROWS)
    assert bench.described(4, "constant")["mean"] == 3.5
    assert bench.described(4, "constant")["stddev"] == 0
    assert bench.described(4, "only_nan")["nans"] == ROWS
    assert bench.described(4, "some_nan")["nans"] == ROWS / 3
    assert bench.described(4, "some_nan")["mean"] == pytest.approx(np.nanmean(some), rel=1e-8)
    assert bench.described(4, "only_infinite")["infinities"] == ROWS
    described = bench.described(4, "ends")
    assert described["infinities"] == 12
    assert described["mean"] == pytest.approx(np.mean(ends[12:]), rel=1e-8)
    assert bench.described(4, "huge")["max"] == 1.7e308
    # nothing drifted: the day holds what every day of the reference holds
    drift = bench.current("drift_metrics", 4, comparison="reference")
    steady = drift[~drift["column_name"].isin(["amount", "city", "score", "class", "label"])]
    assert steady[steady["metric"] == "tvd"]["value"].dropna().max() < 1e-12
    assert not steady["drifted"].eq(True).any()
    assert set(steady[steady["value"].isna()]["status"]) <= {
        "constant",
        "no_values",
        "no_reference_values",
        "not_finite",
        "empty_window",
        "no_reference",
    }
    assert steady[steady["value"].isna()]["reason"].notna().all()


def test_columns_that_become_null_nan_or_infinite_fail_their_checks(bench: Bench) -> None:
    bench.reference()
    values = np.arange(ROWS, dtype=float)
    bench.days(4, 4, amount=pa.array(values, mask=values < 60), city=pa.nulls(ROWS, pa.string()))
    bench.days(5, 5, amount=pa.array(np.where(values < 30, np.nan, values)))
    bench.days(6, 6, amount=pa.array(np.where(values < 1, np.inf, values)), city=texts(["Oslo"] * ROWS))
    bench.run(4, 6)
    assert bench.checks(4, "null_fraction") == ["amount", "city"]
    assert bench.check(4, "null_fraction", "amount")["value"] == 0.5
    assert bench.drift(4, "city", "null_fraction_delta")["value"] == 1.0
    assert bench.checks(5, "nan_fraction") == ["amount"]
    assert bench.check(5, "nan_fraction", "amount")["value"] == 0.25
    assert bench.checks(6, "infinities") == ["amount"]
    assert bench.checks(6, "unseen_fraction") == ["city"]
    assert bench.drift(6, "city", "unseen_fraction")["value"] == 1.0
    assert json.loads(bench.described(6, "city")["top_values"]) == [{"count": ROWS, "value": "Oslo"}]


_NUMBERS: dict[str, pa.DataType] = {
    "u8": pa.uint8(),
    "u16": pa.uint16(),
    "u32": pa.uint32(),
    "u64": pa.uint64(),
    "i8": pa.int8(),
    "i64": pa.int64(),
    "f16": pa.float16(),
    "f32": pa.float32(),
    "money": pa.decimal128(12, 2),
}


def test_numbers_of_every_type(bench: Bench) -> None:
    values = [None if i % 10 == 9 else i % 100 for i in range(ROWS)]
    known = [value for value in values if value is not None]
    columns: dict[str, Any] = {}
    for name, kind in _NUMBERS.items():
        made: list[Any] = values
        if name == "money":
            made = [None if value is None else decimal.Decimal(value) / 4 for value in values]
        elif name == "f16":
            made = [None if value is None else np.float16(value) for value in values]
        columns[name] = pa.array(made, kind)
    columns["large"] = pa.array([2**64 - 1] * ROWS, pa.uint64())
    _both(bench, **columns)
    for name in _NUMBERS:
        described = bench.described(4, name)
        factor = 0.25 if name == "money" else 1.0
        assert (described["column_kind"], described["count"]) == ("numeric", ROWS)
        assert described["nulls"] == values.count(None)
        assert described["mean"] == pytest.approx(factor * np.mean(known), rel=1e-8)
        assert (described["min"], described["max"]) == (factor * min(known), factor * max(known))
        assert described["distinct_count"] == pytest.approx(len(set(known)), rel=0.05)
    assert bench.described(4, "large")["max"] == float(2**64 - 1)


def test_booleans_dates_times_and_dictionaries(bench: Bench) -> None:
    start = dt.datetime(2020, 1, 1)  # noqa: DTZ001  a naive timestamp is meant
    _both(
        bench,
        flag=pa.array([i % 4 == 0 for i in range(ROWS)]),
        date=pa.array([start.date() + dt.timedelta(days=i) for i in range(ROWS)]),
        date_ms=pa.array([start.date() + dt.timedelta(days=i) for i in range(ROWS)], pa.date64()),
        naive=pa.array([start + dt.timedelta(days=i) for i in range(ROWS)], pa.timestamp("ms")),
        nanos=pa.array([start + dt.timedelta(days=i) for i in range(ROWS)], pa.timestamp("ns")),
        clock=pa.array([dt.time(i % 24) for i in range(ROWS)], pa.time64("us")),
        words=texts([("a", "b", None)[i % 3] for i in range(ROWS)]).dictionary_encode(),
        large=pa.array(["a", "b", "c"] * (ROWS // 3), pa.large_string()),
    )
    seconds = start.replace(tzinfo=dt.UTC).timestamp()
    for name in ("date", "date_ms", "naive", "nanos"):
        described = bench.described(4, name)
        assert (described["column_kind"], described["nulls"]) == ("datetime", 0)
        assert (described["min"], described["max"]) == (seconds, seconds + (ROWS - 1) * 86_400)
    assert bench.described(4, "clock")["max"] == 23 * 3600
    assert bench.described(4, "flag")["column_kind"] == "boolean"
    assert json.loads(bench.described(4, "flag")["top_values"]) == [
        {"count": ROWS * 3 // 4, "value": "false"},
        {"count": ROWS // 4, "value": "true"},
    ]
    assert bench.described(4, "words")["nulls"] == ROWS // 3
    assert bench.described(4, "words")["column_kind"] == "categorical"
    assert bench.described(4, "large")["distinct_count"] == 3


def test_structs_are_flattened_lists_and_maps_left_out(bench: Bench) -> None:
    inner = pa.StructArray.from_arrays(
        [pa.array(np.arange(ROWS, dtype=float)), texts(["x", "y"] * (ROWS // 2))], ["depth", "word"]
    )
    outer = pa.StructArray.from_arrays([inner, pa.array(np.arange(ROWS))], ["inner", "count"])
    _both(
        bench,
        payload=outer,
        many=pa.array([[1, 2]] * ROWS),
        pairs=pa.array([[("k", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
        raw=pa.array([b"\x00\xff"] * ROWS),
    )
    watched = set(bench.current("profile_metrics", 4)["column_name"])
    assert {"payload.inner.depth", "payload.inner.word", "payload.count"} <= watched
    assert "raw" in watched
    assert not {"many", "pairs", "payload"} & watched
    assert bench.described(4, "payload.inner.depth")["max"] == ROWS - 1
    assert bench.described(4, "payload.inner.word")["column_kind"] == "categorical"


_HOSTILE = [
    "'; DROP TABLE runs; --",
    '"quoted"',
    "<script>alert(1)</script>",
    "</table>&amp;",
    "🛩️ Zürich 東京",
    "two\nlines\r\n\ttab",
    "nul\0inside",
    "{{ template }} ${shell} %s",
    "",
    " ",
    "\\",
    "*",
    "__null__",
    "__other__",
    "\\__null__",
    '["a","b"]',
    "null",
    "NaN",
]


def test_hostile_values_are_counted_like_any_others(bench: Bench) -> None:
    bench.overrides = {"segments": ["word", ["word", "version"]]}
    count = len(_HOSTILE) * 10
    words = texts(_HOSTILE * 10)
    for number in range(5):
        made = bench.rows(number, count=count, word=words)
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4)
    segments = bench.current("profile_metrics", 4, column_name="*", segment="word")
    assert set(segments["count"]) == {10}
    reserved = {
        "*": "\\*",
        "__null__": "\\__null__",
        "__other__": "\\__other__",
        "\\__null__": "\\\\__null__",
    }
    expected = {reserved.get(word, word).replace("\0", "␀") for word in _HOSTILE}
    assert set(segments["segment_value"]) == expected
    crossed = bench.current("profile_metrics", 4, column_name="*", segment='["word","version"]')
    assert {json.loads(value)[0].replace("\0", "␀") for value in crossed["segment_value"]} == expected
    figures = bench.current("performance_metrics", 4, segment="word", metric="accuracy")
    assert set(figures["segment_value"]) == expected
    assert bench.drift(4, "word", "tvd")["value"] == 0.0


def test_hostile_column_names_are_kept(bench: Bench) -> None:
    names = [name for name in _HOSTILE if name] + ["a.b", "amount ", "Amount", "score2;", "x" * 300]
    columns: dict[str, Any] = {name: pa.array(np.arange(ROWS) % 7) for name in names}
    _both(bench, **columns)
    kept = set(bench.current("profile_metrics", 4)["column_name"])
    expected = {name.replace("\0", "␀") for name in names}
    expected = (expected - {"*"}) | {"\\*"}
    assert expected <= kept
    assert bench.described(4, "*")["count"] == ROWS
    assert bench.described(4, "\\*")["max"] == 6
    assert bench.described(4, "'; DROP TABLE runs; --")["max"] == 6
    assert bench.performance(4, "accuracy")["n"] == ROWS


def test_a_string_of_ten_megabytes_is_one_value_among_others(bench: Bench) -> None:
    long = "long ✈ " * 1_500_000
    bench.overrides = {"segments": ["word"]}
    bench.reference(word=texts(["a", "b"] * (ROWS // 2)))
    bench.days(4, 4, word=texts([long, "b"] * (ROWS // 2)), version=texts(["v1", long] * (ROWS // 2)))
    bench.run(4)
    top = json.loads(bench.described(4, "word")["top_values"])
    assert [entry["count"] for entry in top] == [ROWS // 2, ROWS // 2]
    shown = next(entry["value"] for entry in top if entry["value"] != "b")
    assert shown.startswith("long ✈ long")
    assert len(shown) < 300
    assert bench.drift(4, "word", "unseen_fraction")["value"] == 0.5
    assert set(bench.current("profile_metrics", 4, column_name="*", segment="word")["segment_value"]) == {
        "b",
        "__other__",
    }


def test_text_that_is_no_utf8_is_a_value_like_any_other(bench: Bench) -> None:
    broken = b"\xff\xfe bad"
    data = (broken + b"good") * (ROWS // 2)
    lengths = [len(broken), 4] * (ROWS // 2)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    words = pa.Array.from_buffers(
        pa.string(), ROWS, [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)]
    )
    _both(bench, word=words)
    described = bench.described(4, "word")
    assert (described["count"], described["nulls"], described["distinct_count"]) == (ROWS, 0, 2)
    assert bench.drift(4, "word", "tvd")["value"] == 0.0


def test_many_distinct_categories_are_counted_exactly(bench: Bench) -> None:
    """100,000 distinct values, most of them beyond the vocabulary, and some that the reference has not."""
    distinct = 25_000
    bench.overrides = {"features": {"categorical": ["word"]}, "segments": ["word"]}
    for number in range(4):
        words = texts([f"w{number * distinct + i}" for i in range(distinct)])
        bench.write(number, bench.rows(number, count=distinct, word=words))
    # ten known values of each 100, the other ninety never seen
    words = [f"w{i}" if i % 10 == 0 else f"new{i}" for i in range(1000)]
    bench.write(4, bench.rows(4, count=1000, word=texts(words)))
    bench.run(4)
    assert bench.drift(4, "word", "unseen_fraction")["value"] == 0.9
    assert bench.drift(4, "word", "unseen_fraction")["n_reference"] == 100_000
    described = bench.described(4, "word")
    assert described["distinct_count"] == pytest.approx(1000, rel=0.1)
    assert len(json.loads(described["top_values"])) == 10
    values = bench.current("profile_metrics", 4, column_name="*", segment="word")
    assert values["count"].sum() == 1000


def test_a_column_of_distinct_texts_is_watched_by_its_length(bench: Bench) -> None:
    for number in range(5):
        words = texts([f"{number}-{i:05d}" for i in range(2000)])
        bench.write(number, bench.rows(number, count=2000, word=words))
    bench.run(4)
    described = bench.described(4, "word")
    assert described["column_kind"] == "text"
    assert (described["min"], described["max"]) == (7, 7)
