"""What a task has to say: how joined rows become outcomes, and outcomes figures. All else asks for it here.

A task is one class in one file. Its specification (``driftline_schemas.task_specs``) says which metrics it
has; of the methods it has to have four, the rest is for tasks that know more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import BoolArray, Counts, FloatArray, IntArray
from driftline_jobs.metrics.performance import FigureKey, Performance
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.metrics.samples import CategorySample, OrderedSample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.tasks.class_names import Misfit, Occurring
from driftline_jobs.tasks.outcomes import OutcomeRows, Outcomes
from driftline_schemas.monitor import Monitor
from driftline_schemas.task_specs import TaskSpec

Held = TypeVar("Held", bound=Outcomes)
Figures = dict[FigureKey, Performance]


@dataclass(frozen=True)
class Ratio:
    """A figure that is a ratio of sums, as a mean of its parts' rates, (cells,) each. ``known`` says in which
    cells there is such a figure; None for all."""

    numerator: Counts
    denominator: Counts
    known: BoolArray | None = None


class Task(ABC, Generic[Held]):
    """One task of a monitor: what is fixed with its reference (classes, bins), and all that is done by it.

    Pickles. The outcomes that methods take are of ``outcomes``; figures are (cells,) of them.
    """

    spec: ClassVar[TaskSpec]
    outcomes: ClassVar[type[Outcomes]]

    @classmethod
    @abstractmethod
    def planned(cls, monitor: Monitor, binning: Binning) -> Self:
        """The task of a monitor, by what is fixed with its reference."""

    @abstractmethod
    def nothing(self) -> Held:
        """Outcomes of no rows, in the shape that the others have."""

    @abstractmethod
    def rows(self, table: pa.Table, order: IntArray | None) -> OutcomeRows:
        """The columns of joined rows (``prediction``, ``label``, ``score0`` …), in ``order``."""

    @abstractmethod
    def measure(self, outcomes: Sequence[Held]) -> Figures:
        """Every metric of ``spec``, by labels; per class where a metric is one of a class."""

    def estimate(self, outcomes: Sequence[Held], reference: Held | None) -> Figures | None:
        """The figures that can be had without labels, by what those of the reference teach; None where they
        teach nothing."""
        del outcomes, reference
        return {}

    def expected(self, outcomes: Sequence[Held], reference: Held | None) -> Figures | None:
        """The same for who does not ask how sure they are: their intervals need not mean anything."""
        return self.estimate(outcomes, reference)

    def ratios(self, outcomes: Sequence[Held]) -> Mapping[str, Ratio]:
        """By metric, the figures whose change can be shared out among segments."""
        del outcomes
        return {}

    def scores(self, outcomes: Sequence[Held]) -> dict[str | None, ScoreLabelCounts]:
        """Labelled rows (cells, bins) by score, by the class that the score is of; None for the only one."""
        del outcomes
        return {}

    def score_counts(self, outcome: Held) -> Mapping[str | None, IntArray]:
        """(bins,) rows, labelled or not, by the bin of the score or of the predicted value, by the class that
        the score is of, None for the only one. Nothing where there is none."""
        del outcome
        return {}

    def condensed(self, outcome: Held) -> Held:
        """The same with no more than ``measure`` and ``score_counts`` need."""
        return outcome

    def has_probabilities(self, outcome: Held) -> bool:
        """Whether scores are probabilities, so that they can be held against shares."""
        del outcome
        return False

    def label_sample(self, outcomes: Sequence[Held]) -> CategorySample | OrderedSample | None:
        """All labelled rows by class (cells, classes), or by the bin of the label (cells, bins); None where
        their distribution is not kept."""
        del outcomes
        return None

    def labels_by_class(self, outcome: Held) -> Mapping[str, int]:
        """Labelled rows by class, as ``class_text`` writes them."""
        del outcome
        return {}

    @classmethod
    def misfits(cls, monitor: Monitor, occurring: Occurring) -> Iterable[Misfit]:
        """Every class of the file that does not occur, and every one that occurs and has no place."""
        del monitor, occurring
        return ()


AnyTask = Task[Any]


def overall(figures: Mapping[str, Performance]) -> Figures:
    """Figures of the model as a whole."""
    return {(metric, None): figure for metric, figure in figures.items()}


@dataclass(frozen=True)
class NumberRows(Generic[Held]):
    """Joined rows of numbers: (n,) predictions and labels, NaN where there is none. ``counted`` makes
    outcomes of some of them."""

    predicted: FloatArray
    label: FloatArray
    counted: Callable[[FloatArray, FloatArray], Held]

    @classmethod
    def read(
        cls, table: pa.Table, order: IntArray | None, counted: Callable[[FloatArray, FloatArray], Held]
    ) -> Self:
        """The rows of a table, in ``order``."""
        predicted, label = (
            np.asarray(table.column(name).to_numpy(zero_copy_only=False), np.float64)
            for name in ("prediction", "label")
        )
        if order is not None:
            predicted, label = predicted.take(order), label.take(order)
        return cls(predicted, label, counted)

    def of(self, start: int, stop: int) -> Held:
        """The outcomes of the rows from ``start`` to ``stop``."""
        return self.counted(self.predicted[start:stop], self.label[start:stop])
