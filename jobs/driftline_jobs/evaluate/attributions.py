"""What each segment value has to do with a change, in many windows at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from driftline_jobs.metrics.attribution import (
    Attribution,
    attribute_auc,
    attribute_drift,
    attribute_ratio,
)
from driftline_jobs.metrics.figures import Counts
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
from driftline_jobs.tasks.base import AnyTask
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.table_names import OTHER, table_column
from driftline_schemas.task_specs import Scores
from driftline_schemas.window import Window

Counted = TypeVar("Counted", Outcomes, Profile)
MODEL = "*"


@dataclass(frozen=True)
class Change(Generic[Counted]):
    """One window beside its reference: the whole of each, and its parts by segment value.

    Values without support are in no part: what is left of the whole stands for all of them.
    """

    window: Window
    run_id: str
    now: Counted
    parts: Mapping[str, Counted]
    then: Counted
    parts_then: Mapping[str, Counted]


@dataclass(frozen=True)
class Attributed:
    """The parts (windows, values and what they leave) that a segment's values have in the change of a figure.

    ``column`` is the column that has drifted, or ``MODEL``.
    """

    segment: str
    metric: str
    column: str
    places: Sequence[tuple[Window, str]]
    values: Sequence[str]
    parts: Attribution


def figure_attributions(
    segment: str, changes: Sequence[Change[Outcomes]], task: AnyTask
) -> Iterator[Attributed]:
    """How much of each figure's change from the reference every value of a segment accounts for."""
    values = _values(changes)
    now = _laid_out(changes, values, task.nothing(), then=False)
    then = _laid_out(changes, values, task.nothing(), then=True)
    shape = (len(changes), len(values) + 1)
    rows = _with_rest(np.array([outcome.labelled for outcome in now], np.int64).reshape(shape))
    ratios, ratios_then = task.ratios(now), task.ratios(then)
    for metric, ratio in ratios.items():
        above, below, above_then, below_then = (
            _with_rest(array.reshape(shape))
            for of in (ratio, ratios_then[metric])
            for array in (of.numerator, of.denominator)
        )
        for of in (ratio, ratios_then[metric]):
            if of.known is not None:  # the whole has no such figure, so no part of it has
                absent = ~of.known.reshape(shape)[:, -1]
                below[absent], below_then[absent] = 0, 0
        parts = attribute_ratio(above, below, above_then, below_then, rows)
        yield Attributed(segment, metric, MODEL, _places(changes), values, parts)
    if task.spec.scores is Scores.ONE and (scores := task.scores(now)):
        current, before = (_by_segment(of[None], shape) for of in (scores, task.scores(then)))
        parts = attribute_auc(current, before, np.ones(shape, np.bool_))
        yield Attributed(segment, "roc_auc", MODEL, _places(changes), values, parts)


def drift_attributions(
    segment: str, column: str, changes: Sequence[Change[Profile]], bins: Bins
) -> Attributed:
    """How much of a column's drift every value of a segment carries, in the unit of its PSI."""
    values = _values(changes)
    shape = (len(changes), len(values) + 1)

    def counts(*, then: bool) -> Counts:
        sample = bins.sample(_laid_out(changes, values, bins.empty(), then=then))
        return _with_rest(sample.every_row().reshape(*shape, -1))

    parts = attribute_drift(counts(then=False), counts(then=True))
    return Attributed(segment, "psi", table_column(column), _places(changes), values, parts)


def _places(changes: Sequence[Change[Counted]]) -> list[tuple[Window, str]]:
    return [(change.window, change.run_id) for change in changes]


def _values(changes: Sequence[Change[Counted]]) -> list[str]:
    return sorted({value for change in changes for value in change.parts if value != OTHER})


def _laid_out(
    changes: Sequence[Change[Counted]], values: Sequence[str], nothing: Counted, *, then: bool
) -> list[Counted]:
    """The parts of each window in the order of ``values``, and its whole behind them."""
    laid_out: list[Counted] = []
    for change in changes:
        parts = change.parts_then if then else change.parts
        # a value that one side lacks support for is left in the rest of both
        laid_out += [parts[value] if value in change.parts else nothing for value in values]
        laid_out.append(change.then if then else change.now)
    return laid_out


def _with_rest(array: Counts) -> Counts:
    """(W, values + 1, …) with the whole at the end replaced by what the values leave of it."""
    rest = array[:, -1] - array[:, :-1].sum(1)
    return np.concatenate([array[:, :-1], rest[:, None]], axis=1)


def _by_segment(scores: ScoreLabelCounts, shape: tuple[int, int]) -> ScoreLabelCounts:
    pos, neg, sums = (
        _with_rest(array.reshape(*shape, -1)) for array in (scores.pos, scores.neg, scores.score_sums)
    )
    return ScoreLabelCounts(pos, neg, np.asarray(sums, np.float64))
