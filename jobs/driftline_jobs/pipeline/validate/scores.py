"""Whether scores are on the scale that the monitor says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driftline_jobs.metrics.figures import FloatArray
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import LogSample
from driftline_jobs.profiles.columns.arrays import numbers
from driftline_jobs.tasks.scores import probabilities
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.monitor import Monitor

_PER_CENT = 100.0
_LIKELY = 0.999
"""Of the scores that must fit another scale for it to be named."""
_CALIBRATED = "log loss, Brier score and calibration error cannot be had"


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """A remark for each column whose scores do not fit ``logs.score_scale``."""
    scale = monitor.logs.score_scale
    if scale is ScoreScale.UNBOUNDED:
        return
    for name in monitor.logs.score_columns:
        scores = _finite(samples.log, name)
        if not len(scores):
            continue
        _, within = probabilities(scores, scale)
        beyond = int(np.count_nonzero(~within))
        low, high = float(scores.min()), float(scores.max())
        said = f"of the {len(scores):,} scores looked at in {name!r}"
        if beyond and scale is ScoreScale.PROBABILITY:
            yield Remark(
                f"{beyond:,} {said} lie outside [0, 1], from {low:.4g} to {high:.4g}: {_CALIBRATED}. "
                f"Write logs.score_scale: {_likely(scores)}"
            )
        elif beyond:
            yield Remark(
                f"{beyond:,} {said} lie outside [0, 100], from {low:.4g} to {high:.4g}: {_CALIBRATED}. "
                "Write logs.score_scale: unbounded if they only rank"
            )
        elif scale is ScoreScale.PERCENT and high <= 1.0 and low < high:
            yield Remark(
                f"none {said} is above 1: as per cent they are all close to nothing. Leave logs.score_scale "
                "out if they are probabilities"
            )


def _likely(scores: FloatArray) -> str:
    per_cent = float(np.mean((scores >= 0.0) & (scores <= _PER_CENT))) >= _LIKELY
    if per_cent and scores.min() >= 0.0:
        return "percent if they go from 0 to 100, unbounded if they only rank"
    return "unbounded, since they only rank"


def _finite(sample: LogSample, name: str) -> FloatArray:
    found = []
    for array in sample.arrays(name):
        column = numbers(array)
        values = np.asarray(column.values, np.float64)
        there = np.isfinite(values)
        found.append(values[there if column.valid is None else there & column.valid])
    return np.concatenate(found) if found else np.empty(0)
