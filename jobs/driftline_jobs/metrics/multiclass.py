"""Performance of a classifier of C classes: each against the rest, macro, weighted, and as a whole.

Per-class figures have a last axis of C. ``<metric>_macro`` is their plain mean over the classes that occur
among the labels or the predictions, ``<metric>_weighted`` that weighted by labels, as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from driftline_jobs.metrics.binary import ConfusionCounts, LossSums, decision_figures, entropy, positive_rate
from driftline_jobs.metrics.figures import BoolArray, Counts, FloatArray, Status, TextArray, statuses
from driftline_jobs.metrics.intervals import linear_half_width, mean_interval, wilson
from driftline_jobs.metrics.performance import Performance, performance, withheld
from driftline_jobs.metrics.ranking import (
    ScoreLabelCounts,
    average_precision,
    calibration_error,
    roc_auc,
)

DECISION_METRICS = ("precision", "recall", "f1", "positive_rate")


@dataclass(frozen=True, slots=True)
class MulticlassCounts:
    """All that a classifier's figures are computed from; a part the log has not is None.

    Attributes:
        confusion: (..., C, C) labelled rows by label (rows) and prediction (columns).
        scores: for each class (..., S, B) that has one, against the rest: its own labels are the positives;
            the first S of the C classes.
        losses: (...,) sums over the rows; ``brier`` sums the squared distances of all classes.
        labels: (..., C) labelled rows by label, with a prediction or not; None if they are those of
            ``confusion``.
    """

    confusion: Counts
    scores: ScoreLabelCounts | None = None
    losses: LossSums | None = None
    labels: Counts | None = None

    @property
    def every_label(self) -> FloatArray:
        """(..., C) labelled rows by label."""
        labels = self.confusion.sum(-1) if self.labels is None else self.labels
        return labels.astype(np.float64)

    @property
    def unscored_labels(self) -> BoolArray:
        """(...,) whether some label is of a class without a score."""
        scored = 0 if self.scores is None else self.scores.pos.shape[-2]
        unscored: BoolArray = self.every_label[..., scored:].sum(-1) > 0
        return unscored


@dataclass(frozen=True, slots=True)
class MulticlassPerformance:
    """``overall``: (...,) by metric name, ``_macro`` and ``_weighted`` included. ``per_class``: (..., C)."""

    overall: dict[str, Performance]
    per_class: dict[str, Performance]


def multiclass_performance(
    counts: MulticlassCounts, base: MulticlassCounts | None = None
) -> MulticlassPerformance:
    """Every figure of a classifier of C classes.

    Args:
        counts: the window's labelled rows.
        base: the same by base window along a new first axis, for the intervals of smooth figures.
    """
    confusion = counts.confusion.astype(np.float64)
    labels, predicted = confusion.sum(-1), confusion.sum(-2)
    total = labels.sum(-1)
    every_label = counts.every_label
    every_row = every_label.sum(-1)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    share = labels / np.where(total > 0, total, np.nan)[..., None]
    unheard_of = (every_row > 0)[..., None] & (every_label + predicted == 0)
    majority = np.arange(labels.shape[-1]) == labels.argmax(-1)[..., None]

    rest = ConfusionCounts(
        true_pos=hits,
        false_pos=predicted - hits,
        false_neg=labels - hits,
        true_neg=total[..., None] - labels - predicted + hits,
    )
    nothing_said = (total == 0) & (every_row > 0)
    decisions = decision_figures(rest, majority=majority)
    unknown = statuses(
        unheard_of.shape,
        (unheard_of, Status.CLASS_ABSENT),
        (nothing_said[..., None], Status.NO_PREDICTIONS),
    )
    per_class = {name: withheld(decisions[name], unknown) for name in DECISION_METRICS}
    per_class["positive_rate"] = withheld(
        positive_rate(every_label, np.broadcast_to(every_row[..., None], every_label.shape)),
        statuses(unheard_of.shape, (unheard_of, Status.CLASS_ABSENT)),
    )
    whole = statuses(total.shape, (nothing_said, Status.NO_PREDICTIONS), (total == 0, Status.NO_LABELS))
    overall = {
        "accuracy": performance(
            hits.sum(-1) / np.where(total > 0, total, np.nan),
            whole,
            total,
            interval=wilson(hits.sum(-1), total),
            trivial=share.max(-1),
        )
    }
    by_base = None if base is None else base.confusion.astype(np.float64)
    overall |= _averages(confusion, by_base, per_class, whole)
    scored = _by_scores(counts, base)
    return MulticlassPerformance(overall=overall | scored.overall, per_class=per_class | scored.per_class)


def _by_scores(counts: MulticlassCounts, base: MulticlassCounts | None) -> MulticlassPerformance:
    """The figures that scores give, none without them."""
    if counts.scores is None:
        return MulticlassPerformance({}, {})
    per_class = {
        "roc_auc": roc_auc(counts.scores),
        "average_precision": average_precision(counts.scores, None if base is None else base.scores),
        "ece": calibration_error(counts.scores),
    }
    support = counts.scores.pos.sum(-1).astype(np.float64)
    overall = _conservative_averages(per_class, support)
    if counts.losses is not None:
        status = counts.losses.status
        per_class["ece"] = withheld(per_class["ece"], np.broadcast_to(status[..., None], support.shape))
        for name in ("ece_macro", "ece_weighted"):
            overall[name] = withheld(overall[name], status)
        overall |= _losses(counts.losses, counts.every_label, counts.unscored_labels)
    return MulticlassPerformance(overall, per_class)


def _averages(
    confusion: FloatArray,
    base: FloatArray | None,
    per_class: Mapping[str, Performance],
    status: TextArray,
) -> dict[str, Performance]:
    """Macro and weighted precision, recall and f1, with linearised intervals from the confusion matrix.

    A class that occurs but is never predicted, or never labelled, counts with 0, as in scikit-learn. All
    three are functions of the hits h, the predictions p and the labels l of a class; a row of label i and
    prediction j adds to l_i, to p_j, and if i = j to h_i.
    """
    labels, predicted = confusion.sum(-1), confusion.sum(-2)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = labels.sum(-1)
    classes = (labels + predicted > 0).sum(-1)
    safe_l, safe_p = np.where(labels > 0, labels, 1.0), np.where(predicted > 0, predicted, 1.0)
    both = np.where(labels + predicted > 0, labels + predicted, 1.0)
    zero = np.zeros(hits.shape)
    # value, and its change per hit, prediction and label
    parts = {
        "precision": (hits / safe_p, 1.0 / safe_p, -hits / safe_p**2, zero),
        "recall": (hits / safe_l, 1.0 / safe_l, zero, -hits / safe_l**2),
        "f1": (2.0 * hits / both, 2.0 / both, -2.0 * hits / both**2, -2.0 * hits / both**2),
    }
    flat = confusion.reshape(*confusion.shape[:-2], -1)
    flat_base = None if base is None else base.reshape(*base.shape[:-2], -1)
    figures = {}
    for name, (value, by_hit, by_prediction, by_label) in parts.items():
        trivial = np.nan_to_num(per_class[name].trivial)
        for suffix in ("macro", "weighted"):
            if suffix == "macro":
                weight = np.ones(labels.shape) / np.where(classes > 0, classes, np.nan)[..., None]
                mean = (weight * value).sum(-1)
                by_weight = zero
            else:
                weight = labels / np.where(total > 0, total, np.nan)[..., None]
                mean = (weight * value).sum(-1)
                # one more label of a class raises its weight and lowers all weights
                by_weight = (value - (weight * value).sum(-1, keepdims=True)) / np.maximum(total, 1.0)[
                    ..., None
                ]
            mean = (weight * value).sum(-1)
            influence = (weight * by_prediction)[..., None, :] + (weight * by_label + by_weight)[..., :, None]
            diagonal = np.arange(hits.shape[-1])
            influence[..., diagonal, diagonal] += weight * by_hit
            half = linear_half_width(flat, influence.reshape(flat.shape), flat_base)
            figures[f"{name}_{suffix}"] = performance(
                mean,
                status,
                total,
                interval=(np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0)),
                trivial=(weight * trivial).sum(-1),
            )
    return figures


def _conservative_averages(
    rankings: Mapping[str, Performance], support: FloatArray
) -> dict[str, Performance]:
    """Macro and weighted figures of scores, over the classes that have one.

    The bins of one class say nothing about how its errors go with those of another, so the interval is that
    of errors that all go together: the mean of the ends. It is too wide rather than too narrow.
    """
    figures = {}
    for name, figure in rankings.items():
        for suffix in ("macro", "weighted"):
            raw = np.where(figure.ok, support if suffix == "weighted" else 1.0, 0.0)
            sums = raw.sum(-1, keepdims=True)
            weight = raw / np.where(sums > 0, sums, np.nan)

            def mean(array: FloatArray, weight: FloatArray = weight) -> FloatArray:
                averages: FloatArray = np.where(weight == 0.0, 0.0, weight * array).sum(-1)
                return averages

            none = sums[..., 0] == 0
            rows = figure.n.max(-1)
            figures[f"{name}_{suffix}"] = performance(
                mean(figure.value),
                statuses(none.shape, (rows == 0, Status.NO_SCORES), (none, Status.ONE_CLASS)),
                rows,
                interval=(mean(figure.ci_low), mean(figure.ci_high)),
                error_bound=mean(figure.error_bound),
                trivial=mean(figure.trivial),
            )
    return figures


def _losses(losses: LossSums, labels: FloatArray, unscored: BoolArray) -> dict[str, Performance]:
    """log_loss and brier over the rows, exact; no log loss where labels (..., C) are ``unscored`` (...,)."""
    share = labels / np.where(labels.sum(-1) > 0, labels.sum(-1), np.nan)[..., None]
    status = losses.status
    some = np.where(losses.n > 0, losses.n, np.nan)
    figures = {}
    for name, total, squares, trivial in (
        ("log_loss", losses.log_loss, losses.log_loss_squares, entropy(share)),
        ("brier", losses.brier, losses.brier_squares, 1.0 - (share**2).sum(-1)),
    ):
        low, high = mean_interval(total, squares, losses.n)
        figures[name] = performance(
            total / some, status, losses.n, interval=(np.maximum(low, 0.0), high), trivial=trivial
        )
    no_bound = statuses(unscored.shape, (unscored, Status.UNSCORED_CLASS))
    figures["log_loss"] = withheld(figures["log_loss"], no_bound)
    return figures
