"""The upper tail of a statistic that is a sum of squares: its shape is learned, and not only its spread.

Without drift such a statistic is Σ λ_j χ²_1, with the eigenvalues λ of the covariance of the deviations that
it adds up. By sampling alone these are known. But where days differ, one or a few directions rule, the more
so the more rows a day has: in the end it is one squared normal, whose tail is longer by orders of magnitude
than that of a sum of twenty. So the sums of the powers of λ are learned from the reference's windows, as
means over pairs and triples of different windows, which have no bias; and the tail is that of a scaled and
shifted chi-squared variable with the same first three moments (Hall, Annals of Probability 1983; Buckley and
Eagleson, Australian Journal of Statistics 1988), over a scale that is uncertain itself (Snedecor's F).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from driftline_jobs.metrics.figures import FloatArray

LEAST_WINDOWS = 20
"""Fewer windows cannot tell one direction that rules from several."""
_WORTH = 12.0
"""So many windows are believed as much as the covariance of sampling alone, where nothing else is seen."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """What a statistic adds the squares of, in each of K windows, and what sampling alone makes of it.

    Attributes:
        values: (K, J).
        first, second, third: sums of the powers of the eigenvalues of their covariance by sampling alone.
    """

    values: FloatArray
    first: float
    second: float
    third: float


@dataclass(frozen=True, slots=True)
class Tail:
    """The statistic, less ``offset``, over ``scale`` is about F of ``degrees`` and ``certainty`` degrees."""

    scale: float
    offset: float
    degrees: float
    certainty: float

    def p_values(self, value: FloatArray) -> FloatArray:
        """(...,) chance of at least this value; NaN where there is none."""
        beyond = np.maximum(value - self.offset, 0.0) / self.scale
        return np.asarray(scipy.special.fdtrc(self.degrees, self.certainty, beyond), np.float64)

    def values(self, p_values: FloatArray) -> FloatArray:
        """(...,) the values that have these p-values, which lie between 0 and 1."""
        # fdtri inverts the lower tail, which has no digits left for small p: the two variables change places
        other = scipy.special.fdtri(self.certainty, self.degrees, p_values)
        return np.asarray(self.offset + self.scale / other, np.float64)


def tail_of(deviations: Deviations, mean: float) -> Tail | None:
    """Learn the tail of a statistic with this ``mean`` over the windows.

    Returns:
        None where the deviations do not vary, or the windows are too few.
    """
    windows = len(deviations.values)
    if windows < LEAST_WINDOWS:
        return None
    first, second, third = _powers(deviations)
    if not (first > 0.0 and second > 0.0 and third > 0.0):
        return None
    whole, degrees = first**2 / second, max(1.0, second**3 / third**2)
    scale = (second / degrees) ** 0.5
    # the scale of a tail that few directions rule is as uncertain as that of these few; and how many they are
    # is uncertain itself, hence the power
    certainty = (windows - 1) * max(1.0, min(degrees, degrees**2 / whole)) ** 0.75
    unit = mean / first
    return Tail(
        scale=unit * scale * degrees,
        offset=unit * (first - scale * degrees),
        degrees=degrees,
        certainty=certainty,
    )


def _powers(deviations: Deviations) -> tuple[float, float, float]:
    """Sums of the first three powers of the eigenvalues of the deviations' covariance.

    Of few windows pairs and triples tell little. The less the windows differ beyond sampling, the more the
    covariance of sampling counts beside them, brought to the same size.
    """
    values = deviations.values
    count, dimensions = values.shape
    lengths = (values**2).sum(-1)
    first = float(lengths.mean())
    if not first > 0.0:
        return 0.0, 0.0, 0.0
    # sums over all pairs and triples of windows, less those of a window with itself; of the smaller of V V'
    # and V' V, whose powers have the same traces
    products = values @ values.T if count < dimensions else values.T @ values
    of_each = products @ products if count < dimensions else values @ products * values
    pairs = float((products**2).sum() - (lengths**2).sum())
    with_itself = float((lengths * (of_each.diagonal() if count < dimensions else of_each.sum(-1))).sum())
    triples = (
        float(((products @ products) * products).sum()) - 3.0 * with_itself + 2.0 * float((lengths**3).sum())
    )
    second = pairs / (count * (count - 1))
    third = triples / (count * (count - 1) * (count - 2))
    size = first / deviations.first
    known = min(1.0, 1.0 / size) * _WORTH / (count + _WORTH)
    second = (1.0 - known) * second + known * deviations.second * size**2
    third = (1.0 - known) * third + known * deviations.third * size**3
    # what covariances of so many dimensions can have
    second = min(max(second, first**2 / dimensions), first**2)
    return first, second, min(max(third, second**2 / first), second**1.5)
