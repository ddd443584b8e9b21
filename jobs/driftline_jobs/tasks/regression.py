"""Regression: exact sums of its errors, whatever their magnitude.

Money and claims have tails that one error in ten thousand dominates, so no error is held back: each is parted
into mantissa and exponent, and the sums are whole numbers as long as they need to be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.estimate_regression import estimate_regression, loss_by_bin
from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.metrics.regression import RegressionSums, Scales, regression_performance
from driftline_jobs.metrics.samples import OrderedSample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.tasks.base import Figures, NumberRows, Ratio, Task, overall
from driftline_jobs.tasks.exact_sums import ERROR_SUMS, ExactSums, ratio, split, sums_by_place
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.errors import DataError
from driftline_schemas.monitor import Monitor
from driftline_schemas.task_specs import task_spec

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
    without_labels: ClassVar[frozenset[str]] = frozenset({"predicted", "label_counts", "label_sums"})

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

    @property
    def without_prediction(self) -> int:
        """Labelled rows without a finite prediction."""
        return self.labelled - sum(self.n)

    @property
    def labels_binned(self) -> bool:
        """Not where labels have no bins, or an older format is among them."""
        return bool(self.label_counts)

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
class RegressionTask(Task[RegressionOutcomes]):
    """How rows of a regression are read.

    ``bins`` are those of the prediction, ``labels`` those of the label; None where their distribution is not
    asked for, or not known.
    """

    spec = task_spec("regression")
    outcomes = RegressionOutcomes

    bins: OrderedBins
    labels: OrderedBins | None = None

    @classmethod
    def planned(cls, monitor: Monitor, binning: Binning) -> Self:
        """By the bins of the prediction, and those of labels that come in objects of their own."""
        bins = binning.columns[monitor.logs.prediction or ""]
        if not isinstance(bins, OrderedBins):
            raise TypeError(f"the prediction of {monitor.monitor} has no edges")
        return cls(bins, binning.labels)

    def nothing(self) -> RegressionOutcomes:
        """Outcomes of no rows."""
        bins = self.bins.bins
        labels = self.labels.bins if self.labels is not None else 0
        none: dict[str, Any] = {name: [0] * bins for name in _COUNTS}
        none |= dict.fromkeys(ERROR_SUMS, ExactSums.zeros(bins))
        return RegressionOutcomes(**none, label_counts=[0] * labels, label_sums=ExactSums.zeros(labels))

    def rows(self, table: pa.Table, order: IntArray | None) -> NumberRows[RegressionOutcomes]:
        """The columns of the rows, in ``order``."""
        return NumberRows.read(table, order, self._counted)

    def _counted(self, predicted: FloatArray, label: FloatArray) -> RegressionOutcomes:
        outcome = self.nothing()
        outcome.predictions = len(label)
        labelled = np.isfinite(label)
        outcome.labelled = int(np.count_nonzero(labelled))
        outcome.infinite = int(np.count_nonzero(labelled & np.isinf(predicted)))
        if self.labels is not None:
            _add_labels(outcome, label[labelled], self.labels)
        usable = np.isfinite(predicted)
        predicted, label = predicted[usable], label[usable]
        for first in range(0, len(label), _AT_ONCE):
            rows = slice(first, first + _AT_ONCE)
            _add(outcome, predicted[rows], label[rows], self.bins)
        return outcome

    def measure(self, outcomes: Sequence[RegressionOutcomes]) -> Figures:
        """By labels."""
        sums = replace(sums_over_bins(outcomes), label_deviation=self._deviations(outcomes))
        return overall(regression_performance(sums))

    def _deviations(self, outcomes: Sequence[RegressionOutcomes]) -> FloatArray:
        """(cells,) the mean absolute error of the best constant prediction among the edges of the labels'
        bins, one of which is the reference's median: exact for that constant. NaN where there are none."""
        edges = [] if self.labels is None else [Fraction(float(edge)) for edge in self.labels.edges]
        return np.array([_least_deviation(outcome, edges) for outcome in outcomes], np.float64)

    def estimate(
        self, outcomes: Sequence[RegressionOutcomes], reference: RegressionOutcomes | None
    ) -> Figures | None:
        """By the predicted values: errors of like ones are alike."""
        learned = None if reference is None else loss_by_bin(sums_by_bin(reference))
        if learned is None:
            return None
        counts = np.array([outcome.predicted for outcome in outcomes], np.int64)
        return overall(estimate_regression(learned, counts.reshape(len(outcomes), self.bins.bins)))

    def ratios(self, outcomes: Sequence[RegressionOutcomes]) -> Mapping[str, Ratio]:
        """Means of errors."""
        sums = sums_over_bins(outcomes)
        return {
            "mae": Ratio(np.ldexp(sums.absolute, sums.scales.error), sums.n),
            "bias": Ratio(np.ldexp(sums.error, sums.scales.error), sums.n),
            "mape": Ratio(np.ldexp(sums.relative, sums.scales.relative), sums.nonzero),
        }

    def score_counts(self, outcome: RegressionOutcomes) -> Mapping[str | None, IntArray]:
        """The predicted value."""
        return {None: np.array(outcome.predicted, np.int64)}

    def condensed(self, outcome: RegressionOutcomes) -> RegressionOutcomes:
        """The sums over all predictions instead of by bin, and no distribution of labels."""
        sums = {name: getattr(outcome, name).over_all() for name in ERROR_SUMS}
        return replace(
            outcome,
            n=[sum(outcome.n)],
            nonzero=[sum(outcome.nonzero)],
            label_counts=[],
            label_sums=_nothing(),
            **sums,
        )

    def label_sample(self, outcomes: Sequence[RegressionOutcomes]) -> OrderedSample:
        """By the bin of the label; where that is not known all in one bin, or in none of several.

        The extremes are not kept: sums of rows can be taken back, and these not.
        """
        nothing = np.zeros(len(outcomes), np.int64)
        size = self.labels.bins if self.labels is not None else 1
        counts = np.zeros((len(outcomes), size), np.int64)
        sums = np.zeros((len(outcomes), size))
        for at, outcome in enumerate(outcomes):
            if self.labels is None:
                counts[at] = outcome.labelled
            elif outcome.label_counts:
                counts[at] = outcome.label_counts
                sums[at] = outcome.label_sums.scaled(0)
        edges = np.asarray(self.labels.edges if self.labels is not None else (), np.float64)
        return OrderedSample(counts, sums, edges, nothing, nothing, nothing)


def _least_deviation(outcome: RegressionOutcomes, edges: Sequence[Fraction]) -> float:
    counts = outcome.label_counts
    rows = sum(counts)
    if not (rows and edges and len(counts) == len(edges) + 1):
        return math.nan
    unit = Fraction(2) ** outcome.label_sums.exponent
    sums = [total * unit for total in outcome.label_sums.totals]
    n_below, below, whole = 0, Fraction(0), sum(sums, Fraction(0))
    found = []
    for edge, count, total in zip(edges, counts, sums, strict=False):
        n_below, below = n_below + count, below + total
        found.append((whole - below) - below + edge * (2 * n_below - rows))
    try:
        return float(min(found) / rows)
    except OverflowError:
        return math.nan


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


_ERROR, _RELATIVE, _LABEL = range(3)
_POWERS = {
    "error": (_ERROR, 1),
    "absolute": (_ERROR, 1),
    "squares": (_ERROR, 2),
    "fourths": (_ERROR, 4),
    "relative": (_RELATIVE, 1),
    "relative_squares": (_RELATIVE, 2),
    "labels": (_LABEL, 1),
    "label_squares": (_LABEL, 2),
}
"""What each sum is of, and of which power."""


def sums_over_bins(outcomes: Sequence[RegressionOutcomes]) -> RegressionSums:
    """(cells,) sums over all bins; integers become floats here, each rounded once."""
    cells = [_Cell(outcome) for outcome in outcomes]

    def sums(name: str) -> FloatArray:
        return np.array([cell.scaled(name, over_all=True)[0] for cell in cells], np.float64)

    def whole(numbers: Iterable[int]) -> IntArray:
        return np.fromiter(numbers, np.int64, len(cells))

    return RegressionSums(
        n=whole(sum(outcome.n) for outcome in outcomes),
        nonzero=whole(sum(outcome.nonzero) for outcome in outcomes),
        infinite=whole(outcome.infinite for outcome in outcomes),
        scales=Scales(*(whole(cell.scales[at] for cell in cells) for at in (_ERROR, _RELATIVE, _LABEL))),
        **{name: sums(name) for name in _POWERS},
    )


def sums_by_bin(outcome: RegressionOutcomes) -> RegressionSums:
    """(bins,) sums by bin of the prediction, of one cell."""
    cell = _Cell(outcome)
    return RegressionSums(
        n=np.array(outcome.n, np.int64),
        nonzero=np.array(outcome.nonzero, np.int64),
        infinite=outcome.infinite,
        scales=Scales(*(cell.scales[at] for at in (_ERROR, _RELATIVE, _LABEL))),
        **{name: np.array(cell.scaled(name, over_all=False), np.float64) for name in _POWERS},
    )


class _Cell:
    """The sums of a cell, scaled so that squares and fourth powers stay within the doubles."""

    def __init__(self, outcome: RegressionOutcomes) -> None:
        self._sums = {name: getattr(outcome, name) for name in _POWERS} | _about_the_mean(outcome)
        self.scales = [
            self._sums[name].magnitude() // 2 for name in ("squares", "relative_squares", "label_squares")
        ]

    def scaled(self, name: str, *, over_all: bool) -> list[float]:
        """The sum by bin, or that over all bins."""
        kind, power = _POWERS[name]
        sums: ExactSums = self._sums[name]
        return (sums.over_all() if over_all else sums).scaled(power * self.scales[kind])


def _about_the_mean(outcome: RegressionOutcomes) -> dict[str, ExactSums]:
    """Σ(y - c) and Σ(y - c)² by bin, c being the mean label of the cell but for its rounding.

    From exact sums: where labels lie far from zero, their squares leave nothing of the variance else.
    """
    rows = sum(outcome.n)
    (total,) = outcome.labels.over_all().totals
    mean = ratio(total, outcome.labels.over_all().exponent, rows) if rows else 0.0
    centre, denominator = mean.as_integer_ratio()
    exponent = 1 - denominator.bit_length()
    labels, squares = outcome.labels, outcome.label_squares
    twice = ExactSums.of(labels.exponent + exponent, [-2 * centre * each for each in labels.totals])
    once = ExactSums.of(2 * exponent, [centre * centre * n for n in outcome.n])
    return {
        "labels": labels + ExactSums.of(exponent, [-centre * n for n in outcome.n]),
        "label_squares": squares + twice + once,
    }
