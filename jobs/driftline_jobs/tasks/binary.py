"""Outcomes of a binary classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.log_buckets import FloatArray, IntArray
from driftline_jobs.tasks.class_counts import NamedRows
from driftline_jobs.tasks.outcomes import CHUNK, Outcomes, exact_sum
from driftline_jobs.tasks.scores import BoolArray, probabilities
from driftline_schemas.metrics import ScoreScale

LOSS_BITS = 40
"""Losses are summed as integers of 2**-40, squares of losses of 2**-30."""
SQUARE_BITS = 30
SCORE_BITS = 34
EPSILON = float(np.finfo(np.float64).eps)


@dataclass
class BinaryOutcomes(Outcomes):
    """Outcomes of a binary classifier over some rows.

    A row counts by its score where that is finite, whatever its scale: what ranks rows rests on all of them.

    Attributes:
        label_positives: labelled rows that are positive, with a prediction or not.
        other_labels: the labels that are not the positive class, by name; see ``tasks.class_counts``.
        missing_scores: labelled rows without a finite score.
        no_probabilities: labelled rows whose score is finite and no probability; scored_no_probabilities:
            the same, labelled or not. Always 0 for scores that are not meant to be some.
        confusion: labelled rows as [true negatives, false positives, false negatives, true positives];
            rows without a predicted class are in none of them.
        positives, negatives: (bins,) labelled rows per score bin and label.
        score_sums: (bins,) scores of the labelled rows of a bin as probabilities, in integers of 2**-34; what
            is none counts as the nearer of 0 and 1.
        scored, scored_positive, scored_decided, scored_sums: (bins,) rows labelled or not: how many, how many
            of them were predicted positive, and at all, and their scores as above.
        log_loss, log_loss_squares, brier, brier_squares: exact sums over the labelled rows whose score is a
            probability.
    """

    task: ClassVar[str] = "binary"
    format: ClassVar[int] = 2

    label_positives: int = 0
    other_labels: dict[str, int] = field(default_factory=dict)
    missing_scores: int = 0
    no_probabilities: int = 0
    scored_no_probabilities: int = 0
    confusion: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    positives: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    score_sums: list[int] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    scored_positive: list[int] = field(default_factory=list)
    scored_decided: list[int] = field(default_factory=list)
    scored_sums: list[int] = field(default_factory=list)
    log_loss: int = 0
    log_loss_squares: int = 0
    brier: int = 0
    brier_squares: int = 0

    @property
    def rows_with_losses(self) -> int:
        """Labelled rows whose score is a probability: those that the sums of losses are over."""
        return self.labelled - self.missing_scores - self.no_probabilities

    @classmethod
    def nothing(cls, bins: OrderedBins | None) -> Self:
        """Outcomes of no rows."""
        count = bins.bins if bins else 0
        return cls(**{name: [0] * count for name in _BY_SCORE})  # type: ignore[arg-type]

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """Format 1 left out of everything by score what lay outside of [0, 1] or was no number, and did not
        tell these apart. Of rows without a predicted class it did not know the label."""
        decided = sum(document["confusion"])
        by_score = sum(document["positives"]) if decided < document["labelled"] else 0
        return {
            "label_positives": max(sum(document["confusion"][2:]), by_score),
            "other_labels": {},
            "missing_scores": document["unscored"],
            "no_probabilities": 0,
            "scored_no_probabilities": 0,
            "scored_decided": document["scored"],
        }

    @classmethod
    def of_rows(
        cls,
        score: FloatArray,
        predicted: IntArray,
        label: IntArray,
        bins: OrderedBins | None,
        scale: ScoreScale = ScoreScale.PROBABILITY,
    ) -> Self:
        """Outcomes of one cell.

        Args:
            score: (n,) what says how likely it is positive, NaN where there is none.
            predicted, label: (n,) 1 positive, 0 negative, -1 none.
            bins: of the score; None when the model gives no score.
            scale: of the score.
        """
        outcome = cls.nothing(bins)
        outcome.predictions = len(label)
        labelled = label >= 0
        outcome.labelled = int(np.count_nonzero(labelled))
        outcome.label_positives = int(np.count_nonzero(label == 1))
        decided = labelled & (predicted >= 0)
        outcome.confusion = np.bincount(2 * label[decided] + predicted[decided], minlength=4).tolist()
        if bins is None:
            return outcome
        scored = np.isfinite(score)
        chance, within = probabilities(score, scale)
        outcome.missing_scores = int(np.count_nonzero(labelled & ~scored))
        if scale is not ScoreScale.UNBOUNDED:
            outcome.no_probabilities = int(np.count_nonzero(labelled & scored & ~within))
            outcome.scored_no_probabilities = int(np.count_nonzero(scored & ~within))
        columns = score, chance, within, label, predicted
        if not scored.all():
            columns = score[scored], chance[scored], within[scored], label[scored], predicted[scored]
        for start in range(0, len(columns[0]), CHUNK):
            rows = slice(start, start + CHUNK)
            outcome.add_scored(bins, *(column[rows] for column in columns))  # type: ignore[arg-type]
        return outcome

    def add_scored(
        self,
        bins: OrderedBins,
        scores: FloatArray,
        chance: FloatArray,
        within: BoolArray,
        truth: IntArray,
        predicted: IntArray,
    ) -> None:
        """Add rows with a finite score; at most 2**16, so that sums stay exact."""
        place = bins.bin_of(scores)
        count = bins.bins
        # by prediction (none, negative, positive), label (likewise) and bin
        kind = place + count * ((truth + 1) + 3 * (predicted + 1))
        rows = np.bincount(kind, minlength=9 * count).reshape(3, 3, count)
        labelled = truth >= 0
        quanta = np.bincount(
            place + count * labelled, weights=np.rint(np.ldexp(chance, SCORE_BITS)), minlength=2 * count
        ).reshape(2, count)
        for name, more in (
            ("negatives", rows[:, 1].sum(0)),
            ("positives", rows[:, 2].sum(0)),
            ("score_sums", quanta[1]),
            ("scored", rows.sum((0, 1))),
            ("scored_positive", rows[2].sum(0)),
            ("scored_decided", rows[1:].sum((0, 1))),
            ("scored_sums", quanta.sum(0)),
        ):
            setattr(self, name, (np.array(getattr(self, name), np.int64) + more.astype(np.int64)).tolist())
        with_loss = labelled & within
        if not with_loss.all():
            chance, truth = chance[with_loss], truth[with_loss]

        # scikit-learn's log_loss clips at the machine's epsilon too: equal scores then give equal figures
        of_truth = np.clip(np.where(truth == 1, chance, 1.0 - chance), EPSILON, 1.0 - EPSILON)
        loss = -np.log(of_truth)
        square = (chance - truth) ** 2
        self.log_loss += exact_sum(loss, LOSS_BITS)
        self.log_loss_squares += exact_sum(loss * loss, SQUARE_BITS)
        self.brier += exact_sum(square, LOSS_BITS)
        self.brier_squares += exact_sum(square * square, LOSS_BITS)


_BY_SCORE = (
    "positives",
    "negatives",
    "score_sums",
    "scored",
    "scored_positive",
    "scored_decided",
    "scored_sums",
)


@dataclass(frozen=True)
class BinaryTask:
    """How rows of a binary task are read.

    Attributes:
        positive, positive_prediction: the positive label, and the predicted class that means it, as
            ``class_text`` writes them; every other class is negative.
        bins: of the score, in whatever ``scale`` it is; None without one.
        has_predictions: whether the log has predicted classes.
    """

    positive: str
    positive_prediction: str
    bins: OrderedBins | None
    scale: ScoreScale = ScoreScale.PROBABILITY
    has_predictions: bool = True

    def nothing(self) -> BinaryOutcomes:
        """Outcomes of no rows."""
        return BinaryOutcomes.nothing(self.bins)

    def rows(self, table: pa.Table, order: IntArray | None) -> _BinaryRows:
        """The columns of the rows, in ``order``."""
        score = np.full(table.num_rows, np.nan)
        if "score0" in table.column_names:
            score = table.column("score0").to_numpy(zero_copy_only=False)
        if order is not None:
            score = score.take(order)
        predicted = NamedRows.of(table.column("prediction"), order)
        labels = NamedRows.of(table.column("label"), order)
        return _BinaryRows(
            score,
            predicted.numbered({self.positive_prediction: 1}, otherwise=0),
            labels.numbered({self.positive: 1}, otherwise=0),
            labels,
            self,
        )


@dataclass(frozen=True)
class _BinaryRows:
    score: FloatArray
    predicted: IntArray
    label: IntArray
    names: NamedRows
    task: BinaryTask

    def of(self, start: int, stop: int) -> BinaryOutcomes:
        rows = slice(start, stop)
        outcome = BinaryOutcomes.of_rows(
            self.score[rows], self.predicted[rows], self.label[rows], self.task.bins, self.task.scale
        )
        outcome.other_labels = self.names.counted(rows, self.label, otherwise=0)
        return outcome
