"""Outcomes of a regression: exact sums of its errors, whatever their magnitude.

Money and claims have tails that one error in ten thousand dominates, so no error is held back: each is parted
into mantissa and exponent, and the sums are whole numbers as long as they need to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from driftline_jobs.labels.error_sums import NAMES, error_sums
from driftline_jobs.labels.exact import ExactSums, split
from driftline_jobs.labels.outcomes import Outcomes
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray
from driftline_schemas.errors import DataError

_AT_ONCE = 1 << 17
"""Rows that are summed at a time: what is made of them takes some megabytes."""


def _nothing() -> ExactSums:
    return ExactSums.zeros(0)


@dataclass
class RegressionOutcomes(Outcomes):
    """Outcomes over some rows; e is prediction less label y.

    Attributes:
        infinite: rows with a label whose prediction is infinite; they are in no sum.
        predicted: (bins,) rows by the bin of their prediction, labelled or not.
        n: (bins,) those with a label; nonzero: (bins,) those of them whose label is not 0.
        error, absolute, squares, fourths: (bins,) Σe, Σ|e|, Σe², Σe⁴.
        relative, relative_squares: (bins,) Σ|e/y|, Σ(e/y)².
        labels, label_squares: (bins,) Σy, Σy², not rounded at all: their variance is a small difference.
    """

    task: ClassVar[str] = "regression"
    format: ClassVar[int] = 2
    exact: ClassVar[frozenset[str]] = frozenset(NAMES)

    infinite: int = 0
    predicted: list[int] = field(default_factory=list)
    n: list[int] = field(default_factory=list)
    nonzero: list[int] = field(default_factory=list)
    error: ExactSums = field(default_factory=_nothing)
    absolute: ExactSums = field(default_factory=_nothing)
    squares: ExactSums = field(default_factory=_nothing)
    fourths: ExactSums = field(default_factory=_nothing)
    relative: ExactSums = field(default_factory=_nothing)
    relative_squares: ExactSums = field(default_factory=_nothing)
    labels: ExactSums = field(default_factory=_nothing)
    label_squares: ExactSums = field(default_factory=_nothing)

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """Raises DataError: the first format held large errors back, and nobody knows by how much."""
        raise DataError(
            f"stored outcomes of format {document['format']} were found, whose sums leave out what large "
            f"errors are beyond a limit; expected is format {cls.format}: run the window again"
        )


_COUNTS = ("predicted", "n", "nonzero")


@dataclass(frozen=True)
class RegressionTask:
    """How rows of a regression are read; ``bins`` are those of the prediction."""

    bins: OrderedBins

    def nothing(self) -> RegressionOutcomes:
        """Outcomes of no rows."""
        bins = self.bins.bins
        none: dict[str, Any] = {name: [0] * bins for name in _COUNTS}
        return RegressionOutcomes(**none | dict.fromkeys(RegressionOutcomes.exact, ExactSums.zeros(bins)))

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
        outcome.infinite = int(np.count_nonzero(labelled & np.isinf(predicted)))
        usable = np.isfinite(predicted)
        predicted, label = predicted[usable], label[usable]
        for first in range(0, len(label), _AT_ONCE):
            _add(
                outcome, predicted[first : first + _AT_ONCE], label[first : first + _AT_ONCE], self.task.bins
            )
        return outcome


def _add(outcome: RegressionOutcomes, predicted: FloatArray, label: FloatArray, bins: OrderedBins) -> None:
    place = bins.bin_of(predicted)
    _count(outcome.predicted, place)
    labelled = np.isfinite(label)
    if not labelled.all():
        predicted, label, place = predicted[labelled], label[labelled], place[labelled]
    _count(outcome.n, place)
    _count(outcome.nonzero, place[label != 0.0])
    sums = error_sums(_errors(predicted, label), split(label), place, bins.bins)
    for name, more in sums.items():
        setattr(outcome, name, getattr(outcome, name) + more)


def _count(counts: list[int], place: IntArray) -> None:
    counts[:] = (np.asarray(counts) + np.bincount(place, minlength=len(counts))).tolist()


def _errors(predicted: FloatArray, label: FloatArray) -> tuple[FloatArray, IntArray]:
    """(n,) prediction less label, as mantissa and exponent: the greatest may be beyond all doubles."""
    with np.errstate(over="ignore"):
        error, octave = split(predicted - label)
    if (beyond := np.isinf(error)).any():
        error[beyond], octave[beyond] = split(0.5 * predicted[beyond] - 0.5 * label[beyond])
        octave[beyond] += 1
    return error, octave
