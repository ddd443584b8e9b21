"""What the drift of a column is computed from: counts and sums per bin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

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
    ADDED: ClassVar[tuple[str, ...]] = ("counts", "sums", "missing", "below_inf", "above_inf")
    """What of several samples adds up to that of all of their rows."""

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

    def combined(self, add: Callable[[Counts], Counts]) -> Self:
        """The sample of rows that are those of several: ``add`` makes of counts (N, ...) theirs."""
        found: dict[str, Any] = {name: add(getattr(self, name)) for name in self.ADDED}
        return replace(self, minimum=None, maximum=None, **found)

    def every_row(self) -> Counts:
        """(..., B + 1) all rows, the missing ones in a bin of their own."""
        return np.concatenate([self.with_infinities(), self.missing[..., None]], -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSample(OrderedSample):
    """Rows of a column of texts, binned by their lengths.

    Attributes:
        blank: (...,) texts without a character, or of blanks alone.
        words: (...,) of all texts; ``unseen_words`` those that the reference does not have, ``single_words``
            those that one window of it has alone.
    """

    blank: Counts
    words: Counts
    unseen_words: Counts
    single_words: Counts
    PARTS: ClassVar[Mapping[str, float]] = {
        "mean_shift": 0.3,
        "anderson_darling": 0.15,
        "chi_squared": 0.1,
        "null_fraction_delta": 0.1,
        "empty_fraction_delta": 0.1,
        "new_words_delta": 0.25,
    }
    DECIDING: ClassVar[tuple[str, ...]] = (*PARTS, "psi")
    ADDED: ClassVar[tuple[str, ...]] = (
        *OrderedSample.ADDED,
        "blank",
        "words",
        "unseen_words",
        "single_words",
    )

    def texts(self) -> Counts:
        """(...,) texts, blank ones too."""
        texts: Counts = self.with_infinities().sum(-1)
        return texts

    def among_others(self) -> Self:
        """The same of windows of the reference held against its others: to these, what one of them has alone
        is new."""
        return replace(
            self,
            unseen_words=self.unseen_words + self.single_words,
            single_words=np.zeros_like(self.single_words),
        )


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
        "chi_squared": 0.4,
        "share_shift": 0.2,
        "unseen_fraction": 0.2,
        "null_fraction_delta": 0.2,
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
