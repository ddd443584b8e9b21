"""What a reference teaches about clean windows, and how windows are judged by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from driftline_jobs.detection.calibration import NO_TIMES, NO_VALUES, TOO_SHORT, Calibration, Uncalibrated
from driftline_jobs.detection.check_limits import CheckCalibration
from driftline_jobs.detection.column_tests import (
    CalibratedTest,
    compare_column,
    judge_families,
)
from driftline_jobs.detection.cycles import cycle_labels
from driftline_jobs.detection.followed import SHARE
from driftline_jobs.detection.multivariate import compare_multivariate
from driftline_jobs.detection.performance import (
    PerformanceCalibration,
    judge_performance,
)
from driftline_jobs.detection.statistics import SIGNED, UNSIGNED
from driftline_jobs.detection.sustained_shift import limit_for
from driftline_jobs.detection.verdicts import (
    FIXED,
    FIXED_FEW_ROWS,
    FIXED_FEW_WINDOWS,
    FIXED_NO_TIMES,
    FIXED_NO_VALUES,
    Verdicts,
)
from driftline_jobs.evaluate.check_limits import CheckLimits
from driftline_jobs.evaluate.drift import ColumnDrift
from driftline_jobs.evaluate.judged import UsualDrift
from driftline_jobs.evaluate.multivariate import ALL_COLUMNS, MultivariateDrift
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.metrics.figures import TextArray
from driftline_jobs.metrics.performance import FigureKey, Performance
from driftline_schemas.drift_specs import drift_specs
from driftline_schemas.metrics import SHAPE
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Granularity

DRIFT_SHARE, MULTIVARIATE_SHARE, LABEL_SHARE, LASTING_SHARE = 0.3, 0.05, 0.05, 0.1
"""Of the false-alarm rate what the drift of columns may use, one by one, together, of the labels, and over
windows. A tenth costs the detector a window or two of delay. Checks have ``CHECK_SHARE``."""
PERFORMANCE_SHARE, POOLED_SHARE, LOSS_SHARE = 0.2, 0.1, 0.05
"""The same of the model's performance by labels: of a window, of several together, of losses that last."""
ESTIMATE_SHARE = 0.05
"""The same of what is expected of it without labels."""
WEIGHTS: Mapping[str, float] = {"off": 0.0, "low": 1 / 3, "normal": 1.0, "high": 3.0}
"""Of the sensitivities of columns, before all of them are brought to what they may use together."""
_INSTEAD = {
    TOO_SHORT: FIXED_FEW_WINDOWS,
    NO_TIMES: FIXED_NO_TIMES,
    NO_VALUES: FIXED_NO_VALUES,
}
Learned = Calibration | PerformanceCalibration | CheckCalibration | Uncalibrated
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibrations:
    """Calibrations of one reference: of drift by column and statistic, of performance by metric.

    ``natures`` are the columns that move by nature: nothing about them is tested. ``checks`` is what was
    learned of the checks, by column and check; ``estimates`` what was of performance without labels.
    """

    monitor: Monitor
    drift: Mapping[tuple[str, str], Calibration | Uncalibrated]
    performance: Mapping[str, PerformanceCalibration | Uncalibrated]
    natures: Natures = field(default_factory=Natures)
    checks: Mapping[tuple[str, str], CheckCalibration] = field(default_factory=dict)
    estimates: Mapping[str, PerformanceCalibration | Uncalibrated] = field(default_factory=dict)

    @property
    def check_limits(self) -> CheckLimits:
        """The limits of the checks of a window."""
        return CheckLimits(self.monitor.alerts.false_alarm_rate, self.checks)

    def cycle(self, start: datetime) -> tuple[str, ...]:
        """The ``cycle_labels`` of the window that starts then."""
        return labels_of(start, self.monitor, self.monitor.granularity)

    def judge_drift(
        self,
        columns: Sequence[ColumnDrift],
        starts: Sequence[datetime],
        tested: BoolArray,
        share: float = DRIFT_SHARE,
    ) -> UsualDrift:
        """Verdicts (cells,) by column and statistic: each window's columns are one family of tests.

        Args:
            starts: (cells,) starts of the cells' windows.
            tested: (cells,) where a cell is a whole window of enough rows; others stay undecided, and so do
                columns without a calibration.
            share: of the false-alarm rate what these columns may use.
        """
        labels = [labels_of(start, self.monitor, self.monitor.granularity) for start in starts]
        tested_by: dict[tuple[str, str], CalibratedTest] = {}
        for column in columns:
            if column.column in self._not_watched:
                continue
            own = {name: found for (of, name), found in self.drift.items() if of == column.column}
            tests = compare_column(own, column.figures, column.now, column.then, labels=labels, enough=tested)
            weight = WEIGHTS[self.monitor.alerts.sensitivity.get(column.column, "normal")]
            tested_by |= {
                (column.column, metric): replace(test, part=test.part * weight)
                for metric, test in tests.items()
            }
        if self.monitor.alerts.sensitivity:
            tested_by = _at_one_level(tested_by)
        rate = share * self.monitor.alerts.false_alarm_rate
        return UsualDrift(
            judge_families(tested_by, np.arange(len(starts)), rate),
            {
                (column.column, metric): self._instead(column.column, metric, tested)
                for column in columns
                for metric, spec in drift_specs().items()
                if spec.fixed is not None
            },
        )

    @property
    def _not_watched(self) -> frozenset[str]:
        """Columns that move by nature, and those that nobody wants to hear of."""
        return self.monitor.alerts.unwatched.union(self.natures.columns)

    def _instead(self, column: str, metric: str, tested: BoolArray) -> TextArray:
        """(cells,) why a fixed limit has to do: nothing was learned, or the cell is not tested."""
        names = SHAPE if metric == "psi" else (metric,)
        learned = [self.drift[column, name] for name in names if (column, name) in self.drift]
        reasons = [found.reason for found in learned if isinstance(found, Uncalibrated)]
        if len(reasons) < len(learned):  # a whole window of enough rows has no figure only without a value
            return np.where(tested, FIXED_NO_VALUES, FIXED_FEW_ROWS)
        sources = [_INSTEAD.get(reason, FIXED) for reason in reasons]
        return np.full(tested.shape, sources[0] if sources else FIXED)

    def judge_multivariate(
        self, drift: MultivariateDrift, starts: Sequence[datetime], tested: BoolArray
    ) -> dict[tuple[str, str], Verdicts]:
        """Verdicts (windows,) on the columns together, by metric."""
        labels = [labels_of(start, self.monitor, self.monitor.granularity) for start in starts]
        own = {name: found for (of, name), found in self.drift.items() if of == ALL_COLUMNS}
        tested_by = compare_multivariate(
            own, drift.figures, drift.n_current, drift.n_reference, labels=labels, enough=tested
        )
        rate = MULTIVARIATE_SHARE * self.monitor.alerts.false_alarm_rate
        return judge_families(
            {(ALL_COLUMNS, name): one for name, one in tested_by.items()}, np.arange(len(starts)), rate
        )

    @property
    def lasting_limit(self) -> float:
        """The evidence of a shift that lasts which is enough for an alarm."""
        return limit_for(LASTING_SHARE * self.monitor.alerts.false_alarm_rate, len(self.followed))

    @cached_property
    def followed(self) -> dict[str, dict[str, Calibration]]:
        """The statistics that are followed over windows, by column: those with a sign, and its shape where it
        has no mean."""
        learned: dict[str, dict[str, Calibration]] = {}
        for (column, name), found in self.drift.items():
            if isinstance(found, Calibration) and column not in self._not_watched:
                learned.setdefault(column, {})[name] = found
        several = {column: _followed(of_column) for column, of_column in sorted(learned.items())}
        return {column: of_column for column, of_column in several.items() if of_column}

    def judge_performance(
        self,
        now: Mapping[FigureKey, Performance],
        then: Mapping[FigureKey, Performance],
        tested: BoolArray,
    ) -> dict[FigureKey, Verdicts]:
        """Verdicts (cells,) by figure of the model as a whole: each window's are one family of tests."""
        return self._judge(self.performance, PERFORMANCE_SHARE, now, then, tested)

    @property
    def pooled_rate(self) -> float:
        """What figures of several windows together may use of the false-alarm rate."""
        return POOLED_SHARE * self.monitor.alerts.false_alarm_rate

    @property
    def loss_rate(self) -> float:
        """The same of small losses that last."""
        return LOSS_SHARE * self.monitor.alerts.false_alarm_rate

    def judge_estimates(
        self,
        now: Mapping[FigureKey, Performance],
        then: Mapping[FigureKey, Performance],
        tested: BoolArray,
    ) -> dict[FigureKey, Verdicts]:
        """The same of what is expected without labels; ``then`` are the reference's figures by labels."""
        return self._judge(self.estimates, ESTIMATE_SHARE, now, then, tested)

    def _judge(
        self,
        learned: Mapping[str, PerformanceCalibration | Uncalibrated],
        share: float,
        now: Mapping[FigureKey, Performance],
        then: Mapping[FigureKey, Performance],
        tested: BoolArray,
    ) -> dict[FigureKey, Verdicts]:
        overall = {metric: figure for (metric, name), figure in now.items() if name is None}
        before = {metric: figure for (metric, name), figure in then.items() if name is None}
        rate = share * self.monitor.alerts.false_alarm_rate
        family = np.arange(len(tested))
        found = judge_performance(learned, overall, before, family, rate)
        return {(metric, None): verdict.only(tested) for metric, verdict in found.items()}


def _followed(learned: Mapping[str, Calibration]) -> dict[str, Calibration]:
    signed = [name for name in learned if name in SIGNED or name.startswith(SHARE)]
    shape = [name for name in UNSIGNED if name in learned and "mean_shift" not in learned]
    return {name: learned[name] for name in sorted([*signed, *shape[:1]])}


def _at_one_level(
    tested: Mapping[tuple[str, str], CalibratedTest],
) -> dict[tuple[str, str], CalibratedTest]:
    """The tests of a family with parts that add up to one level for each column, however they are weighed
    (weighted Benjamini-Hochberg: Genovese, Roeder and Wasserman, Biometrika 2006)."""
    columns = {column for column, _ in tested}
    mean = sum(test.part for test in tested.values()) / max(len(columns), 1)
    return {key: replace(test, part=test.part / mean) for key, test in tested.items()}


def labels_of(start: datetime, monitor: Monitor, granularity: Granularity) -> tuple[str, ...]:
    """``cycle_labels`` of the window that starts then, by the monitor's clock."""
    return cycle_labels(start.astimezone(ZoneInfo(monitor.timezone)), granularity.value)
