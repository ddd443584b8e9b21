"""Columns that an object holds in another type than the reference: whatever remains comparable is converted.

=====================  ========================================================================
in the reference       what is made of values of another type
=====================  ========================================================================
numbers, truth values  truth values and numbers are each other's; text is read as a number or as
                       ``true`` and ``false``; dates and times are no numbers
dates and times        text is read by ISO 8601; numbers are no times without a unit
text                   everything, as it is written in the tables
=====================  ========================================================================

A value that cannot be converted becomes NaN and is counted as one that cannot be compared: it is not missing.
Categories that are equal by the rule for classes are one: ``1`` is found where the reference has ``true``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kind

from driftline_jobs.profiles.columns.arrays import Codes, Numbers, codes, numbers, validity
from driftline_jobs.profiles.columns.octets import texts_of
from driftline_jobs.profiles.columns.times import NO_TIME, parsed_texts
from driftline_schemas.classes import class_text
from driftline_schemas.serving_log import Storage, storage_of

_COUNTED = frozenset({Storage.NUMBER, Storage.BOOLEAN})
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_TRUTHS = {"0": 0.0, "1": 1.0}


def as_in_reference(array: pa.Array, stored: Storage | None, known: Sequence[str]) -> Codes:
    """A column as categories, those of another type than in the reference as they are written there.

    ``stored`` is how the reference holds the column (None where it does not), ``known`` what it has of it.
    """
    column = codes(array)
    if stored is None or kind.is_null(array.type) or storage_of(array.type) == stored:
        return column
    return alike(column, known)


def numbers_as(array: pa.Array, storage: Storage) -> Numbers:
    """A column as numbers, where the reference holds it in ``storage``: seconds for DATETIME."""
    own = storage_of(array.type)
    if kind.is_null(array.type) or own is storage or {own, storage} <= _COUNTED:
        return numbers(array)
    valid = validity(array)
    if own is not Storage.TEXT:
        unlike = np.ones(len(array), np.bool_) if valid is None else valid
        return Numbers(np.full(len(array), np.nan), valid, unlike=unlike)
    coded = array if kind.is_dictionary(array.type) else array.dictionary_encode()
    if not len(coded.dictionary):
        return Numbers(np.zeros(len(array)), valid)
    found = _of_texts(texts_of(coded.dictionary), storage)
    indices = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    unlike = np.array([value is None for value in found], np.bool_).take(indices)
    unlike = unlike if valid is None else unlike & valid
    values = np.array([np.nan if value is None else value for value in found], np.float64)
    return Numbers(values.take(indices), valid, unlike=unlike if unlike.any() else None)


def uncomparable(rows: int) -> Numbers:
    """A column of which no value can be read as a number: none of them is missing."""
    return Numbers(np.full(rows, np.nan), None, unlike=np.ones(rows, np.bool_))


def lengths(array: pa.Array) -> Numbers:
    """A column of texts as how many characters each has."""
    if storage_of(array.type) is Storage.TEXT and not kind.is_null(array.type):
        if kind.is_dictionary(array.type):
            array = pc.cast(array, array.type.value_type)
        return numbers(pc.utf8_length(array))
    column = codes(array)
    counted = np.array([len(text) for text in column.texts] or [0], np.int64)
    return Numbers(counted.take(column.codes), column.valid)


def alike(column: Codes, known: Sequence[str]) -> Codes:
    """The categories of a column that is of another type than in the reference, which has the ``known`` ones:
    equal ones are written as there."""
    have = set(known)
    by_class: dict[str, str] = {}
    for text in known:
        by_class.setdefault(class_text(text), text)
    texts = [text if text in have else by_class.get(class_text(text), text) for text in column.texts]
    return Codes(column.codes, column.valid, texts)


def _of_texts(texts: list[str], storage: Storage) -> list[float | None]:
    """What distinct texts say as numbers, or as times in seconds; None where they say nothing of the kind."""
    if storage is not Storage.DATETIME:
        return [_number(text) for text in texts]
    micros = parsed_texts(pa.array(texts, pa.large_string()), "UTC").tolist()
    return [
        _seconds(text) if moment == NO_TIME else moment / 1e6
        for text, moment in zip(texts, micros, strict=True)
    ]


def _number(text: str) -> float | None:
    if _NUMBER.fullmatch(text.strip()):
        return float(text)
    return _TRUTHS.get(class_text(text))


def _seconds(text: str) -> float | None:
    """A time of any year that Python has, or a time of day."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        pass
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return None
    return clock.hour * 3600.0 + clock.minute * 60.0 + clock.second + clock.microsecond / 1e6
