"""What is normal for a statistic: learned from a reference held against itself, then asked of any window.

P-values under independence are wrong in production: rows of one day are alike, and clean days fail them all
the time. Here a window's statistic is compared with those of the reference's own windows, each against the
others. On a scale where it is about normal, a new value differs from their mean by Student's t with K - 1
degrees of freedom, times the spread and √(1 + 1/K).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import scipy

from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.resampling import Splits
from driftline_jobs.detection.statistics import CUBE_ROOT, Statistic
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
_STEPS = 100
TOO_SHORT = "the reference has too few windows to learn from"
NO_TIMES = "the rows of the reference have no times, so that it has no windows to learn from"
NO_VALUES = "the reference has no value of the column"
FORMAT = 1


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

    def transformed(self, statistic: Statistic, group: Group) -> FloatArray:
        """The statistic, as of a window of typical size, on the scale on which it is about normal."""
        typical = self.expected + group.variation / self.sampling
        own = statistic.expected + group.variation / statistic.sampling
        ratio = np.divide(typical, own, out=np.ones(np.shape(own)), where=own > 0)
        return _power(statistic.value * ratio, self.power, typical)

    def p_values(self, statistic: Statistic, labels: Sequence[str] | None = None) -> FloatArray:
        """(W,) chance that a clean window has at least this statistic; NaN where it has none.

        Args:
            statistic: of W windows.
            labels: (W,) their calendar labels of ``level``; not needed if that is None.
        """
        result = np.full(statistic.value.shape, np.nan)
        for group, deviation, degrees, where in self._members(len(result), labels):
            y = self.transformed(_at(statistic, where), group)
            t = (y - group.mean) / (deviation * np.sqrt(1.0 + 1.0 / group.count))
            result[where] = scipy.special.stdtr(degrees, -t)
        return np.where(np.isfinite(statistic.value), result, np.nan)

    def behind(self, p_values: FloatArray, labels: Sequence[str] | None = None) -> FloatArray:
        """(W,) the transformed statistics that have these p-values; NaN where there is none."""
        result = np.full(p_values.shape, np.nan)
        # as far out as numbers go: a p-value of 0 is one that got lost on the way
        p = np.clip(p_values, 1e-300, 1.0 - 1e-16)
        for group, deviation, degrees, where in self._members(len(result), labels):
            t = -scipy.special.stdtrit(degrees, p[where])
            result[where] = group.mean + t * deviation * np.sqrt(1.0 + 1.0 / group.count)
        return result

    def thresholds(
        self, statistic: Statistic, level: FloatArray, labels: Sequence[str] | None = None
    ) -> FloatArray:
        """(W,) the published figure at which the p-value would be ``level`` (W,)."""
        result = np.full(statistic.value.shape, np.nan)
        for group, deviation, degrees, where in self._members(len(result), labels):
            t = scipy.special.stdtrit(degrees, 1.0 - level[where])
            y = group.mean + t * deviation * np.sqrt(1.0 + 1.0 / group.count)
            typical = self.expected + group.variation / self.sampling
            own = statistic.expected[where] + group.variation / statistic.sampling[where]
            result[where] = _unpower(y, self.power) * own / typical
        return np.where(statistic.factor > 0, statistic.published(result), np.nan)

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
        if values.pop("format", None) != FORMAT:
            raise ValueError(f"a calibration of format {content.get('format')}, expected {FORMAT}")
        values["groups"] = tuple(Group(**group) for group in values["groups"])
        values["whole"] = Group(**values["whole"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """Why a statistic has no calibration: its verdicts fall back on fixed effect sizes."""

    reason: str


def calibrate(statistic: Statistic, splits: Splits, power: float = CUBE_ROOT) -> Calibration | Uncalibrated:
    """Learn what is normal from the statistics of a reference held against itself.

    Args:
        statistic: of the K windows of ``splits``.
        splits: how they came about.
        power: nearest to normal without drift (``power_of``). The more the calendar tells windows apart, the
            nearer to the cube root is what is taken: such statistics are not central, and for them a higher
            power is right.
    """
    usable = np.isfinite(statistic.value)
    if not usable.all():
        missing = int((~usable).sum())
        return Uncalibrated(f"{missing} of the reference's {len(usable)} windows have no figure")
    if (statistic.value > 0).mean() < _MOSTLY:
        return Uncalibrated("the figure is zero in most windows of the reference")
    value = statistic.value * splits.inflation
    scaled = Statistic(value, statistic.expected, statistic.sampling, statistic.factor, statistic.root)
    expected, sampling = float(scaled.expected.mean()), float(scaled.sampling.mean())
    everyone = np.arange(len(value))

    whole = _fit(scaled, splits, power, {NO_LABEL: everyone})
    labels = np.array(splits.labels, dtype=np.str_)
    chosen, level, used = whole, None, power
    effect = _group_effect(whole.values, labels) if splits.level is not None else 0.0
    if effect > 0.0:
        used, level = power + (CUBE_ROOT - power) * effect, splits.level
        chosen = _fit(
            scaled, splits, used, {str(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
        )
        whole = _fit(scaled, splits, used, {NO_LABEL: everyone})
    return Calibration(
        source=splits.source,
        windows=len(value) if splits.degrees is None else int(splits.degrees),
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
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    groups: tuple[Group, ...]
    deviation: float
    degrees: float
    values: FloatArray


def _fit(
    scaled: Statistic,
    splits: Splits,
    power: float,
    parts: Mapping[str, np.ndarray[tuple[int], np.dtype[np.intp]]],
) -> _Fit:
    """Mean and spread of the transformed statistic, each part of the windows around a mean of its own."""
    value = scaled.value
    expected, sampling = float(scaled.expected.mean()), float(scaled.sampling.mean())
    worth = float(len(value) if splits.degrees is None else splits.degrees)
    groups, residuals, ys = [], np.empty(len(value)), np.empty(len(value))
    for label, where in parts.items():
        part = _at(scaled, where)
        variation = _variation(part)
        typical = expected + variation / sampling
        own = part.expected + variation / part.sampling
        y = _power(part.value * typical / own, power, np.full(len(where), typical))
        ys[where] = y
        residuals[where] = y - y.mean()
        count = worth if splits.degrees is not None else float(len(where))
        groups.append(Group(label, count, float(y.mean()), variation))
    spread = float((residuals**2).sum())
    if splits.degrees is None:
        degrees = float(len(value) - len(parts))
        deviation = np.sqrt(spread / degrees)
    else:
        degrees, deviation = worth, np.sqrt(spread / (len(value) - 1))
    least = _LEAST_SPREAD * (1.0 if power < _LOG_BELOW else power * float(ys.mean()))
    return _Fit(tuple(groups), max(float(deviation), least), degrees, ys)


def _group_effect(values: FloatArray, labels: np.ndarray[tuple[int], np.dtype[np.str_]]) -> float:
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
    if not (statistic.expected > 0.0).all():
        return float((statistic.value * statistic.sampling).mean())
    v = 0.0
    for _ in range(_STEPS):
        model = statistic.expected + v / statistic.sampling
        ratio = statistic.value / model
        step = (ratio.mean() - 1.0) / (ratio / (model * statistic.sampling)).mean()
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


def _at(statistic: Statistic, where: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Statistic:
    return Statistic(
        statistic.value[where],
        statistic.expected[where],
        statistic.sampling[where],
        statistic.factor[where],
        statistic.root,
    )
