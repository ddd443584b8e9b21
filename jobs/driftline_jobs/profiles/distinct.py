"""Distinct counts by HyperLogLog: 2,048 registers of integers, so a union in any order gives the same bytes.

Flajolet et al., AofA 2007, with linear counting for small sets; standard error 1.04/sqrt(2048) = 2.3 %.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray, IntArray

UIntArray = npt.NDArray[np.uint64]
Registers = npt.NDArray[np.uint8]

REGISTERS = 2048
_INDEX_BITS = 11
_RANK_BITS = 53  # what float64 holds exactly, so that its exponent gives the leading zeros
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_FOLD = np.uint64(33)
_NO_DOUBLE = np.uint64(1 << 53)
_APART = np.uint64(0x9E3779B97F4A7C15)
_INDEX_MASK = np.uint64(REGISTERS - 1)


def hash_values(values: FloatArray) -> UIntArray:
    """64-bit hashes of float64 values by their bits (the finaliser of MurmurHash3)."""
    bits = (values + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0: one value, one hash
    return mix_into(bits, bits, np.empty_like(bits))


def hash_integers(values: npt.NDArray[Any]) -> UIntArray:
    """64-bit hashes of integers (n,) of 64 bits: of those that are doubles the double's, of others their own.

    So an integer has one hash whatever type it comes in, and beyond 2**53 neighbours have different ones.
    """
    own = values.view(np.uint64)
    size = own if values.dtype.kind == "u" else np.where(values < 0, np.negative(own), own)
    # a double has 53 bits between its highest and its lowest one
    lowest = np.maximum(size & np.negative(size), np.uint64(1))
    is_double = size // lowest < _NO_DOUBLE
    return np.where(is_double, hash_values(values.astype(np.float64)), hash_words(own[:, None]))


def hash_words(words: UIntArray) -> UIntArray:
    """(n,) 64-bit hashes of numbers (n, words) that no double is; the bits of doubles have other ones."""
    hashes = np.zeros(len(words), np.uint64)
    for word in range(words.shape[1]):
        hashes = mix(hashes ^ mix(words[:, word] + _APART))
    return hashes


def mix(bits: UIntArray) -> UIntArray:
    """The finaliser of MurmurHash3 over uint64; a bijection, so distinct inputs stay distinct."""
    return mix_into(np.empty_like(bits), bits, np.empty_like(bits))


def mix_into(mixed: UIntArray, bits: UIntArray, scratch: UIntArray) -> UIntArray:
    """``mix`` of ``bits`` (n,), written to ``mixed`` (n,), which may be the same array; returns it.

    ``scratch`` (n,) is written over.
    """
    for factor in (_MIX_1, _MIX_2):
        np.right_shift(bits, _FOLD, out=scratch)
        np.bitwise_xor(bits, scratch, out=mixed)
        np.multiply(mixed, factor, out=mixed)
        bits = mixed
    return mixed


def register_sets(hashes: UIntArray, cells: IntArray, count: int) -> Registers:
    """(count, 2048) registers of several cells at once; hashes (n,), each of its cell (n,)."""
    registers: Registers = np.zeros((count, REGISTERS), np.uint8)
    np.maximum.at(registers.reshape(-1), cells * REGISTERS + _index(hashes), _rank(hashes))
    return registers


def _index(hashes: UIntArray) -> IntArray:
    # the upper bits carry the rank; the index folds the middle ones in, which are mixed best
    index = hashes >> _FOLD
    np.bitwise_xor(index, hashes, out=index)
    np.bitwise_and(index, _INDEX_MASK, out=index)
    return index.view(np.int64)


def _rank(hashes: UIntArray) -> Registers:
    # leading zeros of the upper 53 bits, read off the exponent of their float64
    upper = (hashes >> np.uint64(_INDEX_BITS)).astype(np.float64)
    exponent = (upper.view(np.uint64) >> np.uint64(52)).view(np.int64)
    return np.where(exponent > 0, _RANK_BITS + 1023 - exponent, _RANK_BITS + 1).astype(np.uint8)


def estimate(registers: Registers) -> int:
    """Estimated number of distinct values behind ``registers`` (2048,)."""
    counts = np.bincount(registers, minlength=_RANK_BITS + 2)
    harmonic = float((counts * 0.5 ** np.arange(len(counts))).sum())
    raw = 0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS**2 / harmonic
    zeros = int(counts[0])
    if zeros and raw <= 2.5 * REGISTERS:
        return round(REGISTERS * math.log(REGISTERS / zeros))
    return round(raw)
