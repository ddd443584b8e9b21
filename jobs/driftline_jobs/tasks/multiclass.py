"""Outcomes of a classifier of several classes: a confusion matrix, and each class against the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.log_buckets import FloatArray, IntArray
from driftline_jobs.tasks.binary import EPSILON, LOSS_BITS, SCORE_BITS, SQUARE_BITS
from driftline_jobs.tasks.class_counts import NamedRows
from driftline_jobs.tasks.outcomes import CHUNK, Outcomes, exact_sum
from driftline_jobs.tasks.scores import BoolArray, probabilities
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.table_names import OTHER, table_value


@dataclass
class MulticlassOutcomes(Outcomes):
    """Outcomes over some rows of C classes, the last of which stands for all that the reference lacks.

    Attributes:
        label_counts: (C,) labelled rows by label, with a prediction or not.
        other_labels: those of the last class, by name; see ``tasks.class_counts``.
        missing_scores: labelled rows that lack the finite score of some class, and have no other fault.
        no_probabilities: labelled rows of which some score is finite and no probability;
            scored_no_probabilities: the same, labelled or not.
        confusion: (C * C,) labelled rows by label and prediction, a label's row after the other; rows without
            a predicted class are in none.
        positives, negatives, score_sums: (scored classes * bins,) each class against the rest, as for a
            binary model, a class after the other; classes of fewer bins leave the last ones empty. A row
            counts for the classes of which it has a finite score.
        scored, scored_predicted, scored_decided, scored_sums: as long; rows labelled or not, by the score of
            each class: how many, how many were predicted as that class, and at all, and their scores.
        log_loss, log_loss_squares, brier, brier_squares: exact sums over the labelled rows with a probability
            for every class; ``brier`` is the squared distance over all classes.
    """

    task: ClassVar[str] = "multiclass"
    format: ClassVar[int] = 2

    label_counts: list[int] = field(default_factory=list)
    other_labels: dict[str, int] = field(default_factory=dict)
    missing_scores: int = 0
    no_probabilities: int = 0
    scored_no_probabilities: int = 0
    confusion: list[int] = field(default_factory=list)
    positives: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    score_sums: list[int] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    scored_predicted: list[int] = field(default_factory=list)
    scored_decided: list[int] = field(default_factory=list)
    scored_sums: list[int] = field(default_factory=list)
    log_loss: int = 0
    log_loss_squares: int = 0
    brier: int = 0
    brier_squares: int = 0

    @property
    def rows_with_losses(self) -> int:
        """Labelled rows with a probability for every class: those that the sums of losses are over."""
        return self.labelled - self.missing_scores - self.no_probabilities

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """Format 1 left rows without a full set of scores in [0, 1] out of everything by score, and did not
        know the labels of rows without a predicted class."""
        names = round(len(document["confusion"]) ** 0.5)
        by_label = np.array(document["confusion"], np.int64).reshape(names, names).sum(1)
        return {
            "label_counts": by_label.tolist(),
            "other_labels": {},
            "missing_scores": document["unscored"],
            "no_probabilities": 0,
            "scored_no_probabilities": 0,
            "scored_decided": document["scored"],
        }


@dataclass(frozen=True)
class MulticlassTask:
    """How rows of a task of several classes are read.

    Attributes:
        classes: the known classes, scored ones first, as ``class_text`` writes them.
        bins: of the score of each scored class, in their order and in whatever ``scale`` scores are.
        has_predictions: whether the log has predicted classes.
    """

    classes: tuple[str, ...]
    bins: tuple[OrderedBins, ...]
    scale: ScoreScale = ScoreScale.PROBABILITY
    has_predictions: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, as the tables write them, and the one for all others."""
        return (*map(table_value, self.classes), OTHER)

    @property
    def most_bins(self) -> int:
        """Bins of the class that has most of them."""
        return max((bins.bins for bins in self.bins), default=0)

    def nothing(self) -> MulticlassOutcomes:
        """Outcomes of no rows."""
        size = len(self.bins) * self.most_bins
        return MulticlassOutcomes(
            label_counts=[0] * len(self.names),
            confusion=[0] * len(self.names) ** 2,
            **{name: [0] * size for name in _BY_SCORE},  # type: ignore[arg-type]
        )

    def rows(self, table: pa.Table, order: IntArray | None) -> _MulticlassRows:
        """The columns of the rows, in ``order``."""
        scores = np.empty((len(self.bins), table.num_rows))
        for at in range(len(self.bins)):
            scores[at] = table.column(f"score{at}").to_numpy(zero_copy_only=False)
        if order is not None:
            scores = scores.take(order, axis=1)
        place = {name: at for at, name in enumerate(self.classes)}
        predicted = NamedRows.of(table.column("prediction"), order)
        labels = NamedRows.of(table.column("label"), order)
        return _MulticlassRows(
            scores,
            predicted.numbered(place, otherwise=len(place)),
            labels.numbered(place, otherwise=len(place)),
            labels,
            self,
        )


@dataclass(frozen=True)
class _MulticlassRows:
    scores: FloatArray
    predicted: IntArray
    label: IntArray
    names: NamedRows
    task: MulticlassTask

    def of(self, start: int, stop: int) -> MulticlassOutcomes:
        outcome, every = self.task.nothing(), slice(start, stop)
        label, predicted, scores = self.label[every], self.predicted[every], self.scores[:, every]
        names = len(self.task.names)
        outcome.predictions = len(label)
        labelled = label >= 0
        outcome.labelled = int(np.count_nonzero(labelled))
        outcome.label_counts = np.bincount(label[labelled], minlength=names).tolist()
        outcome.other_labels = self.names.counted(every, self.label, otherwise=names - 1)
        decided = labelled & (predicted >= 0)
        pairs = label[decided] * names + predicted[decided]
        outcome.confusion = np.bincount(pairs, minlength=names * names).tolist()
        if not len(scores):
            return outcome
        chances, within = probabilities(scores, self.task.scale)
        finite = np.isfinite(scores)
        bad: BoolArray = np.zeros(len(label), np.bool_)
        if self.task.scale is not ScoreScale.UNBOUNDED:
            bad = np.any(finite & ~within, axis=0)
        outcome.no_probabilities = int(np.count_nonzero(labelled & bad))
        outcome.scored_no_probabilities = int(np.count_nonzero(bad))
        outcome.missing_scores = int(np.count_nonzero(labelled & ~bad & ~finite.all(axis=0)))
        for first in range(0, len(label), CHUNK):
            rows = slice(first, first + CHUNK)
            _add_ranked(
                outcome, scores[:, rows], chances[:, rows], label[rows], predicted[rows], self.task.bins
            )
            _add_losses(outcome, chances[:, rows], within[:, rows], label[rows])
        return outcome


_BY_SCORE = (
    "positives",
    "negatives",
    "score_sums",
    "scored",
    "scored_predicted",
    "scored_decided",
    "scored_sums",
)


def _add_ranked(
    outcome: MulticlassOutcomes,
    scores: FloatArray,
    chances: FloatArray,
    label: IntArray,
    predicted: IntArray,
    classes: tuple[OrderedBins, ...],
) -> None:
    """Each class against the rest, by its own finite scores (classes, n)."""
    size = max(bins.bins for bins in classes)
    more = {name: np.zeros((len(classes), size), np.int64) for name in _BY_SCORE}
    for at, bins in enumerate(classes):
        finite = np.isfinite(scores[at])
        own, chance, truth, guess = (array[finite] for array in (scores[at], chances[at], label, predicted))
        place = bins.bin_of(own)
        labelled = truth >= 0
        # by prediction (none, another class, this one), label (likewise) and bin
        said = (guess >= 0).astype(np.int64) + (guess == at)
        kind = place + size * (labelled.astype(np.int64) + (truth == at) + 3 * said)
        rows = np.bincount(kind, minlength=9 * size).reshape(3, 3, size)
        quanta = np.bincount(
            place + size * labelled, weights=np.rint(np.ldexp(chance, SCORE_BITS)), minlength=2 * size
        ).reshape(2, size)
        more["negatives"][at] = rows[:, 1].sum(0)
        more["positives"][at] = rows[:, 2].sum(0)
        more["score_sums"][at] = quanta[1]
        more["scored"][at] = rows.sum((0, 1))
        more["scored_predicted"][at] = rows[2].sum(0)
        more["scored_decided"][at] = rows[1:].sum((0, 1))
        more["scored_sums"][at] = quanta.sum(0)
    for name, counts in more.items():
        before = getattr(outcome, name)
        setattr(outcome, name, [a + int(b) for a, b in zip(before, counts.ravel().tolist(), strict=True)])


def _add_losses(outcome: MulticlassOutcomes, chances: FloatArray, within: BoolArray, label: IntArray) -> None:
    """The losses of labelled rows with a probability for every class."""
    counted = (label >= 0) & within.all(axis=0)
    scores, label = chances[:, counted], label[counted]
    known = label < len(chances)
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
