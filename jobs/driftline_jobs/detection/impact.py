"""Whether a drifted column matters: the size of its impact, and what clean windows show of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from driftline_jobs.metrics.figures import FloatArray

FEWEST_WINDOWS = 3
"""Of fewer nobody can say how far they lie apart."""
_LEVEL = 0.99
_Z = 2.5758293035489004
"""Of the normal distribution, 99 % lie within so many standard deviations."""


class Chance(NamedTuple):
    """How uncertain a figure of the reference is: its standard error by rows, and its standard deviation
    between windows; NaN where they are not known."""

    error: float
    spread: float = math.nan


def with_chance(
    limit: float | None, chance: Chance, divergence: float, concentration: float = 0.0
) -> float | None:
    """The noise of one impact: what clean windows stay within (``noise``), and what so large a change of a
    column that has nothing to do with the score would show by chance, in 99 % of cases.

    Args:
        divergence, concentration: of the window's weights, see ``metrics.impact``.
    """
    if limit is None:
        return None
    parts = (chance.error * math.sqrt(divergence), chance.spread * math.sqrt(concentration))
    return math.hypot(limit, *(_Z * part for part in parts if math.isfinite(part)))


def noise(values: FloatArray) -> FloatArray:
    """(...,) what the size of an impact stays within for 99 % of windows like these; NaN where fewer than
    three of the windows have one.

    The two-sided prediction interval of one more normal observation, seen from zero, with K - 1 degrees of
    freedom: |mean| + t sd sqrt(1 + 1/K) (Hahn and Meeker, Statistical Intervals, 1991, 4.2). The plain
    quantile of K windows would be their largest one, which one of K + 1 clean windows exceeds.

    Args:
        values: (K, ...) the impact in each window of the reference, without itself; NaN where there is none.
    """
    from scipy import special

    there = np.isfinite(values)
    k = there.sum(0)
    some = np.where(k >= FEWEST_WINDOWS, k, np.nan)
    mean = np.where(there, values, 0.0).sum(0) / some
    spread = np.sqrt(np.where(there, (values - mean) ** 2, 0.0).sum(0) / (some - 1.0))
    t = special.stdtrit(some - 1.0, 0.5 + 0.5 * _LEVEL)
    found: FloatArray = np.abs(mean) + t * spread * np.sqrt(1.0 + 1.0 / some)
    return found


@dataclass(frozen=True, slots=True)
class Impact:
    """What the change of one column's distribution does by itself to one figure.

    Attributes:
        value: the change of the figure, in its unit; None where there is none, for ``reason``.
        reference_value: the figure of the reference; reference_stddev: of the score or the prediction, None
            for figures of performance.
        noise: what 99 % of clean windows stay within; None where the reference has too few windows to tell.
        importance: share of the score's variance that the column's bins explain in the reference.
        unknown_share: share of the window's rows whose value the reference does not have.
        n: rows of the reference it rests on.
    """

    column_name: str
    metric: str
    class_label: str | None = None
    value: float | None = None
    reference_value: float | None = None
    reference_stddev: float | None = None
    noise: float | None = None
    importance: float | None = None
    unknown_share: float | None = None
    n: int | None = None
    status: str = "ok"
    reason: str | None = None

    @property
    def counts(self) -> bool | None:
        """Whether it is beyond its noise; None where that is not known."""
        return None if self.value is None or self.noise is None else abs(self.value) > self.noise

    @property
    def size(self) -> float | None:
        """|change of the mean score| in its standard deviations, which compares monitors and columns alike;
        None of figures of performance, and where the score does not vary."""
        if self.value is None or not self.reference_stddev:
            return None
        return abs(self.value) / self.reference_stddev
