"""Outcomes of a regression: exact sums of its errors, whatever their magnitude.

Money and claims have tails that one error in ten thousand dominates, so no error is held back: each is parted
into mantissa and exponent, and the sums are whole numbers as long as they need to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import pyarrow as pa

from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.log_buckets import FloatArray, IntArray
from driftline_jobs.tasks.exact_sums import ERROR_SUMS, ExactSums, split, sums_by_place
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.errors import DataError

_AT_ONCE = 1 << 17
"""Rows that are summed at a time: what is made of them takes some megabytes."""

Outcome = TypeVar("Outcome", bound="RegressionOutcomes")


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
        label_counts, label_sums: (label bins,) labelled rows by the bin of their label, whatever their
            prediction, and their Σy. Empty where labels have no bins, or an older format is among them.
    """

    task: ClassVar[str] = "regression"
    format: ClassVar[int] = 3
    exact: ClassVar[frozenset[str]] = frozenset((*ERROR_SUMS, "label_sums"))

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
    label_counts: list[int] = field(default_factory=list)
    label_sums: ExactSums = field(default_factory=_nothing)

    @classmethod
    def merged(cls, several: Iterable[Self]) -> Self:
        """The outcomes of all the rows together; without the distribution of labels if one part has none."""
        return super().merged(_alike(list(several)))

    def without(self, part: Self) -> Self:
        """These outcomes less those of ``part``; without that distribution if either has none."""
        own, less = _alike([self, part])
        return super(RegressionOutcomes, own).without(less)

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """The format before kept no distribution of labels.

        Raises DataError: the first format held large errors back, and nobody knows by how much.
        """
        if document["format"] == _WITHOUT_DISTRIBUTION:
            return {"label_counts": [], "label_sums": _nothing().to_json()}
        raise DataError(
            f"stored outcomes of format {document['format']} were found, whose sums leave out what large "
            f"errors are beyond a limit; expected is format {cls.format}: run the window again"
        )


_WITHOUT_DISTRIBUTION = 2
_COUNTS = ("predicted", "n", "nonzero")


def _alike(several: list[Outcome]) -> list[Outcome]:
    if len({len(outcome.label_counts) for outcome in several}) < 2:
        return several
    return [replace(outcome, label_counts=[], label_sums=_nothing()) for outcome in several]


@dataclass(frozen=True)
class RegressionTask:
    """How rows of a regression are read.

    ``bins`` are those of the prediction, ``labels`` those of the label; None where their distribution is not
    asked for, or not known.
    """

    bins: OrderedBins
    labels: OrderedBins | None = None

    def nothing(self) -> RegressionOutcomes:
        """Outcomes of no rows."""
        bins = self.bins.bins
        labels = self.labels.bins if self.labels is not None else 0
        none: dict[str, Any] = {name: [0] * bins for name in _COUNTS}
        none |= dict.fromkeys(ERROR_SUMS, ExactSums.zeros(bins))
        return RegressionOutcomes(**none, label_counts=[0] * labels, label_sums=ExactSums.zeros(labels))

    def rows(self, table: pa.Table, order: IntArray | None) -> _RegressionRows:
        """The columns of the rows, in ``order``."""
        return _RegressionRows(*predicted_and_label(table, order), self)


def predicted_and_label(table: pa.Table, order: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """(n,) and (n,) the numbers of the rows, in ``order``; NaN where there is none."""
    predicted, label = (
        np.asarray(table.column(name).to_numpy(zero_copy_only=False), np.float64)
        for name in ("prediction", "label")
    )
    return (predicted, label) if order is None else (predicted.take(order), label.take(order))


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
        if self.task.labels is not None:
            _add_labels(outcome, label[labelled], self.task.labels)
        usable = np.isfinite(predicted)
        predicted, label = predicted[usable], label[usable]
        for first in range(0, len(label), _AT_ONCE):
            _add(
                outcome, predicted[first : first + _AT_ONCE], label[first : first + _AT_ONCE], self.task.bins
            )
        return outcome


def _add(outcome: RegressionOutcomes, predicted: FloatArray, label: FloatArray, bins: OrderedBins) -> None:
    # Only now: who reads outcomes does not wait for the compiler.
    from driftline_jobs.tasks.error_sums import error_sums

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


def _add_labels(outcome: RegressionOutcomes, label: FloatArray, bins: OrderedBins) -> None:
    for first in range(0, len(label), _AT_ONCE):
        part_of = label[first : first + _AT_ONCE]
        place = bins.bin_of(part_of)
        _count(outcome.label_counts, place)
        outcome.label_sums += sums_by_place(part_of, place, bins.bins)


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
