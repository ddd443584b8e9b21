"""What is normal for a performance figure: learned from the reference's windows, sampling told apart.

Each window's figure has an interval of its own. What its windows differ by beyond that is how much the
model's performance varies from window to window when nothing is wrong (a random-effects model: DerSimonian
and Laird, Controlled Clinical Trials 1986). A new window is held against both.

A share that is 1 in every window of the reference has no scatter to learn from. There the window's misses are
held against none among all of the reference's rows (Fisher's exact test).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import scipy

from driftline_jobs.detection.calibration import TOO_SHORT, Uncalibrated
from driftline_jobs.detection.fdr import q_values, reporting_levels
from driftline_jobs.detection.limits import margin, no_limit, short_of_trivial, spec_of, worse_side
from driftline_jobs.detection.resampling import MIN_WINDOWS
from driftline_jobs.detection.verdicts import CALIBRATED, Verdicts, verdicts
from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import Performance
from driftline_schemas.performance_specs import Scale

FORMAT = 1
_HALVINGS = 60
_SAME = 1e-9
_MOST_PERSISTENT = 0.8


@dataclass(frozen=True, slots=True)
class PerformanceCalibration:
    """What was learned of one performance metric; on the logit scale for shares, else of logarithms.

    Attributes:
        mean: of the windows, weighted by what they are sure of; error: its standard error.
        deviation: between windows, beyond sampling.
        hits: rows of the reference where each of them is a hit in every window, else 0.
        rows: of an estimate, which has no labels to scatter: rows of a window where ``deviation`` is all that
            its windows differ by; else 0.
        persistence: how much what lies behind a window's figure is like that behind the one before (lag-1
            autocorrelation); 0 if it is not.
    """

    metric: str
    windows: int
    mean: float
    error: float
    deviation: float
    hits: float = 0.0
    rows: float = 0.0
    persistence: float = 0.0

    def _t(self, figure: Performance) -> tuple[FloatArray, FloatArray]:
        """(cells,) how far a figure is on the worse side, in standard errors, and that error."""
        y, own = scaled(self.metric, figure)
        if self.rows:
            # all of the scatter may be that of so many rows: of fewer it is as much larger
            own = self.deviation * np.sqrt(np.maximum(self.rows / np.maximum(figure.n, 1.0), 1.0) - 1.0)
        error = np.sqrt(self.deviation**2 + own**2 + self.error**2)
        return worse_side(self.metric) * (y - self.mean) / error, error

    @property
    def dependence(self) -> float:
        """How many times as much the mean of many windows varies as it would if they were independent."""
        return (1.0 + self.persistence) / (1.0 - self.persistence)

    def p_values(self, figure: Performance) -> FloatArray:
        """(cells,) chance that a window in which nothing is wrong does as badly; NaN without a figure."""
        if self.hits:
            rows = _rows(figure)
            return self._by_misses((1.0 - figure.value) * rows, rows)
        t, _ = self._t(figure)
        return np.asarray(scipy.special.stdtr(float(self.windows - 1), -t), np.float64)

    def thresholds(self, figure: Performance, level: FloatArray) -> FloatArray:
        """(cells,) the figure at which the p-value would be ``level``, with the window's own certainty."""
        if self.hits:
            return self._without_scatter(_rows(figure), level)
        _, error = self._t(figure)
        t = scipy.special.stdtrit(float(self.windows - 1), 1.0 - level)
        return unscaled(self.metric, self.mean + worse_side(self.metric) * t * error)

    def _by_misses(self, misses: FloatArray, rows: FloatArray) -> FloatArray:
        """(cells,) chance that all of so many misses are the window's, and none the reference's."""
        every = self.hits + rows
        chance = scipy.special.gammaln(rows + 1.0) - scipy.special.gammaln(rows - misses + 1.0)
        chance = chance + scipy.special.gammaln(every - misses + 1.0) - scipy.special.gammaln(every + 1.0)
        return np.asarray(np.exp(chance), np.float64)

    def _without_scatter(self, rows: FloatArray, level: FloatArray) -> FloatArray:
        """(cells,) the share at which that chance is ``level``: the more misses, the smaller it is."""
        least, many = np.zeros(rows.shape), rows.copy()
        for _ in range(_HALVINGS):
            middle = 0.5 * (least + many)
            likely = self._by_misses(middle, rows) > level
            least, many = np.where(likely, middle, least), np.where(likely, many, middle)
        return 1.0 - many / rows

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; ValueError for another format."""
        values = dict(content)
        if values.pop("format", None) != FORMAT:
            raise ValueError(f"a calibration of format {content.get('format')}, expected {FORMAT}")
        return cls(**values)


def calibrate_performance(metric: str, figure: Performance) -> PerformanceCalibration | Uncalibrated:
    """Learn from the figures (K,) of the reference's windows; those without an interval are left out."""
    spec = spec_of(metric)
    if not spec.judged:
        return Uncalibrated(f"{metric} is neither better when higher nor when lower")
    if spec.often_zero:
        return Uncalibrated(f"{metric} is zero in many windows")
    y, own = scaled(metric, figure)
    known = np.isfinite(y) & np.isfinite(own) & (own > 0)
    every = spec.scale is Scale.SHARE and bool((figure.value[known] >= 1.0).all())
    hits = float(_rows(figure)[known].sum()) if every else 0.0
    y, variance = y[known], own[known] ** 2
    count = len(y)
    if count < MIN_WINDOWS:
        return Uncalibrated(TOO_SHORT)
    weight = 1.0 / variance
    mean = (weight * y).sum() / weight.sum()
    excess = (weight * (y - mean) ** 2).sum() - (count - 1)
    between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    weight = 1.0 / (variance + between)
    mean = float((weight * y).sum() / weight.sum())
    return PerformanceCalibration(
        metric=metric,
        windows=count,
        mean=mean,
        error=float(np.sqrt(1.0 / weight.sum())),
        deviation=float(np.sqrt(between)),
        hits=hits,
        persistence=_persistence((y - mean) * np.sqrt(weight), float(variance.mean()), between),
    )


def _persistence(residuals: FloatArray, sampling: float, between: float) -> float:
    """Of what windows differ by beyond sampling, which is not like that of the window before and hides it.

    Args:
        residuals: (K,) of windows in their order, each by its own standard error. Their autocorrelation is
            less its bias, (1 + 3 ρ) / K (Kendall, Biometrika 1954).
    """
    total = float((residuals**2).sum())
    if not (total > 0.0 and between > 0.0):
        return 0.0
    found = float((residuals[1:] * residuals[:-1]).sum()) / total
    found += (1.0 + 3.0 * found) / len(residuals)
    return float(np.clip(found * (sampling + between) / between, 0.0, _MOST_PERSISTENT))


def calibrate_estimate(metric: str, figure: Performance) -> PerformanceCalibration | Uncalibrated:
    """Learn from the estimates (K,) for the reference's windows, which differ as their scores do.

    Their intervals are for the labels that the windows would have: the estimates themselves vary less.
    """
    spec = spec_of(metric)
    if not spec.judged:
        return Uncalibrated(f"{metric} is neither better when higher nor when lower")
    y, _ = scaled(metric, figure)
    known = np.isfinite(y) & (figure.n > 0)
    y, count = y[known], int(known.sum())
    if count < MIN_WINDOWS:
        return Uncalibrated(TOO_SHORT)
    deviation = float(y.std(ddof=1))
    if not deviation > _SAME * max(1.0, float(np.abs(y).max())):
        return Uncalibrated(f"the estimate of {metric} is the same in every window")
    return PerformanceCalibration(
        metric=metric,
        windows=count,
        mean=float(y.mean()),
        error=deviation / count**0.5,
        deviation=deviation,
        rows=float(np.median(figure.n[known])),
    )


def judge_performance(
    calibrations: Mapping[str, PerformanceCalibration | Uncalibrated],
    now: Mapping[str, Performance],
    then: Mapping[str, Performance],
    family: IntArray,
    rate: float,
    floor: float = 1.0,
) -> dict[str, Verdicts]:
    """Verdicts at one false discovery rate per family; metrics that are not calibrated are left out.

    Args:
        calibrations, now, then: by metric; figures of the window and of the reference, (cells,).
        family: (cells,) cells of equal number are one family, with all of their metrics.
        rate: of a family. A figure is degraded if its q-value is at most this and it is worse than the
            reference's by more than the metric's ``margin``, which the threshold allows for.
        floor: so many times the margin.
    """
    usable = {
        name: c for name, c in calibrations.items() if isinstance(c, PerformanceCalibration) and name in now
    }
    if not usable:
        return {}
    p_values = np.stack(
        [
            np.where(no_limit(name, now[name], then[name]), np.nan, c.p_values(now[name]))
            for name, c in usable.items()
        ],
        -1,
    )
    q, level = np.full(p_values.shape, np.nan), np.full(len(family), np.nan)
    for number in np.unique(family):
        cells = np.flatnonzero(family == number)
        pooled = p_values[cells].ravel()
        q[cells] = q_values(pooled).reshape(len(cells), -1)
        level[cells] = reporting_levels(pooled, rate)
    found = {}
    for at, (name, calibration) in enumerate(usable.items()):
        worse = worse_side(name)
        least_loss = floor * margin(name, then[name])
        lost = worse * (now[name].value - then[name].value)
        decided = np.isfinite(p_values[:, at])
        learned = calibration.thresholds(now[name], level)
        worth = np.where(np.isfinite(then[name].value), then[name].value + worse * least_loss, learned)
        least = np.where(worse * (worth - learned) > 0.0, worth, learned)
        limit, source = short_of_trivial(name, least, CALIBRATED, now[name], then[name])
        beyond = worse * (now[name].value - limit) > 0.0  # a figure at its limit is within it
        found[name] = verdicts(
            limit,
            source,
            decided & (np.nan_to_num(q[:, at], nan=1.0) <= rate) & beyond,
            decided,
            strength=np.divide(lost, least_loss, out=np.full(len(lost), np.nan), where=least_loss > 0),
            p_value=p_values[:, at],
            q_value=q[:, at],
        )
    return found


def scaled(metric: str, figure: Performance) -> tuple[FloatArray, FloatArray]:
    """(cells,) the figure on its scale, and its standard error there."""
    on = spec_of(metric).scale
    if on is Scale.SHARE:
        return _logits(figure)

    def scale(x: FloatArray) -> FloatArray:
        # what is left unexplained is positive, as losses are; better is less
        with np.errstate(divide="ignore", invalid="ignore"):
            return -np.log(1.0 - x) if on is Scale.EXPLAINED else np.log(x)

    y = scale(figure.value)
    # A model that is right to the last place has no place on the scale: it is better than any limit.
    perfect = figure.value >= 1.0 if on is Scale.EXPLAINED else figure.value <= 0.0
    with np.errstate(invalid="ignore"):
        half = _half(y - scale(figure.ci_low), scale(figure.ci_high) - y)
    there = np.isfinite(figure.ci_low) & np.isfinite(figure.ci_high)
    return y, np.where(there, np.where(perfect, 0.0, half / Z), np.nan)


def _half(below: FloatArray, above: FloatArray) -> FloatArray:
    """(cells,) half of the width of intervals; an end that has no place on the scale says nothing of it."""
    gaps = np.abs(np.stack([below, above]))
    known = np.isfinite(gaps)
    half: FloatArray = np.where(known, gaps, 0.0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)
    return half


def _rows(figure: Performance) -> FloatArray:
    """(cells,) of how many rows a share is, by Wilson's interval of that width; NaN without an interval."""
    square = (0.5 * (figure.ci_high - figure.ci_low)) ** 2
    # Z²/rows is the positive root of (square - 1/4) x² + (2 square - scatter) x + square
    scatter = figure.value * (1.0 - figure.value)
    b = 2.0 * square - scatter
    with np.errstate(divide="ignore", invalid="ignore"):
        root = (b + np.sqrt(b * b + 4.0 * (0.25 - square) * square)) / (2.0 * (0.25 - square))
        return np.asarray(Z**2 / root, np.float64)


def _logits(figure: Performance) -> tuple[FloatArray, FloatArray]:
    """(cells,) shares on the logit scale, and their standard errors there.

    At 0 and 1 the scale has no place. There the far end of the interval says how many rows the share is of,
    and half a hit and half a miss are added to them (the empirical logit; Haldane, Annals of Human Genetics
    1956): none of twenty is a small share, and not one beyond all bounds.
    """
    value, low, high = figure.value, figure.ci_low, figure.ci_high
    none, every = value <= 0.0, value >= 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(none, high, 1.0 - low)
        rows = Z**2 * (1.0 - far) / far
        y = np.where(none | every, np.where(every, 1.0, -1.0) * np.log(2.0 * rows + 1.0), _logit(value))
        half = _half(y - _logit(low), _logit(high) - y)
        error = np.where(none | every, np.sqrt(2.0 + 1.0 / (rows + 0.5)), half / Z)
    there = np.isfinite(low) & np.isfinite(high)
    return y, np.where(there, error, np.nan)


def _logit(share: FloatArray) -> FloatArray:
    return np.log(share / (1.0 - share))


def unscaled(metric: str, y: FloatArray) -> FloatArray:
    """(cells,) the inverse of ``scaled``."""
    scale = spec_of(metric).scale
    if scale is Scale.SHARE:
        return 1.0 / (1.0 + np.exp(-y))
    return 1.0 - np.exp(-y) if scale is Scale.EXPLAINED else np.exp(y)
