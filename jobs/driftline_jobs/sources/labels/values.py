"""The labels of a reference's predictions, few or many, to place the bins of their distribution by.

They are known once they are joined, and then come in any order and any parts. So pairs of a label and its
prediction are counted, and those of the lowest hashes are kept: the same ones, whatever the order. A label
that many rows have comes with many predictions, or its pair with its count: either way it has its weight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.distinct import UIntArray, hash_values, mix
from driftline_jobs.tasks.base import NumberRows
from driftline_jobs.tasks.outcomes import Outcomes

SAMPLE = 1 << 18
"""Labels that are wanted: enough to place a quantile of 0.1 % within a hundredth of a per cent."""
LEAST = 1 << 11
"""Pairs that are kept of a base window, however many there are."""
_EVERY = 2**64 - 1


@dataclass(eq=False)
class LabelValues(Outcomes):
    """Labels of some rows. They are never stored.

    Attributes:
        kept: how many pairs are kept.
        limit: the hash up to which every pair is held.
        hashes: (k,) of pairs, ascending; labels: (k,) of each; times: (k,) how often it occurs.
    """

    task: ClassVar[str] = "labels"

    sampled: int = SAMPLE
    limit: int = _EVERY
    hashes: UIntArray = field(default_factory=lambda: np.empty(0, np.uint64))
    labels: FloatArray = field(default_factory=lambda: np.empty(0))
    times: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def merged(cls, several: Iterable[Self]) -> Self:
        """The labels of all the rows together, as many as each of them keeps."""
        parts = list(several)
        return cls._of(parts, parts[0].sampled)

    @classmethod
    def of_all(cls, several: Iterable[Self]) -> Self:
        """The same without a bound of its own: those that each of them would have held."""
        return cls._of(list(several), _EVERY)

    @classmethod
    def _of(cls, parts: list[Self], sampled: int) -> Self:
        limit = min((part.limit for part in parts), default=_EVERY)
        hashes, first, place = np.unique(
            np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
            return_index=True,
            return_inverse=True,
        )
        labels = np.concatenate([np.empty(0), *(part.labels for part in parts)])[first]
        times = np.zeros(len(hashes), np.int64)
        np.add.at(times, place, np.concatenate([np.empty(0, np.int64), *(part.times for part in parts)]))
        count = int(np.searchsorted(hashes, np.uint64(limit), side="right"))
        if count > sampled:
            count, limit = sampled, int(hashes[sampled - 1])
        return cls(
            predictions=sum(part.predictions for part in parts),
            labelled=sum(part.labelled for part in parts),
            sampled=sampled,
            limit=limit,
            hashes=hashes[:count],
            labels=labels[:count],
            times=times[:count],
        )

    def sample(self) -> FloatArray:
        """(m,) the labels, ascending, each as often as it occurs: ``SAMPLE`` at most, evenly taken."""
        order = np.argsort(self.labels, kind="stable")
        labels, upto = self.labels[order], np.cumsum(self.times[order])
        total = int(upto[-1]) if len(upto) else 0
        if total <= SAMPLE:
            return np.repeat(labels, self.times[order])
        wanted = (np.arange(SAMPLE) + 0.5) * (total / SAMPLE)
        return labels[np.searchsorted(upto, wanted)]


@dataclass(frozen=True)
class LabelValuesPlan:
    """How rows of a regression become their labels."""

    sampled: int

    def nothing(self) -> LabelValues:
        """The labels of no rows."""
        return LabelValues(sampled=self.sampled)

    def rows(self, table: pa.Table, order: IntArray | None) -> NumberRows[LabelValues]:
        """The columns of the rows, in ``order``."""
        return NumberRows.read(table, order, self._counted)

    def _counted(self, predicted: FloatArray, label: FloatArray) -> LabelValues:
        labelled = np.isfinite(label)
        values = label[labelled] + 0.0  # of the two zeros one
        hashes = mix(hash_values(values) ^ mix(hash_values(predicted[labelled])))
        rows = LabelValues(
            predictions=len(label),
            labelled=len(values),
            sampled=self.sampled,
            hashes=hashes,
            labels=values,
            times=np.ones(len(values), np.int64),
        )
        return LabelValues.merged([rows])
