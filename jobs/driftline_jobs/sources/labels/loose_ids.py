"""Ids regardless of how they are written: a hash that ids share which differ in case, padding or type alone.

Two ids have one hash if they are the same but for upper case (of ASCII letters), blanks, quotes and braces
around them, zeros in front, ".0" behind, and the hyphens of a UUID: 1 and "001" and "1.0". So ids that should
have met, and did not, are found.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import types

from driftline_jobs.profiles.distinct import UIntArray
from driftline_jobs.profiles.kernels.compiling import compiled

_BEGIN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2, _FOLD = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
"""Of the finaliser of MurmurHash3, as ``distinct`` has it: what was compiled would not notice a change."""
_POINT, _ZERO, _HYPHEN = ord("."), ord("0"), ord("-")
_UUID_LENGTH = 36
_BYTE, _BYTES_OF_A_WORD = np.uint64(8), 8


def _table(skipped: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    table = np.zeros(256, np.bool_)
    table[list(skipped.encode())] = True
    return table


_BLANKS = "".join(map(chr, range(0x21)))
_IN_FRONT, _BEHIND = _table(_BLANKS + "\"'{"), _table(_BLANKS + "\"'}")
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[ord("A") : ord("Z") + 1] += ord("a") - ord("A")


@compiled(
    types.void(
        types.Array(types.int32, 1, "C", readonly=True),
        types.Array(types.uint8, 1, "C", readonly=True),
        types.Array(types.uint64, 1, "C"),
    )
)
def _hash_all(offsets: np.ndarray, data: np.ndarray, hashes: np.ndarray) -> None:
    for row in range(len(hashes)):
        start, stop = np.int64(offsets[row]), np.int64(offsets[row + 1])
        while start < stop and _IN_FRONT[data[start]]:
            start += 1
        while start < stop and _BEHIND[data[stop - 1]]:
            stop -= 1
        point = stop - 1
        while point > start and data[point] == _ZERO:
            point -= 1
        if start < point < stop - 1 and data[point] == _POINT:
            stop = point
        is_uuid = stop - start == _UUID_LENGTH
        for at in (8, 13, 18, 23):
            is_uuid = is_uuid and data[start + at] == _HYPHEN
        found, word, length, begun = _BEGIN, np.uint64(0), 0, False
        for at in range(start, stop):
            byte = data[at]
            if is_uuid and byte == _HYPHEN:
                continue
            begun = begun or byte != _ZERO
            if not begun:
                continue
            word = (word << _BYTE) | np.uint64(_LOWER[byte])
            length += 1
            if length == _BYTES_OF_A_WORD:
                found = (found ^ word) * _MIX_1
                found ^= found >> _FOLD
                word, length = np.uint64(0), 0
        found = (found ^ word) * _MIX_1
        found = ((found ^ (found >> _FOLD)) ^ np.uint64(length)) * _MIX_2
        hashes[row] = found ^ (found >> _FOLD)


def loose_hashes(texts: pa.Array) -> UIntArray:
    """(n,) the hash of each id of ``read_ids``; of a null anything."""
    hashes = np.empty(len(texts), np.uint64)
    if len(texts):
        _, offsets, data = texts.buffers()
        starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
        characters = np.frombuffer(b"" if data is None else data, np.uint8)
        _hash_all(starts, characters, hashes)
    return hashes
