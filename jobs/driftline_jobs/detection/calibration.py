"""What is normal for a statistic, asked of any window; ``fitting`` learns it from a reference.

P-values under independence are wrong in production: rows of one day are alike, and clean days fail them all
the time. Here a window's statistic is compared with those of the reference's own windows, each against the
others.

A signed one, such as a shift of the mean, is brought to one size: then a new one differs from none by
Student's t with K - 1 degrees of freedom, times the spread. A sum of squares has a tail of its own
(``tail``). Where neither will do, for windows that the calendar tells apart and such that were put together,
it is taken on a scale where it is about normal, and differs from the others' mean by Student's t, times the
spread and √(1 + 1/K).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import scipy

from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.statistics import Statistic
from driftline_jobs.detection.tail import Tail
from driftline_jobs.metrics.figures import FloatArray

LOG_BELOW = 0.02
"""Powers below this are taken for the logarithm."""
_LEAST = 0.01
# A statistic next to nothing is as clean as one of a hundredth of its mean: its logarithm knows no bottom.
_CERTAIN = 1e-9
"""Whatever the calibration says, a figure many times beyond everything in the reference is no chance."""
TOO_SHORT = "the reference has too few windows to learn from"
NO_TIMES = "the rows of the reference have no times, so that it has no windows to learn from"
NO_VALUES = "the reference has no value of the column"
FORMAT = 2
_OLDER = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Windows of one calendar label, or all of them.

    Attributes:
        count: windows; for resampled ones what they are worth.
        mean: of the transformed statistic.
        variation: how much windows differ beyond sampling: a statistic's mean is expected + variation/s.
    """

    label: str
    count: float
    mean: float
    variation: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned of one statistic of one column: plain numbers, kept with the reference.

    Attributes:
        source: ``threshold_source`` of what it decides.
        windows: windows it was learned from.
        level: which of a window's calendar labels tells it apart; None for none.
        power: of the transformation; 0 for the logarithm.
        expected, sampling: of a typical window; others are brought to its size before they are compared.
        groups: one for all windows (label ``""``), or one per label.
        whole: all windows together, for a window whose label the reference does not have.
        deviation, degrees: spread around the groups' means; ``whole_deviation`` and ``whole_degrees`` around
            the common one.
        signed: whether the statistic has a sign; then its p-values are of both sides.
        tail: that of a sum of squares over windows that the calendar does not tell apart.
        beyond: (of a typical window) what is no chance, whatever the rest says; None for no such bound.
        persistence: how much a window is like the one before it (lag-1 autocorrelation), if that is no
            chance.
    """

    source: str
    windows: int
    level: int | None
    power: float
    expected: float
    sampling: float
    groups: tuple[Group, ...]
    whole: Group
    deviation: float
    degrees: float
    whole_deviation: float
    whole_degrees: float
    signed: bool = False
    tail: Tail | None = None
    beyond: float | None = None
    persistence: float = 0.0

    def transformed(self, statistic: Statistic, group: Group) -> FloatArray:
        """The statistic, as of a window of typical size, on the scale on which it is about normal."""
        typical = self.expected + group.variation / self.sampling
        value = statistic.value * self._ratio(statistic, group)
        return value if self.signed else on_scale(value, self.power, typical)

    def scaled(self, statistic: Statistic, labels: Sequence[str] | None = None) -> FloatArray:
        """(W,) ``transformed``, each window as one of its label's group; NaN where there is none."""
        result = np.full(statistic.value.shape, np.nan)
        for group, _, _, where in self._members(len(result), labels):
            result[where] = self.transformed(statistic.at(where), group)
        return np.where(np.isfinite(statistic.value), result, np.nan)

    def _ratio(self, statistic: Statistic, group: Group) -> FloatArray:
        """(W,) a statistic of a window of typical size over one of its own."""
        typical = self.expected + group.variation / self.sampling
        own = statistic.expected + group.variation / statistic.sampling
        ratio = np.divide(typical, own, out=np.ones(np.shape(own)), where=own > 0)
        return np.asarray(np.sqrt(ratio) if self.signed else ratio, np.float64)

    def p_values(self, statistic: Statistic, labels: Sequence[str] | None = None) -> FloatArray:
        """(W,) chance that a clean window has at least this statistic; NaN where it has none.

        Args:
            statistic: of W windows.
            labels: (W,) their calendar labels of ``level``; not needed if that is None.
        """
        result = np.full(statistic.value.shape, np.nan)
        for group, deviation, degrees, where in self._members(len(result), labels):
            part = statistic.at(where)
            value = part.value * self._ratio(part, group)
            if self.tail is not None:
                p = self.tail.p_values(value)
            else:
                t = (self.transformed(part, group) - group.mean) / (deviation * self._widening(group))
                p = np.asarray(
                    2.0 * scipy.special.stdtr(degrees, -np.abs(t))
                    if self.signed
                    else scipy.special.stdtr(degrees, -t)
                )
            if self.beyond is not None:
                p = np.where(np.abs(value) > self.beyond, np.minimum(p, _CERTAIN), p)
            result[where] = p
        return np.where(np.isfinite(statistic.value), result, np.nan)

    def _widening(self, group: Group) -> float:
        """By how much more than the spread a new window differs from the mean of ``group``.

        A signed statistic over all windows needs no more: its standard error has the reference's in it, and
        without drift its mean is 0.
        """
        return 1.0 if self.signed and group.label == NO_LABEL else float(np.sqrt(1.0 + 1.0 / group.count))

    def thresholds(
        self, statistic: Statistic, level: FloatArray, labels: Sequence[str] | None = None
    ) -> FloatArray:
        """(W,) the published figure at which the p-value would be ``level`` (W,).

        Of a signed statistic that on the side on which the window lies.
        """
        result = np.full(statistic.value.shape, np.nan)
        for group, deviation, degrees, where in self._members(len(result), labels):
            part = statistic.at(where)
            at_level: FloatArray
            if self.tail is not None:
                at_level = self.tail.values(level[where])
            elif self.signed:
                side = np.where(self.transformed(part, group) < group.mean, -1.0, 1.0)
                t = -scipy.special.stdtrit(degrees, level[where] / 2.0)
                at_level = np.asarray(group.mean + side * t * deviation * self._widening(group), np.float64)
            else:
                t = scipy.special.stdtrit(degrees, 1.0 - level[where])
                y = np.asarray(group.mean + t * deviation * self._widening(group), np.float64)
                at_level = off_scale(y, self.power)
            if self.beyond is not None:
                at_level = np.clip(at_level, -self.beyond, self.beyond)
            result[where] = at_level / self._ratio(part, group)
        return np.where(statistic.factor > 0, statistic.published(result), np.nan)

    def centres(self, statistic: Statistic, labels: Sequence[str] | None = None) -> FloatArray:
        """(W,) the published figure around which a signed one usually lies; 0 for one without a sign."""
        result = np.zeros(statistic.value.shape)
        if not self.signed:
            return result
        for group, _, _, where in self._members(len(result), labels):
            result[where] = group.mean / self._ratio(statistic.at(where), group)
        return statistic.published(result)

    def group_of(self, label: str) -> tuple[Group, float, float]:
        """The group a label belongs to, its deviation and its degrees of freedom."""
        for group in self.groups:
            if group.label in {label, NO_LABEL}:
                return group, self.deviation, self.degrees
        return self.whole, self.whole_deviation, self.whole_degrees

    def _members(
        self, count: int, labels: Sequence[str] | None
    ) -> list[tuple[Group, float, float, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
        names = np.array(labels if labels is not None else [NO_LABEL] * count, dtype=np.str_)
        found = []
        for label in np.unique(names):
            group, deviation, degrees = self.group_of(str(label))
            found.append((group, deviation, degrees, np.flatnonzero(names == label)))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; ValueError for another format."""
        values = dict(content)
        if values.pop("format", None) not in {FORMAT, _OLDER}:
            raise ValueError(f"a calibration of format {content.get('format')}, expected {FORMAT}")
        if values.get("tail") is not None:
            values["tail"] = Tail(**values["tail"])
        values["groups"] = tuple(Group(**group) for group in values["groups"])
        values["whole"] = Group(**values["whole"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """Why a statistic has no calibration: its verdicts fall back on fixed effect sizes."""

    reason: str


def on_scale(value: FloatArray, power: float, typical: FloatArray | float) -> FloatArray:
    """A statistic (...,) to this power (0: its logarithm); at least a part of the ``typical`` one."""
    least = np.maximum(value, _LEAST * np.asarray(typical))
    result: FloatArray = np.log(least) if power < LOG_BELOW else np.maximum(value, 0.0) ** power
    return result


def off_scale(y: FloatArray, power: float) -> FloatArray:
    """The inverse of ``on_scale``."""
    result: FloatArray = np.exp(y) if power < LOG_BELOW else np.maximum(y, 0.0) ** (1.0 / power)
    return result
