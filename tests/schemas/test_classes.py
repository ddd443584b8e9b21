"""Which values are one class, by the contract's own list and by Python's equality of numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline_schemas.classes import class_text

ONES = (True, 1, 1.0, Decimal(1), Decimal("1.00"), "1", "1.0", "true", "True", "TRUE", b"1", b"true")
ZEROS = (False, 0, 0.0, -0.0, Decimal("-0.0"), "0", "-0", "0.0", "-0.0", "false", "False", "FALSE")


@pytest.mark.parametrize(("values", "text"), [(ONES, "1"), (ZEROS, "0")])
def test_truth_is_a_number_however_it_is_spelled(values: tuple[object, ...], text: str) -> None:
    assert {class_text(value) for value in values} == {text}


@pytest.mark.parametrize(
    "text",
    ["yes", "y", "t", "tRUE", " 1", "1 ", "01", "+1", "1.", ".0", "1e0", "1.10", "0.50", "", "nan", "१"],
)
def test_other_texts_are_compared_as_they_are(text: str) -> None:
    assert class_text(text) == text


def test_numbers_are_exact() -> None:
    large = 2**60 + 2**10
    assert class_text(float(large)) == class_text(large) == class_text(f"{large}.0") == str(large)
    assert class_text(2**60) != class_text(2**60 + 1)
    digits = "12345678901234567890123456789012345678"
    assert class_text(Decimal(digits)) == digits
    assert class_text(Decimal(digits[:-2] + ".50")) == digits[:-2] + ".5"
    assert class_text(0.5) == class_text(Decimal("0.500")) == class_text("0.5")


def test_dates_have_their_iso_form() -> None:
    assert class_text(date(2026, 1, 2)) == "2026-01-02"


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(), st.integers() | st.booleans())
def test_numbers_are_one_class_exactly_if_they_are_equal(a: float, b: int) -> None:
    assert (class_text(a) == class_text(b)) == (a == b)
    assert class_text(class_text(a)) == class_text(a)
