"""The test of every column of a window: calibrated statistics, one p-value each, one false discovery rate.

A column drifts if any of its statistics says so at its part of the column's level (weighted Bonferroni: valid
however they depend on each other, and each keeps a limit of its own that the page can show).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftline_jobs.detection.calibration import TOO_SHORT, Calibration, Uncalibrated
from driftline_jobs.detection.fdr import q_values, reporting_levels
from driftline_jobs.detection.fitting import calibrate
from driftline_jobs.detection.limits import above_floor
from driftline_jobs.detection.resampling import Splits
from driftline_jobs.detection.statistics import (
    GUARD,
    Statistic,
    deviations_of,
    power_of,
    statistic_of,
)
from driftline_jobs.detection.verdicts import Verdicts, verdicts
from driftline_jobs.metrics.drift import category_drift, ordered_drift
from driftline_jobs.metrics.figures import BoolArray, Figure, FloatArray, IntArray
from driftline_jobs.metrics.samples import CategorySample, OrderedSample, Sample
from driftline_schemas.drift_specs import drift_specs

Calibrations = Mapping[str, Calibration | Uncalibrated]


@dataclass(frozen=True, slots=True)
class CalibratedTest:
    """One deciding metric of one column over all cells.

    Attributes:
        calibration: what it was held against.
        statistic: (cells,) on the scale of the calibration.
        p_value: (cells,) NaN where it was not tested.
        large: (cells,) whether the effect is above its floor.
        labels: (cells,) calendar labels of the calibration's level; None if it has none.
        part: of the level of its column.
    """

    calibration: Calibration
    statistic: Statistic
    p_value: FloatArray
    large: BoolArray
    labels: tuple[str, ...] | None
    part: float = 1.0


def calibrate_column(pieces: Sample, splits: Splits | None) -> dict[str, Calibration | Uncalibrated]:
    """Learn what is normal for every deciding metric of a column.

    Args:
        pieces: (N, ...) the pieces of the reference that ``splits`` weighs: its windows, or base windows.
        splits: None if the reference is too short, and then nothing is learned.
    """
    metrics = pieces.DECIDING
    if splits is None:
        return {metric: Uncalibrated(TOO_SHORT) for metric in metrics}
    window, rest, whole = _split(pieces, splits)
    figures = drift_of(window, rest)
    return {
        metric: calibrate(
            statistic_of(metric, figures[metric], window, rest),
            splits,
            power_of(metric, whole),
            deviations_of(metric, window, rest),
        )
        for metric in metrics
    }


def drift_of(current: Sample, reference: Sample) -> dict[str, Figure]:
    """Drift figures of two samples of one kind."""
    if isinstance(current, OrderedSample) and isinstance(reference, OrderedSample):
        return ordered_drift(current, reference)
    if isinstance(current, CategorySample) and isinstance(reference, CategorySample):
        return category_drift(current, reference)
    raise TypeError("an ordered column cannot be compared with a categorical one")


def compare_column(
    calibrations: Calibrations,
    figures: Mapping[str, Figure],
    current: Sample,
    reference: Sample,
    *,
    labels: Sequence[Sequence[str]] | None = None,
    enough: BoolArray | None = None,
) -> dict[str, CalibratedTest]:
    """Hold the deciding metrics of one column against what is normal; those not calibrated are left out.

    Args:
        figures: (cells,) the column's drift figures.
        current, reference: (cells, ...) the samples that they were computed from.
        labels: for each cell its window's ``cycle_labels``.
        enough: (cells,) where the window has rows enough to be tested.
    """
    tested: dict[str, CalibratedTest] = {}
    for metric in current.DECIDING:
        calibration = calibrations.get(metric)
        if not isinstance(calibration, Calibration):
            continue
        statistic = statistic_of(metric, figures[metric], current, reference)
        floor = metric if drift_specs()[metric].floor is not None else GUARD
        figure = figures[floor]
        if calibration.signed and floor == metric:  # how far off it is from what is usual of its weekday
            centre = calibration.centres(statistic, _names(calibration, labels))
            figure = replace(figure, value=figure.value - centre)
        large = np.asarray(above_floor(floor, figure))
        tested[metric] = hold(calibration, statistic, large, labels, enough)
    guard = tested.pop(GUARD, None)
    if guard is not None and "chi_squared" in tested:
        chi_squared = tested["chi_squared"]
        larger = np.fmax(chi_squared.p_value, guard.p_value)
        held = np.where(np.isnan(chi_squared.p_value), np.nan, larger)
        tested["chi_squared"] = replace(chi_squared, p_value=held)
    parts = current.PARTS
    used = sum(parts[metric] for metric in tested)
    return {metric: replace(test, part=parts[metric] / used) for metric, test in tested.items()}


def hold(
    calibration: Calibration,
    statistic: Statistic,
    large: BoolArray,
    labels: Sequence[Sequence[str]] | None,
    enough: BoolArray | None,
) -> CalibratedTest:
    """One statistic (cells,) against its calibration; ``labels`` and ``enough`` as for ``compare_column``."""
    names = _names(calibration, labels)
    p_value = calibration.p_values(statistic, names)
    if enough is not None:
        p_value = np.where(enough, p_value, np.nan)
    return CalibratedTest(calibration, statistic, p_value, large, names)


def _names(calibration: Calibration, labels: Sequence[Sequence[str]] | None) -> tuple[str, ...] | None:
    """(cells,) labels of the calibration's level; None if it has none."""
    level = calibration.level
    if level is None:
        return None
    return tuple(several[level] if len(several) > level else "" for several in labels or [])


def judge_families(
    tested: Mapping[tuple[str, str], CalibratedTest], family: IntArray, rate: float
) -> dict[tuple[str, str], Verdicts]:
    """Verdicts at one false discovery rate per family; in a clean family the chance of any is ``rate``.

    Args:
        tested: by column and metric, (cells,) each.
        family: (cells,) cells of equal number are one family, with all of their columns and metrics.
        rate: of a family. A metric is reported if its q-value is at most this and its effect above the floor.
    """
    if not tested:
        return {}
    names = list(tested)
    columns = list(dict.fromkeys(column for column, _ in names))
    # on the level of its column; NaN where it was not tested
    own = np.stack([np.minimum(tested[name].p_value / tested[name].part, 1.0) for name in names], -1)
    of = np.array([columns.index(column) for column, _ in names])
    joined = np.stack([_least(own[:, of == at]) for at in range(len(columns))], -1)
    q, level = np.full(joined.shape, np.nan), np.full(len(family), np.nan)
    for number in np.unique(family):
        cells = np.flatnonzero(family == number)
        pooled = joined[cells].ravel()
        q[cells] = q_values(pooled).reshape(len(cells), -1)
        level[cells] = reporting_levels(pooled, rate)
    found = {}
    for at, name in enumerate(names):
        one, p = tested[name], own[:, at]
        decided = np.isfinite(p)
        threshold = one.calibration.thresholds(one.statistic, level * one.part, one.labels)
        centre = one.calibration.centres(one.statistic, one.labels)
        value = one.statistic.published(one.statistic.value)
        # where another figure has spoken for it, its own limit says nothing
        beyond = np.abs(value - centre) > np.abs(threshold - centre)
        threshold = np.where(beyond & (p > level), np.nan, threshold)
        # the column's rate for what is reported, and beyond the family's for what is not
        rate_of = np.where(p <= level, q[:, of[at]], np.minimum(1.0, np.fmax(q[:, of[at]], rate * p / level)))
        found[name] = verdicts(
            threshold,
            one.calibration.source,
            decided & (p <= level) & one.large,
            decided,
            strength=_times(value - centre, threshold - centre),
            p_value=one.p_value,
            q_value=rate_of,
        )
    return found


def _times(value: FloatArray, limit: FloatArray) -> FloatArray:
    """(cells,) how many times its limit a figure is; NaN where it has none."""
    size = np.abs(limit)
    times: FloatArray = np.divide(np.abs(value), size, out=np.full(len(value), np.nan), where=size > 0)
    return times


def _least(p_values: FloatArray) -> FloatArray:
    """(cells,) the least of (cells, metrics); NaN where there is none."""
    least = np.where(np.isnan(p_values), np.inf, p_values).min(-1)
    return np.where(np.isfinite(least), least, np.nan)


def _split(pieces: Sample, splits: Splits) -> tuple[Sample, Sample, Sample]:
    if isinstance(pieces, OrderedSample):
        window, rest = splits.ordered(pieces)
        return window, rest, pieces.combined(lambda counts: counts.sum(0))
    left_out, others = splits.categories(pieces)
    return left_out, others, others
