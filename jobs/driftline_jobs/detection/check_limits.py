"""Limits of the checks of the log, learned from what the reference's windows came to.

A fixed limit fires by itself: the daily maximum of twenty clean columns beats a record of 28 days on one day
in thirty. Here a check fails where a clean window would at a chance that is shared out among all checks. Five
forms are enough: how many rows come (by the calendar, as a ratio), when in the day they do, how far values
reach (their extremes), which share of the rows has something (missing, unseen), and how long ago the last
row was.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
import scipy

from driftline_jobs.detection.cycles import NO_LABEL, finest_level
from driftline_jobs.detection.fitting import group_effect
from driftline_jobs.detection.resampling import MIN_WINDOWS
from driftline_jobs.metrics.figures import FloatArray
from driftline_jobs.metrics.time_of_day import hours_between, mean_hour_of

_LEAST_RATIO = 0.01
"""Rows that are the same in every window, as of one a device, are told to a hundredth."""
_LEAST_REACH = 0.01
_LEAST_HOURS, _MOST_HOURS = 0.02, 1.0
"""Mean hours that are the same in every window are known to a minute; where they spread
by more than an hour none is usual."""
_FAR, _MOST_FAULTS = 12.0, 0.1
_OFTEN, _ENOUGH_TO_TELL = 0.1, 3
_EULER = 0.5772156649015329
_FEW, _VERY_FEW = 6.0, 6.0
"""How much farther out a limit lies for extremes of K windows: by the first over K, and where K is small by
more, (second / K)² of that. Simulated for uniform, normal, exponential, lognormal, Pareto (3, 1.5) and t (3)
values: of 11 windows and more clean ones pass it at most 1.7 times as often as they may, of 8 3.6 times."""


class Form(StrEnum):
    """What a check measures."""

    COUNT = "count"
    TIME = "time"
    EXTREME = "extreme"
    SHARE = "share"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class CheckCalibration:
    """What was learned of one check of one column: plain numbers, kept with the reference.

    Attributes:
        windows: of the reference.
        means: by calendar label (``""`` for all windows), and how many windows have it: of logarithms of
            counts and of distances from ``origin``; of shares, of seconds, and of hours after
            ``origin`` as they are.
        deviation, degrees: around these means.
        level: which of a window's calendar labels tells it apart; None for none.
        origin: the value that extremes are distant from, or the usual hour; ``side`` is 1.0 for a
            maximum, -1.0 for a minimum.
        most: the farthest that a window of the reference reaches, or its largest share.
        rows: of the reference.
        empty: labels, the finest, of windows that have no row every so often.
        values: of a share of unseen values, how many the reference has.
        whole: deviation of all windows, for one whose label the reference does not have.
    """

    form: Form
    windows: int
    means: Mapping[str, tuple[float, float]]
    deviation: float
    degrees: float
    level: int | None = None
    origin: float = 0.0
    side: float = 1.0
    most: float = 0.0
    rows: float = 0.0
    whole: float = 0.0
    empty: tuple[str, ...] = ()
    values: float = 0.0

    def counts(self, labels: Sequence[str], level: float) -> tuple[float, float]:
        """Between how many rows a clean window has, but for a chance of ``level``."""
        mean, reach = self._band(labels, level)
        low = 0.0 if labels and labels[0] in self.empty else math.exp(mean - reach)
        return low, math.exp(min(mean + reach, 700.0))

    def hours(self, hour: float, labels: Sequence[str], level: float, rows: int) -> tuple[float, float]:
        """How many hours after the usual one for windows of these labels the mean ``hour`` of ``rows`` is,
        and by how many that of a clean window may differ but for a chance of ``level``.

        Where it has fewer rows than those of the reference, chance moves them farther.
        """
        mean, reach = self._band(labels, level)
        fewer = math.sqrt(max(1.0, self.rows / self.windows / max(rows, 1)))
        return hours_between(hour, self.origin + mean), reach * fewer

    def _band(self, labels: Sequence[str], level: float) -> tuple[float, float]:
        """The mean of windows of these labels, and how far a further one lies from it."""
        label = self._label(labels)
        mean, size = self.means[label]
        apart = label == NO_LABEL and self.level is not None
        t = -float(scipy.special.stdtrit(self.degrees, level / 2.0))
        return mean, t * (self.whole if apart else self.deviation) * math.sqrt(1.0 + 1.0 / size)

    def extreme(self, level: float) -> float:
        """How far values of a clean window reach, but for a chance of ``level`` (Gumbel's distribution of the
        logarithm of the distance, by moments)."""
        mean, _ = self.means[NO_LABEL]
        scale = self.deviation * math.sqrt(6.0) / math.pi
        reach = mean - _EULER * scale - scale * math.log(level) * (1.0 + self._farther)
        return self.origin + self.side * math.exp(min(reach, 700.0))

    def wait(self, level: float) -> float:
        """How many seconds a clean window ends after its last row, but for a chance of ``level`` (of what is
        beyond the shortest the distribution of waiting times)."""
        mean, _ = self.means[NO_LABEL]
        return self.origin - (mean - self.origin) * math.log(level) * (1.0 + self._farther)

    @property
    def _farther(self) -> float:
        return _FEW / self.windows * (1.0 + (_VERY_FEW / self.windows) ** 2)

    def share(self, level: float, rows: int, least: float) -> float:
        """The largest share in a clean window of so many ``rows``, but for a chance of ``level``.

        At least ``least``, and what chance alone makes of the reference's own share.
        """
        mean, size = self.means[NO_LABEL]
        t = -float(scipy.special.stdtrit(self.degrees, level))
        limit = max(least, mean + t * self.deviation * math.sqrt(1.0 + 1.0 / size))
        # as if the reference had one row more that has it: of none nothing is known
        expected = (mean * self.rows + 1.0) / (self.rows + 1.0)
        while limit < 1.0 and float(scipy.special.bdtrc(math.floor(limit * rows), rows, expected)) > level:
            limit = min(1.0, limit * 1.25)
        return limit

    def _label(self, labels: Sequence[str]) -> str:
        label = labels[self.level] if self.level is not None and len(labels) > self.level else NO_LABEL
        return label if label in self.means else NO_LABEL

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"check": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; ValueError for another format."""
        values = dict(content)
        if values.pop("check", None) != 1:
            raise ValueError(f"limits of a check of format {content.get('check')}, expected 1")
        values["form"] = Form(values["form"])
        values["empty"] = tuple(values.get("empty", ()))
        values["means"] = {label: (mean, size) for label, (mean, size) in values["means"].items()}
        return cls(**values)


def learn_counts(
    rows: Sequence[int], labels: Sequence[Sequence[str]], empty: Sequence[Sequence[str]] = ()
) -> CheckCalibration | None:
    """From the rows of the reference's windows and their ``cycle_labels``; None where they are too few.

    ``empty``: the labels of those between them that have none.
    """
    filled = [at for at, count in enumerate(rows) if count > 0]
    if len(filled) < MIN_WINDOWS:
        return None
    y = np.log([float(rows[at]) for at in filled])
    found = _learn_by_label(Form.COUNT, y, [labels[at] for at in filled], _LEAST_RATIO)
    return replace(found, rows=float(sum(rows)), empty=_often_empty([labels[at] for at in filled], empty))


def learn_hours(
    hours: Sequence[float], rows: Sequence[int], labels: Sequence[Sequence[str]]
) -> CheckCalibration | None:
    """From the mean hours (0 to 24) in which the rows of windows come; None where windows are too few, or
    differ by so much that no hour is usual."""
    if len(hours) < MIN_WINDOWS:
        return None
    usual = mean_hour_of(hours)
    y = np.array([hours_between(hour, usual) for hour in hours])
    found = _learn_by_label(Form.TIME, y, labels, _LEAST_HOURS)
    if found.deviation > _MOST_HOURS:
        return None
    return replace(found, origin=usual, rows=float(sum(rows)))


def _learn_by_label(
    form: Form, y: FloatArray, known: Sequence[Sequence[str]], least: float
) -> CheckCalibration:
    """The means (K,) figures have by the calendar, and how they spread around these, at least ``least``."""
    level = finest_level(known)
    known, y = _without_outliers(known, y, least)
    means = {NO_LABEL: (float(y.mean()), float(len(y)))}
    whole, degrees = float(y.std(ddof=1)), float(len(y) - 1)
    deviation = whole
    if level is not None:
        names = np.array([several[level] for several in known], dtype=np.str_)
        if group_effect(y, names) > 0.0:
            parts = {str(name): y[names == name] for name in np.unique(names)}
            means |= {name: (float(part.mean()), float(len(part))) for name, part in parts.items()}
            degrees = float(len(y) - len(parts))
            within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts.values())
            deviation = math.sqrt(within / degrees)
        else:
            level = None
    return CheckCalibration(
        form, len(y), means, max(deviation, least), degrees, level=level, whole=max(whole, least)
    )


def _often_empty(filled: Sequence[Sequence[str]], empty: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The finest labels of which a tenth of the windows, and two at least, have no row; where there are few
    of one, by the next coarser."""
    having, lacking = (Counter(label for several in of for label in several) for of in (filled, empty))
    found = set()
    for several in empty:
        known = [label for label in several if having[label] + lacking[label] >= _ENOUGH_TO_TELL]
        if known and lacking[known[0]] >= max(2.0, _OFTEN * (having[known[0]] + lacking[known[0]])):
            found.add(several[0])
    return tuple(sorted(found))


def _without_outliers(
    labels: Sequence[Sequence[str]], y: FloatArray, least: float = _LEAST_RATIO
) -> tuple[list[Sequence[str]], FloatArray]:
    """The windows but for those that are faults of their own: a day of a few rows, a sentinel.

    They lie more than ``_FAR`` times the median deviation from the median; at most a tenth of the windows:
    what is more frequent is no fault but the way they are.
    """
    middle = float(np.median(y))
    spread = float(np.median(np.abs(y - middle)))
    kept = np.abs(y - middle) <= _FAR * max(spread, least)
    if (~kept).sum() > _MOST_FAULTS * len(y):
        kept = np.ones(len(y), np.bool_)
    return [one for one, keep in zip(labels, kept.tolist(), strict=True) if keep], y[kept]


def learn_extremes(values: FloatArray, origin: float, side: float) -> CheckCalibration | None:
    """From the (K,) greatest (``side`` 1.0) or least (-1.0) values of windows, as distances from ``origin``.

    None where they are too few, or do not reach beyond it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        distance = side * (values - origin)
    if len(values) < MIN_WINDOWS or not (distance > 0.0).all() or not np.isfinite(distance).all():
        return None
    _, y = _without_outliers([()] * len(distance), np.log(distance))
    return CheckCalibration(
        Form.EXTREME,
        len(y),
        {NO_LABEL: (float(y.mean()), float(len(y)))},
        max(float(y.std(ddof=1)), _LEAST_REACH),
        float(len(y) - 1),
        origin=origin,
        side=side,
        most=origin + side * math.exp(float(y.max())),
    )


def learn_waits(seconds: FloatArray) -> CheckCalibration | None:
    """From the (K,) seconds from the last row of windows to their ends; None where they are too few."""
    if len(seconds) < MIN_WINDOWS:
        return None
    return CheckCalibration(
        Form.WAIT,
        len(seconds),
        {NO_LABEL: (float(seconds.mean()), float(len(seconds)))},
        float(seconds.std(ddof=1)),
        float(len(seconds) - 1),
        origin=float(seconds.min()),
        most=float(seconds.max()),
    )


def learn_shares(counts: FloatArray, rows: FloatArray, values: float = 0.0) -> CheckCalibration | None:
    """From the (K,) rows of windows that have something, and all of their rows; None where they are few.

    ``values``: how many different ones the reference has, of a share of those that it does not.
    """
    known = rows > 0
    if int(known.sum()) < MIN_WINDOWS:
        return None
    shares = counts[known] / rows[known]
    return CheckCalibration(
        Form.SHARE,
        len(shares),
        {NO_LABEL: (float(counts[known].sum() / rows[known].sum()), float(len(shares)))},
        float(shares.std(ddof=1)),
        float(len(shares) - 1),
        most=float(shares.max()),
        rows=float(rows[known].sum()),
        values=values,
    )
