"""A performance figure: value, interval, bound, and what a model that has learned nothing would get."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import (
    BoolArray,
    FloatArray,
    Status,
    TextArray,
    finite_status,
    masked,
    published,
    reason_of,
)

IndexArray = npt.NDArray[np.intp]
FigureKey = tuple[str, str | None]
"""Metric, and the class it is about if it is about one."""


@dataclass(frozen=True, slots=True)
class Performance:
    """One metric over the cells of the leading axes. NaN stands wherever nothing is to be published.

    Attributes:
        value: (...,) the metric; NaN exactly where ``status`` is not ``ok``.
        ci_low, ci_high: (...,) 95 % interval for what the metric would be over many rows of the same kind.
        error_bound: (...,) how far the value can be from that of the raw rows; 0 where it is exact.
        n: (...,) rows the figure rests on.
        trivial: (...,) what the best constant answer would get on the same rows.
        status: (...,) a ``Status`` each.
        remark: (...,) a ``Status`` that says why a figure has no interval, or an empty text.
    """

    value: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    error_bound: FloatArray
    n: FloatArray
    trivial: FloatArray
    status: TextArray = field(repr=False)
    remark: TextArray = field(repr=False)

    @property
    def ok(self) -> BoolArray:
        """(...,) where there is a value."""
        return np.isfinite(self.value)

    def at(self, places: IndexArray) -> Performance:
        """The same at these places of the leading axis."""
        return Performance(**{item.name: getattr(self, item.name)[places] for item in fields(self)})

    def published(self, name: str) -> list[float | None]:
        """The array ``name`` flattened in C order, None for NaN: what goes into a table's column."""
        return published(getattr(self, name))

    def reasons(self) -> list[str | None]:
        """A sentence for each cell without a value or with a remark, flattened in C order."""
        pairs = zip(self.status.ravel().tolist(), self.remark.ravel().tolist(), strict=True)
        return [
            reason_of(remark if remark and status == Status.OK.value else status) for status, remark in pairs
        ]


def performance(
    value: npt.ArrayLike,
    status: TextArray,
    n: npt.ArrayLike,
    *,
    interval: tuple[npt.ArrayLike, npt.ArrayLike] = (np.nan, np.nan),
    error_bound: npt.ArrayLike = 0.0,
    trivial: npt.ArrayLike = np.nan,
    remark: npt.ArrayLike = "",
) -> Performance:
    """A figure of the shape of ``status``; whatever cannot be published is masked.

    The number of rows is kept even where there is no value: zero rows are a fact too.
    """
    values = np.broadcast_to(np.asarray(value, np.float64), status.shape)
    status = finite_status(values, status)
    low, high = (masked(end, status) for end in interval)
    half = np.isnan(low) | np.isnan(high)  # an interval with one end is none
    return Performance(
        value=masked(values, status),
        ci_low=np.where(half, np.nan, low),
        ci_high=np.where(half, np.nan, high),
        error_bound=masked(error_bound, status),
        n=np.broadcast_to(np.asarray(n, np.float64), status.shape),
        trivial=masked(trivial, status),
        status=status,
        remark=np.broadcast_to(np.asarray(remark, status.dtype), status.shape),
    )


def withheld(figure: Performance, status: TextArray) -> Performance:
    """The figure where ``status`` (of its shape) is ``ok``; elsewhere none, for that reason."""
    return performance(
        figure.value,
        np.where(status == Status.OK.value, figure.status, status),
        figure.n,
        interval=(figure.ci_low, figure.ci_high),
        error_bound=figure.error_bound,
        trivial=figure.trivial,
        remark=figure.remark,
    )


def absent(status: Status, shape: tuple[int, ...]) -> Performance:
    """No figure in any cell, all for one reason."""
    return performance(np.nan, np.full(shape, status.value, dtype="<U32"), 0.0)
