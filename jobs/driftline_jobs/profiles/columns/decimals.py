"""Decimals as the doubles next to them.

Arrow multiplies by a power of ten, which is off by a unit in the last place for one value in seven: 0.35 as a
decimal would be another number than 0.35 as a double, and fall into another bin.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.profiles.distinct import UIntArray, hash_values, hash_words

_EXACT_POWER = 22
"""10**22 is the greatest power of ten that is a double."""
_EXACT_INTEGER = 2**53


def doubles(array: pa.Array) -> npt.NDArray[np.float64]:
    """The double nearest to each value (n,); where there is none, anything."""
    kind = array.type
    unscaled, fits = _unscaled(array)
    if not 0 <= kind.scale <= _EXACT_POWER:
        fits = np.zeros(len(array), np.bool_)
    # An integer and a power that are doubles: the quotient is the only thing that is rounded.
    found = unscaled / np.float64(10.0 ** min(max(kind.scale, 0), _EXACT_POWER))
    if not fits.all():
        rest = array.filter(pa.array(~fits))
        found[~fits] = pc.cast(pc.cast(rest, pa.string()), pa.float64()).to_numpy(zero_copy_only=False)
    return found


def hashes(array: pa.Array, found: npt.NDArray[np.float64]) -> UIntArray | None:
    """(n,) 64-bit hashes that tell values apart which are next to the same double; None if none can be.

    Args:
        found: the ``doubles`` of the array.
    """
    low, fits = _unscaled(array)
    if fits.all():
        return None
    width = array.type.byte_width
    words = low[:, None]
    if width >= 8:
        raw = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, width // 8)
        words = raw[array.offset : array.offset + len(array)]
    return np.where(fits, hash_values(found), hash_words(words.view(np.uint64)))


def _unscaled(array: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The integers before scaling (n,), their lowest 64 bits, and which of them are doubles as they are."""
    width = array.type.byte_width
    raw = np.frombuffer(array.buffers()[1], np.int32 if width == 4 else np.int64)
    words = raw.reshape(-1, max(width // 8, 1))[array.offset : array.offset + len(array)]
    low = words[:, 0].astype(np.int64)
    # Two's complement: what is small has nothing but its sign in the higher words.
    fits = np.abs(low) <= _EXACT_INTEGER
    for word in range(1, words.shape[1]):
        fits &= words[:, word] == low >> 63
    return low, fits
