"""How well a classifier of several classes would be expected to have done (see ``estimate``)."""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.binary import entropy
from driftline_jobs.metrics.estimate import (
    LEAST,
    ScoreCalibration,
    ScoredRows,
    decided_status,
    estimate_binary,
    variance_of,
)
from driftline_jobs.metrics.figures import FloatArray, Status, statuses
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import Performance, performance, withheld


def estimate_multiclass(
    calibration: ScoreCalibration, rows: ScoredRows
) -> tuple[dict[str, Performance], dict[str, Performance]]:
    """Estimated figures of a classifier of C classes: of the whole (...,) and per class (..., C).

    Args:
        calibration: (C, B) of each class against the rest.
        rows: (..., C, B) by the score of each class; ``predicted`` those predicted as that very class.

    Each class is estimated against the rest. ``accuracy`` is the expected share of hits. Averages have the
    mean of the ends of their classes' intervals: as if all errors went together, rather too wide.
    """
    per_class = estimate_binary(calibration, rows)
    n = rows.counts.sum(-1).max(-1)
    overall = {}
    if rows.predicted is not None:
        decided = rows.counts if rows.decided is None else rows.decided
        n = decided.sum(-1).max(-1)
        hits = (rows.predicted * calibration.probability).sum((-1, -2))
        some = np.where(n > 0, n, np.nan)
        share = hits / some
        draws = [(draw * rows.predicted).sum((-1, -2)) / some for draw in calibration.draws]
        error = np.sqrt(share * (1.0 - share) / some + variance_of(draws))
        support = (decided * calibration.probability).sum(-1)
        overall["accuracy"] = performance(
            share,
            decided_status(rows.counts.sum(-1).max(-1), n),
            n,
            interval=(np.maximum(share - Z * error, 0.0), np.minimum(share + Z * error, 1.0)),
            error_bound=np.nan,
            trivial=(support / np.where(n > 0, support.sum(-1), np.nan)[..., None]).max(-1),
        )
    overall |= _losses_of_all(calibration, rows)
    n = rows.counts.sum(-1).max(-1)
    weights = (rows.counts * calibration.probability).sum(-1)
    for name in ("roc_auc", "average_precision", "precision", "recall", "f1"):
        if name not in per_class:
            continue
        figure = per_class[name]
        for how, raw in (("macro", np.ones(weights.shape)), ("weighted", weights)):
            weight = np.where(figure.ok, raw, 0.0)
            weight = weight / np.where(weight.sum(-1) > 0, weight.sum(-1), np.nan)[..., None]
            value, low, high, trivial = (
                np.where(weight == 0, 0.0, weight * array).sum(-1)
                for array in (figure.value, figure.ci_low, figure.ci_high, figure.trivial)
            )
            overall[f"{name}_{how}"] = performance(
                value,
                statuses(n.shape, (n == 0, Status.NO_SCORES), (~figure.ok.any(-1), Status.ONE_CLASS)),
                n,
                interval=(low, high),
                error_bound=np.nan,
                trivial=trivial,
            )
    return overall, per_class


def _losses_of_all(calibration: ScoreCalibration, rows: ScoredRows) -> dict[str, Performance]:
    """Expected log_loss and brier over all classes: sums over the classes, each of which its own scores tell.

    A bin's mean score stands for that of its rows. The chances of the classes, each learned by itself, are
    brought to a sum of one. The interval is that of the mean loss of rows, and of what the reference taught.
    """
    n = rows.counts.sum(-1).max(-1).astype(np.float64)
    some = np.where(n > 0, n, np.nan)
    score = np.divide(
        rows.score_sums, rows.counts, out=np.zeros(rows.score_sums.shape), where=rows.counts > 0
    )
    surprise = -np.log(np.clip(score, LEAST, 1.0))
    squares = (rows.counts * score**2).sum((-1, -2)) / some

    def means(chance: FloatArray) -> tuple[FloatArray, ...]:
        weight = rows.counts * chance
        total = weight.sum((-1, -2))
        whole = np.where(total > 0, total, np.nan)
        loss, square, hit, hit_square = (
            (weight * of).sum((-1, -2)) / whole for of in (surprise, surprise**2, score, score**2)
        )
        return loss, square - loss**2, squares + 1.0 - 2.0 * hit, 4.0 * (hit_square - hit**2)

    log_loss, log_variance, brier, brier_variance = means(calibration.probability)
    drawn = [means(draw) for draw in calibration.draws]
    support = (rows.counts * calibration.probability).sum(-1)
    share = support / np.where(n > 0, support.sum(-1), np.nan)[..., None]
    status = statuses(n.shape, (n == 0, Status.NO_SCORES))
    found = {}
    for name, value, variance, at, trivial in (
        ("log_loss", log_loss, log_variance, 0, entropy(np.nan_to_num(share))),
        ("brier", brier, brier_variance, 2, 1.0 - (share**2).sum(-1)),
    ):
        half = Z * np.sqrt(np.maximum(variance, 0.0) / some + variance_of([draw[at] for draw in drawn]))
        found[name] = performance(
            value,
            status,
            n,
            interval=(np.maximum(value - half, 0.0), value + half),
            error_bound=np.nan,
            trivial=trivial,
        )
    if rows.status is None:
        return found
    worst = np.take_along_axis(rows.status, (rows.status != Status.OK.value).argmax(-1)[..., None], -1)[
        ..., 0
    ]
    return {name: withheld(figure, worst) for name, figure in found.items()}
