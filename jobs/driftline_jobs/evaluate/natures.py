"""Which columns of a reference move by nature, from the profiles of its windows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import numpy as np

from driftline_jobs.detection.nature import (
    MIN_ROWS,
    MIN_WINDOWS,
    NEARLY_ALL,
    Nature,
    OrderedWindows,
    nature_of_categories,
    nature_of_ordered,
)
from driftline_jobs.profiles.binning import Binning, CategoryBins, OpenBins, OrderedBins, SettledBins
from driftline_jobs.profiles.distinct import estimate
from driftline_jobs.profiles.moments import steps_of
from driftline_jobs.profiles.state import CategoryProfile, OpenProfile, OrderedProfile, Profile, merge_settled

MODEL = frozenset({"prediction", "score", "label"})
"""Kinds of the model's own columns: nobody can leave them out, so whatever they do is reported."""
_TEXT = "text"
_TIMES = "datetime"
_MOST_WINDOWS = 512
"""As many windows at even distances tell as much as all of a year's hours."""


@dataclass(frozen=True)
class Natures:
    """What was recognised on a reference.

    Attributes:
        columns: those that move by nature, and how.
        windows: how many windows of the reference were looked at.
    """

    columns: Mapping[str, Nature] = field(default_factory=dict)
    windows: int = MIN_WINDOWS

    @property
    def enough(self) -> bool:
        """Whether the reference has windows enough to tell."""
        return self.windows >= MIN_WINDOWS

    def reason(self, column: str) -> str | None:
        """Why a column is not judged; None if it is."""
        nature = self.columns.get(column)
        if nature is None:
            return None
        return f"moves by nature ({nature.words}), so it is not judged: list it under features.ignore"


def natures_of(
    windows: Sequence[tuple[datetime, Mapping[str, Profile]]],
    whole: Mapping[str, Profile],
    binning: Binning,
) -> Natures:
    """Recognise the columns of a reference by its windows, ascending, each with its start, and its whole."""
    found: dict[str, Nature] = {}
    for name, bins in binning.columns.items():
        if bins.kind in MODEL or name not in whole or isinstance(bins, OpenBins):
            continue
        several = [(start, profiles[name]) for start, profiles in windows if name in profiles]
        step = -(-len(several) // _MOST_WINDOWS) or 1
        nature = Nature.ID if _is_id(whole[name], bins) else _nature_by_windows(several[::step], bins)
        if nature is not None:
            found[name] = nature
    return Natures(found, len(windows))


def _is_id(whole: Profile, bins: SettledBins) -> bool:
    """Whether the column holds texts of which most rows have their own.

    Where there were many such texts when the bins were made, they are profiled by their lengths: then they
    are of one length, too, or they are prose.
    """
    if isinstance(whole, OpenProfile):
        return False
    if isinstance(whole, OrderedProfile):
        return bins.kind == _TEXT and whole.finite >= MIN_ROWS and whole.minimum == whole.maximum
    rows = whole.rows - whole.nulls
    return rows >= MIN_ROWS and estimate(whole.registers) >= NEARLY_ALL * rows


def _nature_by_windows(windows: Sequence[tuple[datetime, Profile]], bins: SettledBins) -> Nature | None:
    if isinstance(bins, CategoryBins):
        return _of_categories([profile for _, profile in windows], bins)
    return None if bins.kind == _TEXT else nature_of_ordered(_ordered(windows, bins))


def _ordered(windows: Sequence[tuple[datetime, Profile]], bins: OrderedBins) -> OrderedWindows:
    known = [
        (start, profile)
        for start, profile in windows
        if isinstance(profile, OrderedProfile) and profile.finite
    ]
    profiles = [profile for _, profile in known]
    return OrderedWindows(
        starts=np.array([start.timestamp() for start, _ in known]),
        means=np.array([profile.total(bins) / profile.finite for profile in profiles]),
        lows=np.array([profile.minimum for profile in profiles]),
        highs=np.array([profile.maximum for profile in profiles]),
        alike=np.array([_alike(*pair) for pair in pairwise(profiles)]),
        are_times=bins.kind == _TIMES,
    )


def _alike(some: OrderedProfile, others: OrderedProfile) -> float:
    """1 less the distance of Kolmogorov and Smirnov at the bounds of the log buckets: never less than that
    of the rows."""
    keys = np.union1d(some.buckets, others.buckets)
    shares = np.zeros((2, len(keys)))
    for side, profile in enumerate((some, others)):
        shares[side, np.searchsorted(keys, profile.buckets)] = profile.bucket_counts / profile.finite
    return 1.0 - float(np.abs(np.cumsum(shares[0] - shares[1])).max(initial=0.0))


def _of_categories(profiles: Sequence[Profile], bins: CategoryBins) -> Nature | None:
    known = [
        profile
        for profile in profiles
        if isinstance(profile, CategoryProfile) and profile.rows > profile.nulls
    ]
    if len(known) < MIN_WINDOWS:
        return None
    counts = np.stack([profile.bin_counts(bins) for profile in known])
    # values that are in no window twice add up to those of the whole
    each = sum(estimate(profile.registers) for profile in known)
    differ = estimate(merge_settled(known).registers) >= NEARLY_ALL * each
    return nature_of_categories(counts[:, :-2], counts[:, -2:].sum(-1), others_differ=differ)


def multivariate_places(binning: Binning, moving: Collection[str]) -> list[int]:
    """Places, among the columns that moments are taken of, of those that do not move by nature."""
    return [at for at, name in enumerate(steps_of(binning.columns)) if name not in moving]
