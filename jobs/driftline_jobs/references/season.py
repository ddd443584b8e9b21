"""Which windows of a long reference are of the season of another: those at about the same time of the year.

What a summer is like says little of a day in winter: against the whole year every day of either would have
drifted. So a fixed reference of a year or more is compared by season.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Granularity

YEAR = timedelta(days=364)
"""52 weeks: from then on a reference is compared by season."""
WEEKS = 4
"""Before and after the same time of the year. A sine over the year lies at most a twentieth of its height off
the mean of its season so; and four weeks have each weekday often enough."""
LEAST = 8
"""Windows of the season; where there are fewer, the nearest are taken."""
_TROPICAL_DAYS = 365.2425
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_GRANULARITIES = frozenset({Granularity.DAY, Granularity.WEEK})


def by_season(monitor: Monitor) -> bool:
    """Whether the monitor's reference is one to compare by season: a range of a year or more of its own log.

    Months are too few of a season, and hours too many to hold each against those of its own.
    """
    window = monitor.reference.window
    if window is None or monitor.granularity not in _GRANULARITIES:
        return False
    return window[1] - window[0] >= YEAR


def same_season(starts: Sequence[datetime], start: datetime) -> npt.NDArray[np.bool_]:
    """(N,) which of the windows that start then are of the season of one that starts at ``start``: the same
    for all hours of a day."""
    distance = _distance(_time_of_year(starts), _time_of_year([start]))
    reach = 7 * WEEKS + 0.5  # a year is no whole number of days
    if len(starts) > LEAST:
        reach = max(reach, float(np.partition(distance, LEAST)[LEAST]))
    return distance <= reach


def seasons(starts: Sequence[datetime]) -> FloatArray:
    """(N, N) 1.0 where the window of the column is of the season of that of the row."""
    return np.stack([same_season(starts, start) for start in starts]).astype(np.float64)


def _time_of_year(starts: Sequence[datetime]) -> FloatArray:
    """(N,) whole days since the year's beginning, about."""
    return np.array([(start - _EPOCH) // _DAY for start in starts], np.float64) % _TROPICAL_DAYS


def _distance(some: FloatArray, one: FloatArray) -> FloatArray:
    apart = np.abs(some - one)
    return np.minimum(apart, _TROPICAL_DAYS - apart)
