"""The checks of a window held against what the reference's windows came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from driftline_jobs.detection.check_limits import (
    CheckCalibration,
    Form,
    learn_counts,
    learn_extremes,
    learn_hours,
    learn_shares,
    learn_waits,
)
from driftline_jobs.evaluate.check import Check
from driftline_jobs.metrics.figures import FloatArray
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_schemas.metrics import TIME_OF_DAY
from driftline_schemas.table_names import ALL

CHECK_SHARE = 0.1
"""Of the false-alarm rate what all checks that are learned may use."""
_ROWS, _TIMES, _FRESHNESS, _COLUMNS = 0.2, 0.1, 0.1, 0.6
"""Parts of that."""
NEVER_MISSING = 0.01
"""Share of missing values that is a failure in a column that never had any."""
NEVER_UNSEEN = 0.002
"""The same of values that the reference does not know, where none of its windows had one of its own."""
PER_VALUE, MOST_UNSEEN = 7e-5, 0.007
"""What each value that the reference has adds to that, up to this: New York's flights have 95 destinations in
March and six new ones later, .2 to 1 % of a day's rows. A sentinel in 1 % of rows is more."""
_LEAST_OF_NONE = {
    "null_fraction": NEVER_MISSING,
    "nan_fraction": NEVER_MISSING,
    "empty_fraction": NEVER_MISSING,
    "unseen_fraction": NEVER_UNSEEN,
}
Learned = Mapping[tuple[str, str], CheckCalibration]


@dataclass(frozen=True)
class CheckLimits:
    """Limits of the checks, by column and check; ``rate`` is the monitor's false-alarm rate."""

    rate: float = 0.01
    learned: Learned = field(default_factory=dict)

    def rows(self, labels: Sequence[str]) -> tuple[float, float] | None:
        """Between how many rows a window of these ``cycle_labels`` has; None if nothing was learned."""
        found = self.learned.get((ALL, "rows"))
        return None if found is None else found.counts(labels, _ROWS * CHECK_SHARE * self.rate)

    def hours(self, labels: Sequence[str], hour: float, rows: int) -> tuple[float, float] | None:
        """How many hours after the usual one the mean ``hour`` of a window's ``rows`` is, and by how many
        it may differ; None if nothing was learned."""
        found = self.learned.get((ALL, TIME_OF_DAY))
        return None if found is None else found.hours(hour, labels, _TIMES * CHECK_SHARE * self.rate, rows)

    def freshness(self) -> float | None:
        """How many seconds before its end a window may have its last row; None if nothing was learned."""
        found = self.learned.get((ALL, "freshness"))
        return None if found is None else found.wait(_FRESHNESS * CHECK_SHARE * self.rate)

    def applied(self, column: str, check: Check, rows: int) -> Check:
        """A check of a column by the limit that was learned for it, where one was."""
        found = self.learned.get((column, check.name))
        if found is None or check.value is None or check.passed is None:
            return check
        level = _COLUMNS * CHECK_SHARE * self.rate / max(self._of_columns, 1)
        if found.form is Form.EXTREME:
            limit = found.extreme(level)
            limit = max(limit, found.most) if found.side > 0 else min(limit, found.most)
            expected = [None, limit] if found.side > 0 else [limit, None]
            return replace(check, expected=expected, passed=found.side * check.value <= found.side * limit)
        fixed = float(check.expected) if isinstance(check.expected, int | float) else 0.0
        least = fixed if found.most > 0.0 else self._least_of_none(check.name, found)
        limit = found.share(level, rows, least)
        return replace(check, expected=limit, passed=check.value <= limit)

    @staticmethod
    def _least_of_none(check: str, found: CheckCalibration) -> float:
        """Of what no window of the reference had: among many values a further one is nothing special."""
        least = _LEAST_OF_NONE[check]
        return least if check != "unseen_fraction" else min(max(least, PER_VALUE * found.values), MOST_UNSEEN)

    @property
    def _of_columns(self) -> int:
        return sum(column != ALL for column, _ in self.learned)


def learn_log(
    rows: Sequence[int],
    waits: Sequence[float],
    labels: Sequence[Sequence[str]],
    empty: Sequence[Sequence[str]] = (),
) -> dict[tuple[str, str], CheckCalibration]:
    """What the windows of a reference in the same log tell of how many rows come, and until when; ``empty``
    are the labels of those between them that have none."""
    found = {
        (ALL, "rows"): learn_counts(rows, labels, empty),
        (ALL, "freshness"): learn_waits(np.array(waits, np.float64)) if any(waits) else None,
    }
    return {key: one for key, one in found.items() if one is not None}


def learn_times(
    hours: Sequence[float | None], rows: Sequence[int], labels: Sequence[Sequence[str]]
) -> dict[tuple[str, str], CheckCalibration]:
    """What the windows of a reference tell of when in the day rows come, by the mean hour of each."""
    known = [(hour, n, label) for hour, n, label in zip(hours, rows, labels, strict=True) if hour is not None]
    found = learn_hours(
        [hour for hour, _, _ in known], [n for _, n, _ in known], [label for _, _, label in known]
    )
    return {} if found is None else {(ALL, TIME_OF_DAY): found}


def learn_column(
    column: str, pieces: OrderedSample | CategorySample, checks: Iterable[Sequence[Check]]
) -> dict[tuple[str, str], CheckCalibration]:
    """What the windows of the reference tell of a column.

    Args:
        pieces: (K, ...) sample of the windows.
        checks: of each of them.
    """
    values: dict[str, list[float]] = {}
    for of_window in checks:
        for check in of_window:
            if check.value is not None:
                values.setdefault(check.name, []).append(check.value)
    rows = np.asarray(pieces.every_row().sum(-1), np.float64)
    found: dict[str, CheckCalibration | None] = {}
    for name, several in values.items():
        array = np.array(several, np.float64)
        if name in {"null_fraction", "nan_fraction", "empty_fraction"} and len(array) == len(rows):
            found[name] = learn_shares(array * rows, rows)
        elif name in {"minimum", "maximum"} and isinstance(pieces, OrderedSample):
            origin = _middle(pieces)
            side = 1.0 if name == "maximum" else -1.0
            found[name] = None if origin is None else learn_extremes(array, origin, side)
    if isinstance(pieces, CategorySample):
        having = float((pieces.counts.sum(0) > 0).sum())
        found["unseen_fraction"] = learn_shares(*_of_their_own(pieces), having)
    return {(column, name): one for name, one in found.items() if one is not None}


def _middle(pieces: OrderedSample) -> float | None:
    """The edge nearest to the median; None without edges."""
    counts = pieces.counts.sum(0)
    if not len(pieces.edges) or not counts.sum():
        return None
    below = np.cumsum(counts)[:-1] / counts.sum()
    return float(pieces.edges[int(np.abs(below - 0.5).argmin())])


def _of_their_own(pieces: CategorySample) -> tuple[FloatArray, FloatArray]:
    """(K,) rows of each window whose values no other window has, and its rows that have a value.

    Values beyond the vocabulary's cap are the rarest: as many of them as not may be the window's own.
    """
    only = np.where(pieces.counts.sum(0) == pieces.counts, pieces.counts, 0).sum(-1)
    only = only + pieces.unseen + pieces.other
    known = pieces.counts.sum(-1) + pieces.other + pieces.unseen
    return np.asarray(only, np.float64), np.asarray(known, np.float64)
