"""Bytes as text: a column of them holds names, or ids that nobody meant to be read.

A value is the text that it spells in UTF-8, if that has no control characters but tabs and line ends; else,
if it is of 16 bytes, a UUID in its canonical form; else its hexadecimal digits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.metrics.figures import BoolArray

UUID_BYTES = 16
_UUID_LENGTH = 36
_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint8).reshape(256, 2)
_DIGITS = np.setdiff1d(np.arange(_UUID_LENGTH), [8, 13, 18, 23])
_CONTROLS = np.array([(byte < 0x20 and byte not in b"\t\n\r") or byte == 0x7F for byte in range(256)])
_ASCII_END = 0x80


def text_of_bytes(array: pa.Array) -> pa.Array:
    """(n,) texts of bytes of any length."""
    array = pc.cast(array, pa.large_binary())
    lengths = pc.min_max(pc.binary_length(array)).as_py()
    if lengths["min"] == lengths["max"] == UUID_BYTES:
        return _of_sixteen(array)
    return _one_by_one(array)


def uuid_texts(array: pa.Array) -> pa.Array:
    """(n,) UUIDs in lower case with hyphens, from their 16 bytes each."""
    rows = _rows(array)
    characters = np.full((len(rows), _UUID_LENGTH), ord("-"), np.uint8)
    characters[:, _DIGITS] = _HEX.take(rows, axis=0).reshape(len(rows), 2 * UUID_BYTES)
    ends = np.arange(0, _UUID_LENGTH * (len(rows) + 1), _UUID_LENGTH, dtype=np.int64)
    texts = pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(ends), pa.py_buffer(characters))
    return pc.if_else(array.is_valid(), texts, None) if array.null_count else texts


def written(value: bytes) -> str:
    """One value as text."""
    if not _CONTROLS[np.frombuffer(value, np.uint8)].any():
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    digits = value.hex()
    if len(value) != UUID_BYTES:
        return digits
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def texts_of(array: pa.Array) -> list[str]:
    """The texts (n,) of an array of text, empty where it is null. Nothing holds the text of a Parquet file to
    UTF-8: what is none comes with its bytes escaped."""
    try:
        return [text or "" for text in array.to_pylist()]
    except UnicodeDecodeError:
        large = pa.types.is_large_string(array.type)
        values = array.view(pa.large_binary() if large else pa.binary()).to_pylist()
        return [(value or b"").decode(errors="backslashreplace") for value in values]


def _of_sixteen(array: pa.Array) -> pa.Array:
    """All are UUIDs mostly, or all are text: what is neither plainly is looked at by itself."""
    rows = _rows(array)
    maybe_text: BoolArray = np.logical_not(_CONTROLS.take(rows).any(axis=1))
    unsure = np.flatnonzero(maybe_text & (rows >= _ASCII_END).any(axis=1))
    maybe_text[unsure] = [_is_utf8(rows[at].tobytes()) for at in unsure.tolist()]
    if not maybe_text.any():
        return uuid_texts(array)
    is_text = pa.array(maybe_text)
    texts = pc.cast(pc.if_else(is_text, array, None), pa.large_string())
    return texts if maybe_text.all() else pc.if_else(is_text, texts, uuid_texts(array))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _one_by_one(array: pa.Array) -> pa.Array:
    data = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    if not _CONTROLS.take(data).any():
        try:
            return pc.cast(array, pa.large_string())
        except pa.ArrowInvalid:
            pass  # some of it is no UTF-8
    values = array.to_pylist()
    return pa.array([None if value is None else written(value) for value in values], pa.large_string())


def _rows(array: pa.Array) -> npt.NDArray[np.uint8]:
    """(n, 16) the bytes of values of 16 bytes; zeros where there is none."""
    fixed = pc.cast(array, pa.binary(UUID_BYTES)).fill_null(bytes(UUID_BYTES))
    values: npt.NDArray[np.uint8] = np.frombuffer(fixed.buffers()[1] or b"", np.uint8)
    start = fixed.offset * UUID_BYTES
    return values[start : start + len(fixed) * UUID_BYTES].reshape(-1, UUID_BYTES)
