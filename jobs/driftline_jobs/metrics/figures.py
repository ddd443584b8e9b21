"""A figure: a number per cell, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Counts = IntArray | FloatArray
"""Rows: whole numbers, or expected ones."""
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]
Shape = tuple[int, ...]


class Status(StrEnum):
    """Why a figure is there, or is not: the ``status`` of the summary tables."""

    OK = "ok"
    EMPTY_WINDOW = "empty_window"
    NO_REFERENCE = "no_reference"
    NO_VALUES = "no_values"
    NO_REFERENCE_VALUES = "no_reference_values"
    NO_WORDS = "no_words"
    CONSTANT = "constant"
    NO_LABELS = "no_labels"
    NO_REFERENCE_LABELS = "no_reference_labels"
    LABELS_NOT_BINNED = "labels_not_binned"
    NO_PREDICTIONS = "no_predictions"
    IDS_REPEAT = "ids_repeat"
    NO_SCORES = "no_scores"
    OUT_OF_RANGE = "scores_out_of_range"
    NO_PROBABILITIES = "no_probabilities"
    UNSCORED_CLASS = "unscored_class"
    POSITIVE_ABSENT = "positive_absent"
    ONE_CLASS = "one_class"
    CLASS_ABSENT = "class_absent"
    NO_PREDICTED_POSITIVES = "no_predicted_positives"
    NO_POSITIVES = "no_positives"
    TOO_FEW_ROWS = "too_few_rows"
    ZERO_TARGETS = "zero_targets"
    CONSTANT_LABEL = "constant_label"
    INFINITE = "infinite_predictions"
    FEW_ERRORS = "few_errors"
    COLLAPSED = "collapsed"
    NOT_FINITE = "not_finite"
    UNKNOWN_VALUES = "unknown_values"
    NOT_BY_SCORE = "not_by_score"


_REASONS = {
    Status.EMPTY_WINDOW: "the window has no rows",
    Status.NO_REFERENCE: "the reference has no rows",
    Status.NO_VALUES: "the window has no value in this column, only missing ones",
    Status.NO_REFERENCE_VALUES: "the reference has no value in this column, only missing ones",
    Status.NO_WORDS: "no words are counted in this column: its values are ids, or the window has none",
    Status.CONSTANT: "the column has one bin only, so no two windows can differ in it",
    Status.NO_LABELS: "no row of the window has both a prediction and a label",
    Status.NO_REFERENCE_LABELS: "the reference has no labels (of some class), so nothing can be estimated",
    Status.LABELS_NOT_BINNED: "the window or its reference was made by a version that kept no distribution "
    "of the labels: run the window again, or `driftline rebase` the monitor",
    Status.NO_PREDICTIONS: "no labelled row of the window has a predicted class",
    Status.IDS_REPEAT: "prediction ids come again in other windows, so nobody knows which prediction a "
    "label is about: give every prediction an id of its own",
    Status.NO_SCORES: "no labelled row of the window has a score",
    Status.OUT_OF_RANGE: "scores lie outside [0, 1], so they are no probabilities: say in logs.score_scale "
    "what they are",
    Status.NO_PROBABILITIES: "scores are no probabilities by logs.score_scale, so they cannot be calibrated",
    Status.UNSCORED_CLASS: "labels are of a class that has no score, so its log loss has no bound: add it to "
    "logs.score",
    Status.POSITIVE_ABSENT: "no label is of the positive class, but they are of several others: "
    "positive_label names another",
    Status.ONE_CLASS: "every label is of one class, so the figure is not defined",
    Status.CLASS_ABSENT: "the class occurs neither among the labels nor among the predictions",
    Status.NO_PREDICTED_POSITIVES: "nothing was predicted positive, so the figure is not defined",
    Status.NO_POSITIVES: "no label is positive, so the figure is not defined",
    Status.TOO_FEW_ROWS: "too few rows to compute the figure",
    Status.ZERO_TARGETS: "every label is zero, so a relative error is not defined",
    Status.CONSTANT_LABEL: "every label is the same, so there is no variance to explain",
    Status.INFINITE: "rows with a label have an infinite prediction, so their errors are infinite",
    Status.FEW_ERRORS: "a few errors make up most of the squares, or too much, so no interval can be given",
    Status.COLLAPSED: "in the window some columns follow from the others, so no density can be compared",
    Status.UNKNOWN_VALUES: "next to no row of the reference has a value that the window has in this column, "
    "so nothing says what its change does",
    Status.NOT_BY_SCORE: "the reference was made by a version that did not keep its rows by column and "
    "score: `driftline rebase` the monitor",
    Status.NOT_FINITE: "the figure lies beyond what a 64-bit float can hold",
}
_STATUS_TYPE = f"<U{max(len(status) for status in Status)}"


def reason_of(status: str) -> str | None:
    """The sentence that goes with a status; none with ``ok``."""
    return _REASONS.get(Status(status))


def statuses(shape: Shape, *cases: tuple[npt.ArrayLike, Status]) -> TextArray:
    """Statuses of ``shape``: ``ok``, or that of the first of ``cases`` (mask, status) whose mask holds."""
    result = np.full(shape, Status.OK.value, dtype=_STATUS_TYPE)
    for mask, status in reversed(cases):
        result[np.broadcast_to(mask, shape)] = status.value
    return result


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric over the cells of the leading axes. NaN stands wherever nothing is to be published.

    Attributes:
        value: (...,) the metric; NaN exactly where ``status`` is not ``ok``.
        debiased: (...,) the value less what sampling alone is expected to add; NaN if no formula is known.
        lower, upper: (...,) bounds of the figure that the raw rows would give; NaN where the value is exact
            (or where no such bound is known, which the metric's docstring says).
        degrees: (...,) degrees of freedom of the figure's reference distribution; NaN where it has none.
        status: (...,) a ``Status`` each.
    """

    value: FloatArray
    debiased: FloatArray
    lower: FloatArray
    upper: FloatArray
    degrees: FloatArray
    status: TextArray = field(repr=False)

    @property
    def ok(self) -> BoolArray:
        """(...,) where there is a value."""
        return np.isfinite(self.value)

    def at(self, places: IntArray) -> Figure:
        """Those of some of the cells (N,), in this order."""
        return Figure(*(getattr(self, item.name)[places] for item in fields(self)))

    def without(self, where: BoolArray, status: Status) -> Figure:
        """The same with no value where it says so, for the reason that is given."""
        stays = np.where(where, status.value, self.status).astype(_STATUS_TYPE)
        arrays = (self.value, self.debiased, self.lower, self.upper, self.degrees)
        value, debiased, lower, upper, degrees = (masked(array, stays) for array in arrays)
        return Figure(value, debiased, lower, upper, degrees, stays)

    def published(self, name: str) -> list[float | None]:
        """The array ``name`` flattened in C order, None for NaN: what goes into a table's column."""
        return published(getattr(self, name))

    def reasons(self) -> list[str | None]:
        """A sentence for each cell without a value, flattened in C order."""
        return [reason_of(status) for status in self.status.ravel().tolist()]


def stacked(figures: Sequence[Figure]) -> Figure:
    """Figures of (1,) or () one after the other: (N,)."""
    return Figure(
        *(
            np.concatenate([np.atleast_1d(getattr(one, item.name)) for one in figures])
            for item in fields(Figure)
        )
    )


def published(array: FloatArray) -> list[float | None]:
    """``array`` flattened in C order, None where it is not finite."""
    return [x if math.isfinite(x) else None for x in array.ravel().tolist()]


def finite_status(values: FloatArray, status: TextArray) -> TextArray:
    """``status``, but ``not_finite`` where it is ``ok`` and the value is not finite: a sum overflowed."""
    lost = (status == Status.OK.value) & ~np.isfinite(values)
    return np.where(lost, Status.NOT_FINITE.value, status).astype(_STATUS_TYPE)


def masked(array: npt.ArrayLike, status: TextArray) -> FloatArray:
    """``array`` in the shape of ``status``, NaN where that is not ``ok`` or the array is not finite."""
    found = np.asarray(array, np.float64)
    if not found.ndim and not math.isfinite(found):
        return np.full(status.shape, np.nan)  # what many figures lack, which is made ten thousand times a run
    return np.where((status == Status.OK.value) & np.isfinite(found), found, np.nan)


def figure(
    value: npt.ArrayLike,
    status: TextArray,
    *,
    debiased: npt.ArrayLike = np.nan,
    lower: npt.ArrayLike = np.nan,
    upper: npt.ArrayLike = np.nan,
    degrees: npt.ArrayLike = np.nan,
) -> Figure:
    """A figure of the shape of ``status``; whatever cannot be published is masked."""
    values = np.broadcast_to(np.asarray(value, np.float64), status.shape)
    status = finite_status(values, status)
    return Figure(
        value=masked(values, status),
        debiased=masked(debiased, status),
        lower=masked(lower, status),
        upper=masked(upper, status),
        degrees=masked(degrees, status),
        status=status,
    )
