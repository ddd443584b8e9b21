"""The profile of an ordered column over one cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.ordered import profile_runs
from driftline_jobs.profiles.state import OrderedProfile


def profile_ordered(values: npt.NDArray[Any], nulls: int, bins: OrderedBins) -> OrderedProfile:
    """Of the non-null values (n,), of any integer or float type, in any order, and so many nulls."""
    floats = np.ascontiguousarray(values, np.float64)
    (profile,) = profile_runs(floats, None, np.array([0]), np.array([len(floats)]), bins)
    profile.rows += nulls
    profile.nulls = nulls
    return profile
