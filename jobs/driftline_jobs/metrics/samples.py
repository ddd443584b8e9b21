"""What the drift of a column is computed from: counts and sums per bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from driftline_jobs.metrics.figures import Counts, FloatArray


@dataclass(frozen=True, slots=True)
class OrderedSample:
    """Rows of an ordered column, binned.

    Attributes:
        counts: (..., B) finite values per bin.
        sums: (..., B) sum of the finite values per bin, in the column's unit.
        edges: (B - 1,) inner edges, ascending; bin b holds edges[b - 1] <= x < edges[b].
        missing: (...,) nulls and NaN.
        below_inf, above_inf: (...,) values of -inf and +inf.
        minimum, maximum: (...,) of the finite values, if known: they bound the outer bins, without which
            wasserstein has no upper bound.
    """

    counts: Counts
    sums: FloatArray
    edges: FloatArray
    missing: Counts
    below_inf: Counts
    above_inf: Counts
    minimum: FloatArray | None = None
    maximum: FloatArray | None = None
    PARTS: ClassVar[Mapping[str, float]] = {
        "mean_shift": 0.5,
        "anderson_darling": 0.2,
        "chi_squared": 0.15,
        "null_fraction_delta": 0.15,
    }
    """The metrics that decide, each with its part of the column's level: the mean has more power against what
    happens most, the distribution function sees the spread and the tails, and the bins see mass that gathers
    at a place (frozen, default and sentinel values)."""
    DECIDING: ClassVar[tuple[str, ...]] = (*PARTS, "psi")
    """The metrics that are calibrated; psi beside chi_squared (``detection.statistics.GUARD``)."""

    def __post_init__(self) -> None:
        if self.counts.shape != self.sums.shape or self.edges.shape != (self.counts.shape[-1] - 1,):
            raise ValueError(
                f"counts {self.counts.shape}, sums {self.sums.shape} and edges {self.edges.shape} do not "
                "fit: expected (..., B), (..., B) and (B - 1,)"
            )

    def with_infinities(self) -> Counts:
        """(..., B) all values that are not missing: -inf in the first bin, +inf in the last."""
        counts = self.counts.copy()
        counts[..., 0] += self.below_inf
        counts[..., -1] += self.above_inf
        return counts

    def every_row(self) -> Counts:
        """(..., B + 1) all rows, the missing ones in a bin of their own."""
        return np.concatenate([self.with_infinities(), self.missing[..., None]], -1)


UNSEEN = -2
"""Where the unseen values lie among ``CategorySample.every_row``."""


@dataclass(frozen=True, slots=True)
class CategorySample:
    """Rows of a categorical column.

    Attributes:
        counts: (..., V) rows per value of the vocabulary.
        other: (...,) rows of values the reference knows beyond the vocabulary's cap.
        unseen: (...,) rows of values that the reference does not know.
        missing: (...,) nulls and NaN.
    """

    counts: Counts
    other: Counts
    unseen: Counts
    missing: Counts
    PARTS: ClassVar[Mapping[str, float]] = {
        "chi_squared": 0.5,
        "unseen_fraction": 0.25,
        "null_fraction_delta": 0.25,
    }
    """The metrics that decide, each with its part of the column's level."""
    DECIDING: ClassVar[tuple[str, ...]] = (*PARTS, "psi")
    """The metrics that are calibrated; psi beside chi_squared (``detection.statistics.GUARD``)."""

    def every_row(self) -> Counts:
        """(..., V + 3) all rows: the vocabulary, other, unseen and missing values."""
        beyond = (self.other[..., None], self.unseen[..., None], self.missing[..., None])
        return np.concatenate([self.counts, *beyond], -1)

    def known_once(self) -> Counts:
        """(...,) rows of values that occur once: as many of the next so many rows are of values never seen
        (Good, Biometrika 1953). Values beyond the vocabulary's cap count among them, being the rarest.
        """
        once: Counts = np.where(self.counts < 2, self.counts, 0).sum(-1) + self.other
        return once


Sample = OrderedSample | CategorySample
"""Of either form."""


def distribution(counts: Counts) -> tuple[FloatArray, FloatArray]:
    """Distribution function before, between and after the bins (..., B + 1), and the rows (...,) as floats.

    Cells without rows come as zeros and one row: their status masks them.
    """
    rows = np.maximum(counts.sum(-1), 1).astype(np.float64)
    steps = np.cumsum(counts, -1) / rows[..., None]
    return np.concatenate([np.zeros((*steps.shape[:-1], 1)), steps], -1), rows
