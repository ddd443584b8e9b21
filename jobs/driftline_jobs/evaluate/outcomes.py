"""Outcomes of many cells as the arrays that the performance formulas take, and as stored state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.binary import BinaryCounts, ConfusionCounts, LabelCounts, LossSums
from driftline_jobs.metrics.estimate import ScoredRows
from driftline_jobs.metrics.figures import Status, statuses
from driftline_jobs.metrics.multiclass import MulticlassCounts
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.tasks.binary import LOSS_BITS, SCORE_BITS, SQUARE_BITS, BinaryOutcomes, BinaryTask
from driftline_jobs.tasks.multiclass import MulticlassOutcomes, MulticlassTask
from driftline_schemas.metrics import ScoreScale

FloatArray = npt.NDArray[np.float64]


def stack_binary(outcomes: Sequence[BinaryOutcomes], task: BinaryTask) -> BinaryCounts:
    """(cells, …) counts and sums; integers become floats here, each rounded once."""
    confusion = np.array([outcome.confusion for outcome in outcomes], np.int64).reshape(-1, 4)
    true_neg, false_pos, false_neg, true_pos = (confusion[:, at] for at in range(4))
    decisions = ConfusionCounts(true_pos, false_pos, false_neg, true_neg)
    positives = np.array([outcome.label_positives for outcome in outcomes], np.int64)
    several = np.array([len(outcome.other_labels) > 1 for outcome in outcomes], np.bool_)
    labels = LabelCounts(
        n=np.array([outcome.labelled for outcome in outcomes], np.int64),
        positives=positives,
        positive_absent=(positives == 0) & several,
    )
    if task.bins is None:
        return BinaryCounts(confusion=decisions, labels=labels)
    return BinaryCounts(
        scores=_scores(outcomes, (len(outcomes), task.bins.bins)),
        confusion=decisions,
        losses=_losses(outcomes, task.scale),
        labels=labels,
    )


def stack_multiclass(outcomes: Sequence[MulticlassOutcomes], task: MulticlassTask) -> MulticlassCounts:
    """(cells, …) counts and sums; the last class stands for all that the reference lacks."""
    names = len(task.names)
    confusion = np.array([outcome.confusion for outcome in outcomes], np.int64).reshape(-1, names, names)
    labels = np.array([outcome.label_counts for outcome in outcomes], np.int64).reshape(-1, names)
    if not task.bins:
        return MulticlassCounts(confusion=confusion, labels=labels)
    return MulticlassCounts(
        confusion=confusion,
        scores=_scores(outcomes, (len(outcomes), len(task.bins), task.most_bins)),
        losses=_losses(outcomes, task.scale),
        labels=labels,
    )


def scored_rows(
    outcomes: Sequence[BinaryOutcomes] | Sequence[MulticlassOutcomes], task: BinaryTask | MulticlassTask
) -> ScoredRows:
    """All rows by their score (cells, …, bins), labelled or not."""
    cells = len(outcomes)
    shape: tuple[int, ...] = (
        (cells, len(task.bins), task.most_bins)
        if isinstance(task, MulticlassTask)
        else (
            cells,
            task.bins.bins if task.bins else 0,
        )
    )
    predicted = [o.scored_positive if isinstance(o, BinaryOutcomes) else o.scored_predicted for o in outcomes]
    status = statuses(
        (cells,),
        (task.scale is ScoreScale.UNBOUNDED, Status.NO_PROBABILITIES),
        ([outcome.scored_no_probabilities > 0 for outcome in outcomes], Status.OUT_OF_RANGE),
    )
    return ScoredRows(
        counts=np.array([outcome.scored for outcome in outcomes], np.int64).reshape(shape),
        score_sums=_scaled_lists([outcome.scored_sums for outcome in outcomes]).reshape(shape),
        predicted=np.array(predicted, np.int64).reshape(shape) if task.has_predictions else None,
        decided=np.array([outcome.scored_decided for outcome in outcomes], np.int64).reshape(shape),
        status=np.broadcast_to(status.reshape(-1, *[1] * (len(shape) - 2)), shape[:-1]),
    )


def learned_scores(
    outcome: BinaryOutcomes | MulticlassOutcomes, task: BinaryTask | MulticlassTask
) -> ScoreLabelCounts | None:
    """(…, bins) what the labelled rows of a reference teach of the scores; None without a score.

    Scores that are no probabilities have the number of their bin in their place: only the order is theirs.
    """
    if isinstance(task, BinaryTask) and isinstance(outcome, BinaryOutcomes):
        scores = stack_binary([outcome], task).scores
    elif isinstance(task, MulticlassTask) and isinstance(outcome, MulticlassOutcomes):
        scores = stack_multiclass([outcome], task).scores
    else:
        raise TypeError(f"{type(outcome).__name__} are no outcomes of {type(task).__name__}")
    if scores is None:
        return None
    positives, negatives, sums = scores.pos[0], scores.neg[0], scores.score_sums[0]
    if task.scale is ScoreScale.UNBOUNDED or outcome.no_probabilities:
        sums = (positives + negatives) * np.arange(positives.shape[-1], dtype=np.float64)
    return ScoreLabelCounts(positives, negatives, sums)


def _scores(
    outcomes: Sequence[BinaryOutcomes] | Sequence[MulticlassOutcomes], shape: tuple[int, ...]
) -> ScoreLabelCounts:
    return ScoreLabelCounts(
        pos=np.array([outcome.positives for outcome in outcomes], np.int64).reshape(shape),
        neg=np.array([outcome.negatives for outcome in outcomes], np.int64).reshape(shape),
        score_sums=_scaled_lists([outcome.score_sums for outcome in outcomes]).reshape(shape),
    )


def _losses(outcomes: Sequence[BinaryOutcomes] | Sequence[MulticlassOutcomes], scale: ScoreScale) -> LossSums:
    unbounded = scale is ScoreScale.UNBOUNDED
    return LossSums(
        n=np.array([0 if unbounded else outcome.rows_with_losses for outcome in outcomes], np.int64),
        log_loss=_scaled([outcome.log_loss for outcome in outcomes], LOSS_BITS),
        log_loss_squares=_scaled([outcome.log_loss_squares for outcome in outcomes], SQUARE_BITS),
        brier=_scaled([outcome.brier for outcome in outcomes], LOSS_BITS),
        brier_squares=_scaled([outcome.brier_squares for outcome in outcomes], LOSS_BITS),
        out_of_range=np.array([outcome.no_probabilities for outcome in outcomes], np.int64),
        unbounded=unbounded,
    )


def _scaled_lists(several: Sequence[Sequence[int]]) -> FloatArray:
    return np.array([[total / 2**SCORE_BITS for total in totals] for totals in several], np.float64)


def _scaled(totals: Sequence[int], bits: int) -> FloatArray:
    # Python divides integers of any length correctly rounded
    return np.array([total / 2**bits for total in totals], np.float64)
