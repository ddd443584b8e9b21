"""Profiles of many cells as the arrays that the formulas take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.metrics.descriptions import Buckets, Description, describe
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_jobs.profiles.binning import CategoryBins, OrderedBins, SettledBins
from driftline_jobs.profiles.log_buckets import IntArray
from driftline_jobs.profiles.outer import bounds as outer_bounds
from driftline_jobs.profiles.state import CategoryProfile, OrderedProfile, Profile

_DESCRIBED_AT_ONCE = 256
_NONE: IntArray = np.empty(0, np.int64)

Sample = OrderedSample | CategorySample


def sample_of(profiles: Sequence[Profile], bins: SettledBins) -> Sample:
    """(cells, …) sample of profiles of one column."""
    return (
        stack_ordered(profiles, bins) if isinstance(bins, OrderedBins) else stack_categories(profiles, bins)
    )


def stack_ordered(profiles: Sequence[Profile], bins: OrderedBins) -> OrderedSample:
    """(cells, bins) sample; a profile that occurs several times is laid out once."""
    distinct, place = _distinct(profiles)
    ordered = [_ordered(profile) for profile in distinct]

    def scalars(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array(values, np.float64)[place]

    return OrderedSample(
        counts=np.stack([p.bin_counts(bins) for p in ordered])[place],
        sums=np.stack([p.bin_sums(bins) for p in ordered])[place],
        edges=np.asarray(bins.edges, np.float64),
        missing=np.array([p.nulls + p.nans for p in ordered], np.int64)[place],
        below_inf=np.array([p.below_infinity for p in ordered], np.int64)[place],
        above_inf=np.array([p.above_infinity for p in ordered], np.int64)[place],
        minimum=scalars([p.minimum if p.finite else np.nan for p in ordered]),
        maximum=scalars([p.maximum if p.finite else np.nan for p in ordered]),
    )


def stack_categories(profiles: Sequence[Profile], bins: CategoryBins) -> CategorySample:
    """(cells, vocabulary) sample."""
    distinct, place = _distinct(profiles)
    categories = [_category(profile) for profile in distinct]
    counts = np.stack([p.bin_counts(bins) for p in categories])[place]
    return CategorySample(
        counts=counts[:, :-2],
        other=counts[:, -2],
        unseen=counts[:, -1],
        missing=np.array([p.nulls for p in categories], np.int64)[place],
    )


def stack_descriptions(profiles: Sequence[Profile], bins: OrderedBins) -> list[Description]:
    """Descriptions of the cells, in order, some cells at a time: their buckets are laid out densely."""
    ordered = [_ordered(profile) for profile in profiles]
    found = []
    for start in range(0, len(ordered), _DESCRIBED_AT_ONCE):
        part = ordered[start : start + _DESCRIBED_AT_ONCE]
        found.append(
            describe(
                *_bucket_counts(part, bins),
                np.array([p.minimum for p in part]),
                np.array([p.maximum for p in part]),
                np.array([p.mean(bins) for p in part]),
            )
        )
    return found


def _bucket_counts(profiles: Sequence[OrderedProfile], bins: OrderedBins) -> tuple[Buckets, IntArray]:
    """The N buckets that any of the profiles has values in, ascending, and (profiles, N) counts."""
    inner = np.unique(np.concatenate([np.zeros(1, np.int64), *(p.buckets for p in profiles)]))
    outer = np.unique(np.concatenate([_NONE, *(p.outer.buckets for p in profiles if p.outer)]))
    counts = np.zeros((len(profiles), len(inner) + len(outer)), np.int64)
    for row, profile in enumerate(profiles):
        counts[row, np.searchsorted(inner, profile.buckets)] = profile.bucket_counts
        if profile.outer:
            counts[row, len(inner) + np.searchsorted(outer, profile.outer.buckets)] = profile.outer.counts
    lower, upper = bins.cuts.lower[inner], bins.cuts.upper[inner]
    if len(outer):
        outer_lower, outer_upper = outer_bounds(outer, bins)
        lower, upper = np.concatenate([lower, outer_lower]), np.concatenate([upper, outer_upper])
        order = np.lexsort((upper, lower))
        lower, upper, counts = lower[order], upper[order], counts[:, order]
    return Buckets(lower, upper, bins.pivot, bins.whole_numbers), counts


def _distinct(profiles: Sequence[Profile]) -> tuple[list[Profile], list[int]]:
    at: dict[int, int] = {}
    distinct: list[Profile] = []
    place = []
    for profile in profiles:
        if id(profile) not in at:
            at[id(profile)] = len(distinct)
            distinct.append(profile)
        place.append(at[id(profile)])
    return distinct, place


def _ordered(profile: Profile) -> OrderedProfile:
    if not isinstance(profile, OrderedProfile):
        raise TypeError(f"an ordered column has a {type(profile).__name__}")
    return profile


def _category(profile: Profile) -> CategoryProfile:
    if not isinstance(profile, CategoryProfile):
        raise TypeError(f"a categorical column has a {type(profile).__name__}")
    return profile
