"""What is normal for a statistic: learned from a reference held against itself, then asked of any window.

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
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import scipy

from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.resampling import Splits
from driftline_jobs.detection.statistics import CUBE_ROOT, Statistic
from driftline_jobs.detection.tail import Deviations, Tail, tail_of
from driftline_jobs.metrics.figures import FloatArray

GROUP_LEVEL = 0.05
"""Windows are told apart by the calendar where an F test finds a difference at this level."""
_LOG_BELOW = 0.02
_LEAST = 0.01
# A statistic next to nothing is as clean as one of a hundredth of its mean: its logarithm knows no bottom.
_LEAST_SPREAD = 0.01
# Figures that lie within a hundredth of themselves, as where each weekday has a value of its own, do not tell
# how far a clean one may lie off: no window is judged more finely than that.
_MOSTLY = 0.75
_LEAST_SIGNED = 0.1
"""Of the standard error by sampling: windows whose rows are drawn by strata differ by less than chance."""
_CERTAIN = 1e-9
"""Whatever the calibration says, a figure many times beyond everything in the reference is no chance."""
_MOST_PERSISTENT = 0.95
_MANY_TIMES, _ENOUGH = 10.0, 20.0
_STEPS = 100
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
        return value if self.signed else _power(value, self.power, typical)

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

    def behind(self, p_values: FloatArray, labels: Sequence[str] | None = None) -> FloatArray:
        """(W,) the transformed statistics that have these p-values; NaN where there is none.

        Those of a signed statistic carry its sign: minus what lies below the mean.
        """
        result = np.full(p_values.shape, np.nan)
        # as far out as numbers go: a p-value of 0 is one that got lost on the way
        p = np.clip(np.abs(p_values), 1e-300, 1.0 - 1e-16)
        side = np.copysign(1.0, p_values)
        for group, deviation, degrees, where in self._members(len(result), labels):
            if self.tail is not None:
                typical = self.expected + group.variation / self.sampling
                result[where] = _power(self.tail.values(p[where]), self.power, typical)
                continue
            t = -side[where] * scipy.special.stdtrit(degrees, p[where] * (0.5 if self.signed else 1.0))
            result[where] = group.mean + t * deviation * self._widening(group)
        return np.where(np.isfinite(p_values), result, np.nan)

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
                at_level = _unpower(y, self.power)
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


def calibrate(
    statistic: Statistic,
    splits: Splits,
    power: float = CUBE_ROOT,
    deviations: Deviations | None = None,
) -> Calibration | Uncalibrated:
    """Learn what is normal from the statistics of a reference held against itself.

    Args:
        statistic: of the K windows of ``splits``.
        splits: how they came about.
        power: nearest to normal without drift (``power_of``). The more the calendar tells windows apart, the
            nearer to the cube root is what is taken: such statistics are not central, and for them a higher
            power is right.
        deviations: what the statistic adds the squares of, if it does: then its tail is learned.
    """
    usable = np.isfinite(statistic.value)
    if not usable.all():
        missing = int((~usable).sum())
        return Uncalibrated(f"{missing} of the reference's {len(usable)} windows have no figure")
    if (statistic.value != 0).mean() < _MOSTLY:
        return Uncalibrated("the figure is zero in most windows of the reference")
    inflation = np.sqrt(splits.inflation) if statistic.signed else splits.inflation
    scaled = replace(statistic, value=statistic.value * inflation)
    expected, sampling = float(scaled.expected.mean()), float(scaled.sampling.mean())
    everyone = np.arange(len(scaled.value))

    whole = _fit(scaled, splits, power, {NO_LABEL: everyone})
    labels = np.array(splits.labels, dtype=np.str_)
    chosen, level, used = whole, None, power
    effect = group_effect(whole.values, labels) if splits.level is not None else 0.0
    if effect > 0.0:
        used, level = power + (CUBE_ROOT - power) * effect, splits.level
        chosen = _fit(
            scaled, splits, used, {str(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
        )
        whole = _fit(scaled, splits, used, {NO_LABEL: everyone})
    tail = None
    if deviations is not None and level is None and splits.degrees is None:
        sizes = np.sqrt(whole.ratio)[:, None]
        tail = tail_of(replace(deviations, values=deviations.values * sizes), float(whole.sized.mean()))
    beyond = _beyond(chosen.sized, chosen.degrees, signed=statistic.signed)
    if not np.isfinite([chosen.deviation, whole.deviation, beyond]).all():
        return Uncalibrated("the figures of the reference's windows are too far apart to be told")
    return Calibration(
        source=splits.source,
        windows=len(scaled.value) if splits.degrees is None else int(splits.degrees),
        level=level,
        power=used,
        expected=expected,
        sampling=sampling,
        groups=chosen.groups,
        whole=whole.groups[0],
        deviation=chosen.deviation,
        degrees=chosen.degrees,
        whole_deviation=whole.deviation,
        whole_degrees=whole.degrees,
        signed=statistic.signed,
        tail=tail,
        beyond=beyond,
        persistence=_persistence(chosen.residuals) if splits.degrees is None else 0.0,
    )


def _persistence(residuals: FloatArray) -> float:
    """Lag-1 autocorrelation of the residuals (K,) of windows in their order, less its bias, (1 + 3 ρ) / K
    (Kendall, Biometrika 1954); 0 where it lies within its standard error."""
    count, total = len(residuals), float((residuals**2).sum())
    if not total > 0.0:
        return 0.0
    found = float((residuals[1:] * residuals[:-1]).sum()) / total
    found += (1.0 + 3.0 * found) / count
    return min(found, _MOST_PERSISTENT) if found > count**-0.5 else 0.0


def _beyond(sized: FloatArray, degrees: float, *, signed: bool) -> float:
    """What no window of the reference (K,) comes near; the fewer they are, the farther out it lies."""
    times = _MANY_TIMES * max(1.0, (_ENOUGH / degrees) ** 2)
    greatest = float(np.abs(sized).max())
    return greatest * (times**0.5 if signed else times)


@dataclass(frozen=True, slots=True)
class _Fit:
    groups: tuple[Group, ...]
    deviation: float
    degrees: float
    values: FloatArray
    sized: FloatArray
    ratio: FloatArray
    residuals: FloatArray


def _fit(
    scaled: Statistic,
    splits: Splits,
    power: float,
    parts: Mapping[str, np.ndarray[tuple[int], np.dtype[np.intp]]],
) -> _Fit:
    """Mean and spread of the transformed statistic, each part of the windows around a mean of its own."""
    count = len(scaled.value)
    expected, sampling = float(scaled.expected.mean()), float(scaled.sampling.mean())
    worth = float(count if splits.degrees is None else splits.degrees)
    alone = scaled.signed and len(parts) == 1
    groups, residuals, ys, ratios = [], np.empty(count), np.empty(count), np.empty(count)
    for label, where in parts.items():
        part = scaled.at(where)
        variation = _variation(part)
        typical = expected + variation / sampling
        own = part.expected + variation / part.sampling
        ratio = np.sqrt(typical / own) if scaled.signed else typical / own
        sized = part.value * ratio
        y = sized if scaled.signed else _power(sized, power, np.full(len(where), typical))
        mean = 0.0 if alone else float(y.mean())
        ratios[where], ys[where], residuals[where] = ratio, y, y - mean
        groups.append(
            Group(label, worth if splits.degrees is not None else float(len(where)), mean, variation)
        )
    spread = float((residuals**2).sum())
    if splits.degrees is not None:
        degrees, deviation = worth, np.sqrt(spread / (count - 1))
    else:
        degrees = float(count - len(parts))
        # deviations from the other windows add up to none, and have the error of their mean in them
        deviation = np.sqrt(spread / (count if alone else degrees))
    if scaled.signed:
        least = _LEAST_SIGNED
    else:
        least = _LEAST_SPREAD * (1.0 if power < _LOG_BELOW else power * float(ys.mean()))
    return _Fit(
        tuple(groups), max(float(deviation), least), degrees, ys, scaled.value * ratios, ratios, residuals
    )


def group_effect(values: FloatArray, labels: np.ndarray[tuple[int], np.dtype[np.str_]]) -> float:
    """Share of the variance that the labels explain (omega squared); 0 where an F test finds none."""
    names = np.unique(labels)
    between, within = 0.0, 0.0
    for name in names:
        part = values[labels == name]
        between += len(part) * float(part.mean() - values.mean()) ** 2
        within += float(((part - part.mean()) ** 2).sum())
    first, second = len(names) - 1, len(values) - len(names)
    error = within / second
    if error <= 0.0:
        return 1.0 if between > 0.0 else 0.0
    if scipy.special.fdtrc(first, second, between / first / error) >= GROUP_LEVEL:
        return 0.0
    return max(0.0, (between - first * error) / (between + within + error))


def _variation(statistic: Statistic) -> float:
    """The variation v at which the mean of value / (expected + v / s) is 1; 0 if sampling explains all.

    That mean is convex and falls as v grows, so Newton's steps from below never pass the root.
    """
    value = statistic.squares()
    if not (statistic.expected > 0.0).all():
        return float((value * statistic.sampling).mean())
    v = 0.0
    for _ in range(_STEPS):
        model = statistic.expected + v / statistic.sampling
        ratio = value / model
        slope = float((ratio / (model * statistic.sampling)).mean())
        if not slope > 0.0:  # figures so small that their squares are none
            break
        step = (ratio.mean() - 1.0) / slope
        if not step > 1e-12 * v:
            break
        v += float(step)
    return v


def _power(value: FloatArray, power: float, typical: FloatArray | float) -> FloatArray:
    least = np.maximum(value, _LEAST * np.asarray(typical))
    result: FloatArray = np.log(least) if power < _LOG_BELOW else np.maximum(value, 0.0) ** power
    return result


def _unpower(y: FloatArray, power: float) -> FloatArray:
    result: FloatArray = np.exp(y) if power < _LOG_BELOW else np.maximum(y, 0.0) ** (1.0 / power)
    return result
