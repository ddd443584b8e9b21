"""A bounded sample of rows that is the same whatever the order, the split or the engine that read them.

A row is in the sample because the hash of its id is among the lowest: no seed, no counting. So the rows of
two days, or of the same day read twice, are chosen by the same rule, and samples of parts merge into the
sample of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

LIMIT: Final = 20_000

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Places = np.ndarray[Any, np.dtype[np.int64]]


class IdSample:
    """The ``limit`` rows whose ids hash lowest, of all that were added. Not for several threads at once."""

    def __init__(self, limit: int = LIMIT) -> None:
        if limit < 1:
            raise ValueError(f"a sample of {limit} rows holds nothing: at least 1 is needed")
        self._limit = limit
        self._sample: pa.Table | None = None
        self._keys: tuple[Hashes, Hashes] | None = None
        self.rows_seen = 0

    def candidates(self, ids: pa.ChunkedArray, contents: Callable[[], Hashes]) -> Places:
        """Which of the rows with these ids can get in, ascending: so that only they need to be read whole.

        ``contents`` gives the hash of every row's content, see ``RowHashes``; it is asked where ids are
        missing, or where so many are equal that they do not decide.
        """
        if not len(ids):
            return np.empty(0, np.int64)
        known = contents() if ids.null_count else None
        keys = _hash_ids(ids, known)
        bar = np.partition(keys, self._limit - 1)[self._limit - 1] if len(keys) > self._limit else keys.max()
        if self._sample is not None and self._keys is not None and len(self._sample) >= self._limit:
            bar = min(bar, self._keys[0][-1])
        chosen: Places = np.flatnonzero(keys <= bar)
        if len(chosen) > 2 * self._limit:
            known = contents() if known is None else known
            chosen = np.sort(chosen[np.lexsort((known[chosen], keys[chosen]))[: self._limit]])
        return chosen

    def add(self, rows: pa.Table, ids: pa.ChunkedArray, *, seen: int | None = None) -> None:
        """Offer ``rows``, with one id for each. A row without an id goes by its own content.

        ``seen`` is how many rows they are the ``candidates`` of. Raises ValueError when there are not as many
        ids as rows.
        """
        if len(rows) != len(ids):
            raise ValueError(f"{len(rows)} rows came with {len(ids)} ids")
        self.rows_seen += len(rows) if seen is None else seen
        if not len(rows):
            return
        contents = _hash_rows(rows)
        self._offer(rows, _hash_ids(ids, contents), contents)

    def merge(self, other: IdSample) -> None:
        """Take in what ``other`` has seen."""
        self.rows_seen += other.rows_seen
        if other._sample is not None and other._keys is not None:
            self._offer(other._sample, *other._keys)

    def table(self) -> pa.Table | None:
        """The sample, ordered by hash; None if no row was added."""
        return self._sample

    def _offer(self, rows: pa.Table, ids: Hashes, contents: Hashes) -> None:
        import pyarrow as pa

        if self._sample is not None and self._keys is not None:
            # Only what lies below the highest that is kept can still get in.
            if len(self._sample) >= self._limit:
                chosen = np.flatnonzero(ids <= self._keys[0][-1])
                rows, ids, contents = rows.take(pa.array(chosen)), ids[chosen], contents[chosen]
            rows = pa.concat_tables([self._sample, rows])
            ids = np.concatenate([self._keys[0], ids])
            contents = np.concatenate([self._keys[1], contents])
        # Equal ids in the order of their content, so that the order of reading plays no part.
        order = np.lexsort((contents, ids))[: self._limit]
        self._sample = rows.take(pa.array(order)).combine_chunks()
        self._keys = ids[order], contents[order]


class RowHashes:
    """A 64-bit hash of each of ``count`` rows' content, from columns that come one at a time, by name."""

    def __init__(self, count: int) -> None:
        self.hashes: Hashes = np.zeros(count, np.uint64)

    def add(self, name: str, values: pa.ChunkedArray) -> None:
        """Take in the next column. Names ascend, or the hashes are others."""
        import pandas as pd

        salt = pd.util.hash_array(np.array([name], object))[0]
        with np.errstate(over="ignore"):
            self.hashes = self.hashes * np.uint64(0x9E3779B97F4A7C15) + (_hash_ids(values, None) ^ salt)


def _hash_rows(rows: pa.Table) -> Hashes:
    """A 64-bit hash of each row's content."""
    made = RowHashes(len(rows))
    for name in sorted(rows.column_names):
        made.add(name, rows[name])
    return made.hashes


def _hash_ids(ids: pa.ChunkedArray, instead: Hashes | None) -> Hashes:
    """A 64-bit hash of each value as text: 7 and "7" are one id. Nulls get ``instead``, or zero."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.fill_null(ids.cast(pa.string()), "")
    hashed = pd.util.hash_array(texts.to_numpy().astype(object), categorize=True)
    absent = pc.is_null(ids).to_numpy()
    if absent.any():
        hashed = np.where(absent, np.uint64(0) if instead is None else instead, hashed)
    result: Hashes = hashed.astype(np.uint64)
    return result
