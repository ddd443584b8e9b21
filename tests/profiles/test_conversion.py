"""Columns that are of another type than in the reference: what is compared, and what is counted instead."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.profiles.columns.arrays import codes
from driftline_jobs.profiles.columns.conversion import alike, lengths, numbers_as
from driftline_schemas.serving_log import Storage

NAN = math.nan
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)


def read(array: pa.Array, storage: Storage) -> tuple[list[float | None], list[int]]:
    """The values, None for nulls, and the places of those that cannot be compared."""
    found = numbers_as(array, storage)
    values = found.values.astype(float).tolist()
    valid = [True] * len(values) if found.valid is None else found.valid.tolist()
    unlike = [] if found.unlike is None else np.flatnonzero(found.unlike).tolist()
    return [value if there else None for value, there in zip(values, valid, strict=True)], unlike


@pytest.mark.parametrize("coded", [False, True], ids=["plain", "dictionary"])
@pytest.mark.parametrize(
    ("texts", "storage", "values", "unlike"),
    [
        (["1", "-2.5", " 3e2 ", "+4", ".5", None], Storage.NUMBER, [1, -2.5, 300, 4, 0.5, None], []),
        (["true", "False", "1.0"], Storage.NUMBER, [1, 0, 1], []),
        (["nan", "inf", "-Infinity"], Storage.NUMBER, [NAN, math.inf, -math.inf], []),
        (["1,5", "", "0x10", "1_0", "twelve", None], Storage.NUMBER, [NAN] * 5 + [None], [0, 1, 2, 3, 4]),
        (["true", "0", "maybe"], Storage.BOOLEAN, [1, 0, NAN], [2]),
        (
            [
                "2024-02-29T12:00:00Z",
                "2024-02-29 13:00:00+01:00",
                "2024-02-29",
                "9999-12-31",
                "01:02:03",
                "soon",
            ],
            Storage.DATETIME,
            [NOON.timestamp()] * 2 + [NOON.timestamp() - 43200, 253402214400.0, 3723.0, NAN],
            [5],
        ),
    ],
)
def test_text(
    texts: list[str | None], storage: Storage, values: list[float | None], unlike: list[int], *, coded: bool
) -> None:
    array = pa.array(texts)
    found, places = read(array.dictionary_encode() if coded else array, storage)
    assert [None if v is None else repr(float(v)) for v in found] == [
        None if v is None else repr(float(v)) for v in values
    ]
    assert places == unlike


@pytest.mark.parametrize(
    ("array", "storage", "values"),
    [
        (pa.array([True, None, False]), Storage.NUMBER, [1, None, 0]),
        (pa.array([1, None, 0], pa.uint8()), Storage.BOOLEAN, [1, None, 0]),
        (pa.array([Decimal("1.5"), None]), Storage.NUMBER, [1.5, None]),
        (pa.array([time(1), None]), Storage.DATETIME, [3600, None]),
        (pa.nulls(2), Storage.NUMBER, [None, None]),
        (pa.nulls(2), Storage.DATETIME, [None, None]),
    ],
    ids=str,
)
def test_numbers_and_truth_values_are_each_others(
    array: pa.Array, storage: Storage, values: list[float | None]
) -> None:
    assert read(array, storage) == (values, [])


@pytest.mark.parametrize(
    ("array", "storage"),
    [
        (pa.array([date(2024, 1, 1), None]), Storage.NUMBER),
        (pa.array([NOON, None], pa.timestamp("us", "UTC")), Storage.BOOLEAN),
        (pa.array([1704067200, None]), Storage.DATETIME),
        (pa.array([True, None]), Storage.DATETIME),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_counted_and_no_null(array: pa.Array, storage: Storage) -> None:
    (value, nothing), unlike = read(array, storage)
    assert math.isnan(value or 0.0)
    assert (nothing, unlike) == (None, [0])


def test_text_that_is_no_utf8() -> None:
    array = pa.array([b"1", b"\xff", b"2"]).view(pa.string())
    values, unlike = read(array, Storage.NUMBER)
    assert (values[0], values[2], unlike) == (1, 2, [1])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["one", "", None, "åäö"]), [3, 0, None, 3]),
        (pa.array(["one", None]).dictionary_encode(), [3, None]),
        (pa.array([12, None, -1]), [2, None, 2]),
        (pa.array([1.5, None]), [3, None]),
        (pa.nulls(2), [None, None]),
    ],
    ids=str,
)
def test_lengths_of_texts(array: pa.Array, expected: list[int | None]) -> None:
    found = lengths(array)
    valid = np.ones(len(array), np.bool_) if found.valid is None else found.valid
    assert [int(v) if t else None for v, t in zip(found.values, valid, strict=True)] == expected


@pytest.mark.parametrize(
    ("array", "known", "expected"),
    [
        (pa.array([1, 0, 7]), ("true", "false"), ["true", "false", "7"]),
        (pa.array([True, False]), ("True", "False"), ["True", "False"]),
        (pa.array([True, False]), ("1", "0"), ["1", "0"]),
        (pa.array([True, False]), ("yes", "no"), ["true", "false"]),
        (pa.array([1, 2]), ("1.0", "2.0", "3.0"), ["1.0", "2.0"]),
        (pa.array([1.0, 2.5]), ("1", "2.5"), ["1", "2.5"]),
        (pa.array(["1", "a"]), ("1", "2"), ["1", "a"]),
        (pa.array([7]), ("007",), ["7"]),  # leading zeros tell texts apart
    ],
    ids=str,
)
def test_equal_categories_are_written_as_in_the_reference(
    array: pa.Array, known: tuple[str, ...], expected: list[str]
) -> None:
    found = alike(codes(array), known)
    assert [found.texts[code] for code in found.codes.tolist()] == expected
