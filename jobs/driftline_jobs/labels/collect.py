"""Joined rows to outcomes per cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from driftline_jobs.labels.outcomes import BinaryOutcomes
from driftline_jobs.labels.rows import PredictionPlan
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray
from driftline_jobs.profile.cells import (
    CellKey,
    Dimension,
    crossed,
    groupings,
    labelled,
    limited,
    segment_name,
)
from driftline_jobs.profile.columns import codes

Outcomes = BinaryOutcomes
OutcomesByCell = dict[CellKey, Outcomes]


@dataclass(frozen=True)
class BinaryTask:
    """How rows of a binary task are read. ``positive`` is the positive label, as ``codes`` writes it."""

    positive: str
    bins: OrderedBins | None

    def nothing(self) -> BinaryOutcomes:
        """Outcomes of no rows."""
        return BinaryOutcomes.nothing(self.bins)

    def outcomes(self, table: pa.Table, order: IntArray | None) -> _BinaryRows:
        """The columns of the rows, in ``order``."""
        score = np.full(table.num_rows, np.nan)
        if "score0" in table.column_names:
            score = table.column("score0").to_numpy(zero_copy_only=False)
        predicted, label = self._class(table.column("prediction")), self._class(table.column("label"))
        if order is not None:
            score, predicted, label = score.take(order), predicted.take(order), label.take(order)
        return _BinaryRows(score, predicted, label, self.bins)

    def _class(self, column: pa.ChunkedArray) -> IntArray:
        coded = codes(column.combine_chunks())
        is_positive = np.array([text == self.positive for text in coded.texts], np.int64)
        value = is_positive.take(coded.codes) if len(is_positive) else np.zeros(len(coded.codes), np.int64)
        return value if coded.valid is None else np.where(coded.valid, value, -1)


@dataclass(frozen=True)
class _BinaryRows:
    score: FloatArray
    predicted: IntArray
    label: IntArray
    bins: OrderedBins | None

    def of(self, start: int, stop: int) -> BinaryOutcomes:
        rows = slice(start, stop)
        return BinaryOutcomes.of_rows(self.score[rows], self.predicted[rows], self.label[rows], self.bins)


def collect(tables: Iterable[pa.Table], plan: PredictionPlan, task: BinaryTask) -> OutcomesByCell:
    """Outcomes of every cell, from the joined rows in any order and any batches."""
    parts: dict[CellKey, list[Outcomes]] = {}
    for table in tables:
        if not table.num_rows:
            continue
        base = np.asarray(table.column("base").to_numpy(), np.int64)
        version, segments = _dimensions(table, plan)
        for grouping in groupings(base, plan.scan.bounds_us, version, segments):
            rows = task.outcomes(table, grouping.order)
            for run in grouping.runs:
                outcome = rows.of(run.start, run.stop)
                for key in run.keys:
                    parts.setdefault(key, []).append(outcome)
        # Merged as they come: what waits is one profile per cell, not one per batch.
        for key, several in parts.items():
            if len(several) > 1:
                parts[key] = [Outcomes.merged(several)]
    return {key: several[0] for key, several in parts.items()}


def _dimensions(table: pa.Table, plan: PredictionPlan) -> tuple[Dimension | None, list[Dimension]]:
    column = {name: f"cell{i}" for i, name in enumerate(plan.cell_columns)}
    named = {name: labelled(codes(table.column(at).combine_chunks())) for name, at in column.items()}
    version_column = plan.scan.model_version
    version = Dimension("*", *named[version_column]) if version_column else None
    segments = []
    for columns in plan.scan.segments:
        joint, texts = crossed([named[name] for name in columns])
        name = segment_name(columns)
        segments.append(Dimension(name, *limited(joint, texts, plan.scan.binning.segments.get(name, ()))))
    return version, segments
