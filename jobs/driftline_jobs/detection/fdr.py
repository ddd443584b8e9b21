"""Many columns at once: the false discovery rate."""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import FloatArray


def q_values(p_values: FloatArray) -> FloatArray:
    """Benjamini and Hochberg (1995): the rate at which each p-value would just be reported.

    Args:
        p_values: (..., M) one family per leading index; NaN where there is none, which counts for nothing.

    Returns:
        (..., M) q-values; NaN where there is no p-value.
    """
    order = np.argsort(p_values, axis=-1)  # NaN last
    ascending = np.take_along_axis(p_values, order, -1)
    known = np.isfinite(ascending)
    rank = np.arange(1, p_values.shape[-1] + 1)
    raised = np.where(known, ascending * known.sum(-1, keepdims=True) / rank, np.inf)
    least = np.flip(np.minimum.accumulate(np.flip(raised, -1), -1), -1)
    result = np.empty(p_values.shape)
    np.put_along_axis(result, order, np.where(known, np.minimum(least, 1.0), np.nan), -1)
    return result


def reporting_levels(p_values: FloatArray, rate: float) -> FloatArray:
    """(...,) the p-value up to which a family reports at ``rate``; with nothing to report, the strictest."""
    known = np.isfinite(p_values).sum(-1)
    reported = (np.nan_to_num(q_values(p_values), nan=1.0) <= rate).sum(-1)
    levels: FloatArray = rate * np.maximum(reported, 1) / np.maximum(known, 1)
    return levels
