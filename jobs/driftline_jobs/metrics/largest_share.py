"""The category whose share has changed the most beside chance: what a sum over all categories dilutes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from driftline_jobs.metrics.figures import Counts, Figure, FloatArray, Status, figure, statuses
from driftline_jobs.metrics.samples import CategorySample

LEAST_SHARE = 0.05
"""Of both samples' rows: rarer categories have tails of their own where days vary (simulated with days by
Dirichlet of 2,000 to 20,000: clean windows pass 1e-3 at most 1.4 times as often as they may). They are for
chi_squared and unseen_fraction."""


class LargestShare(NamedTuple):
    """Of cells (...,): ``squared`` of the change in standard errors, ``variance`` the square of one of these;
    NaN and 0 where no category is frequent."""

    squared: FloatArray
    variance: FloatArray


def largest_share(current: CategorySample, reference: CategorySample) -> LargestShare:
    """The largest of the squared changes of the frequent categories' shares, each in its standard errors."""
    now, then = current.counts, reference.counts
    n, m = _rows(current), _rows(reference)
    pooled = (now + then) / (n + m)
    sampling = 1.0 / n + 1.0 / m
    variance = pooled * (1.0 - pooled) * sampling
    change = now / n - then / m
    frequent = (pooled >= LEAST_SHARE) & (variance > 0.0)
    squared = np.divide(change**2, variance, out=np.full(change.shape, -1.0), where=frequent)
    if not squared.shape[-1]:
        return LargestShare(np.full(squared.shape[:-1], np.nan), np.zeros(squared.shape[:-1]))
    at = squared.argmax(-1)[..., None]
    found = np.take_along_axis(squared, at, -1)[..., 0]
    known = found >= 0.0
    of = np.where(known, np.take_along_axis(variance, at, -1)[..., 0], 0.0)
    return LargestShare(np.where(known, found, np.nan), of)


def share_shift(current: CategorySample, reference: CategorySample) -> Figure:
    """The change of that share, without a sign; 0 where no category is frequent."""
    found = largest_share(current, reference)
    status = statuses(
        found.squared.shape,
        (current.every_row().sum(-1) == 0, Status.EMPTY_WINDOW),
        (reference.every_row().sum(-1) == 0, Status.NO_REFERENCE),
    )
    return figure(np.sqrt(np.nan_to_num(found.squared) * found.variance), status)


def _rows(sample: CategorySample) -> Counts:
    rows: Counts = np.maximum(sample.every_row().sum(-1), 1)[..., None]
    return rows
