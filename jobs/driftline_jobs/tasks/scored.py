"""What classifiers of two and of several classes have in common: classes, and scores beside them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np

from driftline_jobs.metrics.binary import LossSums
from driftline_jobs.metrics.estimate import DRAWS, ScoreCalibration, ScoredRows, calibrate_scores
from driftline_jobs.metrics.figures import BoolArray, FloatArray, IntArray, Status, statuses
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.tasks.base import Figures, Ratio, Task
from driftline_jobs.tasks.outcomes import Counts, Outcomes, exact_sum
from driftline_schemas.metrics import ScoreScale

LOSS_BITS = 40
"""Losses are summed as integers of 2**-40, squares of losses of 2**-30."""
SQUARE_BITS = 30
SCORE_BITS = 34
FEWEST_DRAWS = 2
"""Where nobody asks how sure the reference is: it takes most of the time."""
# scikit-learn's log_loss clips at the machine's epsilon too: equal scores then give equal figures
EPSILON = float(np.finfo(np.float64).eps)
_BY_SCORE = ("positives", "negatives", "score_sums", "scored", "scored_decided", "scored_sums")


@dataclass
class ScoredOutcomes(Outcomes):
    """Outcomes of a classifier over some rows.

    A row counts by its score where that is finite, whatever its scale: what ranks rows rests on all of them.

    Attributes:
        other_labels: the labels that have no place of their own, by name; see ``tasks.class_counts``.
        missing_scores: labelled rows without a finite score, and without another fault.
        no_probabilities: labelled rows whose score is finite and no probability; scored_no_probabilities:
            the same, labelled or not. Always 0 for scores that are not meant to be some.
        confusion: labelled rows by label and prediction, a label's row after the other; rows without a
            predicted class are in none.
        positives, negatives: (bins,) labelled rows per score bin and label.
        score_sums: (bins,) scores of the labelled rows of a bin as probabilities, in integers of 2**-34; what
            is none counts as the nearer of 0 and 1.
        scored, scored_decided, scored_sums: (bins,) rows labelled or not: how many, how many of them have a
            predicted class, and their scores as above.
        log_loss, log_loss_squares, brier, brier_squares: exact sums over the labelled rows whose scores are
            all probabilities.
    """

    format: ClassVar[int] = 2
    predicted_by_score: ClassVar[str]
    """The field that has (bins,) rows, labelled or not, that were predicted as what the score is of."""
    without_labels: ClassVar[frozenset[str]] = frozenset({"scored", "scored_decided", "scored_sums"})
    stored_before: ClassVar[Mapping[str, str]]
    """The fields of a task's own, by that which they are stored before."""

    other_labels: dict[str, int] = field(default_factory=dict)
    missing_scores: int = 0
    no_probabilities: int = 0
    scored_no_probabilities: int = 0
    confusion: list[int] = field(default_factory=list)
    positives: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    score_sums: list[int] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    scored_decided: list[int] = field(default_factory=list)
    scored_sums: list[int] = field(default_factory=list)
    log_loss: int = 0
    log_loss_squares: int = 0
    brier: int = 0
    brier_squares: int = 0

    @property
    def rows_with_losses(self) -> int:
        """Labelled rows whose scores are all probabilities: those that the sums of losses are over."""
        return self.labelled - self.missing_scores - self.no_probabilities

    @property
    def without_prediction(self) -> int:
        """Labelled rows without a predicted class."""
        return self.labelled - sum(self.confusion)

    def counts(self) -> dict[str, Counts]:
        """All that it holds, by name, in the order in which it is stored."""
        counts, before = super().counts(), self.stored_before
        common = [name for name in counts if name not in before.values()]
        return {at: counts[at] for name in common for at in (before.get(name), name) if at is not None}

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """Format 1 left out of everything by score what lay outside of [0, 1] or was no number, and did not
        tell these apart. Of rows without a predicted class it did not know the label."""
        return {
            "other_labels": {},
            "missing_scores": document["unscored"],
            "no_probabilities": 0,
            "scored_no_probabilities": 0,
            "scored_decided": document["scored"],
        }

    @classmethod
    def counted_by_score(
        cls, place: IntArray, bins: int, label: IntArray, said: IntArray, chance: FloatArray
    ) -> dict[str, IntArray]:
        """(bins,) all that is counted by the bin of a score, by name.

        Args:
            place: (n,) bin of the score of each row; at most 2**16, so that sums stay exact.
            label, said: (n,) 0 none, 1 another class, 2 the one that the score is of.
            chance: (n,) the score as a probability.
        """
        rows = np.bincount(place + bins * (label + 3 * said), minlength=9 * bins).reshape(3, 3, bins)
        quanta = np.bincount(
            place + bins * (label > 0), weights=np.rint(np.ldexp(chance, SCORE_BITS)), minlength=2 * bins
        ).reshape(2, bins)
        return {
            "positives": rows[:, 2].sum(0),
            "negatives": rows[:, 1].sum(0),
            "score_sums": quanta[1].astype(np.int64),
            "scored": rows.sum((0, 1)),
            "scored_decided": rows[1:].sum((0, 1)),
            "scored_sums": quanta.sum(0).astype(np.int64),
            cls.predicted_by_score: rows[2].sum(0),
        }

    @classmethod
    def nothing_by_score(cls, size: int) -> dict[str, Any]:
        """The same of no rows, as it is kept."""
        return {name: [0] * size for name in (*_BY_SCORE, cls.predicted_by_score)}

    def add_losses(self, loss: FloatArray, square: FloatArray) -> None:
        """Add (n,) log losses and squared distances; at most 2**16, so that sums stay exact."""
        self.log_loss += exact_sum(loss, LOSS_BITS)
        self.log_loss_squares += exact_sum(loss * loss, SQUARE_BITS)
        self.brier += exact_sum(square, LOSS_BITS)
        self.brier_squares += exact_sum(square * square, LOSS_BITS)


Classified = TypeVar("Classified", bound=ScoredOutcomes)


class ScoredTask(Task[Classified]):
    """A classifier. ``scale`` is that of its scores; ``has_predictions``: whether the log has predicted
    classes."""

    scale: ScoreScale
    has_predictions: bool

    @property
    @abstractmethod
    def by_score(self) -> tuple[int, ...]:
        """The shape of what is counted by score: (bins,), or (classes, bins); without a score of size 0."""

    def has_probabilities(self, outcome: Classified) -> bool:
        """Whether no score of a labelled row is anything else."""
        return self.scale is not ScoreScale.UNBOUNDED and outcome.no_probabilities == 0

    def stacked_scores(self, outcomes: Sequence[Classified]) -> ScoreLabelCounts:
        """(cells, …) labelled rows by score; integers become floats here, each rounded once."""
        return ScoreLabelCounts(
            pos=self._stacked([outcome.positives for outcome in outcomes]),
            neg=self._stacked([outcome.negatives for outcome in outcomes]),
            score_sums=self._scaled([outcome.score_sums for outcome in outcomes]),
            tied=self.tied,
        )

    @property
    @abstractmethod
    def tied(self) -> BoolArray:
        """(bins,), or (classes, bins): which of them hold one value of the score each."""

    def losses(self, outcomes: Sequence[Classified]) -> LossSums:
        """(cells,) sums of losses."""
        unbounded = self.scale is ScoreScale.UNBOUNDED
        return LossSums(
            n=np.array([0 if unbounded else outcome.rows_with_losses for outcome in outcomes], np.int64),
            log_loss=_scaled([outcome.log_loss for outcome in outcomes], LOSS_BITS),
            log_loss_squares=_scaled([outcome.log_loss_squares for outcome in outcomes], SQUARE_BITS),
            brier=_scaled([outcome.brier for outcome in outcomes], LOSS_BITS),
            brier_squares=_scaled([outcome.brier_squares for outcome in outcomes], LOSS_BITS),
            out_of_range=np.array([outcome.no_probabilities for outcome in outcomes], np.int64),
            unbounded=unbounded,
        )

    def estimate(self, outcomes: Sequence[Classified], reference: Classified | None) -> Figures | None:
        """By the scores; without any there is nothing to go by."""
        return self._estimated(outcomes, reference, DRAWS)

    def expected(self, outcomes: Sequence[Classified], reference: Classified | None) -> Figures | None:
        """The same without most of the work."""
        return self._estimated(outcomes, reference, FEWEST_DRAWS)

    def _estimated(
        self, outcomes: Sequence[Classified], reference: Classified | None, draws: int
    ) -> Figures | None:
        if 0 in self.by_score:
            return {}
        learned = None if reference is None else self.calibration(reference, draws)
        return None if learned is None else self.estimate_by(learned, outcomes)

    @abstractmethod
    def estimate_by(self, learned: ScoreCalibration, outcomes: Sequence[Classified]) -> Figures:
        """The figures that go with what the scores were found to mean."""

    def calibration(self, reference: Classified, draws: int = DRAWS) -> ScoreCalibration | None:
        """What the labelled rows of a reference teach of the scores; None where there are none.

        Scores that are no probabilities have the number of their bin in their place: only the order is
        theirs.
        """
        scores = self.stacked_scores([reference])
        positives, negatives, sums = scores.pos[0], scores.neg[0], scores.score_sums[0]
        if not self.has_probabilities(reference):
            sums = (positives + negatives) * np.arange(positives.shape[-1], dtype=np.float64)
        return calibrate_scores(ScoreLabelCounts(positives, negatives, sums), draws=draws)

    def scored_rows(self, outcomes: Sequence[Classified]) -> ScoredRows:
        """All rows by their score (cells, …, bins), labelled or not."""
        cells, shape = len(outcomes), self.by_score
        status = statuses(
            (cells,),
            (self.scale is ScoreScale.UNBOUNDED, Status.NO_PROBABILITIES),
            ([outcome.scored_no_probabilities > 0 for outcome in outcomes], Status.OUT_OF_RANGE),
        )
        predicted = [getattr(outcome, outcome.predicted_by_score) for outcome in outcomes]
        return ScoredRows(
            counts=self._stacked([outcome.scored for outcome in outcomes]),
            score_sums=self._scaled([outcome.scored_sums for outcome in outcomes]),
            predicted=self._stacked(predicted) if self.has_predictions else None,
            decided=self._stacked([outcome.scored_decided for outcome in outcomes]),
            status=np.broadcast_to(status.reshape(-1, *[1] * (len(shape) - 1)), (cells, *shape[:-1])),
            tied=self.tied,
        )

    def _stacked(self, counts: Sequence[Sequence[int]]) -> IntArray:
        return np.array(counts, np.int64).reshape(len(counts), *self.by_score)

    def _scaled(self, sums: Sequence[Sequence[int]]) -> FloatArray:
        scaled = [[total / 2**SCORE_BITS for total in totals] for totals in sums]
        return np.array(scaled, np.float64).reshape(len(sums), *self.by_score)


def loss_ratios(losses: LossSums | None, unscored: BoolArray | None = None) -> dict[str, Ratio]:
    """The losses as means over rows; ``unscored``: (cells,) where the log loss is not to be had."""
    if losses is None:
        return {}
    known = losses.status == Status.OK.value
    bounded = known if unscored is None else known & ~unscored
    return {
        "log_loss": Ratio(losses.log_loss, losses.n, bounded),
        "brier": Ratio(losses.brier, losses.n, known),
    }


def _scaled(totals: Sequence[int], bits: int) -> FloatArray:
    # Python divides integers of any length correctly rounded
    return np.array([total / 2**bits for total in totals], np.float64)
