"""Columns that several tables have, and the parameters by which their rows are found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from driftline_jobs.detection.verdicts import OPEN, YES, Verdicts

if TYPE_CHECKING:
    from driftline_jobs.evaluate.cells import MeasuredCell
    from driftline_jobs.metrics.figures import FloatArray


def common(monitor: str, cells: Sequence[MeasuredCell]) -> dict[str, str | list[str] | list[datetime]]:
    """The columns that every metric table begins with, one value per cell."""
    return {
        "monitor": monitor,
        "window_start": [cell.window.start for cell in cells],
        "window_end": [cell.window.end for cell in cells],
        "granularity": [cell.window.granularity.value for cell in cells],
        "model_version": [cell.cell.model_version for cell in cells],
        "segment": [cell.cell.segment for cell in cells],
        "segment_value": [cell.cell.segment_value for cell in cells],
        "run_id": [cell.run_id for cell in cells],
    }


def verdict_columns(verdict: Verdicts | None, decided: str) -> dict[str, Any]:
    """By the names of the tables' columns; ``decided`` is ``drifted`` or ``degraded``."""
    if verdict is None:
        return {}
    columns: dict[str, Any] = {
        "threshold": numbers(verdict.threshold),
        "threshold_source": [text or None for text in verdict.source.tolist()],
        decided: [None if flag == OPEN else flag == YES for flag in verdict.exceeded.tolist()],
    }
    if decided == "drifted":
        columns |= {"p_value": numbers(verdict.p_value), "q_value": numbers(verdict.q_value)}
    return columns


def numbers(values: FloatArray) -> list[float | None]:
    """NaN and infinities as null."""
    return [value if np.isfinite(value) else None for value in values.tolist()]
