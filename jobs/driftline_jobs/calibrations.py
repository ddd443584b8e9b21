"""What a monitor's reference teaches about its clean windows, and how windows are judged by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from driftline_jobs.judge.calibration import Calibration, Uncalibrated, calibrate
from driftline_jobs.judge.cycles import cycle_labels
from driftline_jobs.judge.fdr import q_values, reporting_levels
from driftline_jobs.judge.limits import above_floor
from driftline_jobs.judge.splits import MIN_WINDOWS, Splits, leave_one_out, resample_blocks
from driftline_jobs.judge.statistics import (
    CATEGORY_STATISTICS,
    ORDERED_STATISTICS,
    Statistic,
    power_of,
    statistic_of,
)
from driftline_jobs.judge.verdicts import Verdicts, verdicts
from driftline_jobs.measure.drift import category_drift, ordered_drift
from driftline_jobs.measure.figures import Figure, FloatArray
from driftline_jobs.measure.samples import CategorySample, OrderedSample
from driftline_jobs.profile.binning import Bins, OrderedBins
from driftline_jobs.profile.state import OrderedProfile, Profile
from driftline_jobs.references import Reference
from driftline_jobs.tabulate.drift import ColumnDrift
from driftline_jobs.tabulate.judged import SHAPE
from driftline_jobs.tabulate.stacks import Sample, sample_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.window import Granularity

WINDOW_SHARE = 0.5
"""Of the false-alarm rate what the window test may use; the rest is for shifts that last."""


@dataclass(frozen=True)
class Calibrations:
    """Calibrations of one reference, by column and statistic."""

    zone: str
    granularity: str
    learned: Mapping[tuple[str, str], Calibration | Uncalibrated]

    def of(self, column: str, statistic: str) -> Calibration | None:
        """The calibration of one statistic, None if there is none."""
        found = self.learned.get((column, statistic))
        return found if isinstance(found, Calibration) else None

    def labels(self, starts: Sequence[datetime], calibration: Calibration) -> list[str] | None:
        """Calendar labels of windows, at the level at which the calibration tells them apart."""
        if calibration.level is None:
            return None
        several = [cycle_labels(start.astimezone(ZoneInfo(self.zone)), self.granularity) for start in starts]
        return [labels[calibration.level] for labels in several]


def learn(reference: Reference, monitor: Monitor) -> Calibrations:
    """Hold every column of the reference against itself; see ``judge.calibration``."""
    windows = list(reference.whole_by_window())
    zone = ZoneInfo(monitor.timezone)
    labels = [cycle_labels(window.start.astimezone(zone), monitor.granularity.value) for window, _ in windows]
    pieces = [profiles for _, profiles in windows]
    split: Callable[[Sequence[Sequence[str]]], Splits | None] = leave_one_out
    if len(windows) < MIN_WINDOWS and monitor.base is not monitor.granularity:
        base = list(reference.whole_by_base())
        pieces = [profiles for _, profiles in base]
        labels = [cycle_labels(start.astimezone(zone), monitor.base.value) for start, _ in base]
        length = round(len(base) / max(len(windows), 1))
        block = _HOURS_OF_A_DAY if monitor.base is Granularity.HOUR else 1
        split = partial(resample_blocks, length=length, block=block)
    learned: dict[tuple[str, str], Calibration | Uncalibrated] = {}
    for column, bins in reference.binning.columns.items():
        # A window in which the column has no value at all teaches nothing about its values.
        usable = [at for at, profiles in enumerate(pieces) if _has_values(profiles.get(column))]
        splits = split([labels[at] for at in usable])
        found = _of_column([pieces[at][column] for at in usable], bins, splits)
        learned |= {(column, statistic): calibration for statistic, calibration in found.items()}
    return Calibrations(monitor.timezone, monitor.granularity.value, learned)


def _has_values(profile: Profile | None) -> bool:
    if isinstance(profile, OrderedProfile):
        return profile.finite > 0
    return profile is not None and profile.rows > profile.nulls


_HOURS_OF_A_DAY = 24


def _of_column(
    profiles: Sequence[Profile], bins: Bins, splits: Splits | None
) -> dict[str, Calibration | Uncalibrated]:
    names = statistics_of(bins)
    if splits is None:
        return dict.fromkeys(names, Uncalibrated("the reference has too few windows to learn from"))
    pieces = sample_of(profiles, bins)
    if isinstance(pieces, OrderedSample):
        ordered = splits.ordered(pieces)
        figures = ordered_drift(*ordered)
        window: Sample = ordered[0]
        rest: Sample = ordered[1]
    else:
        categories = splits.categories(pieces)
        figures = category_drift(*categories)
        window, rest = categories
    return {
        name: calibrate(
            statistic_of(name, figures[name], window, rest), splits, power_of(name, _together(pieces))
        )
        for name in names
    }


def statistics_of(bins: Bins) -> tuple[str, ...]:
    """The statistics that decide for a column of these bins."""
    return ORDERED_STATISTICS if isinstance(bins, OrderedBins) else CATEGORY_STATISTICS


def _together(pieces: Sample) -> Sample:
    if isinstance(pieces, OrderedSample):
        return OrderedSample(
            counts=pieces.counts.sum(0),
            sums=pieces.sums.sum(0),
            edges=pieces.edges,
            missing=pieces.missing.sum(0),
            below_inf=pieces.below_inf.sum(0),
            above_inf=pieces.above_inf.sum(0),
        )
    return CategorySample(
        pieces.counts.sum(0), pieces.other.sum(0), pieces.unseen.sum(0), pieces.missing.sum(0)
    )


def judge_windows(
    calibrations: Calibrations,
    columns: Sequence[ColumnDrift],
    starts: Sequence[datetime],
    judged_here: npt.NDArray[np.bool_],
    rate: float,
) -> dict[tuple[str, str], Verdicts]:
    """Verdicts (cells,) by column and statistic: one family of tests per window, reported at ``rate``.

    A window reports a column when its q-value is at most the rate *and* the effect is above its floor.
    Only whole windows of enough rows are ``judged_here`` (cells,); others, and columns without a
    calibration, are left undecided.

    Args:
        starts: (cells,) starts of the cells' windows.
    """
    rate *= WINDOW_SHARE
    keys: list[tuple[str, str]] = []
    found: list[tuple[Calibration, Statistic, list[str] | None, Figure, Figure]] = []
    p_values: list[FloatArray] = []
    for column in columns:
        for name, figure in column.figures.items():
            calibration = calibrations.of(column.column, name)
            if calibration is None:
                continue
            statistic = statistic_of(name, figure, column.now, column.then)
            labels = calibrations.labels(starts, calibration)
            p = calibration.p_values(statistic, labels)
            keys.append((column.column, name))
            effect = column.figures["psi"] if name in SHAPE else figure
            found.append((calibration, statistic, labels, figure, effect))
            p_values.append(np.where(judged_here, p, np.nan))
    if not keys:
        return {}
    family = np.stack(p_values, axis=-1)
    q = q_values(family)
    levels = reporting_levels(family, rate)
    judged = {}
    for at, (key, (calibration, statistic, labels, figure, effect)) in enumerate(
        zip(keys, found, strict=True)
    ):
        decided = np.isfinite(q[:, at])
        threshold = calibration.thresholds(statistic, levels, labels)
        metric = "psi" if key[1] in SHAPE else key[1]
        exceeded = decided & (np.nan_to_num(q[:, at], nan=1.0) <= rate) & above_floor(metric, effect)
        value = np.abs(figure.value)
        judged[key] = verdicts(
            threshold,
            calibration.source,
            exceeded,
            decided,
            strength=np.divide(value, threshold, out=np.full(len(value), np.nan), where=threshold > 0),
            p_value=family[:, at],
            q_value=q[:, at],
        )
    return judged


def add_calibrations(
    table: TableBuilder, reference: Reference, calibrations: Calibrations, created_at: datetime
) -> None:
    """Rows of ``calibrations``: what was learned, or why nothing could be."""
    for (column, statistic), found in sorted(calibrations.learned.items(), key=lambda item: item[0]):
        known: dict[str, Any] = {"k_windows": len(reference.windows)}
        if isinstance(found, Calibration):
            effects = {group.label: group.mean - found.whole.mean for group in found.groups}
            known = {
                "k_windows": found.windows,
                "n_windows_rows": 1.0 / found.sampling,
                "center": found.whole.mean,
                "scale": found.deviation,
                "weekday_effects": None if found.level is None else canonical_json(effects),
                "state": canonical_json(found.to_dict()),
            }
        else:
            known["state"] = canonical_json({"uncalibrated": found.reason})
        table.add(
            1,
            reference_id=reference.reference_id,
            monitor=reference.monitor,
            column_name=column,
            statistic=statistic,
            created_at=created_at,
            **known,
        )


def calibrations_from(rows: Sequence[Mapping[str, Any]], monitor: Monitor) -> Calibrations:
    """Calibrations from the rows of the store; ``state`` is parsed JSON."""
    learned: dict[tuple[str, str], Calibration | Uncalibrated] = {}
    for row in rows:
        state = row["state"]
        learned[row["column_name"], row["statistic"]] = (
            Uncalibrated(state["uncalibrated"]) if "uncalibrated" in state else Calibration.from_dict(state)
        )
    return Calibrations(monitor.timezone, monitor.granularity.value, learned)
