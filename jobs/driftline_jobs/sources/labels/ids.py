"""Ids in one form of text, whatever Arrow type they are stored as, so that both sides of a join can meet.

======================  ==============================================================================
integers                their digits
floats                  their digits, of whole numbers that the type can tell from their neighbours
decimals                without trailing zeros behind the point
text, bytes, UUIDs      as everywhere, see ``profiles.columns.plain``
======================  ==============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kind

from driftline_jobs.metrics.figures import BoolArray
from driftline_jobs.profiles.columns.octets import text_of_bytes
from driftline_jobs.profiles.columns.plain import plain
from driftline_schemas.serving_log import is_text

_FLOAT_DIGITS = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}
"""By the width of a float, from where on it cannot hold every whole number."""
_LONGEST_DECIMAL = 76
LONGEST_ID = 4096
"""Bytes of an id, beyond which a column holds something else: documents, images, keys run together. A few
rows of such would take the memory of millions of ids."""


@dataclass(frozen=True, slots=True)
class Ids:
    """A column of ids.

    Attributes:
        texts: (n,) strings, null where there is no id.
        inexact: (n,) where a number stands that its type may have rounded, so that nobody knows which id it
            was; None where there is no such number. Its text is null.
    """

    texts: pa.Array
    inexact: BoolArray | None = None


def longest_id(array: pa.Array) -> int:
    """Bytes of the longest text of a column (n,) as ``SplitReader`` gives it; 0 of what holds no texts."""
    if kind.is_dictionary(array.type):
        array = array.dictionary
    if not (is_text(array.type) or kind.is_binary(array.type) or kind.is_large_binary(array.type)):
        return 0
    return int(pc.max(pc.binary_length(array)).as_py() or 0)


def read_ids(array: pa.Array) -> Ids:
    """The ids of a column (n,) of any Arrow type that is no list, map or struct."""
    if kind.is_float16(array.type):
        return _of_floats(pc.cast(array, pa.float32()), _FLOAT_DIGITS[16])
    array = plain(array)
    if kind.is_dictionary(array.type):
        return Ids(_texts(array.dictionary).take(array.indices))
    if kind.is_floating(array.type):
        return _of_floats(array, _FLOAT_DIGITS[array.type.bit_width])
    return Ids(_texts(array))


def _of_floats(array: pa.Array, limit: float) -> Ids:
    values = np.asarray(array.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64)
    there = np.isfinite(values)  # NaN is what pandas writes where an id is missing
    # an id that was widened to float because one of them was missing is still the same id
    whole = there & (np.abs(values) < limit) & (values == np.floor(values))
    numbers = np.where(whole, values, 0.0).astype(np.int64)
    texts = pc.cast(pa.array(numbers, mask=~whole), pa.string())
    inexact = there & ~whole
    return Ids(texts, inexact if inexact.any() else None)


def _texts(array: pa.Array) -> pa.Array:
    if kind.is_decimal(array.type):
        return _of_decimals(array)
    if kind.is_string(array.type) or kind.is_large_string(array.type):
        return _valid_text(array)
    return pc.cast(array, pa.string())


def _valid_text(array: pa.Array) -> pa.Array:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        # nothing holds the text of a Parquet file to UTF-8
        large = kind.is_large_string(array.type)
        raw = array.view(pa.large_binary() if large else pa.binary())
        texts = [_utf8(value) for value in raw.to_pylist()]
        # value by value, so that none depends on which others lie beside it
        array = pc.if_else(
            pa.array([text is None for text in texts]), text_of_bytes(raw), pa.array(texts, pa.string())
        )
    return array if kind.is_string(array.type) else pc.cast(array, pa.string())


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _of_decimals(array: pa.Array) -> pa.Array:
    if array.type.scale <= 0:
        return pc.cast(pc.cast(array, pa.decimal256(_LONGEST_DECIMAL, 0)), pa.string())
    as_stored = pa.decimal256(_LONGEST_DECIMAL, array.type.scale)
    whole = pc.cast(array, pa.decimal256(_LONGEST_DECIMAL, 0), safe=False)
    is_whole = pc.equal(pc.cast(array, as_stored), pc.cast(whole, as_stored, safe=False))
    texts = pc.cast(whole, pa.string())
    if pc.all(is_whole).as_py() in {True, None}:
        return texts
    broken = array.filter(pc.invert(is_whole))
    written = [None if value is None else format(value.normalize(), "f") for value in broken.to_pylist()]
    return pc.replace_with_mask(texts, pc.invert(is_whole), pa.array(written, pa.string()))
