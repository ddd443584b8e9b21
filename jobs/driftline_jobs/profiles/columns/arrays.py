"""Arrow columns as the kernels want them: plain numbers, or codes into a dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.profiles.columns import decimals, temporal
from driftline_jobs.profiles.columns.octets import texts_of
from driftline_jobs.profiles.distinct import UIntArray, hash_integers, mix
from driftline_schemas.classes import MOST_CHARACTERS, class_text, decimal_text

_LONG_PREFIX = 200
_SMALL_INTEGERS = 100
"""Within a span of so few, integers are told apart by subtraction instead of being looked up."""
_EXACT_IN_FLOAT = 1 << 53
DROPPED = "dropped"
"""What stands for every value of a column of which only counts are kept."""
Valid = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column as numbers: ``values`` (n,) of an integer or float type, ``valid`` (n,) or None if all are.

    Where a value is not valid, anything may stand.
    ``span`` are the least and greatest value of a column of integers, where they are known. ``unlike`` (n,)
    are values, NaN here, that cannot be compared with those of the reference; None if there is none.
    ``hashes`` (n,) tell values apart that are next to the same double; None if there can be none.
    """

    values: npt.NDArray[Any]
    valid: Valid | None
    span: tuple[int, int] | None = None
    unlike: Valid | None = None
    hashes: UIntArray | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """A column as ``codes`` (n,) into ``texts`` (D,), ``valid`` (n,) or None if all are.

    Codes are integers of any width, those of rows that are not valid too. Not every text need occur.
    ``unlike`` as in ``Numbers``.
    """

    codes: npt.NDArray[np.integer[Any]]
    valid: Valid | None
    texts: list[str]
    unlike: Valid | None = None


def numbers(array: pa.Array) -> Numbers:
    """Integers and floats as they are, decimals, booleans and datetimes (as seconds) as float64.

    Text is for ``conversion`` to read.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = pc.cast(array, kind.value_type)
        kind = array.type
    valid = validity(array)
    if pa.types.is_temporal(kind):
        return Numbers(temporal.seconds(array), valid)
    if pa.types.is_decimal(kind):
        doubles = decimals.doubles(array)
        return Numbers(doubles, valid, hashes=decimals.hashes(array, doubles))
    if pa.types.is_boolean(kind):
        array = pc.cast(array, pa.int8())
    elif pa.types.is_null(kind):
        array = pa.nulls(len(array), pa.float64())
    values, span = _as_they_lie(array), _span(array)
    beyond = span is not None and max(-span[0], span[1]) > _EXACT_IN_FLOAT
    return Numbers(values, valid, span, hashes=hash_integers(values) if beyond else None)


def _as_they_lie(array: pa.Array) -> npt.NDArray[Any]:
    """The values of an array of integers or floats without a copy, whatever lies where there is none."""
    if not array.null_count:
        return np.asarray(array.to_numpy(zero_copy_only=False))
    values: npt.NDArray[Any] = np.frombuffer(array.buffers()[1], array.type.to_pandas_dtype())
    return values[array.offset : array.offset + len(array)]


def validity(array: pa.Array) -> Valid | None:
    """Which values are not null; None if all are."""
    if not array.null_count:
        return None
    bitmap = array.buffers()[0]
    if bitmap is None:  # a type without one, such as null itself
        return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    upto = array.offset + len(array)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), count=upto, bitorder="little")
    return bits[array.offset :].view(np.bool_)


def _span(array: pa.Array) -> tuple[int, int] | None:
    """The least and greatest value of integers; None for others, and where all are null."""
    if not pa.types.is_integer(array.type):
        return None
    ends = pc.min_max(array).as_py()
    return None if ends["min"] is None else (ends["min"], ends["max"])


def codes(
    array: pa.Array, sensitive_salt: str | None = None, text_of: Callable[[object], str] | None = None
) -> Codes:
    """Any scalar column as codes into its distinct values, written as text.

    A number is written so that 1 and 1.0 are the same value, a boolean as true or false; NaN is none. A value
    of more than 256 characters is shortened and marked with a hash of the whole. With ``sensitive_salt``
    every value is replaced by its salted hash before anything else sees it. ``text_of`` writes values in
    another way.
    """
    write = text_of or _text
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
    valid = validity(array)
    span = _span(array)
    if span is not None and span[1] - span[0] < _SMALL_INTEGERS:
        low, high = span
        texts = [write(value) for value in range(low, high + 1)]
        filled = array.fill_null(low) if array.null_count else array
        values = filled.to_numpy(zero_copy_only=False)
        numbered = (values - values.dtype.type(low)).astype(np.int32, copy=False)
    else:
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        indices = array.indices.fill_null(0) if array.null_count else array.indices
        texts = [write(value) for value in _values(array.dictionary)]
        numbered = indices.to_numpy(zero_copy_only=False)
    if sensitive_salt is not None:
        texts = [hashed(text, sensitive_salt) for text in texts]
    return Codes(numbered, valid, texts)


def written(column: Codes) -> pa.Array:
    """The values (n,) as they are written in the tables."""
    if not column.texts:
        return pa.nulls(len(column.codes), pa.string())
    mask = None if column.valid is None else ~column.valid
    return pa.DictionaryArray.from_arrays(
        pa.array(column.codes, mask=mask), pa.array(column.texts, pa.string())
    ).cast(pa.string())


def one_for_all(array: pa.Array) -> Codes:
    """A column of which nothing is to be known but where it has values: one text stands for all of them."""
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
    return Codes(np.zeros(len(array), np.int32), validity(array), [DROPPED])


def class_codes(array: pa.Array) -> Codes:
    """A column of classes as codes into the classes that occur, each once, as ``class_name`` writes them.

    Labels, predictions and what is held against them are all read by this; NaN is no class.
    """
    if pa.types.is_dictionary(array.type) and pa.types.is_floating(array.type.value_type):
        array = pc.cast(array, array.type.value_type)
    if pa.types.is_boolean(array.type):
        array = pc.cast(array, pa.int8())
    return _each_once(codes(array, text_of=class_name))


def class_name(value: object) -> str:
    """``class_text``, shortened as other values are: what stands for a class in tables and profiles."""
    return _shortened(class_text(value))


def _each_once(column: Codes) -> Codes:
    """The same with equal texts merged: ``1``, ``1.0`` and ``true`` in one dictionary are one class."""
    place = {text: at for at, text in enumerate(dict.fromkeys(column.texts))}
    if len(place) == len(column.texts):
        return column
    code_of = np.array([place[text] for text in column.texts], np.int32)
    return Codes(code_of.take(column.codes), column.valid, list(place))


def hashed(text: str, salt: str) -> str:
    """What stands for a sensitive value: 16 hex digits of a keyed BLAKE2b hash."""
    return "h:" + hashlib.blake2b(text.encode(), key=salt_key(salt), digest_size=8).hexdigest()


def salt_key(salt: str) -> bytes:
    """The salt as a key, of which BLAKE2b takes 64 bytes: as many as ``openssl rand -hex 32`` writes.

    What an environment holds that is no UTF-8 is taken byte for byte.
    """
    return salt.encode(errors="surrogateescape")[:64]


def _values(dictionary: pa.Array) -> Sequence[object]:
    if pa.types.is_temporal(dictionary.type):
        return temporal.written(dictionary)
    if pa.types.is_string(dictionary.type) or pa.types.is_large_string(dictionary.type):
        return texts_of(dictionary)
    values: list[object] = dictionary.to_pylist()
    return values


def _text(value: object) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        text = str(int(value))
    elif isinstance(value, Decimal):
        text = decimal_text(value)
    elif value is None:
        text = ""
    else:
        text = str(value)
    return _shortened(text)


def _shortened(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        return f"{text[:_LONG_PREFIX]}…#{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"
    return text


def ready_for_threads() -> None:
    """Import what threads would all import at once: Python may then take them to wait for one another."""
    from pandas.util import hash_array

    import driftline_jobs.profiles.kernels.loops
    import driftline_jobs.profiles.kernels.tally  # noqa: F401

    hash_array(np.array(["a"], dtype=object), categorize=False)


def hash_texts(texts: list[str]) -> UIntArray:
    """Stable 64-bit hashes of texts (D,): the same in every process and on every machine."""
    if not texts:
        return np.empty(0, np.uint64)
    from pandas.util import hash_array  # which takes a while to load, and a report needs none of it

    return mix(hash_array(np.array(texts, dtype=object), categorize=False))
