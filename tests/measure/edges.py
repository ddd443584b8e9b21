"""Bins as the product makes them, from raw values: the one place where the tests of figures do so."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from driftline_jobs.measure.samples import OrderedSample

Floats = npt.NDArray[np.float64]
FEATURE_QUANTILES = (0.001, 0.01, *(i / 20 for i in range(1, 20)), 0.99, 0.999)


def feature_edges(reference: Floats) -> Floats:
    """The 5 % quantiles and the 0.1, 1, 99 and 99.9 % ones; a bin per value for few distinct values."""
    distinct: Floats = np.unique(reference)
    if len(distinct) <= 50:
        rest: Floats = distinct[1:]
        return rest
    edges: Floats = np.unique(np.quantile(reference, FEATURE_QUANTILES, method="inverted_cdf"))
    inner: Floats = edges[edges > distinct[0]]
    return inner


def score_edges(reference: Floats, threshold: float | None = None) -> Floats:
    """100 quantile bins, 100 geometric ones in the upper tail, and the decision threshold."""
    tail = 1.0 - np.geomspace(0.2, 1.0 / len(reference), 100)
    shares = np.concatenate([np.arange(1, 100) / 100, tail])
    edges: Floats = np.quantile(reference, shares, method="inverted_cdf")
    if threshold is not None:
        edges = np.append(edges, threshold)
    edges = np.unique(edges)
    inner: Floats = edges[edges > reference.min()]
    return inner


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
