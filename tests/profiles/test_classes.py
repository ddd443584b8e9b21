"""Columns of classes of every type, against the rule by which classes are compared."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.profiles.categories import dictionary_for
from driftline_jobs.profiles.columns.arrays import Codes, class_codes
from driftline_jobs.profiles.kinds.categories import CategoryBins

TRUTHS = np.array([1, 0, 0, 1, 1, 0, 1])
GONE = np.array([0, 0, 0, 0, 0, 1, 0], np.bool_)
SPELLINGS = ["1", "0.0", "false", "True", "TRUE", "-0", "1.0"]


def read(column: Codes) -> list[str | None]:
    """The class of each row."""
    there = np.ones(len(column.codes), np.bool_) if column.valid is None else column.valid
    return [
        column.texts[int(code)] if known else None for code, known in zip(column.codes, there, strict=True)
    ]


def as_array(form: str) -> pa.Array:
    if form == "decimal":
        return pa.array([Decimal(int(n)) for n in TRUTHS], pa.decimal128(9, 2), mask=GONE)
    if form == "text":
        return pa.array(np.array(SPELLINGS, object), pa.string(), mask=GONE)
    if form == "dictionary of texts":
        return as_array("text").dictionary_encode()
    if form == "dictionary of truths":
        return pa.DictionaryArray.from_arrays(pa.array(TRUTHS, mask=GONE), pa.array([False, True]))
    if form == "float with NaN":
        return pa.array(np.where(GONE, np.nan, TRUTHS))
    if form == "dictionary with NaN":
        return as_array("float with NaN").dictionary_encode()
    return pa.array(TRUTHS.astype(form), mask=GONE)


@pytest.mark.parametrize(
    "form",
    [
        *("bool", "int8", "uint64", "float16", "float32", "float64", "decimal", "text"),
        *("dictionary of texts", "dictionary of truths", "float with NaN", "dictionary with NaN"),
    ],
)
def test_a_truth_is_one_class_in_whatever_type(form: str) -> None:
    column = class_codes(as_array(form))
    expected = [None if gone else str(n) for n, gone in zip(TRUTHS.tolist(), GONE.tolist(), strict=True)]
    assert read(column) == expected
    assert len(set(column.texts)) == len(column.texts)


def test_texts_that_are_no_truth_and_no_number_stay_apart() -> None:
    values = ["yes", "Yes", "yes ", "01", "1", "1.0", "", None]
    assert read(class_codes(pa.array(values))) == ["yes", "Yes", "yes ", "01", "1", "1", "", None]


def test_no_row_is_touched_where_every_text_is_its_own_class() -> None:
    array = pa.array(["churn", "stay", "churn"]).dictionary_encode()
    assert np.shares_memory(class_codes(array).codes, array.indices.to_numpy(zero_copy_only=True))


@pytest.mark.parametrize("kind", ["prediction", "label"])
def test_bins_of_an_older_reference_know_the_same_classes_by_other_texts(kind: str) -> None:
    bins = CategoryBins(kind, ("false", "true", "maybe"))
    dictionary = dictionary_for(["0", "1", "maybe", "2"], bins)
    assert dictionary.bin_of.tolist() == [0, 1, 2, bins.bins - 1]
    feature = dictionary_for(["0", "true"], CategoryBins("boolean", ("false", "true")))
    assert feature.bin_of.tolist() == [3, 1]
