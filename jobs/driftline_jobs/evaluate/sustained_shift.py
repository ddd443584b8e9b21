"""The statistics that are followed over windows, from the windows' profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.followed import followed_statistic, shares_of, summed
from driftline_jobs.detection.sustained_shift import Observed
from driftline_jobs.evaluate.calibrations import Calibrations
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.state import Profile

ByStatistic = dict[str, Observed]


def observe(
    calibrations: Calibrations,
    binning: Binning,
    reference: Mapping[str, Profile],
    windows: Sequence[tuple[datetime, Mapping[str, Profile]]],
    every: Mapping[str, Profile],
) -> list[dict[str, ByStatistic]]:
    """What is followed of each window, by column and statistic.

    Args:
        reference: the whole that the windows are compared with, which none of them is part of.
        windows: starts and wholes of windows with rows enough to be tested.
        every: the whole that the calibrations were learned on; of it the reference may be a season.
    """
    found: list[dict[str, ByStatistic]] = [{} for _ in windows]
    labels = [calibrations.cycle(start) for start, _ in windows]
    for column, followed in calibrations.followed.items():
        bins = binning.columns.get(column)
        if bins is None or not bins.is_settled or column not in reference:
            continue
        where = [at for at, (_, profiles) in enumerate(windows) if column in profiles]
        if not where:
            continue
        current = bins.sample([windows[at][1][column] for at in where])
        against = bins.sample([reference[column]])
        shares = shares_of(summed(bins.sample([every[column]])))
        for name, calibration in followed.items():
            statistic = followed_statistic(name, current, against, shares)
            if statistic is None:
                continue
            names = _names(calibration, [labels[at] for at in where])
            values = calibration.scaled(statistic, names)
            for at, value, label in zip(where, values.tolist(), names, strict=True):
                if np.isfinite(value):
                    found[at].setdefault(column, {})[name] = Observed(value, label)
    return found


def _names(calibration: Calibration, labels: Sequence[Sequence[str]]) -> list[str]:
    level = calibration.level
    return [NO_LABEL if level is None or len(several) <= level else several[level] for several in labels]
