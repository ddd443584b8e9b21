"""What the judgement made of figures, as columns of the summary tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """The judgement of one metric of one column over all cells; NaN and "" stand for none.

    Attributes:
        threshold, p_value, q_value: (cells,).
        source: (cells,) where the threshold comes from.
        drifted: (cells,) 1 yes, 0 no, -1 the row does not decide.
    """

    threshold: FloatArray
    source: npt.NDArray[np.str_]
    drifted: npt.NDArray[np.int8]
    p_value: FloatArray | None = None
    q_value: FloatArray | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def columns(self, decided: str = "drifted") -> dict[str, list[Any] | None]:
        """By the names of the tables' columns."""
        found: dict[str, list[Any] | None] = {
            "threshold": _numbers(self.threshold),
            "threshold_source": [text or None for text in self.source.tolist()],
            decided: [None if flag < 0 else bool(flag) for flag in self.drifted.tolist()],
        }
        if self.p_value is not None:
            found["p_value"] = _numbers(self.p_value)
        if self.q_value is not None:
            found["q_value"] = _numbers(self.q_value)
        return found


def _numbers(values: FloatArray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


JudgedDrift = Mapping[tuple[str, str], Verdict]
JudgedPerformance = Mapping[str, Verdict]
