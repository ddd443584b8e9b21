"""Ids of any Arrow type in one form of text; expected texts by hand, or by Python's own uuid."""

from __future__ import annotations

import uuid
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.sources.labels.ids import read_ids

ONE = uuid.UUID("0a1b2c3d-4e5f-4a6b-8c7d-0e1f2a3b4c5d")
WORDS = ["a-1", None, "Ünï", "007"]
TEXTS = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.binary(),
    pa.large_binary(),
    pa.binary_view(),
    pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.int8(), pa.large_binary()),
)


@pytest.mark.parametrize("form", TEXTS, ids=str)
def test_text_is_itself_however_it_is_stored(form: pa.DataType) -> None:
    if pa.types.is_dictionary(form):
        array = pa.array(WORDS).cast(form.value_type).dictionary_encode().cast(form)
    else:
        array = pa.array(WORDS).cast(form)
    found = read_ids(array)
    assert found.texts.type == pa.string()
    assert found.texts.to_pylist() == WORDS
    assert found.inexact is None


@pytest.mark.parametrize(
    "form",
    [pa.int8(), pa.uint16(), pa.int32(), pa.uint64(), pa.int64(), pa.float32(), pa.float64(), pa.float16()],
    ids=str,
)
def test_whole_numbers_are_their_digits(form: pa.DataType) -> None:
    values = [0, 1, None, 100]
    array = pa.array(
        np.array([0, 1, 0, 100], form.to_pandas_dtype()), form, mask=np.array([0, 0, 1, 0], bool)
    )
    assert read_ids(array).texts.to_pylist() == [None if v is None else str(v) for v in values]


@pytest.mark.parametrize(
    ("form", "largest"), [(pa.float16(), 2**11), (pa.float32(), 2**24), (pa.float64(), 2**53)], ids=str
)
def test_numbers_that_a_float_may_have_rounded_are_no_ids(form: pa.DataType, largest: int) -> None:
    kept, beyond = float(largest - 1), float(largest)
    values = np.array([kept, beyond, -beyond, 0.5, np.nan, np.inf, -0.0], form.to_pandas_dtype())
    found = read_ids(pa.array(values, form))
    assert found.texts.to_pylist() == [str(largest - 1), None, None, None, None, None, "0"]
    assert found.inexact is not None
    assert found.inexact.tolist() == [False, True, True, True, False, False, False]
    coded = read_ids(pa.array(values, form).dictionary_encode()) if form != pa.float16() else found
    assert coded.texts.to_pylist() == found.texts.to_pylist()
    assert coded.inexact is not None
    assert coded.inexact.tolist() == found.inexact.tolist()


def test_decimals_have_no_zeros_behind_the_point() -> None:
    values = [Decimal("1.50"), Decimal("100.00"), None, Decimal("0.00"), Decimal("-7.00")]
    expected = ["1.5", "100", None, "0", "-7"]
    for form in (pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 8), pa.decimal256(76, 8)):
        assert read_ids(pa.array(values, form)).texts.to_pylist() == expected
    large = Decimal(10**30 + 1)
    assert read_ids(pa.array([large], pa.decimal128(38, 0))).texts.to_pylist() == [str(10**30 + 1)]
    assert read_ids(pa.array([large], pa.decimal128(38, 4))).texts.to_pylist() == [str(10**30 + 1)]


@pytest.mark.parametrize("form", [pa.uuid(), pa.binary(16), pa.binary(), pa.binary_view()], ids=str)
def test_uuids_are_written_one_way(form: pa.DataType) -> None:
    many = [uuid.UUID(int=(ONE.int * (k + 1)) % 2**128, version=4) for k in range(500)]
    values = [None, *(one.bytes for one in many)]
    found = read_ids(pa.array(values, pa.binary(16)).cast(form))
    assert found.texts.to_pylist() == [None, *(str(one) for one in many)]
    half = read_ids(pa.array(values, pa.binary(16)).cast(form).slice(250))
    assert half.texts.to_pylist() == found.texts.to_pylist()[250:]


def test_bytes_that_are_text_are_text_and_others_hexadecimal() -> None:
    mixed = [b"0123456789abcdef", ONE.bytes, b"\xff\x00", "größer".encode(), None, b""]
    expected = ["0123456789abcdef", str(ONE), "ff00", "größer", None, ""]
    assert read_ids(pa.array(mixed, pa.binary())).texts.to_pylist() == expected
    of_16 = [b"0123456789abcdef", ONE.bytes, "äöü4567890abc".encode(), None]
    expected = ["0123456789abcdef", str(ONE), "äöü4567890abc", None]
    assert read_ids(pa.array(of_16, pa.binary())).texts.to_pylist() == expected


def test_text_that_is_no_utf8_is_read_as_bytes() -> None:
    damaged = pa.array([b"fine", b"\xff\xfe"], pa.binary()).view(pa.string())
    assert read_ids(damaged).texts.to_pylist() == ["fine", "fffe"]


def test_a_column_that_holds_nothing_has_no_ids() -> None:
    found = read_ids(pa.nulls(3))
    assert (found.texts.type, found.texts.null_count) == (pa.string(), 3)
    assert len(read_ids(pa.array([], pa.binary(16))).texts) == 0


def test_a_text_that_is_not_utf8_changes_none_beside_it() -> None:
    plain_ones = [b"a\x01b", "é".encode(), None]
    alone = read_ids(pa.array(plain_ones, pa.binary()).view(pa.string())).texts.to_pylist()
    beside = read_ids(pa.array([*plain_ones, b"\xff"], pa.binary()).view(pa.string())).texts.to_pylist()
    assert alone == ["a\x01b", "é", None]
    assert beside[:3] == alone
    assert beside[3] == "ff"
