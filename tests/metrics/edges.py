"""Samples from raw values, at the product's own edges: the one place where the tests of figures make them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.samples import OrderedSample
from driftline_jobs.profiles.kinds.ordered import ordered_bins

Floats = npt.NDArray[np.float64]
FEATURE_QUANTILES = (0.001, 0.01, *(i / 20 for i in range(1, 20)), 0.99, 0.999)


def feature_edges(reference: Floats) -> Floats:
    """The product's edges of a feature: 5 % quantiles and outer ones, or a bin per value."""
    return np.asarray(ordered_bins("numeric", np.sort(reference)).edges, np.float64)


def score_edges(reference: Floats, threshold: float | None = None) -> Floats:
    """The product's edges of a score: quantiles, a geometric upper tail, and the decision threshold."""
    return np.asarray(ordered_bins("score", np.sort(reference), threshold).edges, np.float64)


def binned(values: Floats, edges: Floats) -> OrderedSample:
    """One sample from raw values: NaN is missing, infinities are counted apart."""
    finite = values[np.isfinite(values)]
    bins = np.searchsorted(edges, finite, side="right")
    return OrderedSample(
        counts=np.bincount(bins, minlength=len(edges) + 1).astype(np.int64),
        sums=np.bincount(bins, weights=finite, minlength=len(edges) + 1).astype(np.float64),
        edges=edges,
        missing=np.asarray(np.count_nonzero(np.isnan(values)), np.int64),
        below_inf=np.asarray(np.count_nonzero(values == -np.inf), np.int64),
        above_inf=np.asarray(np.count_nonzero(values == np.inf), np.int64),
        minimum=np.asarray(finite.min(initial=np.inf)),
        maximum=np.asarray(finite.max(initial=-np.inf)),
    )


def from_counts(counts: npt.NDArray[np.int64], edges: Floats | None = None) -> OrderedSample:
    """A sample of which only the counts matter; its sums are of the bins' numbers."""
    bins = counts.shape[-1]
    none = np.zeros(counts.shape[:-1], np.int64)
    return OrderedSample(
        counts=counts,
        sums=counts * np.arange(bins, dtype=np.float64),
        edges=np.arange(0.5, bins - 1, dtype=np.float64) if edges is None else edges,
        missing=none,
        below_inf=none,
        above_inf=none,
    )
