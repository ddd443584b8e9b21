"""Performance of a binary classifier from counts and exact sums over its labelled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import scipy

from driftline_jobs.metrics.figures import (
    BoolArray,
    Counts,
    FloatArray,
    IntArray,
    Shape,
    Status,
    TextArray,
    statuses,
)
from driftline_jobs.metrics.intervals import linear_half_width, mean_interval, wilson
from driftline_jobs.metrics.performance import Performance, absent, performance, withheld
from driftline_jobs.metrics.ranking import (
    ScoreLabelCounts,
    average_precision,
    calibration_error,
    roc_auc,
)
from driftline_schemas.performance_specs import CLASSIFICATION

RANKING_METRICS = ("roc_auc", "average_precision", "ece")
DECISION_METRICS = ("accuracy", "precision", "recall", "f1", "positive_rate")
LOSS_METRICS = ("log_loss", "brier")
BINARY_METRICS = tuple(spec.name for spec in CLASSIFICATION)


@dataclass(frozen=True, slots=True)
class ConfusionCounts:
    """Labelled rows that have a prediction, (...,) each. Counts, or expected counts."""

    true_pos: Counts
    false_pos: Counts
    false_neg: Counts
    true_neg: Counts

    def stacked(self) -> FloatArray:
        """(..., 4) in the order of the attributes."""
        cells = (self.true_pos, self.false_pos, self.false_neg, self.true_neg)
        return np.stack([cell.astype(np.float64) for cell in cells], -1)


@dataclass(frozen=True, slots=True)
class LossSums:
    """Sums over the ``n`` labelled rows whose score is a probability, (...,) each.

    ``log_loss`` is that of a row in nats, ``brier`` its squared distance from the label; ``*_squares`` the
    sum of their squares. ``out_of_range`` counts labelled rows whose score is a number but no probability:
    the others are then an accidental rest, which gives no figure. ``unbounded``: no score is meant to be one.
    """

    n: IntArray
    log_loss: FloatArray
    log_loss_squares: FloatArray
    brier: FloatArray
    brier_squares: FloatArray
    out_of_range: IntArray | None = field(default=None, kw_only=True)
    unbounded: bool = field(default=False, kw_only=True)

    @property
    def status(self) -> TextArray:
        """(...,) ``ok``, or why nothing can be said of how honest the scores are."""
        beyond = np.zeros(self.n.shape, np.int64) if self.out_of_range is None else self.out_of_range
        return statuses(
            self.n.shape,
            (self.unbounded, Status.NO_PROBABILITIES),
            (beyond > 0, Status.OUT_OF_RANGE),
            (self.n == 0, Status.NO_SCORES),
        )


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """All labelled rows, whether they have a prediction or not, (...,) each.

    ``positive_absent``: none is positive, but they are of several other classes: then the positive class is
    called otherwise, and every row would pass for a negative one.
    """

    n: IntArray
    positives: IntArray
    positive_absent: BoolArray


@dataclass(frozen=True, slots=True)
class BinaryCounts:
    """All that a binary classifier's figures are computed from; a part the log has not is None."""

    scores: ScoreLabelCounts | None = None
    confusion: ConfusionCounts | None = None
    losses: LossSums | None = None
    labels: LabelCounts | None = None

    def shape(self) -> Shape:
        """The leading axes."""
        if self.scores is not None:
            return self.scores.pos.shape[:-1]
        if self.confusion is not None:
            return self.confusion.true_pos.shape
        return () if self.losses is None else self.losses.n.shape


def binary_performance(counts: BinaryCounts, base: BinaryCounts | None = None) -> dict[str, Performance]:
    """Every metric of ``BINARY_METRICS``, by leading axes (windows, cells).

    Args:
        counts: the window's labelled rows.
        base: the same by base window, along a new first axis, where these are finer than the window: the
            intervals of f1 and average precision then respect that rows of one hour are alike.

    Each figure is over the labelled rows that have what it needs, and counts them in ``n``: a score, a
    predicted class, for ``log_loss``, ``brier`` and ``ece`` a score that is a probability. These three are
    none where some score is a number but no probability. ``positive_rate`` is the share of positives among
    all labels. ``trivial`` is what the majority class, or
    the share of positives as the score of every row, would get on the same labels.
    """
    shape = counts.shape()
    figures: dict[str, Performance] = {}
    if counts.scores is None:
        figures |= {name: absent(Status.NO_SCORES, shape) for name in RANKING_METRICS}
    else:
        figures["roc_auc"] = roc_auc(counts.scores)
        figures["average_precision"] = average_precision(counts.scores, base.scores if base else None)
        figures["ece"] = calibration_error(counts.scores)
    if counts.confusion is None:
        figures |= {name: absent(Status.NO_LABELS, shape) for name in DECISION_METRICS}
    else:
        figures |= decision_figures(counts.confusion, base.confusion if base else None)
    if counts.losses is None or counts.scores is None:
        figures |= {name: absent(Status.NO_SCORES, shape) for name in LOSS_METRICS}
    else:
        figures |= _loss_figures(counts.losses, counts.scores)
        figures["ece"] = withheld(figures["ece"], counts.losses.status)
    if counts.labels is not None:
        figures = _with_labels(figures, counts.labels)
    return {name: figures[name] for name in BINARY_METRICS}


def _with_labels(figures: Mapping[str, Performance], labels: LabelCounts) -> dict[str, Performance]:
    """The same, with what is known of rows that have a label and nothing else."""
    undecided = statuses(labels.n.shape, (labels.n > 0, Status.NO_PREDICTIONS))
    changed = dict(figures)
    for name in DECISION_METRICS:
        changed[name] = withheld(
            figures[name], np.where(figures[name].status == Status.NO_LABELS, undecided, Status.OK.value)
        )
    changed["positive_rate"] = positive_rate(labels.positives, labels.n)
    absent_positive = statuses(labels.n.shape, (labels.positive_absent, Status.POSITIVE_ABSENT))
    return {name: withheld(figure, absent_positive) for name, figure in changed.items()}


def positive_rate(positives: Counts, n: Counts) -> Performance:
    """Share of positives among ``n`` labels, (...,) each; interval by Wilson."""
    rows, some = n.astype(np.float64), positives.astype(np.float64)
    return performance(
        some / np.where(rows > 0, rows, np.nan),
        statuses(rows.shape, (rows == 0, Status.NO_LABELS)),
        rows,
        interval=wilson(some, rows),
    )


def decision_figures(
    confusion: ConfusionCounts, base: ConfusionCounts | None = None, majority: BoolArray | None = None
) -> dict[str, Performance]:
    """accuracy, precision, recall, f1 and positive_rate, all exact; intervals by Wilson.

    ``majority`` (...,) says where the positives are what a model that has learned nothing would predict;
    by default where they are more than half of the labels.

    F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), a proportion: so its interval is Wilson's, carried over.
    """
    true_pos, false_pos, false_neg, true_neg = (
        cell.astype(np.float64)
        for cell in (confusion.true_pos, confusion.false_pos, confusion.false_neg, confusion.true_neg)
    )
    n = true_pos + false_pos + false_neg + true_neg
    positives, predicted = true_pos + false_neg, true_pos + false_pos
    no_labels = (n == 0, Status.NO_LABELS)
    some = np.where(n > 0, n, np.nan)
    prevalence = positives / some
    mostly = prevalence > 0.5 if majority is None else majority

    def rate(part: FloatArray, whole: FloatArray, why: Status, trivial: FloatArray) -> Performance:
        return performance(
            part / np.where(whole > 0, whole, np.nan),
            statuses(n.shape, no_labels, (whole == 0, why)),
            n,
            interval=wilson(part, whole),
            trivial=trivial,
        )

    involved = true_pos + false_pos + false_neg
    return {
        "accuracy": rate(true_pos + true_neg, n, Status.NO_LABELS, np.maximum(prevalence, 1.0 - prevalence)),
        "precision": rate(
            true_pos, predicted, Status.NO_PREDICTED_POSITIVES, np.where(mostly, prevalence, np.nan)
        ),
        "recall": rate(true_pos, positives, Status.NO_POSITIVES, mostly.astype(np.float64)),
        "f1": performance(
            2.0 * true_pos / np.where(involved > 0, involved + true_pos, np.nan),
            statuses(n.shape, no_labels, (involved == 0, Status.NO_POSITIVES)),
            n,
            interval=_f1_interval(confusion, base),
            trivial=np.where(mostly, 2.0 * prevalence / (1.0 + prevalence), 0.0),
        ),
        "positive_rate": positive_rate(positives, n),
    }


def _f1_interval(confusion: ConfusionCounts, base: ConfusionCounts | None) -> tuple[FloatArray, FloatArray]:
    cells = confusion.stacked()
    true_pos, involved = cells[..., 0], cells[..., :3].sum(-1)
    if base is None:
        return _f1_of(wilson(true_pos, involved))
    some = np.where(involved > 0, involved, np.nan)
    jaccard = true_pos / some
    miss = -jaccard / some
    influence = np.stack([(1.0 - jaccard) / some, miss, miss, 0.0 * miss], -1)
    independent = linear_half_width(cells, influence)
    safe = np.where(independent > 0, independent, 1.0)
    # Wilson's interval of as few rows as, independent, would have had this width
    wider = np.where(independent > 0, linear_half_width(cells, influence, base.stacked()) / safe, 1.0) ** 2
    return _f1_of(wilson(true_pos / wider, involved / wider))


def _f1_of(jaccard: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    low, high = jaccard
    return 2.0 * low / (1.0 + low), 2.0 * high / (1.0 + high)


def _loss_figures(losses: LossSums, scores: ScoreLabelCounts) -> dict[str, Performance]:
    """log_loss and brier: exact means, intervals from sums of squares."""
    p = scores.pos.sum(-1) / np.maximum(scores.pos.sum(-1) + scores.neg.sum(-1), 1)
    some = np.where(losses.n > 0, losses.n, np.nan)
    status = losses.status
    figures = {}
    for name, total, squares, trivial in (
        ("log_loss", losses.log_loss, losses.log_loss_squares, entropy(np.stack([p, 1.0 - p], -1))),
        ("brier", losses.brier, losses.brier_squares, p * (1.0 - p)),
    ):
        low, high = mean_interval(total, squares, losses.n)
        figures[name] = performance(
            total / some, status, losses.n, interval=(np.maximum(low, 0.0), high), trivial=trivial
        )
    return figures


def entropy(shares: FloatArray) -> FloatArray:
    """(...,) entropy in nats of shares (..., C): the log loss of always answering with them."""
    nats: FloatArray = scipy.special.entr(shares).sum(-1)
    return nats
