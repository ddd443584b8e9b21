"""Counts as a task: claims, arrivals or clicks, predicted by their expected number, by Poisson deviance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from scipy.special import xlogy

from driftline_jobs.metrics.figures import FloatArray, IntArray, Status, statuses
from driftline_jobs.metrics.intervals import mean_interval
from driftline_jobs.metrics.performance import performance
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.tasks.base import Figures, NumberRows, Ratio, Task, overall
from driftline_jobs.tasks.exact_sums import ExactSums, sums_by_place
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.drift_specs import Unit
from driftline_schemas.monitor import Monitor
from driftline_schemas.performance_specs import PerformanceSpec, Scale
from driftline_schemas.task_specs import TaskSpec

DEVIANCE = PerformanceSpec(
    "poisson_deviance",
    "Poisson deviance",
    "Mean of 2 (y ln(y/μ) − y + μ) of labels y and predictions μ.",
    Unit.DECIMALS,
    Scale.LOSS,
    relative_floor=0.05,
    against_trivial=True,
)
EXPLAINED = PerformanceSpec(
    "deviance_explained",
    "Deviance explained",
    "1 less the Poisson deviance over that of the labels' mean as every prediction.",
    Unit.DECIMALS,
    Scale.EXPLAINED,
    floor=0.03,
    against_trivial=True,
)
_SUMS = ("deviance", "squares", "labels", "logs")
_NOTHING = partial(ExactSums.zeros, 1)


@dataclass
class CountOutcomes(Outcomes):
    """Labels y and predictions μ over ``n`` rows: Σd and Σd² of their deviances d, Σy, Σ y ln y.

    ``impossible`` labelled rows, whose y is below zero or whose μ is not above it, are in none of them.
    """

    task: ClassVar[str] = "count_regression"
    exact: ClassVar[frozenset[str]] = frozenset(_SUMS)

    n: int = 0
    impossible: int = 0
    deviance: ExactSums = field(default_factory=_NOTHING)
    squares: ExactSums = field(default_factory=_NOTHING)
    labels: ExactSums = field(default_factory=_NOTHING)
    logs: ExactSums = field(default_factory=_NOTHING)

    @property
    def without_prediction(self) -> int:
        """Labelled rows without a prediction."""
        return self.labelled - self.n - self.impossible


def counted(predicted: FloatArray, label: FloatArray) -> CountOutcomes:
    """The outcomes of some rows (n,)."""
    labelled = np.isfinite(label)
    both = labelled & np.isfinite(predicted)
    usable = both & (label >= 0.0) & (predicted > 0.0)
    y, mu = label[usable], predicted[usable]
    deviance = 2.0 * (xlogy(y, y / mu) - y + mu)
    sums = zip(_SUMS, (deviance, deviance**2, y, xlogy(y, y)), strict=True)
    return CountOutcomes(
        predictions=len(label),
        labelled=int(np.count_nonzero(labelled)),
        n=len(y),
        impossible=int(np.count_nonzero(both & ~usable)),
        **{name: sums_by_place(values, np.zeros(len(y), np.int64), 1) for name, values in sums},
    )


@dataclass(frozen=True)
class CountRegression(Task[CountOutcomes]):
    """Nothing of it is fixed with the reference."""

    spec = TaskSpec("count_regression", (DEVIANCE, EXPLAINED), numeric=True)
    outcomes = CountOutcomes

    @classmethod
    def planned(cls, monitor: Monitor, binning: Binning) -> Self:
        """The same for every monitor."""
        del monitor, binning
        return cls()

    def nothing(self) -> CountOutcomes:
        """Outcomes of no rows."""
        return CountOutcomes()

    def rows(self, table: pa.Table, order: IntArray | None) -> NumberRows[CountOutcomes]:
        """The columns of the rows, in ``order``."""
        return NumberRows.read(table, order, counted)

    def measure(self, outcomes: Sequence[CountOutcomes]) -> Figures:
        """By labels."""
        n = np.array([outcome.n for outcome in outcomes], np.int64)
        impossible = np.array([outcome.impossible > 0 for outcome in outcomes], np.bool_)
        deviance, squares, labels, logs = (_floats(outcomes, name) for name in _SUMS)
        some = np.where(n > 0, n, np.nan)
        low, high = mean_interval(deviance, squares, n)
        trivial = 2.0 * (logs - xlogy(labels, labels / some)) / some  # of the mean as every prediction
        constant = trivial <= 1e-12
        spread = np.where(constant, np.nan, trivial)
        unknown = (impossible, Status.NOT_FINITE), (n == 0, Status.NO_LABELS)
        return overall(
            {
                DEVIANCE.name: performance(
                    deviance / some,
                    statuses(n.shape, *unknown),
                    n,
                    interval=(np.maximum(low, 0.0), high),
                    trivial=trivial,
                ),
                EXPLAINED.name: performance(
                    1.0 - deviance / some / spread,
                    statuses(n.shape, *unknown, (constant, Status.CONSTANT_LABEL)),
                    n,
                    interval=(1.0 - high / spread, 1.0 - np.maximum(low, 0.0) / spread),
                    trivial=0.0,
                ),
            }
        )

    def ratios(self, outcomes: Sequence[CountOutcomes]) -> Mapping[str, Ratio]:
        """The deviance, as a mean over rows."""
        n = np.array([outcome.n for outcome in outcomes], np.int64)
        return {DEVIANCE.name: Ratio(_floats(outcomes, "deviance"), n)}


def _floats(outcomes: Sequence[CountOutcomes], name: str) -> FloatArray:
    return np.array([getattr(outcome, name).scaled(0)[0] for outcome in outcomes], np.float64)
