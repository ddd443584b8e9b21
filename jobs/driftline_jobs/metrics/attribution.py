"""Why a figure moved, by segment: an exact account, an association and not a cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftline_jobs.metrics.figures import BoolArray, Counts, FloatArray
from driftline_jobs.metrics.ranking import ScoreLabelCounts, roc_auc
from driftline_jobs.metrics.shares import SMOOTHING


@dataclass(frozen=True, slots=True)
class Attribution:
    """Parts of a change by segment value, (..., G) each; NaN where there is none.

    Attributes:
        mix: what came from more or fewer rows with the value.
        rate: what came from a change among the rows with it.
        share: both, over the whole change; NaN if nothing changed.
        n: rows of the window with the value.
    """

    mix: FloatArray
    rate: FloatArray
    share: FloatArray
    n: FloatArray


def attribute_ratio(
    numerator: Counts, denominator: Counts, numerator_then: Counts, denominator_then: Counts, n: Counts
) -> Attribution:
    """Split the change of Σ numerator / Σ denominator over G segment values; the parts add up to it exactly.

    Every figure that is a ratio of sums is a mean of its values' rates r weighted by their part w of the
    denominator: accuracy and losses by rows, precision by predicted positives, recall by positives, F1 by
    2 TP + FP + FN. For two players, who swap w and r from then to now, Shapley's value is

        mix = (w' - w) ((r + r') / 2 - R),  rate = (r' - r) (w + w') / 2,

    with R the mean of the whole figure then and now, which makes the mix of a value good or bad by whether
    the value is better than the whole; since the weights sum to 1, it changes no sum. A value that occurs on
    one side only has the same rate on the other: its whole part is mix.

    Args:
        numerator, denominator: (..., G) of the window; ``*_then`` of what it is compared with.
        n: (..., G) rows of the window.
    """
    w, r = _weights_and_rates(numerator, denominator)
    w_then, r_then = _weights_and_rates(numerator_then, denominator_then)
    r, r_then = np.where(np.isnan(r), r_then, r), np.where(np.isnan(r_then), r, r_then)
    absent = np.isnan(r)  # the value occurs on neither side: no part
    r, r_then = np.where(absent, 0.0, r), np.where(absent, 0.0, r_then)
    whole, whole_then = (w * r).sum(-1, keepdims=True), (w_then * r_then).sum(-1, keepdims=True)
    mix = np.where(absent, np.nan, (w - w_then) * (0.5 * (r + r_then) - 0.5 * (whole + whole_then)))
    rate = np.where(absent, np.nan, (r - r_then) * 0.5 * (w + w_then))
    return _with_share(mix, rate, np.asarray(n, np.float64))


def _weights_and_rates(numerator: Counts, denominator: Counts) -> tuple[FloatArray, FloatArray]:
    below = denominator.astype(np.float64)
    total = below.sum(-1, keepdims=True)
    weights = below / np.where(total > 0, total, np.nan)
    rates = np.divide(numerator, below, out=np.full(below.shape, np.nan), where=below > 0)
    return weights, rates


def _with_share(mix: FloatArray, rate: FloatArray, n: FloatArray) -> Attribution:
    parts = mix + rate
    whole = np.nansum(parts, -1, keepdims=True)
    size = np.nansum(np.abs(parts), -1, keepdims=True)
    # What rounding leaves of parts that cancel is no change to share out.
    changed = np.abs(whole) > 1e-12 * np.maximum(size, 1e-300)
    share = np.divide(parts, whole, out=np.full(parts.shape, np.nan), where=changed)
    return Attribution(mix=mix, rate=rate, share=share, n=n)


def attribute_auc(now: ScoreLabelCounts, then: ScoreLabelCounts, supported: BoolArray) -> Attribution:
    """What each segment value's scores did to the AUC: it, less the AUC with that value's rows as then.

    The AUC compares rows of different values, so it does not add up over them. For each value its rows are
    replaced by those it had then, scaled to as many as it has now, and the whole is computed again. The
    parts need not sum to the change; there is no mix.

    Args:
        now, then: (..., G, B) positives and negatives per segment value and score bin.
        supported: (..., G) values with rows enough on both sides; others have no part.
    """
    whole = roc_auc(_merged(now)).value
    rows_now = (now.pos + now.neg).sum(-1).astype(np.float64)
    rows_then = (then.pos + then.neg).sum(-1).astype(np.float64)
    usable = supported & (rows_now > 0) & (rows_then > 0)
    scale = np.divide(rows_now, rows_then, out=np.zeros(rows_now.shape), where=usable)[..., None]
    total_pos, total_neg = now.pos.sum(-2, keepdims=True), now.neg.sum(-2, keepdims=True)
    swapped = ScoreLabelCounts(
        pos=total_pos - now.pos + scale * then.pos,
        neg=total_neg - now.neg + scale * then.neg,
        score_sums=np.zeros(now.pos.shape),
    )
    rate = np.where(usable, whole[..., None] - roc_auc(swapped).value, np.nan)
    before = roc_auc(_merged(then)).value
    change = (whole - before)[..., None]
    share = np.divide(rate, change, out=np.full(rate.shape, np.nan), where=np.abs(change) > 1e-12)
    return Attribution(mix=np.full(rate.shape, np.nan), rate=rate, share=share, n=rows_now)


def _merged(counts: ScoreLabelCounts) -> ScoreLabelCounts:
    return ScoreLabelCounts(counts.pos.sum(-2), counts.neg.sum(-2), counts.score_sums.sum(-2))


def attribute_drift(now: Counts, then: Counts) -> Attribution:
    """Share the drift of a column out among the values of a segment, in the unit of its PSI.

    The PSI is Σ_b (p_b - q_b) L_b with L_b = ln(p_b / q_b) of the whole column. Each p_b and q_b is a sum
    over the segment's values, so each of them has its part of every bin's difference, and the parts add up
    to Σ (p - q) L of the raw shares. With w the value's part of the rows and p its own shares, the part
    splits into mix (w' - w)(p' + p)/2 and rate (w' + w)/2 (p' - p), each times L.

    Args:
        now, then: (..., G, B) rows per segment value and bin of the column.
    """
    p_whole, q_whole = now.sum(-2), then.sum(-2)
    weight = np.log(_smoothed(p_whole) / _smoothed(q_whole))[..., None, :]
    n, m = p_whole.sum(-1), q_whole.sum(-1)
    w = now.sum(-1) / np.where(n > 0, n, np.nan)[..., None]
    w_then = then.sum(-1) / np.where(m > 0, m, np.nan)[..., None]
    p, q = _within(now), _within(then)
    p, q = np.where(np.isnan(p), q, p), np.where(np.isnan(q), p, q)
    absent = np.isnan(p).any(-1)
    p, q = np.nan_to_num(p), np.nan_to_num(q)
    mix = (w - w_then) * (0.5 * (p + q) * weight).sum(-1)
    rate = 0.5 * (w + w_then) * ((p - q) * weight).sum(-1)
    return _with_share(
        np.where(absent, np.nan, mix), np.where(absent, np.nan, rate), now.sum(-1).astype(np.float64)
    )


def _smoothed(counts: Counts) -> FloatArray:
    raised = counts + SMOOTHING
    return np.asarray(raised / raised.sum(-1, keepdims=True), np.float64)


def _within(counts: Counts) -> FloatArray:
    """(..., G, B) shares of the bins within each segment value; NaN for one without rows."""
    rows = counts.sum(-1, keepdims=True)
    return np.asarray(counts / np.where(rows > 0, rows, np.nan), np.float64)
