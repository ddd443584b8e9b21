"""Learning what is normal for a statistic: mean, spread and tail over the windows of a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy

from driftline_jobs.detection.calibration import LOG_BELOW, Calibration, Group, Uncalibrated, on_scale
from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.resampling import MIN_WINDOWS, Splits
from driftline_jobs.detection.statistics import CUBE_ROOT, Statistic
from driftline_jobs.detection.tail import Deviations, tail_of
from driftline_jobs.metrics.figures import FloatArray

GROUP_LEVEL = 0.05
"""Windows are told apart by the calendar where an F test finds a difference at this level."""
_LEAST_SPREAD = 0.01
# Figures that lie within a hundredth of themselves, as where each weekday has a value of its own, do not tell
# how far a clean one may lie off: no window is judged more finely than that.
_MOSTLY = 0.75
_LEAST_SIGNED = 0.1
"""Of the standard error by sampling: windows whose rows are drawn by strata differ by less than chance."""
_MOST_PERSISTENT = 0.95
_MANY_TIMES, _ENOUGH = 10.0, 20.0
_STEPS = 100


def calibrate(
    statistic: Statistic,
    splits: Splits,
    power: float = CUBE_ROOT,
    deviations: Deviations | None = None,
) -> Calibration | Uncalibrated:
    """Learn what is normal from the statistics of a reference held against itself.

    Args:
        statistic: of the K windows of ``splits``; those without a figure are left out.
        splits: how they came about.
        power: nearest to normal without drift (``power_of``). The more the calendar tells windows apart, the
            nearer to the cube root is what is taken: such statistics are not central, and for them a higher
            power is right.
        deviations: what the statistic adds the squares of, if it does: then its tail is learned.
    """
    usable = np.flatnonzero(np.isfinite(statistic.value))
    if len(usable) < len(statistic.value):
        if len(usable) < MIN_WINDOWS:
            return Uncalibrated(
                f"{len(usable)} of the reference's {len(statistic.value)} windows have a figure, "
                f"{MIN_WINDOWS} are needed"
            )
        statistic, splits = statistic.at(usable), splits.at(usable)
        if deviations is not None:
            deviations = replace(deviations, values=deviations.values[usable])
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
        y = sized if scaled.signed else on_scale(sized, power, np.full(len(where), typical))
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
        least = _LEAST_SPREAD * (1.0 if power < LOG_BELOW else power * float(ys.mean()))
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
