"""What a join meets beside its matches: ids and labels that count for nothing, each by its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import IntEnum

import numpy as np
import pyarrow as pa

from driftline_jobs.profiles.id_sketch import SampledIds


class Flaw(IntEnum):
    """Why a row cannot take part in the join, or a label that was matched is none."""

    NONE = 0
    NULL_LABEL = 1
    UNREADABLE_LABEL = 2
    EARLY = 3
    NO_ID = 4
    INEXACT_ID = 5
    UNREADABLE_TIME = 6


@dataclass
class JoinCounts:
    """What the join met, per base window (its index in the plan's bounds) unless said otherwise.

    Attributes:
        duplicated: rows whose id an earlier row of the window had.
        conflicting: predictions whose labels contradict each other.
        without_id, inexact_id: predictions without an id, and with one that its type may have rounded.
        met: labels of a prediction's id, those that count among them.
        early: labels of a prediction's id that are older than the prediction.
        null_labels, unreadable_labels: labels of a prediction's id that are null, or no value of the task.
        unreadable_times: labels of a prediction's id that have no time, or none in a year with windows.
        matched: labels that counted, per number of their object and base window.
        labels_without_id, labels_inexact_id: label rows per number of their object.
        label_rows: rows that were read, per number of their object.
        ids: what a sample tells of the predictions' ids.
    """

    duplicated: dict[int, int] = field(default_factory=dict)
    conflicting: dict[int, int] = field(default_factory=dict)
    without_id: dict[int, int] = field(default_factory=dict)
    inexact_id: dict[int, int] = field(default_factory=dict)
    met: dict[int, int] = field(default_factory=dict)
    early: dict[int, int] = field(default_factory=dict)
    null_labels: dict[int, int] = field(default_factory=dict)
    unreadable_labels: dict[int, int] = field(default_factory=dict)
    unreadable_times: dict[int, int] = field(default_factory=dict)
    matched: dict[tuple[int, int], int] = field(default_factory=dict)
    labels_without_id: dict[int, int] = field(default_factory=dict)
    labels_inexact_id: dict[int, int] = field(default_factory=dict)
    label_rows: dict[int, int] = field(default_factory=dict)
    ids: dict[int, SampledIds] = field(default_factory=dict)

    @classmethod
    def merged(cls, several: Iterable[JoinCounts]) -> JoinCounts:
        """What joins of parts of the ids have met together, no id in two of them."""
        parts = list(several)
        total = cls()
        for item in fields(cls):
            if item.name == "ids":
                continue
            sums = getattr(total, item.name)
            for part in parts:
                for key, count in getattr(part, item.name).items():
                    sums[key] = sums.get(key, 0) + count
        for base in sorted({base for part in parts for base in part.ids}):
            total.ids[base] = SampledIds.merged(part.ids[base] for part in parts if base in part.ids)
        return total

    def add_predictions(self, batch: pa.RecordBatch) -> None:
        """Count the rows of ``prediction_rows`` that have no id to be joined by."""
        self._add(batch, "base", (self.without_id, Flaw.NO_ID), (self.inexact_id, Flaw.INEXACT_ID))

    def add_labels(self, batch: pa.RecordBatch) -> None:
        """Count the rows of ``label_rows``, and those of them that have no id to be joined by."""
        self._add(
            batch, "object", (self.labels_without_id, Flaw.NO_ID), (self.labels_inexact_id, Flaw.INEXACT_ID)
        )
        _count(self.label_rows, np.asarray(batch.column("object").to_numpy(), np.int64))

    def _add(self, batch: pa.RecordBatch, key: str, *several: tuple[dict[int, int], Flaw]) -> None:
        flaws = np.asarray(batch.column("flaw").to_numpy())
        if not flaws.any():
            return
        keys = np.asarray(batch.column(key).to_numpy(), np.int64)
        for counts, flaw in several:
            _count(counts, keys[flaws == flaw])


def _count(counts: dict[int, int], keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    totals = np.bincount(keys) if len(keys) else keys
    for key in np.flatnonzero(totals).tolist():
        counts[key] = counts.get(key, 0) + int(totals[key])
