"""What there is to say of every performance metric but its formula: name, title, unit, which way is better.

The tasks that have them are in ``task_specs``; formulas are bound to them in ``driftline_jobs.tasks``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from driftline_schemas.drift_specs import Unit

AVERAGES: Final = {"_macro": "mean over classes", "_weighted": "classes by their rows"}
"""How the names of averages over classes end, and what that means."""


class Scale(StrEnum):
    """Where the figures of a metric lie, and which way is better."""

    SHARE = "from 0 to 1, better when higher"
    EXPLAINED = "up to 1, better when higher: a share of a loss that is not there"
    LOSS = "from 0 on, better when lower"
    NEITHER = "neither good nor bad by being higher"


@dataclass(frozen=True, slots=True)
class PerformanceSpec:
    """One metric.

    Attributes:
        name: as in ``performance_metrics.metric`` and in rules.
        title: heads its row on a page.
        how: in a line, what is computed.
        scale: limits are learned on it; of one that is ``NEITHER`` there are none but rules.
        floor, relative_floor: a model is not called degraded for less than this, absolute or as a share of
            the reference's figure.
        against_trivial: whether a figure that no trivial model beats says that the model knows anything: a
            useful classifier may be less accurate than the majority class.
        free: whether a model that has learned nothing gets it for nothing: it recalls everything if it always
            says yes, and is calibrated if it always gives the same share.
        free_averages: whether it then gets averages over classes too. The mean recall of all classes is not
            to be had for nothing.
        often_zero: whether sound models have figures of zero, which no scale makes normal.
        compares_rows: of different segments with each other, so that what each did by itself is not all that
            happened.
    """

    name: str
    title: str
    how: str
    unit: Unit = Unit.DECIMALS
    scale: Scale = Scale.NEITHER
    floor: float = 0.0
    relative_floor: float = 0.0
    against_trivial: bool = False
    free: bool = False
    free_averages: bool = False
    often_zero: bool = False
    compares_rows: bool = False

    @property
    def judged(self) -> bool:
        """Whether it is better on one side, so that a model can become worse by it."""
        return self.scale is not Scale.NEITHER

    @property
    def lower_is_better(self) -> bool:
        """Whether it is a loss."""
        return self.scale is Scale.LOSS


_CALIBRATION_ERROR = PerformanceSpec(
    "ece",
    "Calibration error",
    "Mean gap between score and positive rate over the score bins, less what chance alone would give.",
    scale=Scale.LOSS,
    floor=0.02,
    free=True,
    free_averages=True,
    often_zero=True,
)
# in the order of reading: first what says most
RANKING: Final = (
    PerformanceSpec(
        "roc_auc",
        "ROC AUC",
        "Chance that a random positive scores above a random negative; interval by DeLong.",
        scale=Scale.SHARE,
        floor=0.02,
        against_trivial=True,
        compares_rows=True,
    ),
    PerformanceSpec(
        "average_precision",
        "Average precision",
        "Area under precision over recall, midpoint of the two orders within a score bin.",
        scale=Scale.SHARE,
        relative_floor=0.1,
        against_trivial=True,
    ),
)
RATES: Final = (
    PerformanceSpec(
        "precision",
        "Precision",
        "Share of predicted positives that were positive.",
        scale=Scale.SHARE,
        floor=0.03,
    ),
    PerformanceSpec(
        "recall",
        "Recall",
        "Share of positives that were predicted.",
        scale=Scale.SHARE,
        floor=0.03,
        free=True,
    ),
    PerformanceSpec("f1", "F1", "Harmonic mean of precision and recall.", scale=Scale.SHARE, floor=0.03),
)
CLASSIFICATION: Final = (
    *RANKING,
    PerformanceSpec(
        "accuracy",
        "Accuracy",
        "Share of predictions that were right; interval by Wilson.",
        scale=Scale.SHARE,
        floor=0.02,
    ),
    *RATES,
    PerformanceSpec(
        "log_loss",
        "Log loss",
        "Mean of −ln of the probability given to what happened.",
        scale=Scale.LOSS,
        relative_floor=0.05,
        against_trivial=True,
    ),
    PerformanceSpec(
        "brier",
        "Brier score",
        "Mean squared difference of score and outcome.",
        scale=Scale.LOSS,
        relative_floor=0.05,
        against_trivial=True,
    ),
    _CALIBRATION_ERROR,
    PerformanceSpec("positive_rate", "Positive rate", "Share of rows that were positive.", Unit.SHARE),
)
AVERAGED: Final = (*RANKING, *RATES, _CALIBRATION_ERROR)
"""Those of which there are averages, where there are several classes."""
REGRESSION: Final = (
    PerformanceSpec(
        "mae",
        "MAE",
        "Mean absolute error, in the label's unit.",
        Unit.NUMBER,
        Scale.LOSS,
        relative_floor=0.05,
    ),
    PerformanceSpec(
        "rmse",
        "RMSE",
        "Root of the mean squared error, in the label's unit.",
        Unit.NUMBER,
        Scale.LOSS,
        relative_floor=0.05,
    ),
    PerformanceSpec(
        "mape", "MAPE", "Mean of |error| / |label|.", Unit.SHARE, Scale.LOSS, relative_floor=0.05
    ),
    PerformanceSpec(
        "r2",
        "R²",
        "1 less the squared error over the label's variance.",
        scale=Scale.EXPLAINED,
        floor=0.03,
        against_trivial=True,
    ),
    PerformanceSpec("bias", "Bias", "Mean of prediction less label, in the label's unit.", Unit.SIGNED),
)


def base_metric(metric: str) -> str:
    """The metric that an average over classes is an average of."""
    for ending in AVERAGES:
        metric = metric.removesuffix(ending)
    return metric
