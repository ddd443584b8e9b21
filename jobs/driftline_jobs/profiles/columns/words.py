"""Texts as their words: which of them the reference knows, by hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kind

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.arrays import Numbers, hash_texts, salt_key, validity
from driftline_jobs.profiles.columns.conversion import lengths
from driftline_jobs.profiles.columns.octets import texts_of
from driftline_jobs.profiles.distinct import UIntArray
from driftline_schemas.serving_log import Storage, storage_of

_LONGEST = 1000
"""Characters of a text that words are taken from: what bounds the cost of a row."""
_AROUND = " .,;:!?\"'`()[]{}<>|/\\*_~-–—…«»“”„‘’‚"
"""Characters that are no part of a word at whose ends they stand."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of n texts.

    Attributes:
        hashes: (D,) of the words that occur, each once or more.
        code: (w,) of each word its place among ``hashes``; ``row``: (w,) its text, ascending.
        blank: (n,) texts without a character, or of blanks alone.
    """

    hashes: UIntArray
    code: npt.NDArray[np.integer[npt.NBitBase]]
    row: IntArray
    blank: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Texts(Numbers):
    """A column of texts as their lengths, and (n,) of each how many words it has: all, those that the
    reference does not have, and those that one window of it has alone; and whether it is blank."""

    words: IntArray | None = None
    unseen: IntArray | None = None
    single: IntArray | None = None
    blank: npt.NDArray[np.bool_] | None = None


def words_of(array: pa.Array, salt: str | None = None) -> Words | None:
    """The words of a column of texts, in small letters, parted by blanks; None for one of another type.

    With ``salt`` their hashes are keyed: those of secrets could be guessed else.
    """
    if storage_of(array.type) is not Storage.TEXT or kind.is_null(array.type):
        return None
    if kind.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if not (kind.is_string(array.type) or kind.is_large_string(array.type)):
        array = pa.array(texts_of(array), pa.large_string(), mask=_mask(array))
    parted = pc.utf8_split_whitespace(pc.utf8_lower(pc.utf8_slice_codeunits(array, 0, _LONGEST)))
    size = pc.list_value_length(parted).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    row = np.repeat(np.arange(len(array), dtype=np.int64), size)
    found = pc.utf8_trim(parted.flatten(), _AROUND).dictionary_encode()
    code = found.indices.to_numpy(zero_copy_only=False)
    texts = texts_of(found.dictionary)
    is_word = np.array([text != "" for text in texts], np.bool_).take(code) if len(code) else code > 0
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(array)), 0).fill_null(False)
    hashes = hash_texts(texts) if salt is None else _keyed(texts, salt)
    return Words(hashes, code[is_word], row[is_word], blank.to_numpy(zero_copy_only=False).astype(np.bool_))


def _mask(array: pa.Array) -> npt.NDArray[np.bool_] | None:
    valid = validity(array)
    return None if valid is None else ~valid


def _keyed(texts: list[str], salt: str) -> UIntArray:
    key = salt_key(salt)
    digests = [hashlib.blake2b(text.encode(), key=key, digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def read_texts(
    array: pa.Array, salt: str | None, known: UIntArray, single: npt.NDArray[np.bool_], limit: int | None
) -> Texts:
    """A column of texts held against the words that the reference has.

    Args:
        known: hashes of these, ascending; ``single`` says which of them one window alone has.
        limit: words with higher hashes are not looked at; None where all are.
    """
    counted = lengths(array)
    found = words_of(array, salt)
    if found is None:
        return Texts(counted.values, counted.valid, counted.span, counted.unlike, counted.hashes)
    place = np.minimum(np.searchsorted(known, found.hashes), max(len(known) - 1, 0))
    have = known[place] == found.hashes if len(known) else np.zeros(len(found.hashes), np.bool_)
    alone = have & single[place] if len(known) else have
    code, row = found.code, found.row
    if limit is not None:
        within = (found.hashes <= np.uint64(limit)).take(code)
        code, row = code[within], row[within]

    def per_row(words: npt.NDArray[np.bool_] | None) -> IntArray:
        of = row if words is None else row[words.take(code)]
        return np.bincount(of, minlength=len(array)).astype(np.int64)

    return Texts(
        counted.values,
        counted.valid,
        counted.span,
        counted.unlike,
        counted.hashes,
        per_row(None),
        per_row(~have),
        per_row(alone),
        found.blank,
    )
