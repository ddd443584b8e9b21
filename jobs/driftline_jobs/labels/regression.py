"""Outcomes of a regression: exact sums of its errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from driftline_jobs.labels.outcomes import CHUNK, Outcomes, bin_of_values
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray

_LOW_BITS = 22
ERROR_BITS, SQUARE_BITS, FOURTH_BITS = 34 + _LOW_BITS, 22 + _LOW_BITS, -2 + _LOW_BITS
"""Of values scaled by 2**-exponent of the prediction: what sums of them are integers of."""
RELATIVE_BITS, RELATIVE_SQUARE_BITS = 30 + _LOW_BITS, 15 + _LOW_BITS
_REACH = 2.0**12
_RELATIVE_REACH = 2.0**15


@dataclass
class RegressionOutcomes(Outcomes):
    """Outcomes over some rows; e is prediction less label, both scaled by 2**-exponent of the prediction's
    bins, and held within ±2**12 (``beyond`` counts the rows that are held back).

    Attributes:
        predicted: (bins,) rows by the bin of their prediction, labelled or not.
        n: (bins,) those with a label; nonzero: (bins,) those of them whose label is not 0.
        error, absolute, squares, fourths: (bins,) Σe, Σ|e|, Σe², Σe⁴.
        relative, relative_squares: (bins,) Σ|e/y|, Σ(e/y)², each held below 2**15.
        labels, label_squares: (bins,) Σ(y - c), Σ(y - c)², c the pivot of the prediction's bins.
    """

    task: ClassVar[str] = "regression"

    beyond: int = 0
    predicted: list[int] = field(default_factory=list)
    n: list[int] = field(default_factory=list)
    nonzero: list[int] = field(default_factory=list)
    error: list[int] = field(default_factory=list)
    absolute: list[int] = field(default_factory=list)
    squares: list[int] = field(default_factory=list)
    fourths: list[int] = field(default_factory=list)
    relative: list[int] = field(default_factory=list)
    relative_squares: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    label_squares: list[int] = field(default_factory=list)


_BY_BIN = (
    "predicted",
    "n",
    "nonzero",
    "error",
    "absolute",
    "squares",
    "fourths",
    "relative",
    "relative_squares",
    "labels",
    "label_squares",
)


@dataclass(frozen=True)
class RegressionTask:
    """How rows of a regression are read; ``bins`` are those of the prediction."""

    bins: OrderedBins

    def nothing(self) -> RegressionOutcomes:
        """Outcomes of no rows."""
        return RegressionOutcomes(**{name: [0] * self.bins.bins for name in _BY_BIN})  # type: ignore[arg-type]

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
        usable = np.isfinite(predicted)
        predicted, label = predicted[usable], label[usable]
        for first in range(0, len(label), CHUNK):
            _add(outcome, predicted[first : first + CHUNK], label[first : first + CHUNK], self.task.bins)
        return outcome


def _add(outcome: RegressionOutcomes, predicted: FloatArray, label: FloatArray, bins: OrderedBins) -> None:
    place = bin_of_values(predicted, bins)
    more = {"predicted": np.bincount(place, minlength=bins.bins).tolist()}
    labelled = np.isfinite(label)
    if not labelled.all():
        predicted, label, place = predicted[labelled], label[labelled], place[labelled]
    scale = 2.0**-bins.exponent
    raw = (predicted - label) * scale
    error = np.clip(raw, -_REACH, _REACH)
    outcome.beyond += int(np.count_nonzero(raw != error))
    centred = np.clip((label - bins.pivot) * scale, -_REACH, _REACH)
    nonzero = label != 0.0
    ratio = np.divide(predicted - label, label, out=np.zeros(len(label)), where=nonzero)
    relative = np.minimum(np.abs(ratio), _RELATIVE_REACH)
    more["n"] = np.bincount(place, minlength=bins.bins).tolist()
    more["nonzero"] = np.bincount(place[nonzero], minlength=bins.bins).tolist()
    for name, values, bits in (
        ("error", error, ERROR_BITS),
        ("absolute", np.abs(error), ERROR_BITS),
        ("squares", error**2, SQUARE_BITS),
        ("fourths", error**4, FOURTH_BITS),
        ("relative", relative, RELATIVE_BITS),
        ("relative_squares", relative**2, RELATIVE_SQUARE_BITS),
        ("labels", centred, ERROR_BITS),
        ("label_squares", centred**2, SQUARE_BITS),
    ):
        more[name] = _exact_sums(place, values, bits, bins.bins)
    for name, counts in more.items():
        before = getattr(outcome, name)
        setattr(outcome, name, [a + b for a, b in zip(before, counts, strict=True)])


def _exact_sums(place: IntArray, values: FloatArray, bits: int, count: int) -> list[int]:
    """(count,) sums by place in units of 2**-bits, each value rounded.

    Added as integers, in two parts: bincount would add floats, which are not exact beyond 2**53.
    """
    scaled = np.ldexp(values, bits - _LOW_BITS)
    high = np.floor(scaled)
    parts = []
    for part in (high, np.rint(np.ldexp(scaled - high, _LOW_BITS))):
        total = np.zeros(count, np.int64)
        np.add.at(total, place, part.astype(np.int64))
        parts.append(total.tolist())
    return [(upper << _LOW_BITS) + lower for upper, lower in zip(*parts, strict=True)]
