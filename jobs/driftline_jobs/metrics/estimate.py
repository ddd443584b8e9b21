"""How well a classifier would be expected to have done, without labels.

Confidence-based performance estimation (CBPE, as in NannyML): the reference teaches how often a row of some
score is positive; the window's scores then say how many positives to expect at each, and the formulas of
realized performance do the rest. It cannot see a change in the relation of features and label (concept
drift): that only labels show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftline_jobs.metrics.binary import ConfusionCounts, decision_figures, entropy, positive_rate
from driftline_jobs.metrics.figures import BoolArray, Counts, FloatArray, Status, TextArray, statuses
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import Performance, performance, withheld
from driftline_jobs.metrics.ranking import (
    ScoreLabelCounts,
    average_precision,
    calibration_groups,
    roc_auc,
)

DRAWS = 32
"""Draws of what the reference's labels might have taught; enough to know a deviation to 13 %."""
LEAST = 1e-15
_CELLS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """What the reference teaches about scores.

    Attributes:
        probability: (..., B) how often a row of each score bin is positive, never falling with the score.
        draws: (D, ..., B) the same from labels drawn anew: how sure the reference is.
    """

    probability: FloatArray
    draws: FloatArray


def calibrate_scores(
    reference: ScoreLabelCounts, *, draws: int = DRAWS, seed: int = 0
) -> ScoreCalibration | None:
    """Weighted isotonic regression of the label rate on the mean score of the bins (Barlow et al. 1972).

    Bins without labelled rows take their value from the bins around them.

    Args:
        reference: (B,) or (C, B) for several classes; counts of the reference's labelled rows.

    Returns:
        None where the reference has no labelled row (of some class).
    """
    pos, rows = reference.pos.astype(np.float64), (reference.pos + reference.neg).astype(np.float64)
    if not (rows.sum(-1) > 0).all():
        return None
    rng = np.random.default_rng(seed)
    shape = pos.shape
    flat = [array.reshape(-1, shape[-1]) for array in (pos, rows, reference.score_sums)]
    probability, drawn = [], []
    for positives, n, sums in zip(*flat, strict=True):
        score = _ascending_scores(sums, n)
        fitted = _isotonic(score, positives, n)
        again = rng.binomial(n.astype(np.int64), fitted, size=(draws, len(n)))
        probability.append(fitted)
        drawn.append(np.stack([_isotonic(score, one.astype(np.float64), n) for one in again]))
    return ScoreCalibration(
        probability=np.stack(probability).reshape(shape),
        draws=np.stack(drawn, 1).reshape(draws, *shape),
    )


def _ascending_scores(sums: FloatArray, n: FloatArray) -> FloatArray:
    """Mean score per bin; bins without rows lie between their neighbours."""
    at = np.arange(len(n), dtype=np.float64)
    occupied = n > 0
    means = sums[occupied] / n[occupied]
    # means of neighbouring bins may be equal to the last bit after rounding
    return np.interp(at, at[occupied], np.maximum.accumulate(means))


def _isotonic(score: FloatArray, positives: FloatArray, n: FloatArray) -> FloatArray:
    from scipy.optimize import isotonic_regression

    occupied = n > 0
    fitted = isotonic_regression(positives[occupied] / n[occupied], weights=n[occupied]).x
    return np.interp(score, score[occupied], fitted)


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """The rows of a window by their score, labelled or not.

    Attributes:
        counts: (..., B) rows per score bin.
        score_sums: (..., B) sum of their scores as probabilities.
        predicted: (..., B) those of them that were predicted positive; None if predictions are not known.
        decided: (..., B) those that were predicted at all; None if all of them were.
        status: (...,) ``ok``, or why scores are no probabilities; None if they are. With several classes it
            has their axis too.
        tied: (..., B) see ``ScoreLabelCounts``.
    """

    counts: Counts
    score_sums: FloatArray
    predicted: Counts | None = None
    decided: Counts | None = None
    status: TextArray | None = None
    tied: BoolArray | bool = False


def estimate_binary(calibration: ScoreCalibration, rows: ScoredRows) -> dict[str, Performance]:
    """Estimated figures of a binary classifier, by leading axes (windows, cells).

    The interval allows for two things: that labels fall as they will (as for a realized figure), and that
    the reference knew its label rates only so well. log_loss, brier and ece take a bin's mean score for that
    of its rows, so they have no error bound; where scores are no probabilities there are none.
    """
    estimated = _figures(calibration.probability, rows)
    if rows.counts.size == 0:
        return estimated
    spread = _spread(calibration.draws, rows)
    widened = {name: _widened(name, figure, Z * spread[name]) for name, figure in estimated.items()}
    if rows.status is None:
        return widened
    honest = {name: withheld(widened[name], rows.status) for name in ("log_loss", "brier", "ece")}
    return widened | honest


def _spread(draws: FloatArray, rows: ScoredRows) -> dict[str, FloatArray]:
    """Standard deviation of every figure over the draws (D, ..., B) of the label rates."""
    lead = rows.counts.ndim - draws.ndim + 1
    chances = draws.reshape(len(draws), *(1,) * lead, *draws.shape[1:])
    if lead == 0:
        return _spread_at_once(chances, rows)
    found: dict[str, list[FloatArray]] = {}
    for start in range(0, len(rows.counts), _CELLS_AT_ONCE):
        slice_of = slice(start, start + _CELLS_AT_ONCE)
        predicted, decided = (
            None if array is None else array[slice_of] for array in (rows.predicted, rows.decided)
        )
        part = ScoredRows(
            rows.counts[slice_of], rows.score_sums[slice_of], predicted, decided, tied=rows.tied
        )
        for name, deviation in _spread_at_once(chances, part).items():
            found.setdefault(name, []).append(deviation)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _spread_at_once(chances: FloatArray, rows: ScoredRows) -> dict[str, FloatArray]:
    def laid_out(array: Counts) -> FloatArray:
        # not a view: sums over views may be taken in another order
        return np.array(np.broadcast_to(array, (len(chances), *rows.counts.shape)), np.float64)

    predicted, decided = (
        None if array is None else laid_out(array) for array in (rows.predicted, rows.decided)
    )
    counts, sums = laid_out(rows.counts), laid_out(rows.score_sums)
    drawn = ScoredRows(counts, sums, predicted, decided, tied=rows.tied)
    figures = _figures(np.ascontiguousarray(np.broadcast_to(chances, drawn.counts.shape)), drawn)
    return {name: np.sqrt(variance_of(list(figure.value))) for name, figure in figures.items()}


def variance_of(draws: Sequence[FloatArray]) -> FloatArray:
    """Variance over the draws, each (...,).

    Summed along the last axis in memory: numpy adds up any other in an order that depends on how many windows
    there are, and a window's figures must not depend on what it is run with.
    """
    values = np.ascontiguousarray(np.stack(draws, -1))
    variance: FloatArray = values.var(-1, ddof=1)
    return variance


def _expected(probability: FloatArray, rows: ScoredRows) -> ScoreLabelCounts:
    return ScoreLabelCounts(
        pos=rows.counts * probability,
        neg=rows.counts * (1.0 - probability),
        score_sums=rows.score_sums,
        tied=rows.tied,
    )


def _decisions(probability: FloatArray, rows: ScoredRows) -> dict[str, Performance]:
    if rows.predicted is None:
        return {}
    decided = rows.counts if rows.decided is None else rows.decided
    rest = decided - rows.predicted
    figures = decision_figures(
        ConfusionCounts(
            true_pos=(rows.predicted * probability).sum(-1),
            false_pos=(rows.predicted * (1.0 - probability)).sum(-1),
            false_neg=(rest * probability).sum(-1),
            true_neg=(rest * (1.0 - probability)).sum(-1),
        )
    )
    status = decided_status(rows.counts.sum(-1), decided.sum(-1))
    del figures["positive_rate"]  # it is that of all rows
    return {name: withheld(figure, status) for name, figure in figures.items()}


def decided_status(scored: Counts, decided: Counts) -> TextArray:
    """(...,) of figures that rest on decisions."""
    return statuses(scored.shape, (scored == 0, Status.NO_SCORES), (decided == 0, Status.NO_PREDICTIONS))


def _figures(probability: FloatArray, rows: ScoredRows) -> dict[str, Performance]:
    expected = _expected(probability, rows)
    figures = {"roc_auc": roc_auc(expected), "average_precision": average_precision(expected)}
    figures |= _decisions(probability, rows)
    n = rows.counts.sum(-1).astype(np.float64)
    some = np.where(n > 0, n, np.nan)
    rate = expected.pos.sum(-1) / some
    status = statuses(n.shape, (n == 0, Status.NO_SCORES))
    losses = _row_losses(probability, rows)
    trivial = {
        "log_loss": entropy(np.nan_to_num(np.stack([rate, 1.0 - rate], -1))),
        "brier": rate * (1.0 - rate),
    }
    for name, (mean, square) in losses.items():
        value = (rows.counts * mean).sum(-1) / some
        variance = np.maximum((rows.counts * square).sum(-1) / some - value**2, 0.0)
        half = Z * np.sqrt(variance / some)
        figures[name] = performance(
            value,
            status,
            n,
            interval=(np.maximum(value - half, 0.0), value + half),
            error_bound=np.nan,
            trivial=trivial[name],
        )
    ece = _calibration_error(expected)
    figures["ece"] = performance(ece, status, n, interval=(ece, ece), error_bound=np.nan, trivial=0.0)
    figures["positive_rate"] = withheld(positive_rate(expected.pos.sum(-1), n), status)
    return figures


def _row_losses(probability: FloatArray, rows: ScoredRows) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Expected loss of a row of each bin and its expected square, (..., B)."""
    score = np.divide(
        rows.score_sums, rows.counts, out=np.full(rows.score_sums.shape, 0.5), where=rows.counts > 0
    )
    inside = np.clip(score, LEAST, 1.0 - LEAST)
    found = {}
    for name, of_positive, of_negative in (
        ("log_loss", -np.log(inside), -np.log1p(-inside)),
        ("brier", (1.0 - score) ** 2, score**2),
    ):
        found[name] = (
            probability * of_positive + (1.0 - probability) * of_negative,
            probability * of_positive**2 + (1.0 - probability) * of_negative**2,
        )
    return found


def _calibration_error(expected: ScoreLabelCounts) -> FloatArray:
    """Root mean square of score less expected rate over the groups; expectations need no correction."""
    positives, n, scores = calibration_groups(expected)
    gap = np.divide(scores - positives, n, out=np.zeros(n.shape), where=n > 0)
    total = n.sum(-1)
    mean_square: FloatArray = (n * gap**2).sum(-1) / np.where(total > 0, total, np.nan)
    return np.sqrt(mean_square)


def _widened(name: str, figure: Performance, half: FloatArray) -> Performance:
    """The figure's interval with another source of error, independent of the first."""
    below, above = figure.value - figure.ci_low, figure.ci_high - figure.value
    low = np.maximum(figure.value - np.sqrt(below**2 + half**2), 0.0)
    high = figure.value + np.sqrt(above**2 + half**2)
    return performance(
        figure.value,
        figure.status,
        figure.n,
        interval=(low, high if name == "log_loss" else np.minimum(high, 1.0)),
        error_bound=figure.error_bound,
        trivial=figure.trivial,
    )


def estimate_error(realized: Performance, estimated: Performance) -> Performance:
    """How far the estimate was off once labels were there: estimated less realized.

    The interval is that of the difference; one that holds 0 says the estimate could have been right.
    """
    difference = estimated.value - realized.value
    below = np.sqrt((estimated.value - estimated.ci_low) ** 2 + (realized.ci_high - realized.value) ** 2)
    above = np.sqrt((estimated.ci_high - estimated.value) ** 2 + (realized.value - realized.ci_low) ** 2)
    ok = Status.OK.value
    status = np.where(realized.status != ok, realized.status, estimated.status)
    return performance(
        difference,
        status,
        np.minimum(realized.n, estimated.n),
        interval=(difference - below, difference + above),
        error_bound=realized.error_bound + estimated.error_bound,
        trivial=np.nan,
    )
