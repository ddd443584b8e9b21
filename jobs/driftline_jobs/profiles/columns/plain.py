"""Arrays of every admitted Arrow type as arrays of a few types, which every kernel takes.

=========================================  ===================================================================
type                                       what is made of it
=========================================  ===================================================================
text views, bytes, JSON                    text (see ``octets``)
``arrow.uuid``, bytes of exactly 16        the canonical text of the UUID
half-precision floats                      single-precision floats
decimals of 32 and 64 bits                 decimals of 128 bits
durations                                  seconds, as floats
``arrow.bool8``                            booleans
dictionaries of text or bytes              dictionaries of text; of other values: those values
booleans, integers, floats, decimals,      as they are
timestamps, dates, times, text, null
=========================================  ===================================================================
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kind

from driftline_jobs.profiles.columns.octets import UUID_BYTES, text_of_bytes, uuid_texts

_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}


def plain(array: pa.Array) -> pa.Array:  # noqa: PLR0911 - one line a type
    """The same values (n,) in a type that is easy to work with."""
    arrow_type = array.type
    if kind.is_dictionary(arrow_type):
        return _plain_dictionary(array)
    if isinstance(array, pa.ExtensionArray):
        return _plain_extension(array)
    if kind.is_string_view(arrow_type):
        return pc.cast(array, pa.large_string())
    if kind.is_fixed_size_binary(arrow_type):
        return uuid_texts(array) if arrow_type.byte_width == UUID_BYTES else text_of_bytes(array)
    if kind.is_binary(arrow_type) or kind.is_large_binary(arrow_type) or kind.is_binary_view(arrow_type):
        return text_of_bytes(array)
    if kind.is_float16(arrow_type):
        return pc.cast(array, pa.float32())
    if kind.is_decimal32(arrow_type) or kind.is_decimal64(arrow_type):
        return pc.cast(array, pa.decimal128(arrow_type.precision, arrow_type.scale))
    if kind.is_duration(arrow_type):
        return _seconds(array)
    return array


def _plain_extension(array: pa.ExtensionArray) -> pa.Array:
    if isinstance(array.type, pa.Bool8Type):
        return pc.cast(array.storage, pa.bool_())
    return plain(array.storage)


def _plain_dictionary(array: pa.DictionaryArray) -> pa.Array:
    values = array.dictionary
    if kind.is_string(values.type) or kind.is_large_string(values.type):
        return array
    values = plain(values)
    if kind.is_string(values.type) or kind.is_large_string(values.type):
        return pa.DictionaryArray.from_arrays(array.indices, values, safe=False)  # they have been checked
    return values.take(array.indices)


def _seconds(array: pa.Array) -> pa.Array:
    ticks = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    seconds = ticks.astype(np.float64) / _PER_SECOND[array.type.unit]
    return pa.array(seconds, mask=array.is_null().to_numpy(zero_copy_only=False))
