"""Scores as probabilities, where they are some."""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import BoolArray, FloatArray
from driftline_schemas.metrics import ScoreScale

ROUNDING = 1e-6
"""How far beyond 0 or 1 a probability may lie that was computed in 32 bits: it counts as 0 or 1."""
_PER_CENT = 100.0


def probabilities(scores: FloatArray, scale: ScoreScale) -> tuple[FloatArray, BoolArray]:
    """Scores (…,) as probabilities, and which of them are some; the others are held at the nearer of 0 and 1,
    those that are not finite at 0. Of an unbounded scale no score is a probability."""
    if scale is ScoreScale.UNBOUNDED:
        return np.zeros(scores.shape), np.zeros(scores.shape, np.bool_)
    chances = scores / _PER_CENT if scale is ScoreScale.PERCENT else scores
    within = (chances >= -ROUNDING) & (chances <= 1.0 + ROUNDING)
    return np.clip(np.where(np.isfinite(chances), chances, 0.0), 0.0, 1.0), within
