"""The sums that a regression is measured by, in one compiled loop over the rows.

A double is its mantissa, a whole number of 53 bits, times a power of two. So what is summed of a row is
added, as a whole number in two halves, to the counters of its bin and its power of two: nothing overflows,
and nothing is rounded but the squares and ratios themselves, to 53 bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import types

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.kernels.compiling import compiled, inner, readable
from driftline_jobs.tasks.exact_sums import ERROR_SUMS, ExactSums

MOST_ROWS = 1 << 34
"""So many halves, of 27 bits, add up in 63."""
_MANTISSA_BITS, _HALF_BITS = 53, 27
_WHOLE, _HALF_MASK = 2.0**53, np.int64((1 << 27) - 1)
_FLOATS, _INTS = readable(types.float64), readable(types.int64)
_COUNTERS = types.Array(types.int64, 3, "C")
# Of errors: negative ones, positive ones, squares, fourth powers; each as the sums of both halves.
_ERRORS, _RATIOS, _LABELS = 8, 4, 8


@inner
def _add(counters: IntArray, at: int, value: np.int64) -> None:
    """Add a value of at most 54 bits to the sums of the upper and the lower halves."""
    counters[at] += value >> _HALF_BITS
    counters[at + 1] += value & _HALF_MASK


@compiled(
    types.void(_FLOATS, _INTS, _FLOATS, _INTS, _INTS, *[types.int64] * 3, _COUNTERS, _COUNTERS, _COUNTERS)
)
def _sum_up(  # noqa: PLR0913, PLR0917 - a kernel names every array
    error: FloatArray,
    octave: IntArray,
    label: FloatArray,
    label_octave: IntArray,
    place: IntArray,
    least: int,
    least_ratio: int,
    least_label: int,
    errors: IntArray,
    ratios: IntArray,
    labels: IntArray,
) -> None:
    """Add each row to the counters of its bin and octave.

    Args:
        error, octave, label, label_octave: (n,) mantissas, of at least a half or zero, and exponents.
        place: (n,) bins.
        least, least_ratio, least_label: least exponent of errors, of their ratios to the labels, of labels.
        errors, ratios, labels: (bins, exponents, 8 or 4) added to.
    """
    for row in range(len(error)):
        e, y, at = abs(error[row]), abs(label[row]), place[row]
        if e > 0.0:
            cell = errors[at, octave[row] - least]
            _add(cell, 2 if error[row] > 0.0 else 0, np.int64(e * _WHOLE))
            square = e * e
            _add(cell, 4, np.int64(np.rint(square * _WHOLE)))
            _add(cell, 6, np.int64(np.rint(square * square * _WHOLE)))
            if y > 0.0:
                cell = ratios[at, octave[row] - label_octave[row] - least_ratio]
                ratio = e / y * 0.5  # below one
                _add(cell, 0, np.int64(np.rint(ratio * _WHOLE)))
                _add(cell, 2, np.int64(np.rint(ratio * ratio * _WHOLE)))
        if y > 0.0:
            cell = labels[at, label_octave[row] - least_label]
            mantissa = np.int64(y * _WHOLE)
            _add(cell, 0, mantissa if label[row] > 0.0 else -mantissa)
            # the square in three parts, which are not rounded
            upper, lower = mantissa >> _HALF_BITS, mantissa & _HALF_MASK
            _add(cell, 2, upper * upper)
            _add(cell, 4, upper * lower)
            _add(cell, 6, lower * lower)


def error_sums(
    error: tuple[FloatArray, IntArray], label: tuple[FloatArray, IntArray], place: IntArray, bins: int
) -> dict[str, ExactSums]:
    """(bins,) each of ``ERROR_SUMS``: see ``RegressionOutcomes``.

    Args:
        error, label: (n,) mantissas and exponents; at most ``MOST_ROWS``.
        place: (n,) bin of each.
    """
    ratio_octave = error[1] - label[1]
    spans = [
        _span(of, there)
        for of, there in (
            (error[1], error[0] != 0.0),
            (ratio_octave, (error[0] != 0.0) & (label[0] != 0.0)),
            (label[1], label[0] != 0.0),
        )
    ]
    counters = [
        np.zeros((bins, size, kinds), np.int64)
        for (_, size), kinds in zip(spans, (_ERRORS, _RATIOS, _LABELS), strict=True)
    ]
    least, least_ratio, least_label = (first for first, _ in spans)
    _sum_up(*error, *label, place, least, least_ratio, least_label, *counters)
    errors, ratios, labels = counters
    totals = {name: [0] * bins for name in ERROR_SUMS}
    for at, octave, (low, high, square, fourth) in _occupied(errors):
        totals["error"][at] += (high - low) << octave
        totals["absolute"][at] += (high + low) << octave
        totals["squares"][at] += square << 2 * octave
        totals["fourths"][at] += fourth << 4 * octave
    for at, octave, (ratio, square) in _occupied(ratios):
        totals["relative"][at] += ratio << octave
        totals["relative_squares"][at] += square << 2 * octave
    for at, octave, (total, upper, mixed, lower) in _occupied(labels):
        totals["labels"][at] += total << octave
        square = (upper << 2 * _HALF_BITS) + (mixed << _HALF_BITS + 1) + lower
        totals["label_squares"][at] += square << 2 * octave
    # half a ratio was summed, and of labels the square of the whole mantissa
    exponents = {
        "error": least,
        "absolute": least,
        "squares": 2 * least,
        "fourths": 4 * least,
        "relative": least_ratio + 1,
        "relative_squares": 2 * (least_ratio + 1),
        "labels": least_label,
        "label_squares": 2 * least_label - _MANTISSA_BITS,
    }
    return {name: ExactSums.of(exponents[name] - _MANTISSA_BITS, totals[name]) for name in ERROR_SUMS}


def _span(octave: IntArray, there: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[int, int]:
    """The least exponent of those that are there, and how many there are up to the greatest."""
    if not there.any():
        return 0, 0
    occurring = octave[there]
    least = int(occurring.min())
    return least, int(occurring.max()) - least + 1


def _occupied(counters: IntArray) -> Iterator[tuple[int, int, list[int]]]:
    """The bin, the octave above the least, and the sums, of those counters that were added to."""
    where = np.argwhere(counters.any(-1))
    for (at, octave), halves in zip(where.tolist(), counters[tuple(where.T)].tolist(), strict=True):
        yield (
            at,
            octave,
            [(high << _HALF_BITS) + low for high, low in zip(halves[::2], halves[1::2], strict=True)],
        )
