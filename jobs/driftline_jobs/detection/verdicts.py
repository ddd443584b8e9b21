"""A verdict on one figure in each of several cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import FloatArray, TextArray

YES, NO, OPEN = 1, 0, -1
"""Values of ``Verdicts.exceeded``: the figure is beyond its threshold, is not, or nothing was decided."""

RULE = "rule"
CALIBRATED = "calibrated"
BLOCKS = "calibrated_blocks"
FIXED = "fixed_default"
FIXED_FEW_WINDOWS = "fixed_few_windows"
FIXED_NO_TIMES = "fixed_no_times"
FIXED_NO_VALUES = "fixed_no_values"
FIXED_FEW_ROWS = "fixed_few_rows"
REFERENCE = "reference_interval"
TRIVIAL = "trivial_model"
DETECTOR = "detector"
SUSTAINED = "sustained"
"""Values of ``Verdicts.source``, the ``threshold_source`` of the summary tables."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Judgement of one metric over several cells; NaN and "" stand for none.

    Attributes:
        threshold: (cells,) what the figure was held against, in its own unit.
        source: (cells,) where the threshold comes from.
        exceeded: (cells,) ``YES``, ``NO`` or ``OPEN``.
        p_value: (cells,) chance of such a figure in a window in which nothing has happened.
        q_value: (cells,) false discovery rate at which the figure would just be reported.
        strength: (cells,) how many times its threshold the figure is; at least 1 where exceeded.
    """

    threshold: FloatArray
    source: TextArray
    exceeded: npt.NDArray[np.int8]
    p_value: FloatArray
    q_value: FloatArray
    strength: FloatArray

    def at(self, places: Sequence[int]) -> Verdicts:
        """Those of some of the cells, in this order."""
        chosen = np.asarray(places, np.intp)
        return Verdicts(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})

    def only(self, where: npt.NDArray[np.bool_]) -> Verdicts:
        """The same with nothing decided outside of ``where`` (cells,)."""
        return verdicts(
            self.threshold,
            self.source,
            self.exceeded == YES,
            (self.exceeded != OPEN) & where,
            strength=self.strength,
            p_value=np.where(where, self.p_value, np.nan),
            q_value=np.where(where, self.q_value, np.nan),
        )


def verdicts(
    threshold: FloatArray,
    source: str | TextArray,
    exceeded: npt.NDArray[np.bool_],
    decided: npt.NDArray[np.bool_],
    *,
    strength: npt.ArrayLike = np.nan,
    p_value: npt.ArrayLike = np.nan,
    q_value: npt.ArrayLike = np.nan,
) -> Verdicts:
    """Verdicts of the shape of ``decided``; where nothing was decided, there is no threshold either."""
    shape = decided.shape

    def retained(array: npt.ArrayLike) -> FloatArray:
        full = np.broadcast_to(np.asarray(array, np.float64), shape)
        return np.where(decided & np.isfinite(full), full, np.nan)

    return Verdicts(
        threshold=retained(threshold),
        source=np.where(decided, np.broadcast_to(np.asarray(source, dtype=np.str_), shape), ""),
        exceeded=np.where(decided, np.where(exceeded, YES, NO), OPEN).astype(np.int8),
        p_value=retained(p_value),
        q_value=retained(q_value),
        strength=np.where(
            exceeded, np.maximum(np.nan_to_num(retained(strength), nan=1.0), 1.0), retained(strength)
        ),
    )


def either(first: Verdicts, second: Verdicts) -> Verdicts:
    """Exceeded where either is, by whichever was; ``first`` speaks where both or neither are.

    Where only one has decided, it speaks.
    """
    use = (first.exceeded >= second.exceeded) & (first.exceeded != OPEN)

    def pick(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.where(use, a, b)

    def known(a: FloatArray, b: FloatArray) -> FloatArray:
        """A p-value does not get lost because a rule speaks."""
        chosen = np.where(use, a, b)
        return np.where(np.isnan(chosen), np.where(use, b, a), chosen)

    return Verdicts(
        threshold=pick(first.threshold, second.threshold).astype(np.float64),
        source=pick(first.source, second.source).astype(np.str_),
        exceeded=pick(first.exceeded, second.exceeded).astype(np.int8),
        p_value=known(first.p_value, second.p_value),
        q_value=known(first.q_value, second.q_value),
        strength=pick(first.strength, second.strength).astype(np.float64),
    )
