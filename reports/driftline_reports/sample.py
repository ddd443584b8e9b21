"""A bounded sample of rows that is the same whatever the order, the split or the engine that read them.

A row is in the sample because the hash of its id is among the lowest: no seed, no counting. So the rows of
two days, or of the same day read twice, are chosen by the same rule, and samples of parts merge into the
sample of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

LIMIT: Final = 20_000

Hashes = np.ndarray[Any, np.dtype[np.uint64]]


class IdSample:
    """The ``limit`` rows whose ids hash lowest, of all that were added. Not for several threads at once."""

    def __init__(self, limit: int = LIMIT) -> None:
        if limit < 1:
            raise ValueError(f"a sample of {limit} rows holds nothing: at least 1 is needed")
        self._limit = limit
        self._kept: pa.Table | None = None
        self._keys: tuple[Hashes, Hashes] | None = None
        self.rows_seen = 0

    def add(self, rows: pa.Table, ids: pa.ChunkedArray) -> None:
        """Offer ``rows``, with one id for each. A row without an id goes by its own content.

        Raises ValueError when there are not as many ids as rows.
        """
        if len(rows) != len(ids):
            raise ValueError(f"{len(rows)} rows came with {len(ids)} ids")
        if not len(rows):
            return
        self.rows_seen += len(rows)
        contents = _hash_rows(rows)
        self._offer(rows, _hash_ids(ids, contents), contents)

    def merge(self, other: IdSample) -> None:
        """Take in what ``other`` has seen."""
        self.rows_seen += other.rows_seen
        if other._kept is not None and other._keys is not None:
            self._offer(other._kept, *other._keys)

    def table(self) -> pa.Table | None:
        """The sample, ordered by hash; None if no row was added."""
        return self._kept

    def _offer(self, rows: pa.Table, ids: Hashes, contents: Hashes) -> None:
        import pyarrow as pa

        if self._kept is not None and self._keys is not None:
            # Only what lies below the highest that is kept can still get in.
            if len(self._kept) >= self._limit:
                chosen = np.flatnonzero(ids <= self._keys[0][-1])
                rows, ids, contents = rows.take(pa.array(chosen)), ids[chosen], contents[chosen]
            rows = pa.concat_tables([self._kept, rows])
            ids = np.concatenate([self._keys[0], ids])
            contents = np.concatenate([self._keys[1], contents])
        # Equal ids in the order of their content, so that the order of reading plays no part.
        order = np.lexsort((contents, ids))[: self._limit]
        self._kept = rows.take(pa.array(order)).combine_chunks()
        self._keys = ids[order], contents[order]


def _hash_rows(rows: pa.Table) -> Hashes:
    """A 64-bit hash of each row's content."""
    import pandas as pd

    hashed = np.zeros(len(rows), np.uint64)
    for name in sorted(rows.column_names):
        values = _hash_ids(rows[name], None)
        salt = pd.util.hash_array(np.array([name], object))[0]
        with np.errstate(over="ignore"):
            hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + (values ^ salt)
    return hashed


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
