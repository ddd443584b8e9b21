"""Outcomes of a classifier of several classes: a confusion matrix, and each class against the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from driftline_jobs.labels.binary import EPSILON, LOSS_BITS, SCORE_BITS, SQUARE_BITS
from driftline_jobs.labels.outcomes import CHUNK, Outcomes, bin_of_values, exact_sum
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray
from driftline_jobs.profile.columns import codes
from driftline_schemas.table_names import OTHER


@dataclass
class MulticlassOutcomes(Outcomes):
    """Outcomes over some rows of C classes, the last of which stands for all that the reference lacks.

    Attributes:
        unscored: labelled rows without a full set of scores in [0, 1].
        confusion: (C * C,) labelled rows by label and prediction, a label's row after the other.
        positives, negatives, score_sums: (scored classes * bins,) each class against the rest, as for a
            binary model, a class after the other; classes of fewer bins leave the last ones empty.
        scored, scored_predicted, scored_sums: as long; rows with a full set of scores, labelled or not, by
            the score of each class: how many, how many were predicted as that class, and their scores.
        log_loss, log_loss_squares, brier, brier_squares: exact sums over the scored rows; ``brier`` is the
            squared distance over all classes.
    """

    task: ClassVar[str] = "multiclass"

    unscored: int = 0
    confusion: list[int] = field(default_factory=list)
    positives: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    score_sums: list[int] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    scored_predicted: list[int] = field(default_factory=list)
    scored_sums: list[int] = field(default_factory=list)
    log_loss: int = 0
    log_loss_squares: int = 0
    brier: int = 0
    brier_squares: int = 0


@dataclass(frozen=True)
class MulticlassTask:
    """How rows of a task of several classes are read.

    Attributes:
        classes: the known classes, scored ones first, as ``codes`` writes them.
        bins: of the score of each scored class, in their order.
    """

    classes: tuple[str, ...]
    bins: tuple[OrderedBins, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes and the one for all others."""
        return (*self.classes, OTHER)

    @property
    def most_bins(self) -> int:
        """Bins of the class that has most of them."""
        return max((bins.bins for bins in self.bins), default=0)

    def nothing(self) -> MulticlassOutcomes:
        """Outcomes of no rows."""
        size = len(self.bins) * self.most_bins
        return MulticlassOutcomes(
            confusion=[0] * len(self.names) ** 2,
            **{name: [0] * size for name in _BY_SCORE},  # type: ignore[arg-type]
        )

    def rows(self, table: pa.Table, order: IntArray | None) -> _MulticlassRows:
        """The columns of the rows, in ``order``."""
        scores = np.empty((len(self.bins), table.num_rows))
        for at in range(len(self.bins)):
            scores[at] = table.column(f"score{at}").to_numpy(zero_copy_only=False)
        predicted, label = self._class(table.column("prediction")), self._class(table.column("label"))
        if order is not None:
            scores, predicted, label = scores.take(order, axis=1), predicted.take(order), label.take(order)
        return _MulticlassRows(scores, predicted, label, self)

    def _class(self, column: pa.ChunkedArray) -> IntArray:
        coded = codes(column.combine_chunks())
        place = {name: at for at, name in enumerate(self.classes)}
        table = np.array([place.get(text, len(self.classes)) for text in coded.texts], np.int64)
        value = table.take(coded.codes) if len(table) else np.zeros(len(coded.codes), np.int64)
        return value if coded.valid is None else np.where(coded.valid, value, -1)


@dataclass(frozen=True)
class _MulticlassRows:
    scores: FloatArray
    predicted: IntArray
    label: IntArray
    task: MulticlassTask

    def of(self, start: int, stop: int) -> MulticlassOutcomes:
        outcome = self.task.nothing()
        label, predicted = self.label[start:stop], self.predicted[start:stop]
        scores = self.scores[:, start:stop]
        outcome.predictions = len(label)
        labelled = label >= 0
        outcome.labelled = int(np.count_nonzero(labelled))
        decided = labelled & (predicted >= 0)
        names = len(self.task.names)
        pairs = label[decided] * names + predicted[decided]
        outcome.confusion = np.bincount(pairs, minlength=names * names).tolist()
        if not len(scores):
            return outcome
        scored = ((scores >= 0.0) & (scores <= 1.0)).all(axis=0)
        outcome.unscored = int(np.count_nonzero(labelled & ~scored))
        scores, label, predicted = scores[:, scored], label[scored], predicted[scored]
        for first in range(0, len(label), CHUNK):
            rows = slice(first, first + CHUNK)
            _add(outcome, scores[:, rows], label[rows], predicted[rows], self.task)
        return outcome


_BY_SCORE = ("positives", "negatives", "score_sums", "scored", "scored_predicted", "scored_sums")


def _add(
    outcome: MulticlassOutcomes,
    scores: FloatArray,
    label: IntArray,
    predicted: IntArray,
    task: MulticlassTask,
) -> None:
    size = task.most_bins
    labelled = label >= 0
    more = {name: np.zeros((len(task.bins), size), np.int64) for name in _BY_SCORE}
    for at, bins in enumerate(task.bins):
        place = bin_of_values(scores[at], bins)
        # by prediction (this class or not), label (none, another, this one) and bin
        kind = place + size * (labelled.astype(np.int64) + (label == at) + 3 * (predicted == at))
        rows = np.bincount(kind, minlength=6 * size).reshape(2, 3, size)
        quanta = np.bincount(
            place + size * labelled, weights=np.rint(np.ldexp(scores[at], SCORE_BITS)), minlength=2 * size
        ).reshape(2, size)
        more["negatives"][at] = rows[:, 1].sum(0)
        more["positives"][at] = rows[:, 2].sum(0)
        more["score_sums"][at] = quanta[1]
        more["scored"][at] = rows.sum((0, 1))
        more["scored_predicted"][at] = rows[1].sum(0)
        more["scored_sums"][at] = quanta.sum(0)
    for name, counts in more.items():
        before = getattr(outcome, name)
        setattr(outcome, name, [a + int(b) for a, b in zip(before, counts.ravel().tolist(), strict=True)])
    if not labelled.all():
        scores, label = scores[:, labelled], label[labelled]

    known = label < len(task.bins)
    of_label = np.where(known, scores[np.where(known, label, 0), np.arange(len(label))], 0.0)
    total = scores.sum(axis=0)
    share = np.divide(of_label, total, out=np.zeros(len(label)), where=total > 0)
    loss = -np.log(np.clip(share, EPSILON, 1.0 - EPSILON))
    # Σ (p - y)² = Σ p² - 2 p_label + 1
    square = np.maximum((scores**2).sum(axis=0) - 2.0 * of_label + 1.0, 0.0)
    outcome.log_loss += exact_sum(loss, LOSS_BITS)
    outcome.log_loss_squares += exact_sum(loss * loss, SQUARE_BITS)
    outcome.brier += exact_sum(square, LOSS_BITS)
    outcome.brier_squares += exact_sum(square * square, LOSS_BITS)
