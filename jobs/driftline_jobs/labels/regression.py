"""Outcomes of a regression: exact sums of its errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from driftline_jobs.labels.outcomes import CHUNK, Outcomes, bin_of_values, exact_sum
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray

ERROR_BITS, SQUARE_BITS, FOURTH_BITS = 38, 32, 20
"""Of values scaled by 2**-exponent of the prediction: what sums of them are integers of."""
RELATIVE_BITS = 30
RELATIVE_SQUARE_BITS = 15
BIN_ABSOLUTE_BITS, BIN_SQUARE_BITS = 30, 24
_REACH = 2.0**6
_RELATIVE_REACH = 2.0**15


@dataclass
class RegressionOutcomes(Outcomes):
    """Outcomes over some rows; e is prediction less label, both scaled by 2**-exponent of the prediction's
    bins, and held within ±2**6 (``beyond`` counts the rows that are held back).

    Attributes:
        n: labelled rows with a prediction; nonzero: those whose label is not 0.
        error, absolute, squares, fourths: Σe, Σ|e|, Σe², Σe⁴.
        relative, relative_squares: Σ|e/y|, Σ(e/y)², each held below 2**15.
        labels, label_squares: Σ(y - c), Σ(y - c)², c the pivot of the prediction's bins.
        bin_rows, bin_absolute, bin_squares: (bins,) rows, Σ|e| and Σe² by bin of the prediction.
    """

    task: ClassVar[str] = "regression"

    n: int = 0
    beyond: int = 0
    nonzero: int = 0
    error: int = 0
    absolute: int = 0
    squares: int = 0
    fourths: int = 0
    relative: int = 0
    relative_squares: int = 0
    labels: int = 0
    label_squares: int = 0
    bin_rows: list[int] = field(default_factory=list)
    bin_absolute: list[int] = field(default_factory=list)
    bin_squares: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class RegressionTask:
    """How rows of a regression are read; ``bins`` are those of the prediction."""

    bins: OrderedBins

    def nothing(self) -> RegressionOutcomes:
        """Outcomes of no rows."""
        count = self.bins.bins
        return RegressionOutcomes(bin_rows=[0] * count, bin_absolute=[0] * count, bin_squares=[0] * count)

    def rows(self, table: pa.Table, order: IntArray | None) -> _RegressionRows:
        """The columns of the rows, in ``order``."""
        predicted = np.asarray(table.column("prediction").to_numpy(zero_copy_only=False), np.float64)
        label = np.asarray(table.column("label").to_numpy(zero_copy_only=False), np.float64)
        if order is not None:
            predicted, label = predicted.take(order), label.take(order)
        return _RegressionRows(predicted, label, self)


@dataclass(frozen=True)
class _RegressionRows:
    predicted: FloatArray
    label: FloatArray
    task: RegressionTask

    def of(self, start: int, stop: int) -> RegressionOutcomes:
        outcome = self.task.nothing()
        predicted, label = self.predicted[start:stop], self.label[start:stop]
        outcome.predictions = len(label)
        labelled = np.isfinite(label)
        outcome.labelled = int(np.count_nonzero(labelled))
        both = labelled & np.isfinite(predicted)
        predicted, label = predicted[both], label[both]
        for first in range(0, len(label), CHUNK):
            _add(outcome, predicted[first : first + CHUNK], label[first : first + CHUNK], self.task.bins)
        return outcome


def _add(outcome: RegressionOutcomes, predicted: FloatArray, label: FloatArray, bins: OrderedBins) -> None:
    scale = 2.0**-bins.exponent
    raw = (predicted - label) * scale
    error = np.clip(raw, -_REACH, _REACH)
    centred = np.clip((label - bins.pivot) * scale, -_REACH, _REACH)
    outcome.n += len(label)
    outcome.beyond += int(np.count_nonzero(raw != error))
    outcome.error += exact_sum(error, ERROR_BITS)
    outcome.absolute += exact_sum(np.abs(error), ERROR_BITS)
    outcome.squares += exact_sum(error**2, SQUARE_BITS)
    outcome.fourths += exact_sum(error**4, FOURTH_BITS)
    outcome.labels += exact_sum(centred, ERROR_BITS)
    outcome.label_squares += exact_sum(centred**2, SQUARE_BITS)
    nonzero = label != 0.0
    relative = np.minimum(np.abs((predicted[nonzero] - label[nonzero]) / label[nonzero]), _RELATIVE_REACH)
    outcome.nonzero += int(np.count_nonzero(nonzero))
    outcome.relative += exact_sum(relative, RELATIVE_BITS)
    outcome.relative_squares += exact_sum(relative**2, RELATIVE_SQUARE_BITS)
    place = bin_of_values(predicted, bins)
    size = bins.bins
    # 2**16 integers below 2**37 keep float64 exact
    by_bin = (
        ("bin_rows", np.bincount(place, minlength=size)),
        ("bin_absolute", _by_bin(place, np.abs(error), BIN_ABSOLUTE_BITS, size)),
        ("bin_squares", _by_bin(place, error**2, BIN_SQUARE_BITS, size)),
    )
    for name, counts in by_bin:
        before = getattr(outcome, name)
        setattr(outcome, name, [a + int(b) for a, b in zip(before, counts.tolist(), strict=True)])


def _by_bin(place: IntArray, values: FloatArray, bits: int, size: int) -> IntArray:
    return np.bincount(place, weights=np.rint(np.ldexp(values, bits)), minlength=size).astype(np.int64)
