"""Windows that vary from day to day as production does: the one place where the tests make them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from tests.metrics.edges import FEATURE_QUANTILES, from_counts

from driftline_jobs.detection.cycles import cycle_labels
from driftline_jobs.metrics.samples import CategorySample, OrderedSample

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CONCENTRATION = 2000.0
"""Of the Dirichlet distribution that each day's shares are drawn from: PSI of 0.0115 from day to day."""
SHARES: Floats = np.diff([0.0, *FEATURE_QUANTILES, 1.0])
"""What the product's edges cut a feature into: 5 % bins and thin tails."""


def labels_of(first: int, days: int) -> list[tuple[str, ...]]:
    """Calendar labels of ``days`` days, the first ``first`` days after a Monday."""
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=first)
    return [cycle_labels(start + timedelta(days=day), "day") for day in range(days)]


def daily_counts(
    rng: np.random.Generator,
    labels: Sequence[Sequence[str]],
    rows: int | Ints,
    *,
    columns: int = 1,
    weekend: float = 0.0,
    shares: Floats = SHARES,
) -> Ints:
    """(columns, days, bins) rows per bin.

    Args:
        rows: of each day.
        weekend: how much the shares tilt on Saturdays and Sundays: from exp(-weekend) at the lowest bin to
            exp(weekend) at the highest.
    """
    bins = len(shares)
    tilted = shares * np.exp(weekend * np.linspace(-1, 1, bins))
    is_weekend = np.array([label[1] == "weekend" for label in labels])
    expected = np.where(is_weekend[:, None], tilted / tilted.sum(), shares)
    gammas = rng.standard_gamma(np.broadcast_to(CONCENTRATION * expected, (columns, len(labels), bins)))
    drawn = gammas / gammas.sum(-1, keepdims=True)
    return rng.multinomial(np.broadcast_to(rows, drawn.shape[:-1]), drawn)


def ordered(counts: Ints) -> OrderedSample:
    """Counts as those of an ordered column."""
    return from_counts(counts)


def categories(counts: Ints) -> CategorySample:
    """Counts as those of a categorical column, without other, unseen or missing values."""
    none = np.zeros(counts.shape[:-1], np.int64)
    return CategorySample(counts, none, none, none)
