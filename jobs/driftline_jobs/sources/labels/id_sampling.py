"""Take the sample of ids from the rows of a join as they pass: predictions first, then labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.distinct import UIntArray
from driftline_jobs.profiles.id_sketch import SKETCH_SIZE, IdSketch, SampledIds, Unlike

_EVERY = np.uint64(2**64 - 1)
_SPARE = 4
"""How many times as many rows as are kept are sorted, of many: how many have the least hashes is chance."""
_SMALL_COUNT = 2 * _SPARE * SKETCH_SIZE
_BITS = 20
_PLACES = np.uint64((1 << _BITS) - 1)
_SCHEMA = pa.schema([("base", pa.int32()), ("loose", pa.uint64()), ("id", pa.string())])


class IdSampling:
    """The sample of every base window; ``bases`` are how many there are."""

    def __init__(self, bases: int) -> None:
        self._bases = bases
        self._limits: UIntArray = np.full(bases, _EVERY)
        self._sample: list[pa.Table] = []
        self._rows = self._settled = 0
        self._labels: list[pa.Table] = []
        self._known: UIntArray | None = None
        self._places: npt.NDArray[np.bool_] = np.zeros(1 << _BITS, np.bool_)

    def add_predictions(self, batch: pa.RecordBatch) -> None:
        """Rows with ``base``, ``id`` and ``loose``, the hash of the id."""
        base, loose, valid = _numbers(batch, "base"), _hashes(batch), batch.column("id").is_valid()
        there = None if valid.true_count == len(valid) else valid.to_numpy(zero_copy_only=False)
        rows = np.bincount(base if there is None else base[there], minlength=self._bases)
        # So many of the rows have hashes below, if no id comes twice: only these are sorted.
        share = np.minimum(_SPARE * SKETCH_SIZE / np.maximum(rows, 1), 0.5) * 2.0**64
        limits = np.where(
            rows > _SMALL_COUNT, np.minimum(self._limits, share.astype(np.uint64)), self._limits
        )
        below = loose <= limits.take(base)
        if there is not None:
            below &= there
        taken = np.flatnonzero(below)
        lacking = (limits < self._limits) & (_distinct(base[taken], loose[taken], self._bases) < SKETCH_SIZE)
        if lacking.any():
            again = lacking.take(base) & (loose <= self._limits.take(base))
            taken = np.flatnonzero(below | (again if there is None else again & there))
        self._take(batch, taken)

    def _take(self, batch: pa.RecordBatch, rows: IntArray) -> None:
        if not len(rows):
            return
        self._sample.append(
            pa.table({name: batch.column(name).take(pa.array(rows)) for name in _SCHEMA.names})
        )
        self._rows += len(rows)
        if self._rows > 2 * self._settled + _SMALL_COUNT:
            self._settle()

    def _settle(self) -> pa.Table:
        """The distinct ids of the least hashes, in their order."""
        if not self._sample:
            return _SCHEMA.empty_table()
        table = pa.concat_tables(self._sample).group_by(_SCHEMA.names).aggregate([])
        base, loose = _numbers(table, "base"), _hashes(table)
        order = np.lexsort((loose, base))
        base, loose = base[order], loose[order]
        new = np.ones(len(base), np.bool_)
        new[1:] = (base[1:] != base[:-1]) | (loose[1:] != loose[:-1])
        rank = np.cumsum(new)
        first = np.zeros(self._bases, np.int64)
        first[base[::-1]] = rank[::-1]
        within = rank - first.take(base) < SKETCH_SIZE
        table = table.take(pa.array(order[within]))
        base, loose = base[within], loose[within]
        full = np.bincount(base[new[within]], minlength=self._bases) >= SKETCH_SIZE
        last = np.zeros(self._bases, np.uint64)
        last[base] = loose
        self._limits = np.where(full, last, _EVERY)
        self._sample, self._rows, self._settled = [table], table.num_rows, table.num_rows
        return table

    def add_labels(self, batch: pa.RecordBatch) -> None:
        """Rows with ``id``, ``loose``, ``first_base`` and ``last_base``, once all predictions are there."""
        if self._known is None:
            self._known = np.unique(_hashes(self._settle()))
            self._places[(self._known & _PLACES).astype(np.int64)] = True
        if not len(self._known):
            return
        loose = _hashes(batch)
        near = np.flatnonzero(self._places.take((loose & _PLACES).view(np.int64)))
        at = np.searchsorted(self._known, loose[near])
        near = near[self._known.take(at, mode="clip") == loose[near]]
        if not len(near):
            return
        names = ("id", "loose", "first_base", "last_base")
        nearest = pa.table({name: batch.column(name).take(pa.array(near)) for name in names})
        nearest = nearest.filter(nearest.column("id").is_valid())
        self._labels.append(nearest.group_by(list(names)).aggregate([]))

    def samples(self, counts: Mapping[int, int]) -> dict[int, SampledIds]:
        """By base window, of those that have ids; ``counts`` is how many predictions with an id each has."""
        table = self._settle()
        base, loose = _numbers(table, "base"), _hashes(table)
        unlike = self._unlike(table)
        found = {}
        for at in np.unique(base).tolist():
            start, stop = np.searchsorted(base, [at, at + 1])
            prediction_id = unlike.get(at, [])
            found[at] = SampledIds(
                IdSketch.of(counts[at], loose[start:stop]),
                np.array([one.hash for one in prediction_id], np.uint64),
                prediction_id[0] if prediction_id else None,
            )
        return found

    def _unlike(self, table: pa.Table) -> dict[int, list[Unlike]]:
        """By base window, the predictions and labels of one hash that differ, by their hash."""
        if not self._labels:
            return {}
        labels = pa.concat_tables(self._labels)
        met = table.join(labels, "loose", right_suffix="_of_label", join_type="inner")
        reached = pc.and_(
            pc.greater_equal(met.column("base"), met.column("first_base")),
            pc.less_equal(met.column("base"), met.column("last_base")),
        )
        met = met.filter(reached)
        groups: dict[tuple[int, int], tuple[set[str], set[str]]] = {}
        for at, hashed, prediction_id, label_id in _rows(met):
            predictions, labelled = groups.setdefault((at, hashed), (set(), set()))
            predictions.add(prediction_id)
            labelled.add(label_id)
        found: dict[int, list[Unlike]] = {}
        for (at, hashed), (predictions, labelled) in sorted(groups.items()):
            alone, others = predictions - labelled, labelled - predictions
            if alone and others:
                found.setdefault(at, []).append(Unlike(hashed, min(alone), min(others)))
        return found


def _distinct(base: IntArray, loose: UIntArray, bases: int) -> IntArray:
    """(bases,) how many distinct hashes each has."""
    order = np.lexsort((loose, base))
    base, loose = base[order], loose[order]
    new = np.r_[True, (base[1:] != base[:-1]) | (loose[1:] != loose[:-1])][: len(base)]
    return np.bincount(base[new], minlength=bases)


def _rows(met: pa.Table) -> Iterator[tuple[int, int, str, str]]:
    columns = (met.column(name).to_pylist() for name in ("base", "loose", "id", "id_of_label"))
    return zip(*columns, strict=True)


def _numbers(rows: pa.RecordBatch | pa.Table, name: str) -> IntArray:
    return np.asarray(rows.column(name).to_numpy(), np.int64)


def _hashes(rows: pa.RecordBatch | pa.Table) -> UIntArray:
    return np.asarray(rows.column("loose").to_numpy(), np.uint64)
