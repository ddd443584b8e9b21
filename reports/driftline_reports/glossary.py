"""What each figure is called, how it is computed (in a line) and how its number is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from driftline_reports import formats
from driftline_reports.names import visible
from driftline_schemas.drift_specs import Unit, drift_specs
from driftline_schemas.performance_specs import AVERAGES, base_metric
from driftline_schemas.task_specs import performance_spec, performance_specs

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


SUSTAINED: Final = "sustained_shift"


@cache
def performance_terms() -> dict[str, Term]:
    """The entries of all performance metrics, in the order of reading."""
    return {
        spec.name: Term(spec.title, spec.how, _WRITERS[spec.unit]) for spec in performance_specs().values()
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


def lower_is_better(metric: str) -> bool:
    """Whether a performance metric, or what an average over classes is an average of, is a loss."""
    spec = performance_spec(metric)
    return spec is not None and spec.lower_is_better


def order_of_reading(metric: str) -> int:
    """The place of a performance metric; one that is not known comes last."""
    order = list(performance_terms())
    return order.index(metric) if metric in order else len(order)


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
    term = performance_terms().get(base_metric(metric))
    if term is None:
        return Term(visible(metric), "See the tables' reference.")
    averaged = next((words for ending, words in AVERAGES.items() if metric.endswith(ending)), None)
    return term if averaged is None else Term(f"{term.title}, {averaged}", term.how, term.write)


def source(threshold_source: str | None) -> str:
    """Where a limit comes from, in words."""
    if threshold_source is None:
        return ""
    return SOURCES.get(threshold_source) or words(threshold_source)


def words(name: str | None) -> str:
    """A code such as ``new_column`` as words."""
    return "" if name is None else visible(name.replace("_", " "))
