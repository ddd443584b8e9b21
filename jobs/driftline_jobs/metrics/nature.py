"""Columns that move by nature: growing numbers, times of ingestion, ids, one value a day.

No window is like another in such a column, so every test of it fails, and means nothing. It is recognised on
the reference's own windows: a column whose windows share next to nothing with each other, in a way that is no
chance. A column that merely drifts from day to day, or has a trend within the spread of its values, shares
most of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import scipy

from driftline_jobs.metrics.figures import Counts, FloatArray

MIN_WINDOWS = 8
"""With fewer windows what moves by nature cannot be told from what moves by chance."""
MIN_ROWS = 100
"""Fewer rows than these may all hold values of their own by chance."""
SHARED = 0.1
"""Two windows that have at most this share of their rows among each other's values have nothing in common."""
MOSTLY = 0.8
"""Of the windows, or of the steps from one to the next: the rest may hold stray rows, or begin anew."""
NEARLY_ALL = 0.9
NEXT_STEP = "list it under features.ignore"
_BY_CHANCE = 1e-3
_NAMED = 10
_EVEN = 0.5
"""Steps whose standard deviation is at most this part of their mean are even."""
_LEAST_STEPS = 3
"""Values that each hold for as many windows as the others: so few may be chance."""
_AS_LONG = 0.15
"""By how much of the longest they may differ, as months do."""
_PACE = (0.8, 1.25)
"""How many seconds a time that goes with its window moves on in a second."""


class Nature(StrEnum):
    """In which way a column moves. ``words`` says it."""

    GROWING = "growing"
    TIME = "time"
    CALENDAR = "calendar"
    NEW_VALUES = "new_values"
    ID = "id"

    @property
    def words(self) -> str:
        """What can be seen of it, as a clause."""
        return _WORDS[self]


_WORDS = {
    Nature.GROWING: "its values go on from window to window, and windows share none",
    Nature.TIME: "its times move on at the pace of the windows",
    Nature.CALENDAR: "each window has one value, which goes on with time and does not come back",
    Nature.NEW_VALUES: "nearly all values are new in every window",
    Nature.ID: "texts of which most rows have their own",
}


def statement(columns: Sequence[str]) -> str:
    """What there is to say of the columns that move by nature, with the next step."""
    named = list(columns[:_NAMED])
    if len(columns) > _NAMED:
        named.append(f"{len(columns) - _NAMED} more")
    subject = named[0] if len(named) == 1 else f"each of {', '.join(named[:-1])} and {named[-1]}"
    return f"{subject} moves by nature: {NEXT_STEP}"


@dataclass(frozen=True, slots=True)
class OrderedWindows:
    """What is known of an ordered column in each of K windows, ascending in time, that have values of it.

    Attributes:
        starts: (K,) seconds.
        means, lows, highs: (K,) of the finite values.
        alike: (K - 1,) a bound from above on the share of rows that each window has in common with the next,
            for instance 1 less the distance of Kolmogorov and Smirnov.
        are_times: the values are times, in seconds.
    """

    starts: FloatArray
    means: FloatArray
    lows: FloatArray
    highs: FloatArray
    alike: FloatArray
    are_times: bool


def nature_of_ordered(windows: OrderedWindows) -> Nature | None:
    """How an ordered column moves by nature; None if it does not, or if it has too few windows to tell."""
    if len(windows.starts) < MIN_WINDOWS:
        return None
    if windows.are_times and _keeps_pace(windows):
        return Nature.TIME
    if _is_stepping(windows):
        return Nature.CALENDAR
    return Nature.GROWING if _is_growing(windows) else None


def _keeps_pace(windows: OrderedWindows) -> bool:
    """Whether the mean moves on by a second a second, and that explains nearly all of its movement."""
    elapsed = windows.starts - windows.starts.mean()
    moved = windows.means - windows.means.mean()
    spread = float((elapsed**2).sum() * (moved**2).sum())
    if not spread > 0.0:
        return False
    product = float((elapsed * moved).sum())
    pace = product / float((elapsed**2).sum())
    return _PACE[0] <= pace <= _PACE[1] and product**2 / spread >= NEARLY_ALL


def _is_stepping(windows: OrderedWindows) -> bool:
    """One value in each window, and none that comes back: a field of the calendar.

    Either no window has that of another one, and nearly all steps are the same, but for those back where it
    begins anew. Or each holds for several windows, as a week's number does: always for as many, by the same
    step and at most one back; or for any number, with more steps to the same side than a walk would take.
    """
    single = windows.lows == windows.highs
    values = windows.lows[single]
    if len(values) < MIN_WINDOWS or single.mean() < MOSTLY:
        return False
    first = _starts_of_runs(values)
    if len(first) == 1 or len(np.unique(values)) < len(first):
        return False
    steps = np.diff(values[first])
    if len(first) == len(values):
        for each in (steps, steps / np.diff(windows.starts[single])):
            if np.isclose(each, np.median(each), rtol=1e-9, atol=0.0).mean() >= MOSTLY:
                return True
        return False
    forward, backward = int((steps > 0).sum()), int((steps < 0).sum())
    if min(forward, backward) == 0 and 2.0 ** (1 - len(steps)) <= _BY_CHANCE:
        return True
    same = np.isclose(steps, np.median(steps), rtol=1e-9, atol=0.0)
    anew = (~same).sum() == 0 or ((~same).sum() == 1 and steps[~same][0] * np.median(steps) < 0.0)
    return bool(anew) and _hold_as_long(first, len(values))


def _starts_of_runs(values: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    """(runs,) where each run of equal values (K,) starts."""
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))


def _hold_as_long(first: npt.NDArray[np.intp], count: int) -> bool:
    """Whether there are enough runs in ``count`` windows, each from ``first`` (runs,) on, that all are as
    long: but for the first and the last one, which the ends of the reference may cut off."""
    if len(first) <= _LEAST_STEPS:
        return False
    lengths = np.diff(np.append(first, count))
    inner = lengths[1:-1]
    most = int(inner.max())
    return bool(most > 1 and most - int(inner.min()) <= _AS_LONG * most and int(lengths.max()) <= most)


def _is_growing(windows: OrderedWindows) -> bool:
    """Each window lies beyond the one before, nearly always on the same side: by even steps, or more often
    than a walk at random would. And none comes back to where others were, as the hours of a day do.
    """
    means, steps = windows.means, np.diff(windows.means)
    later = np.sign(means[None, :] - means[:, None])[np.triu_indices(len(means), 1)]
    if abs(float(later.mean())) < NEARLY_ALL:
        return False
    apart = np.minimum(windows.alike, _overlap(windows)) <= SHARED
    same = max(int((steps > 0).sum()), int((steps < 0).sum()))
    if apart.mean() < MOSTLY or same < NEARLY_ALL * len(steps):
        return False
    even = same == len(steps) and float(steps.std()) <= _EVEN * abs(float(steps.mean()))
    # a walk takes each step up or down with equal chance
    chance = 2.0 * float(scipy.special.betainc(same, len(steps) - same + 1.0, 0.5))
    return even or chance <= _BY_CHANCE


def _overlap(windows: OrderedWindows) -> FloatArray:
    """(K - 1,) what the ranges of neighbours have in common, as a share of the shorter one."""
    low = np.maximum(windows.lows[1:], windows.lows[:-1])
    high = np.minimum(windows.highs[1:], windows.highs[:-1])
    lengths = windows.highs - windows.lows
    shorter = np.minimum(lengths[1:], lengths[:-1])
    inside = np.divide(high - low, shorter, out=np.ones(len(low)), where=shorter > 0)
    overlap: FloatArray = np.where(high < low, 0.0, np.maximum(inside, 0.0))
    return overlap


def nature_of_categories(values: Counts, others: Counts, *, others_differ: bool) -> Nature | None:
    """How a categorical column moves by nature; None if it does not, or if it has too few windows to tell.

    Args:
        values: (K, V) rows of each window by value.
        others: (K,) rows of values that are not told apart.
        others_differ: whether these are values of which next to none occurs in two windows.
    """
    rows = values.sum(-1) + others
    if len(rows) < MIN_WINDOWS or not (rows > 0).all():
        return None
    shares = values / rows[:, None]
    # what each window has in common with whichever other has most of it
    second, first = np.partition(shares, (-2, -1), axis=0)[-2:]
    most = np.where(shares == first, second, first)
    common = np.minimum(shares, most).sum(-1)
    if not others_differ:
        common = common + others / rows
    if (common <= SHARED).mean() >= NEARLY_ALL:
        return Nature.NEW_VALUES
    leading = shares.argmax(-1)
    first = _starts_of_runs(leading)
    single = shares.max(-1) >= 1.0 - SHARED
    once = len(np.unique(leading)) == len(first)
    return Nature.CALENDAR if single.all() and once and _hold_as_long(first, len(leading)) else None
