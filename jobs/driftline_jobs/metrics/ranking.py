"""How well scores rank and how honest they are: figures of positives and negatives per score bin.

P and N are all positives and negatives, P_b and N_b those of bin b. Bins ascend by score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from driftline_jobs.metrics.figures import BoolArray, Counts, FloatArray, Status, TextArray, statuses
from driftline_jobs.metrics.intervals import Z, linear_half_width, logit_interval, wilson
from driftline_jobs.metrics.performance import Performance, performance

CALIBRATION_GROUPS = 20


@dataclass(frozen=True, slots=True)
class ScoreLabelCounts:
    """Labelled rows that have a score, by score bin.

    Attributes:
        pos, neg: (..., B) positives and negatives per bin, ascending by score. Counts, or expected counts.
        score_sums: (..., B) sum of the scores of both.
        tied: (..., B) whether a bin holds one value of the score at most, so that nothing is lost in binning;
            or the same of all.
    """

    pos: Counts
    neg: Counts
    score_sums: FloatArray
    tied: BoolArray | bool = False

    def __post_init__(self) -> None:
        if not self.pos.shape == self.neg.shape == self.score_sums.shape:
            raise ValueError(
                f"pos {self.pos.shape}, neg {self.neg.shape} and score_sums {self.score_sums.shape} "
                "must have one shape (..., B)"
            )


def _two_class_status(p: FloatArray, n: FloatArray) -> TextArray:
    return statuses(
        p.shape, (p + n == 0, Status.NO_SCORES), (p == 0, Status.ONE_CLASS), (n == 0, Status.ONE_CLASS)
    )


def roc_auc(counts: ScoreLabelCounts) -> Performance:
    """Area under the ROC curve, exact but for the order inside a bin: off by at most ½ Σ P_b N_b / (P N).

    Interval: DeLong's variance from the bins (DeLong et al., Biometrics 1988), on the logit scale.
    """
    pos, neg = counts.pos.astype(np.float64), counts.neg.astype(np.float64)
    p, n = pos.sum(-1), neg.sum(-1)
    pairs = np.where((p > 0) & (n > 0), p * n, np.nan)
    negatives_below = np.cumsum(neg, -1) - 0.5 * neg
    value = (pos * negatives_below).sum(-1) / pairs
    inside = 0.5 * np.where(counts.tied, 0.0, pos * neg).sum(-1) / pairs

    some_p, some_n = np.where(p > 0, p, np.nan), np.where(n > 0, n, np.nan)
    per_positive = negatives_below / some_n[..., None]
    per_negative = (p[..., None] - np.cumsum(pos, -1) + 0.5 * pos) / some_p[..., None]
    spread_p = (pos * (per_positive - value[..., None]) ** 2).sum(-1) / np.where(p > 1, p - 1, np.nan)
    spread_n = (neg * (per_negative - value[..., None]) ** 2).sum(-1) / np.where(n > 1, n - 1, np.nan)
    error = np.sqrt(spread_p / some_p + spread_n / some_n)
    return performance(
        value,
        _two_class_status(p, n),
        p + n,
        interval=logit_interval(value, Z * error, np.minimum(p, n)),
        error_bound=inside,
        trivial=0.5,
    )


def average_precision(counts: ScoreLabelCounts, base: ScoreLabelCounts | None = None) -> Performance:
    """Σ (R_i - R_{i-1}) precision_i, midway between each bin's positives first and its negatives first.

    ``error_bound`` is half the gap between the two, or more where tied scores could do better still: rows of
    one score enter together, with the precision that all of them have. Where a bin is a score (``tied``) that
    is what counts for it, and exact.

    Interval: linearised, over ``base`` windows if given (see ``linear_half_width``), on the logit scale.
    """
    pos, neg = counts.pos.astype(np.float64), counts.neg.astype(np.float64)
    p, n = pos.sum(-1), neg.sum(-1)
    some_p = np.where(p > 0, p, np.nan)
    true_above = p[..., None] - np.cumsum(pos, -1)
    false_above = n[..., None] - np.cumsum(neg, -1)

    def in_turn(false: FloatArray) -> FloatArray:
        # Σ_{i=1..P_b} (T + i) / (T + i + F) = P_b - F (ψ(T + F + P_b + 1) - ψ(T + F + 1))
        ahead = true_above + false
        turns = pos - false * (scipy.special.digamma(ahead + pos + 1.0) - scipy.special.digamma(ahead + 1.0))
        return np.asarray(turns, np.float64)

    def at_once(false: FloatArray) -> FloatArray:
        rows = true_above + pos + false
        return np.asarray(pos * (true_above + pos) / np.where(rows > 0, rows, 1.0), np.float64)

    together = at_once(false_above + neg)
    first, last, best = (
        np.where(counts.tied, together, each).sum(-1) / some_p
        for each in (in_turn(false_above), in_turn(false_above + neg), at_once(false_above))
    )
    value = 0.5 * (first + last)
    bound = np.maximum(best - value, value - last)

    influence = _precision_influence(pos, neg, value)
    both = np.concatenate([pos, neg], -1)
    by_base = None if base is None else np.concatenate([base.pos, base.neg], -1).astype(np.float64)
    half_width = linear_half_width(both, influence / some_p[..., None], by_base)
    return performance(
        value,
        statuses(p.shape, (p + n == 0, Status.NO_SCORES), (p == 0, Status.NO_POSITIVES)),
        p + n,
        interval=logit_interval(value, np.where(p > 1, half_width, np.nan), p),
        error_bound=bound,
        trivial=p / np.where(p + n > 0, p + n, np.nan),
    )


def _precision_influence(pos: FloatArray, neg: FloatArray, value: FloatArray) -> FloatArray:
    """(..., 2 B) change of P · AP per positive, then per negative, added to each bin.

    One more positive in bin b brings its own precision and raises that of all positives below; one more
    negative lowers theirs. Bins count as ranked at their middle.
    """
    true = np.flip(np.cumsum(np.flip(pos, -1), -1), -1) - 0.5 * pos
    false = np.flip(np.cumsum(np.flip(neg, -1), -1), -1) - 0.5 * neg
    rows = np.where(true + false > 0, true + false, 1.0)
    raised, lowered = pos * false / rows**2, pos * true / rows**2
    by_positive = true / rows + np.cumsum(raised, -1) - 0.5 * raised - value[..., None]
    by_negative = 0.5 * lowered - np.cumsum(lowered, -1)
    return np.concatenate([by_positive, by_negative], -1)


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Points of the calibration curve, ascending by score; groups without rows are NaN with ``n`` 0.

    Attributes:
        score: (..., G) mean score.
        rate: (..., G) share of positives; ``low`` and ``high`` its Wilson interval.
        n: (..., G) rows.
    """

    score: FloatArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray
    n: FloatArray


def calibration_curve(counts: ScoreLabelCounts, groups: int = CALIBRATION_GROUPS) -> CalibrationCurve:
    """The score bins joined into at most ``groups`` of about equally many rows."""
    positives, n, scores = calibration_groups(counts, groups)
    some = np.where(n > 0, n, np.nan)
    low, high = wilson(positives, n)
    return CalibrationCurve(score=scores / some, rate=positives / some, low=low, high=high, n=n)


def calibration_groups(
    counts: ScoreLabelCounts, groups: int = CALIBRATION_GROUPS
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Positives, rows and score sums of the groups of ``calibration_curve``, (..., groups) each."""
    pos, neg = counts.pos.astype(np.float64), counts.neg.astype(np.float64)
    rows = pos + neg
    total = np.maximum(rows.sum(-1, keepdims=True), 1.0)
    group = np.minimum((groups * (np.cumsum(rows, -1) - 0.5 * rows) / total).astype(np.int64), groups - 1)

    def joined(per_bin: FloatArray) -> FloatArray:
        return np.stack([np.where(group == g, per_bin, 0.0).sum(-1) for g in range(groups)], -1)

    return joined(pos), joined(rows), joined(counts.score_sums)


def calibration_error(counts: ScoreLabelCounts) -> Performance:
    """Expected calibration error: root of the mean squared gap between mean score and positive rate.

    Each group's squared gap loses y (1 - y) / (n_b - 1), which is what sampling adds to it; without that a
    perfect model would seem off, the more so the fewer its rows (Kumar, Liang, Ma: Verified uncertainty
    calibration, NeurIPS 2019). A sum below zero is none. Groups are those of ``calibration_curve``; those
    of one row cannot be corrected and are left out. It is a figure of its groups, so no error bound.
    """
    curve = calibration_curve(counts)
    usable = curve.n > 1
    n = np.where(usable, curve.n, 0.0)
    total = n.sum(-1)
    weight = n / np.where(total > 0, total, np.nan)[..., None]
    rate, score = np.where(usable, curve.rate, 0.0), np.where(usable, curve.score, 0.0)
    noise = rate * (1.0 - rate) / np.where(usable, curve.n - 1.0, 1.0)
    gap = (score - rate) ** 2 - noise
    squared = (weight * gap).sum(-1)
    error = np.sqrt((weight**2 * (4.0 * np.maximum(gap, 0.0) * noise + 2.0 * noise**2)).sum(-1))
    interval = (
        np.sqrt(np.maximum(squared - Z * error, 0.0)),
        np.sqrt(np.maximum(squared + Z * error, 0.0)),
    )
    rows = curve.n.sum(-1)
    status = statuses(total.shape, (rows == 0, Status.NO_SCORES), (total == 0, Status.TOO_FEW_ROWS))
    return performance(
        np.sqrt(np.maximum(squared, 0.0)), status, total, interval=interval, error_bound=np.nan, trivial=0.0
    )
