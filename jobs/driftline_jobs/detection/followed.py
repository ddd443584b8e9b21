"""What of a column is followed over windows: statistics with a sign, so that a little to one side adds up.

Beside the mean and the share of missing values these are single shares: of the values of a category, and of
either tail of an ordered column, where values that are multiplied or cut off show before the mean does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from driftline_jobs.detection.calibration import Calibration, Uncalibrated
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.resampling import Splits
from driftline_jobs.detection.statistics import Statistic, statistic_of
from driftline_jobs.metrics.drift import category_drift, ordered_drift
from driftline_jobs.metrics.figures import Counts, IntArray
from driftline_jobs.metrics.location import mean_shift
from driftline_jobs.metrics.samples import CategorySample, OrderedSample, Sample

SHARE = "share:"
"""Before the name of a share among statistics: the place of a category in the vocabulary, or one of these."""
LOW, HIGH, REST = SHARE + "low", SHARE + "high", SHARE + "rest"
PARTS: Mapping[str, float] = {
    "mean_shift": 0.5,
    SHARE: 0.3,
    "null_fraction_delta": 0.2,
    "anderson_darling": 0.5,
    "chi_squared": 0.2,
}
"""The part of a column's bets that a statistic has, before they are brought to one; all shares have theirs
together."""
_MOST_VALUES = 10
_LEAST_SHARE = 0.01
_TAIL = 0.015
_LEAST_TAIL = 0.003
_LEAST_ROWS = 5.0
_MISSING = np.array([-1])


def part_of(statistic: str, names: Mapping[str, object]) -> float:
    """The part of the bets that a statistic has beside the others of its column."""
    shares = sum(name.startswith(SHARE) for name in names)
    return PARTS[SHARE] / shares if statistic.startswith(SHARE) else PARTS[statistic]


def shares_of(whole: Sample) -> dict[str, IntArray]:
    """Which shares of a column are followed: by name, the bins among its values.

    Args:
        whole: the reference, a single sample (no leading axes).
    """
    counts = _values(whole)
    share = counts / max(float(counts.sum()), 1.0)
    if isinstance(whole, OrderedSample):
        found = {LOW: _tail(share), HIGH: len(share) - 1 - _tail(share[::-1])}
        return {name: bins for name, bins in found.items() if len(bins)}
    ranked = np.argsort(-share[: whole.counts.shape[-1]], kind="stable")[:_MOST_VALUES]
    chosen = [int(at) for at in ranked if _LEAST_SHARE <= share[at] <= 1.0 - _LEAST_SHARE]
    rest = np.setdiff1d(np.arange(len(share)), chosen)
    found = {f"{SHARE}{at}": np.array([at]) for at in chosen}
    if share[rest].sum() >= _LEAST_SHARE:
        found[REST] = rest
    if len(found) == 2:  # what the one gains the other loses
        found.popitem()
    return found


def _tail(share: Counts) -> IntArray:
    """The bins from the first on that together hold about a hundredth of the rows."""
    below = np.cumsum(share)
    bins = np.flatnonzero(below <= _TAIL)
    return bins if len(bins) and below[bins[-1]] >= _LEAST_TAIL else np.empty(0, np.intp)


def _values(sample: Sample) -> Counts:
    """(..., B) rows with a value, by bin."""
    return sample.every_row()[..., :-1]


def share_statistic(bins: IntArray, now: Counts, then: Counts) -> Statistic:
    """The change of the share of ``bins`` among rows (..., B), in standard errors, with its sign."""
    n, m = (np.asarray(counts.sum(-1), np.float64) for counts in (now, then))
    p, q = now[..., bins].sum(-1), then[..., bins].sum(-1)
    sampling = 1.0 / np.maximum(n, 1.0) + 1.0 / np.maximum(m, 1.0)
    pooled = (p + q) / np.maximum(n + m, 1.0)
    error = np.sqrt(np.clip(pooled * (1.0 - pooled), 0.0, None) * sampling)
    delta = p / np.maximum(n, 1.0) - q / np.maximum(m, 1.0)
    value = np.divide(delta, error, out=np.zeros(np.shape(delta)), where=error > 0.0)
    there = np.where((n > 0.0) & (m > 0.0), value, np.nan)
    return Statistic(there, np.ones(np.shape(there)), sampling, error, signed=True)


def followed_statistic(
    name: str, current: Sample, reference: Sample, shares: Mapping[str, IntArray]
) -> Statistic | None:
    """One of the followed statistics (W,); None if these samples have none of that name.

    Args:
        shares: those of the reference (``shares_of``).
    """
    if name.startswith(SHARE):
        now, then = _values(current), _values(reference)
        return share_statistic(shares[name], now, then) if name in shares else None
    if name not in current.DECIDING:
        return None
    if name == "null_fraction_delta":
        return share_statistic(_MISSING, current.every_row(), reference.every_row())
    if name == "mean_shift" and isinstance(current, OrderedSample) and isinstance(reference, OrderedSample):
        return statistic_of(name, mean_shift(current, reference), current, reference)
    if isinstance(current, OrderedSample) and isinstance(reference, OrderedSample):
        return statistic_of(name, ordered_drift(current, reference)[name], current, reference)
    if isinstance(current, CategorySample) and isinstance(reference, CategorySample):
        return statistic_of(name, category_drift(current, reference)[name], current, reference)
    return None


def calibrate_shares(pieces: Sample, splits: Splits | None) -> dict[str, Calibration | Uncalibrated]:
    """Learn what is normal for the shares of a column that are followed; nothing of those too rare to tell.

    Args:
        pieces: (N, ...) the pieces of the reference that ``splits`` weighs.
    """
    if splits is None:
        return {}
    shares = shares_of(summed(pieces))
    window, rest = splits.ordered(pieces) if isinstance(pieces, OrderedSample) else splits.categories(pieces)
    now, then = _values(window), _values(rest)
    return {
        name: calibrate(share_statistic(bins, now, then), splits)
        for name, bins in shares.items()
        if float(now[..., bins].sum(-1).mean()) >= _LEAST_ROWS
    }


def summed(pieces: Sample) -> Sample:
    """The pieces (N, ...) as one."""
    if isinstance(pieces, OrderedSample):
        parts = (pieces.missing, pieces.below_inf, pieces.above_inf)
        return OrderedSample(
            pieces.counts.sum(0), pieces.sums.sum(0), pieces.edges, *(part.sum(0) for part in parts)
        )
    rest = (pieces.other, pieces.unseen, pieces.missing)
    return CategorySample(pieces.counts.sum(0), *(part.sum(0) for part in rest))


def in_words(name: str, sign: float | None, labels: Sequence[str]) -> str:
    """What a followed statistic says has become of the column, as far as "than in the reference"; ``labels``
    are those of the categories."""
    up = sign is not None and sign > 0.0
    if name == "mean_shift":
        return f"with a {'higher' if up else 'lower'} mean"
    if name == "null_fraction_delta":
        return f"with {'more' if up else 'fewer'} missing values"
    if name in {LOW, HIGH}:
        end = "lowest" if name == LOW else "highest"
        return f"with {'more' if up else 'fewer'} values in the {end} hundredth"
    if name == REST:
        return f"with {'more' if up else 'fewer'} values of the rarer ones"
    if name.startswith(SHARE):
        return f"with {'more' if up else 'fewer'} values of {labels[int(name.removeprefix(SHARE))]}"
    return "with other shares of its values"
