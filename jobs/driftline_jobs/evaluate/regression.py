"""Outcomes of a regression as the sums that its formulas take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.regression import RegressionSums, Scales
from driftline_jobs.tasks.exact_sums import ExactSums, ratio
from driftline_jobs.tasks.regression import RegressionOutcomes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_ERROR, _RELATIVE, _LABEL = range(3)
_POWERS = {
    "error": (_ERROR, 1),
    "absolute": (_ERROR, 1),
    "squares": (_ERROR, 2),
    "fourths": (_ERROR, 4),
    "relative": (_RELATIVE, 1),
    "relative_squares": (_RELATIVE, 2),
    "labels": (_LABEL, 1),
    "label_squares": (_LABEL, 2),
}
"""What each sum is of, and of which power."""


def stack_regression(outcomes: Sequence[RegressionOutcomes]) -> RegressionSums:
    """(cells,) sums over all bins; integers become floats here, each rounded once."""
    cells = [_Cell(outcome) for outcome in outcomes]

    def sums(name: str) -> FloatArray:
        return np.array([cell.scaled(name, over_all=True)[0] for cell in cells], np.float64)

    def whole(numbers: Iterable[int]) -> IntArray:
        return np.fromiter(numbers, np.int64, len(cells))

    return RegressionSums(
        n=whole(sum(outcome.n) for outcome in outcomes),
        nonzero=whole(sum(outcome.nonzero) for outcome in outcomes),
        infinite=whole(outcome.infinite for outcome in outcomes),
        scales=Scales(*(whole(cell.scales[at] for cell in cells) for at in (_ERROR, _RELATIVE, _LABEL))),
        **{name: sums(name) for name in _POWERS},
    )


def stack_regression_bins(outcome: RegressionOutcomes) -> RegressionSums:
    """(bins,) sums by bin of the prediction, of one cell."""
    cell = _Cell(outcome)
    return RegressionSums(
        n=np.array(outcome.n, np.int64),
        nonzero=np.array(outcome.nonzero, np.int64),
        infinite=outcome.infinite,
        scales=Scales(*(cell.scales[at] for at in (_ERROR, _RELATIVE, _LABEL))),
        **{name: np.array(cell.scaled(name, over_all=False), np.float64) for name in _POWERS},
    )


class _Cell:
    """The sums of a cell, scaled so that squares and fourth powers stay within the doubles."""

    def __init__(self, outcome: RegressionOutcomes) -> None:
        self._sums = {name: getattr(outcome, name) for name in _POWERS} | _about_the_mean(outcome)
        self.scales = [
            self._sums[name].magnitude() // 2 for name in ("squares", "relative_squares", "label_squares")
        ]

    def scaled(self, name: str, *, over_all: bool) -> list[float]:
        """The sum by bin, or that over all bins."""
        kind, power = _POWERS[name]
        sums: ExactSums = self._sums[name]
        return (sums.over_all() if over_all else sums).scaled(power * self.scales[kind])


def _about_the_mean(outcome: RegressionOutcomes) -> dict[str, ExactSums]:
    """Σ(y - c) and Σ(y - c)² by bin, c being the mean label of the cell but for its rounding.

    From exact sums: where labels lie far from zero, their squares leave nothing of the variance else.
    """
    rows = sum(outcome.n)
    (total,) = outcome.labels.over_all().totals
    mean = ratio(total, outcome.labels.over_all().exponent, rows) if rows else 0.0
    centre, denominator = mean.as_integer_ratio()
    exponent = 1 - denominator.bit_length()
    labels, squares = outcome.labels, outcome.label_squares
    twice = ExactSums.of(labels.exponent + exponent, [-2 * centre * each for each in labels.totals])
    once = ExactSums.of(2 * exponent, [centre * centre * n for n in outcome.n])
    return {
        "labels": labels + ExactSums.of(exponent, [-centre * n for n in outcome.n]),
        "label_squares": squares + twice + once,
    }
