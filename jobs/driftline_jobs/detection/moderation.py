"""Spreads that were learned from few windows each, moderated by those of the other columns.

Twenty-eight windows know a column's spread to an eighth, and limits far out in the tail pay dearly for that.
Where the columns' spreads are alike, each is drawn towards the others' (empirical Bayes: Smyth, Statistical
Applications in Genetics and Molecular Biology 2004); where they differ, each stands for itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
import scipy

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.metrics.figures import FloatArray

Key = TypeVar("Key", bound=Hashable)
_LEAST_COLUMNS = 5
_MOST = 2.0
"""The others count at most as so many times the column's own windows: columns depend on each other."""
_STEPS = 50


def moderated(found: Mapping[Key, Calibration]) -> dict[Key, Calibration]:
    """The same calibrations of one signed statistic, by column, with the spreads that all of them suggest."""
    names = [name for name, one in found.items() if one.signed]
    if len(names) < _LEAST_COLUMNS:
        return dict(found)
    variance = np.array([found[name].deviation ** 2 for name in names])
    degrees = np.array([found[name].degrees for name in names])
    logarithm = np.log(variance) - scipy.special.digamma(degrees / 2.0) + np.log(degrees / 2.0)
    excess = float(logarithm.var(ddof=1) - scipy.special.polygamma(1, degrees / 2.0).mean())
    worth = 2.0 * _inverse_trigamma(excess) if excess > 0.0 else np.inf
    prior = np.minimum(worth, _MOST * degrees)
    common = np.exp(logarithm.mean() + (scipy.special.digamma(prior / 2.0) - np.log(prior / 2.0)))
    together: FloatArray = (prior * common + degrees * variance) / (prior + degrees)
    return dict(found) | {
        name: replace(found[name], deviation=float(np.sqrt(v)), degrees=float(d))
        for name, v, d in zip(names, together, prior + degrees, strict=True)
    }


def _inverse_trigamma(value: float) -> float:
    """Where the trigamma function has this value, by Newton's method on 1 / trigamma."""
    y = 0.5 + 1.0 / value
    for _ in range(_STEPS):
        at = float(scipy.special.polygamma(1, y))
        step = at * (1.0 - at / value) / float(scipy.special.polygamma(2, y))
        y += step
        if abs(step) < 1e-10 * y:
            break
    return y
