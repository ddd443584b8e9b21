"""Outcomes of a binary classifier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.labels.outcomes import CHUNK, Outcomes, bin_of_values, exact_sum
from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import FloatArray, IntArray
from driftline_jobs.profile.columns import codes

LOSS_BITS = 40
"""Losses are summed as integers of 2**-40, squares of losses of 2**-30."""
SQUARE_BITS = 30
SCORE_BITS = 34
EPSILON = float(np.finfo(np.float64).eps)


@dataclass
class BinaryOutcomes(Outcomes):
    """Outcomes of a binary classifier over some rows.

    Attributes:
        confusion: labelled rows as [true negatives, false positives, false negatives, true positives];
            rows without a predicted class are in none of them.
        positives, negatives: (bins,) labelled rows per score bin and label; rows without a score in
            [0, 1] are in none of them, but in ``unscored``.
        score_sums: (bins,) scores of the labelled rows of a bin, in integers of 2**-34.
        scored, scored_positive, scored_sums: (bins,) rows with a score in [0, 1], labelled or not: how many,
            how many of them were predicted positive, and their scores as above.
        log_loss, log_loss_squares, brier, brier_squares: exact sums over the scored labelled rows.
    """

    task: ClassVar[str] = "binary"

    unscored: int = 0
    confusion: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    positives: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    score_sums: list[int] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    scored_positive: list[int] = field(default_factory=list)
    scored_sums: list[int] = field(default_factory=list)
    log_loss: int = 0
    log_loss_squares: int = 0
    brier: int = 0
    brier_squares: int = 0

    @classmethod
    def nothing(cls, bins: OrderedBins | None) -> Self:
        """Outcomes of no rows."""
        count = bins.bins if bins else 0
        return cls(**{name: [0] * count for name in _BY_SCORE})  # type: ignore[arg-type]

    @classmethod
    def of_rows(
        cls, score: FloatArray, predicted: IntArray, label: IntArray, bins: OrderedBins | None
    ) -> Self:
        """Outcomes of one cell.

        Args:
            score: (n,) P(positive), NaN where there is none.
            predicted, label: (n,) 1 positive, 0 negative, -1 none.
            bins: of the score; None when the model gives no score.
        """
        outcome = cls.nothing(bins)
        outcome.predictions = len(label)
        labelled = label >= 0
        outcome.labelled = int(np.count_nonzero(labelled))
        decided = labelled & (predicted >= 0)
        outcome.confusion = np.bincount(2 * label[decided] + predicted[decided], minlength=4).tolist()
        if bins is None:
            return outcome
        scored = (score >= 0.0) & (score <= 1.0)
        outcome.unscored = int(np.count_nonzero(labelled & ~scored))
        scores, truth, guess = score[scored], label[scored], predicted[scored]
        for start in range(0, len(scores), CHUNK):
            rows = slice(start, start + CHUNK)
            outcome.add_scored(scores[rows], truth[rows], guess[rows], bins)
        return outcome

    def add_scored(self, scores: FloatArray, truth: IntArray, predicted: IntArray, bins: OrderedBins) -> None:
        """Add rows with a score in [0, 1]; at most 2**16, so that sums stay exact."""
        place = bin_of_values(scores, bins)
        count = bins.bins
        # by prediction (positive or not), label (none, negative, positive) and bin
        kind = place + count * ((truth + 1) + 3 * (predicted == 1))
        rows = np.bincount(kind, minlength=6 * count).reshape(2, 3, count)
        labelled = truth >= 0
        quanta = np.bincount(
            place + count * labelled, weights=np.rint(np.ldexp(scores, SCORE_BITS)), minlength=2 * count
        ).reshape(2, count)
        for name, more in (
            ("negatives", rows[:, 1].sum(0)),
            ("positives", rows[:, 2].sum(0)),
            ("score_sums", quanta[1]),
            ("scored", rows.sum((0, 1))),
            ("scored_positive", rows[1].sum(0)),
            ("scored_sums", quanta.sum(0)),
        ):
            setattr(self, name, (np.array(getattr(self, name), np.int64) + more.astype(np.int64)).tolist())
        if not labelled.all():
            scores, truth = scores[labelled], truth[labelled]

        # scikit-learn's log_loss clips at the machine's epsilon too: equal scores then give equal figures
        chance = np.clip(np.where(truth == 1, scores, 1.0 - scores), EPSILON, 1.0 - EPSILON)
        loss = -np.log(chance)
        square = (scores - truth) ** 2
        self.log_loss += exact_sum(loss, LOSS_BITS)
        self.log_loss_squares += exact_sum(loss * loss, SQUARE_BITS)
        self.brier += exact_sum(square, LOSS_BITS)
        self.brier_squares += exact_sum(square * square, LOSS_BITS)


_BY_SCORE = ("positives", "negatives", "score_sums", "scored", "scored_positive", "scored_sums")


@dataclass(frozen=True)
class BinaryTask:
    """How rows of a binary task are read. ``positive`` is the positive label, as ``codes`` writes it."""

    positive: str
    bins: OrderedBins | None

    def nothing(self) -> BinaryOutcomes:
        """Outcomes of no rows."""
        return BinaryOutcomes.nothing(self.bins)

    def rows(self, table: pa.Table, order: IntArray | None) -> _BinaryRows:
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
