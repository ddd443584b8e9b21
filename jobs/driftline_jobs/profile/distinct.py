"""Distinct counts by HyperLogLog: 2,048 registers of integers, so a union in any order gives the same bytes.

Flajolet et al., AofA 2007, with linear counting for small sets; standard error 1.04/sqrt(2048) = 2.3 %.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from driftline_jobs.profile.buckets import FloatArray, IntArray

UIntArray = npt.NDArray[np.uint64]
Registers = npt.NDArray[np.uint8]

REGISTERS = 2048
_INDEX_BITS = 11
_RANK_BITS = 53  # what float64 holds exactly, so that its exponent gives the leading zeros
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_FOLD = np.uint64(33)
_EVERY = np.uint64(2**64 - 1)


def hash_values(values: FloatArray) -> UIntArray:
    """64-bit hashes of float64 values by their bits (the finaliser of MurmurHash3)."""
    return mix((values + 0.0).view(np.uint64))  # -0.0 + 0.0 is 0.0: one value, one hash


def mix(bits: UIntArray) -> UIntArray:
    """The finaliser of MurmurHash3 over uint64; a bijection, so distinct inputs stay distinct."""
    mixed = bits >> _FOLD
    np.bitwise_xor(mixed, bits, out=mixed)
    np.multiply(mixed, _MIX_1, out=mixed)
    np.bitwise_xor(mixed, mixed >> _FOLD, out=mixed)
    np.multiply(mixed, _MIX_2, out=mixed)
    return mixed


class RegisterSet:
    """The registers of one column while its values stream in.

    A hash can only raise a register if its rank is above the lowest one: all others are left out by one
    comparison, which after a few thousand distinct values are nearly all of them.
    """

    def __init__(self) -> None:
        self.registers: Registers = np.zeros(REGISTERS, np.uint8)
        self.mostly_distinct = False
        self._limit = _EVERY

    def add(self, hashes: UIntArray) -> None:
        """Add hashes (n,)."""
        if self._limit != _EVERY:
            hashes = hashes[np.flatnonzero(hashes < self._limit)]
        if not len(hashes):
            return
        index, rank = _index_and_rank(hashes)
        np.maximum.at(self.registers, index, rank)
        lowest = int(self.registers.min())
        # A rank of k + 1 or more needs a hash below 2**(64 - k).
        self._limit = np.uint64(1 << (64 - lowest)) if lowest else _EVERY


def register_sets(hashes: UIntArray, cells: IntArray, count: int) -> Registers:
    """(count, 2048) registers of several cells at once; hashes (n,), each of its cell (n,)."""
    registers: Registers = np.zeros((count, REGISTERS), np.uint8)
    index, rank = _index_and_rank(hashes)
    np.maximum.at(registers.reshape(-1), cells * REGISTERS + index, rank)
    return registers


def _index_and_rank(hashes: UIntArray) -> tuple[IntArray, Registers]:
    # The upper bits carry the rank; the index folds the middle ones in, which are mixed best.
    index = ((hashes ^ (hashes >> _FOLD)) & np.uint64(REGISTERS - 1)).view(np.int64)
    # leading zeros of the upper 53 bits, read off the exponent of their float64
    upper = (hashes >> np.uint64(_INDEX_BITS)).astype(np.float64)
    exponent = (upper.view(np.uint64) >> np.uint64(52)).view(np.int64)
    return index, np.where(exponent > 0, _RANK_BITS + 1023 - exponent, _RANK_BITS + 1).astype(np.uint8)


def estimate(registers: Registers) -> int:
    """Estimated number of distinct values behind ``registers`` (2048,)."""
    counts = np.bincount(registers, minlength=_RANK_BITS + 2)
    harmonic = float((counts * 0.5 ** np.arange(len(counts))).sum())
    raw = 0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS**2 / harmonic
    zeros = int(counts[0])
    if zeros and raw <= 2.5 * REGISTERS:
        return round(REGISTERS * math.log(REGISTERS / zeros))
    return round(raw)
