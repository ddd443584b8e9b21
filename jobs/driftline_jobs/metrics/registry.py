"""Drift metrics of other distributions: a specification and its formulas in one object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from driftline_jobs.metrics.figures import Figure
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_schemas.drift_specs import DriftSpec, members
from driftline_schemas.errors import ConfigError

Ordered = Callable[[OrderedSample, OrderedSample], Figure]
Categories = Callable[[CategorySample, CategorySample], Figure]


@dataclass(frozen=True, slots=True)
class DriftMetric:
    """A metric: the current sample and the reference's (..., B) in, a figure (...,) out.

    Leading axes are cells and broadcast: the reference may have fewer. ``ordered`` is for columns with an
    order, ``categories`` for those with categories; what the specification announces has to be there.
    """

    spec: DriftSpec
    ordered: Ordered | None = None
    categories: Categories | None = None

    def __post_init__(self) -> None:
        announced = (self.spec.ordered, self.spec.categories)
        if announced != (self.ordered is not None, self.categories is not None):
            raise ConfigError(
                f"the metric {self.spec.name} announces figures of (ordered, categories) columns "
                f"{announced}, but has formulas for others: give one for each"
            )


@cache
def added_metrics() -> tuple[DriftMetric, ...]:
    """The metrics of other distributions that are installed, by name. Raises ConfigError for what is none."""
    found = []
    for spec, member in members().items():
        if not isinstance(member, DriftMetric):
            raise ConfigError(f"the metric {spec.name} is no DriftMetric: see the docs on extending")
        found.append(member)
    return tuple(found)


def added_ordered(current: OrderedSample, reference: OrderedSample) -> dict[str, Figure]:
    """Their figures of a column with an order."""
    shape = np.broadcast_shapes(current.missing.shape, reference.missing.shape)
    return {
        metric.spec.name: _of_shape(metric, metric.ordered(current, reference), shape)
        for metric in added_metrics()
        if metric.ordered is not None
    }


def added_categories(current: CategorySample, reference: CategorySample) -> dict[str, Figure]:
    """Their figures of a column with categories."""
    shape = np.broadcast_shapes(current.missing.shape, reference.missing.shape)
    return {
        metric.spec.name: _of_shape(metric, metric.categories(current, reference), shape)
        for metric in added_metrics()
        if metric.categories is not None
    }


def _of_shape(metric: DriftMetric, figure: Figure, shape: tuple[int, ...]) -> Figure:
    if figure.value.shape != shape:
        raise ConfigError(
            f"the metric {metric.spec.name} gave figures of shape {figure.value.shape} for cells {shape}: "
            "its formula has to broadcast over the leading axes"
        )
    return figure
