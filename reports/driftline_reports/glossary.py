"""What each figure is called, how it is computed (in a line) and how its number is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from driftline_reports import formats
from driftline_reports.names import visible
from driftline_schemas.drift_specs import Unit, drift_specs

Writer = Callable[[float | None], str]


@dataclass(frozen=True, slots=True)
class Term:
    """One figure's entry: ``title`` heads its column, ``how`` says in a line what is computed."""

    title: str
    how: str
    write: Writer = formats.number


_WRITERS: Final[dict[Unit, Writer]] = {
    Unit.NUMBER: formats.number,
    Unit.DECIMALS: formats.decimals,
    Unit.SHARE: formats.percent,
    Unit.POINTS: formats.points,
    Unit.SIGNED: formats.signed,
}


@cache
def drift_terms() -> dict[str, Term]:
    """The entries of all drift metrics, in the order of reading."""
    return {spec.name: Term(spec.title, spec.how, _WRITERS[spec.unit]) for spec in drift_specs().values()}


SUSTAINED: Final = "lasting_shift"

PERFORMANCE: Final[dict[str, Term]] = {
    "roc_auc": Term(
        "ROC AUC",
        "Chance that a random positive scores above a random negative; interval by DeLong.",
        formats.decimals,
    ),
    "average_precision": Term(
        "Average precision",
        "Area under precision over recall, midpoint of the two orders within a score bin.",
        formats.decimals,
    ),
    "accuracy": Term(
        "Accuracy", "Share of predictions that were right; interval by Wilson.", formats.decimals
    ),
    "precision": Term("Precision", "Share of predicted positives that were positive.", formats.decimals),
    "recall": Term("Recall", "Share of positives that were predicted.", formats.decimals),
    "f1": Term("F1", "Harmonic mean of precision and recall.", formats.decimals),
    "log_loss": Term("Log loss", "Mean of −ln of the probability given to what happened.", formats.decimals),
    "brier": Term("Brier score", "Mean squared difference of score and outcome.", formats.decimals),
    "ece": Term(
        "Calibration error",
        "Mean gap between score and positive rate over the score bins, less what chance alone would give.",
        formats.decimals,
    ),
    "positive_rate": Term("Positive rate", "Share of rows that were positive.", formats.percent),
    "mae": Term("MAE", "Mean absolute error, in the label's unit."),
    "rmse": Term("RMSE", "Root of the mean squared error, in the label's unit."),
    "mape": Term("MAPE", "Mean of |error| / |label|.", formats.percent),
    "r2": Term("R²", "1 less the squared error over the label's variance.", formats.decimals),
    "bias": Term("Bias", "Mean of prediction less label, in the label's unit.", formats.signed),
}

ALWAYS: Final[dict[str, Term]] = {
    "q": Term(
        "q, or p",
        "q is the false discovery rate at which the column would just be reported (Benjamini–Hochberg over "
        "columns), p the chance of so large a figure in a window in which nothing happened.",
    ),
    "limit": Term(
        "Limit",
        "Learned from how the reference's own windows differ from the rest of it where there are enough of "
        "them; else a rule of the monitor file, or a fixed size.",
    ),
}

LOWER_IS_BETTER: Final = frozenset({"log_loss", "brier", "ece", "mae", "rmse", "mape"})


def lower_is_better(metric: str) -> bool:
    """Whether a performance metric, or what an average over classes is an average of, is a loss."""
    return metric.removesuffix("_macro").removesuffix("_weighted") in LOWER_IS_BETTER


SOURCES: Final[dict[str, str]] = {
    "calibrated": "limit learned from the reference's own windows",
    "calibrated_blocks": "limit learned from resampled pieces of the reference",
    "rule": "limit from the monitor file",
    "fixed_default": "fixed limit",
    "fixed_few_windows": "fixed limit, the reference having too few windows to learn one",
    "fixed_no_times": "fixed limit, the reference having no times and so no windows",
    "fixed_no_values": "fixed limit, this window or the reference having no value of the column",
    "fixed_few_rows": "fixed limit, this window having too few rows for the learned one",
    "reference_interval": "the reference's figure less a margin",
    "trivial_model": "what a model that has learned nothing would get",
    "detector": "limit of the sum over windows",
}


def drift(metric: str) -> Term:
    """The entry of a drift metric; one that is not known keeps its name."""
    return drift_terms().get(metric) or Term(visible(metric), "See the tables' reference.")


def performance(metric: str) -> Term:
    """The entry of a performance metric. A multiclass average goes by the name of what it averages."""
    known = PERFORMANCE.get(metric)
    if known:
        return known
    for ending, words in (("_macro", "mean over classes"), ("_weighted", "classes by their rows")):
        base = PERFORMANCE.get(metric.removesuffix(ending))
        if metric.endswith(ending) and base:
            return Term(f"{base.title}, {words}", base.how, base.write)
    return Term(visible(metric), "See the tables' reference.")


def source(threshold_source: str | None) -> str:
    """Where a limit comes from, in words."""
    if threshold_source is None:
        return ""
    return SOURCES.get(threshold_source) or words(threshold_source)


def words(name: str | None) -> str:
    """A code such as ``new_column`` as words."""
    return "" if name is None else visible(name.replace("_", " "))
