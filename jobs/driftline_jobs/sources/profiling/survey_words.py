"""The words of texts in a reference: which there are, and which one of its windows has alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.columns.conversion import lengths
from driftline_jobs.profiles.columns.words import words_of
from driftline_jobs.profiles.distinct import UIntArray
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.kinds.texts import TextBins, text_bins

MOST_WORDS = 1 << 18
"""So many words are kept of a column, as hashes of 8 bytes; of more those of the lowest hashes."""
_PROSE = 0.5
"""Share of texts of two words and more from which on the words tell something: ids and codes have one."""


def _no_ints() -> IntArray:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class WordCounts:
    """Words of a column, in one split or in several merged.

    Attributes:
        hashes: ascending; ``counts`` how often they occur, ``first`` and ``last`` in which windows.
        full: there were more than ``MOST_WORDS``.
        texts, several: with a word, and with two of them or more.
        sizes, size_counts: lengths that occur, and how often.
        complete: no split has been passed over.
    """

    hashes: UIntArray = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: IntArray = field(default_factory=_no_ints)
    first: IntArray = field(default_factory=_no_ints)
    last: IntArray = field(default_factory=_no_ints)
    full: bool = False
    texts: int = 0
    several: int = 0
    sizes: IntArray = field(default_factory=_no_ints)
    size_counts: IntArray = field(default_factory=_no_ints)
    complete: bool = True

    def lengths(self) -> FloatArray:
        """Of all texts, ascending."""
        return np.repeat(self.sizes.astype(np.float64), self.size_counts)

    def bins(self, of_lengths: OrderedBins, *, several_windows: bool, declared: bool) -> TextBins:
        """Bins of texts with these words; without them where they are ids, or not all were looked at."""
        prose = self.complete and len(self.hashes) > 0
        if not declared:
            prose = prose and self.several >= _PROSE * self.texts
        kept = slice(None) if prose else slice(0)
        alone = self.first == self.last if several_windows else self.counts == 1
        limit = int(self.hashes[-1]) if prose and self.full else None
        return text_bins(of_lengths, self.hashes[kept], alone[kept], limit, declared=declared)


PASSED_OVER = WordCounts(complete=False)


def count_words(array: pa.Array, salt: str | None, window: IntArray) -> WordCounts:
    """The words of texts (n,), each of the ``window`` (n,) of the reference."""
    found = words_of(array, salt)
    if found is None:
        return WordCounts() if array.null_count == len(array) else PASSED_OVER
    of_text = np.bincount(found.row, minlength=len(array))
    counted = lengths(array)
    known = counted.values if counted.valid is None else counted.values[counted.valid]
    sizes, size_counts = np.unique(known, return_counts=True)
    # the windows of a split's rows are few: each word once for each of them
    windows, at = np.unique(window[found.row], return_inverse=True)
    both, counts = np.unique(found.code.astype(np.int64) * len(windows) + at, return_counts=True)
    word, seen = found.hashes[both // max(len(windows), 1)], windows[both % max(len(windows), 1)]
    return _merged(
        (word, counts, seen, seen),
        full=False,
        texts=int((of_text > 0).sum()),
        several=int((of_text > 1).sum()),
        sizes=sizes.astype(np.int64),
        size_counts=size_counts,
    )


def merge_words(several: Sequence[WordCounts]) -> WordCounts:
    """Those of all splits; the order does not matter."""
    sizes, place = np.unique(np.concatenate([one.sizes for one in several]), return_inverse=True)
    size_counts: IntArray = np.zeros(len(sizes), np.int64)
    np.add.at(size_counts, place, np.concatenate([one.size_counts for one in several]))
    hashes = np.concatenate([one.hashes for one in several])
    counts, first, last = (
        np.concatenate([getattr(one, name) for one in several]) for name in ("counts", "first", "last")
    )
    return _merged(
        (hashes, counts, first, last),
        full=any(one.full for one in several),
        texts=sum(one.texts for one in several),
        several=sum(one.several for one in several),
        sizes=sizes,
        size_counts=size_counts,
        complete=all(one.complete for one in several),
    )


def _merged(
    found: tuple[UIntArray, IntArray, IntArray, IntArray],
    *,
    full: bool,
    texts: int,
    several: int,
    sizes: IntArray,
    size_counts: IntArray,
    complete: bool = True,
) -> WordCounts:
    hashes, counts, first, last = found
    distinct, place = np.unique(hashes, return_inverse=True)
    totals: IntArray = np.zeros(len(distinct), np.int64)
    np.add.at(totals, place, counts)
    earliest: npt.NDArray[np.int64] = np.full(len(distinct), np.iinfo(np.int64).max)
    latest: npt.NDArray[np.int64] = np.full(len(distinct), -1)
    np.minimum.at(earliest, place, first)
    np.maximum.at(latest, place, last)
    kept = slice(0, MOST_WORDS)
    return WordCounts(
        distinct[kept],
        totals[kept],
        earliest[kept],
        latest[kept],
        full or len(distinct) > MOST_WORDS,
        texts,
        several,
        sizes,
        size_counts,
        complete,
    )
