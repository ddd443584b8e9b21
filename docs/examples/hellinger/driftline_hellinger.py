"""Hellinger distance as a drift metric: √(1 − Σ √(p q)) of the shares of rows by bin or by category."""

import numpy as np

from driftline_jobs.metrics.figures import Counts, Figure, Status, figure, statuses
from driftline_jobs.metrics.registry import DriftMetric
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_schemas.drift_specs import DriftSpec, Unit


def hellinger(current: Counts, reference: Counts) -> Figure:
    """Of counts (..., B), missing values in a bin of their own; leading axes broadcast."""
    n, m = current.sum(-1), reference.sum(-1)
    p, q = current / np.maximum(n, 1)[..., None], reference / np.maximum(m, 1)[..., None]
    overlap = np.sqrt(p * q).sum(-1)
    status = statuses(overlap.shape, (n == 0, Status.EMPTY_WINDOW), (m == 0, Status.NO_REFERENCE))
    return figure(np.sqrt(np.clip(1.0 - overlap, 0.0, None)), status)


def of_any(current: OrderedSample | CategorySample, reference: OrderedSample | CategorySample) -> Figure:
    """Both kinds of sample know all of their rows by bin."""
    return hellinger(current.every_row(), reference.every_row())


METRIC = DriftMetric(
    DriftSpec(
        "hellinger",
        "Hellinger",
        "Square root of one less Σ √(p q) over the shares of the bins: 0 is the same, 1 nothing in common.",
        Unit.DECIMALS,
        ordered=True,
        categories=True,
    ),
    ordered=of_any,
    categories=of_any,
)
