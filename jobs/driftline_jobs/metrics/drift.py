"""How far the values of a column have moved: two profiles in, one figure per metric out.

n and m are the rows of the current window and of the reference, F and G their distribution functions at
the inner edges, s = 1/n + 1/m. Leading axes (windows, cells) broadcast; the reference may have fewer.

===================  ===================  =========================================================
metric               for                  value; what is published beside it
===================  ===================  =========================================================
psi                  both                 Σ (p - q) ln(p / q) of smoothed shares; debiased by (B - 1) s
js_distance          both                 square root of the Jensen-Shannon divergence in bits, smoothed
tvd                  both                 ½ Σ |p - q|; debiased by its expectation without drift
chi_squared          both                 Pearson's statistic, rare bins merged; debiased by its degrees
l_infinity           both                 max |p - q|
null_fraction_delta  both                 missing share now less missing share in the reference
ks                   ordered              max |F - G| at the edges, a lower bound; upper bound beside it
anderson_darling     ordered              1/s · mean (F - G)² / (H (1 - H)), H pooled; debiased by 1
wasserstein          ordered              Σ |∫ F - G| over the bins, a lower bound; upper bound beside it
mean_shift           ordered              difference of the winsorised means, in the reference's deviations
share_shift          categories           change of the share that has changed the most beside chance
unseen_fraction      categories           rows whose value the reference does not know, of those with one
empty_fraction_delta texts                share of empty texts now less that in the reference
new_words_delta      texts                share of words that the reference does not have, less what is usual
===================  ===================  =========================================================

Shares smooth by +0.5 per bin where logarithms are taken. Missing values (null, NaN) are one more bin of
the share figures. Infinities count in the outer bins and are left out of wasserstein alone. What is said
of each is in ``driftline_schemas.drift_specs``; metrics of other distributions come on top (``registry``).
"""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import Counts, Figure, Status, figure, statuses
from driftline_jobs.metrics.largest_share import share_shift
from driftline_jobs.metrics.location import mean_shift
from driftline_jobs.metrics.registry import added_categories, added_ordered
from driftline_jobs.metrics.samples import UNSEEN, CategorySample, OrderedSample, TextSample, distribution
from driftline_jobs.metrics.shares import share_figures
from driftline_jobs.metrics.texts import text_figures
from driftline_jobs.metrics.transport import wasserstein

__all__ = ["CategorySample", "Figure", "OrderedSample", "category_drift", "ordered_drift"]

SHARE_METRICS = ("psi", "js_distance", "tvd", "chi_squared", "l_infinity")
ORDERED_METRICS = (
    *SHARE_METRICS,
    "ks",
    "wasserstein",
    "anderson_darling",
    "mean_shift",
    "null_fraction_delta",
)
CATEGORY_METRICS = (*SHARE_METRICS, "share_shift", "unseen_fraction", "null_fraction_delta")


def ordered_drift(current: OrderedSample, reference: OrderedSample) -> dict[str, Figure]:
    """Every metric of ``ORDERED_METRICS``, and those added; both samples must have the same edges.

    A column of one bin has only wasserstein (its means still differ) and the share of missing values.
    """
    if not np.array_equal(current.edges, reference.edges):
        raise ValueError("the two samples have other edges: only profiles of one binning can be compared")
    shape = np.broadcast_shapes(current.counts.shape[:-1], reference.counts.shape[:-1])
    values_n, values_m = current.with_infinities(), reference.with_infinities()
    missing = (current.missing + reference.missing) > 0
    one_bin = not len(current.edges)
    figures = share_figures(
        current.every_row(),
        reference.every_row(),
        shape,
        np.asarray(one_bin) & ~missing,
    )
    figures |= _edge_figures(current, reference, values_n, values_m)
    figures["wasserstein"] = wasserstein(current, reference)
    figures["mean_shift"] = mean_shift(current, reference)
    figures["null_fraction_delta"] = _missing_delta(
        current.missing,
        current.missing + values_n.sum(-1),
        reference.missing,
        reference.missing + values_m.sum(-1),
    )
    found = {name: figures[name] for name in ORDERED_METRICS} | added_ordered(current, reference)
    if isinstance(current, TextSample) and isinstance(reference, TextSample):
        found |= text_figures(current, reference)
    return found


def category_drift(current: CategorySample, reference: CategorySample) -> dict[str, Figure]:
    """Every metric of ``CATEGORY_METRICS``, and those added; both samples must have the same vocabulary."""
    if current.counts.shape[-1] != reference.counts.shape[-1]:
        raise ValueError(
            "the two samples have other vocabularies: only profiles of one binning can be compared"
        )
    shape = np.broadcast_shapes(current.counts.shape[:-1], reference.counts.shape[:-1])
    bins_n, bins_m = current.every_row(), reference.every_row()
    by_chance = bins_m.copy()
    by_chance[..., UNSEEN] = np.maximum(reference.unseen, reference.known_once())
    figures = share_figures(bins_n, bins_m, shape, np.asarray(False), known_by_chance=by_chance)
    n, m = bins_n.sum(-1), bins_m.sum(-1)
    known = n - current.missing
    status = statuses(
        shape, (n == 0, Status.EMPTY_WINDOW), (m == 0, Status.NO_REFERENCE), (known == 0, Status.NO_VALUES)
    )
    figures["share_shift"] = share_shift(current, reference)
    figures["unseen_fraction"] = figure(current.unseen / np.maximum(known, 1), status)
    figures["null_fraction_delta"] = _missing_delta(current.missing, n, reference.missing, m)
    return {name: figures[name] for name in CATEGORY_METRICS} | added_categories(current, reference)


def _missing_delta(missing_n: Counts, n: Counts, missing_m: Counts, m: Counts) -> Figure:
    shape = np.broadcast_shapes(n.shape, m.shape)
    status = statuses(shape, (n == 0, Status.EMPTY_WINDOW), (m == 0, Status.NO_REFERENCE))
    return figure(missing_n / np.maximum(n, 1) - missing_m / np.maximum(m, 1), status)


def _edge_figures(
    current: OrderedSample, reference: OrderedSample, values_n: Counts, values_m: Counts
) -> dict[str, Figure]:
    """ks and anderson_darling, from the distribution functions at the edges."""
    f, n = distribution(values_n)
    g, m = distribution(values_m)
    shape = np.broadcast_shapes(n.shape, m.shape)
    empty_n, empty_m = values_n.sum(-1) == 0, values_m.sum(-1) == 0
    status = statuses(
        shape,
        (empty_n & (current.missing == 0), Status.EMPTY_WINDOW),
        (empty_m & (reference.missing == 0), Status.NO_REFERENCE),
        (empty_n, Status.NO_VALUES),
        (empty_m, Status.NO_REFERENCE_VALUES),
        (not len(current.edges), Status.CONSTANT),
    )
    at_edges = (f - g)[..., 1:-1]
    ks = np.abs(at_edges).max(-1, initial=0.0)
    # Anywhere in a bin F is at most its value at the bin's end, and G at least that at its start.
    upper = np.maximum(f[..., 1:] - g[..., :-1], g[..., 1:] - f[..., :-1]).max(-1)

    pooled = ((n[..., None] * f + m[..., None] * g) / (n + m)[..., None])[..., 1:-1]
    weight = pooled * (1.0 - pooled)
    between = weight > 0  # an edge with all rows on one side says nothing
    terms = np.divide(at_edges**2, weight, out=np.zeros(at_edges.shape), where=between)
    edges = between.sum(-1)
    darling = n * m / (n + m) * terms.sum(-1) / np.maximum(edges, 1)
    return {
        "ks": figure(ks, status, lower=ks, upper=np.maximum(upper, ks)),
        "anderson_darling": figure(darling, status, debiased=np.where(edges > 0, darling - 1.0, 0.0)),
    }
