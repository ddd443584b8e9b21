"""Outcomes of which some rows count more than others: figures as if a column were distributed otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from driftline_jobs.metrics.figures import FloatArray
from driftline_jobs.tasks.exact_sums import ExactSums
from driftline_jobs.tasks.outcomes import Outcomes

UNIT = 1 << 24
"""How often a row of weight one counts: outcomes are whole numbers, so a weight is one of 2**-24."""
Held = TypeVar("Held", bound=Outcomes)


class Weighable(Generic[Held]):
    """Outcomes of several parts of the rows, laid out so that they are soon added up with any weights."""

    def __init__(self, parts: Sequence[Held]) -> None:
        self._type = type(parts[0])
        counts = [part.counts() for part in parts]
        self._unused = {name: counts[0][name] for name in self._type.without_labels}
        self._parts = {
            name: _laid_out([of[name] for of in counts]) for name in counts[0] if name not in self._unused
        }

    def weighted(self, weights: FloatArray) -> Held:
        """The outcomes of all rows, those of each part counted ``weights`` (parts,) times ``UNIT``: figures
        that are ratios of counts come out as they should. Fields that need no labels are those of any part.
        """
        times = np.rint(weights * UNIT)
        total = {name: part.times(times) for name, part in self._parts.items()}
        return self._type(**self._unused, **total)  # type: ignore[arg-type]


class _Lists:
    """A list of numbers of each part."""

    def __init__(self, values: Sequence[Sequence[int]]) -> None:
        self._values = np.array(values, np.float64).reshape(len(values), -1)

    def times(self, times: FloatArray) -> list[int]:
        # not by a matrix product, whose order of adding depends on the machine
        total = np.rint((times[:, None] * self._values).sum(0))
        return [int(value) for value in total.tolist()]


class _Numbers:
    """A number of each part."""

    def __init__(self, values: Sequence[int]) -> None:
        self._lists = _Lists([[value] for value in values])

    def times(self, times: FloatArray) -> int:
        return self._lists.times(times)[0]


class _Names:
    """Counts by name."""

    def __init__(self, values: Sequence[dict[str, int]]) -> None:
        self._names = sorted({name for value in values for name in value})
        self._lists = _Lists([[value.get(name, 0) for name in self._names] for value in values])

    def times(self, times: FloatArray) -> dict[str, int]:
        counts = zip(self._names, self._lists.times(times), strict=True)
        return {name: count for name, count in counts if count}


class _Sums:
    """Exact sums: they stay whole numbers, however long."""

    def __init__(self, values: Sequence[ExactSums]) -> None:
        there = [value for value in values if any(value.totals)]
        self._exponent = min((value.exponent for value in there), default=0)
        self._totals = [
            [total << (value.exponent - self._exponent) if total else 0 for total in value.totals]
            for value in values
        ]

    def times(self, times: FloatArray) -> ExactSums:
        whole = [int(time) for time in times.tolist()]
        sums = [
            sum(time * total for time, total in zip(whole, totals, strict=True))
            for totals in zip(*self._totals, strict=True)
        ]
        return ExactSums.of(self._exponent, sums)


def _laid_out(values: Sequence[Any]) -> _Numbers | _Lists | _Names | _Sums:
    kinds = {ExactSums: _Sums, dict: _Names, list: _Lists, int: _Numbers}
    found: _Numbers | _Lists | _Names | _Sums = kinds[type(values[0])](values)
    return found
