"""Classification into several classes: a confusion matrix, and each class against the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.estimate import ScoreCalibration
from driftline_jobs.metrics.estimate_multiclass import estimate_multiclass
from driftline_jobs.metrics.figures import BoolArray, FloatArray, IntArray
from driftline_jobs.metrics.multiclass import MulticlassCounts, multiclass_performance
from driftline_jobs.metrics.performance import Performance
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.metrics.samples import CategorySample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.tasks.base import Figures, Ratio, overall
from driftline_jobs.tasks.class_counts import NamedRows
from driftline_jobs.tasks.class_names import Misfit, Occurring, listed, nearest, same_name
from driftline_jobs.tasks.outcomes import CHUNK
from driftline_jobs.tasks.scored import EPSILON, ScoredOutcomes, ScoredTask, loss_ratios
from driftline_jobs.tasks.scores import probabilities
from driftline_schemas.classes import class_text
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import OTHER, table_value
from driftline_schemas.task_specs import task_spec


@dataclass
class MulticlassOutcomes(ScoredOutcomes):
    """Outcomes over some rows of C classes, the last of which stands for all that the reference lacks.

    What is counted by score is (scored classes * bins,): each class against the rest, one after the other;
    classes of fewer bins leave the last ones empty. A row counts for the classes of which it has a finite
    score. ``brier`` is the squared distance over all classes.

    Attributes:
        label_counts: (C,) labelled rows by label, with a prediction or not; ``other_labels`` are those of the
            last class.
        confusion: (C * C,).
        scored_predicted: (scored classes * bins,) rows, labelled or not, that were predicted as that class.
    """

    task: ClassVar[str] = "multiclass"
    predicted_by_score: ClassVar[str] = "scored_predicted"
    stored_before: ClassVar[Mapping[str, str]] = {
        "other_labels": "label_counts",
        "scored_decided": "scored_predicted",
    }

    label_counts: list[int] = field(default_factory=list)
    scored_predicted: list[int] = field(default_factory=list)

    def unknown_labels(self, reference: Self | None) -> int | None:
        """Labelled rows of classes that the reference lacks."""
        known = {} if reference is None else reference.other_labels
        return self.label_counts[-1] - sum(n for name, n in self.other_labels.items() if name in known)

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """Format 1 did not know the labels of rows without a predicted class."""
        names = round(len(document["confusion"]) ** 0.5)
        by_label = np.array(document["confusion"], np.int64).reshape(names, names).sum(1)
        return super().upgraded(document) | {"label_counts": by_label.tolist()}


@dataclass(frozen=True)
class MulticlassTask(ScoredTask[MulticlassOutcomes]):
    """How rows of a task of several classes are read.

    Attributes:
        classes: the known classes, scored ones first, as ``class_text`` writes them.
        bins: of the score of each scored class, in their order and in whatever ``scale`` scores are.
        has_predictions: whether the log has predicted classes.
    """

    spec = task_spec("multiclass_classification")
    outcomes = MulticlassOutcomes

    classes: tuple[str, ...]
    bins: tuple[OrderedBins, ...]
    scale: ScoreScale = ScoreScale.PROBABILITY
    has_predictions: bool = True

    @classmethod
    def planned(cls, monitor: Monitor, binning: Binning) -> Self:
        """By the classes that have a score, and those that were predicted in the reference."""
        logs = monitor.logs
        scores = logs.score if isinstance(logs.score, Mapping) else {}
        bins = [binning.columns[column] for column in scores.values()]
        predicted = binning.columns.get(logs.prediction or "")
        seen = () if predicted is None else predicted.known_texts
        # in the order of the texts as they are kept: stored confusion matrices of older references have it
        others = dict.fromkeys(class_text(name) for name in sorted(seen))
        return cls(
            tuple(dict.fromkeys((*scores, *others))),
            tuple(b for b in bins if isinstance(b, OrderedBins)),
            logs.score_scale,
            has_predictions=logs.prediction is not None,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, as the tables write them, and the one for all others."""
        return (*map(table_value, self.classes), OTHER)

    @property
    def by_score(self) -> tuple[int, ...]:
        """(classes with a score, bins of that which has most of them)."""
        return len(self.bins), max((bins.bins for bins in self.bins), default=0)

    @property
    def tied(self) -> BoolArray:
        """See ``ScoredTask``."""
        found = np.zeros(self.by_score, np.bool_)
        for at, bins in enumerate(self.bins):
            found[at, list(bins.single)] = True
        return found

    def nothing(self) -> MulticlassOutcomes:
        """Outcomes of no rows."""
        classes, bins = self.by_score
        return MulticlassOutcomes(
            label_counts=[0] * len(self.names),
            confusion=[0] * len(self.names) ** 2,
            **MulticlassOutcomes.nothing_by_score(classes * bins),
        )

    def rows(self, table: pa.Table, order: IntArray | None) -> _MulticlassRows:
        """The columns of the rows, in ``order``."""
        scores = np.empty((len(self.bins), table.num_rows))
        for at in range(len(self.bins)):
            scores[at] = table.column(f"score{at}").to_numpy(zero_copy_only=False)
        if order is not None:
            scores = scores.take(order, axis=1)
        place = {name: at for at, name in enumerate(self.classes)}
        predicted = NamedRows.of(table.column("prediction"), order)
        labels = NamedRows.of(table.column("label"), order)
        return _MulticlassRows(
            scores,
            predicted.numbered(place, otherwise=len(place)),
            labels.numbered(place, otherwise=len(place)),
            labels,
            self,
        )

    def counts(self, outcomes: Sequence[MulticlassOutcomes]) -> MulticlassCounts:
        """(cells, …) what the formulas take; the last class stands for all that the reference lacks."""
        names = len(self.names)
        confusion = np.array([outcome.confusion for outcome in outcomes], np.int64)
        labels = np.array([outcome.label_counts for outcome in outcomes], np.int64)
        return MulticlassCounts(
            confusion=confusion.reshape(-1, names, names),
            scores=self.stacked_scores(outcomes) if self.bins else None,
            losses=self.losses(outcomes) if self.bins else None,
            labels=labels.reshape(-1, names),
        )

    def measure(self, outcomes: Sequence[MulticlassOutcomes]) -> Figures:
        """By labels."""
        found = multiclass_performance(self.counts(outcomes))
        return overall(found.overall) | self._by_class(found.per_class)

    def estimate_by(self, learned: ScoreCalibration, outcomes: Sequence[MulticlassOutcomes]) -> Figures:
        """Of the whole, and by class."""
        whole, per_class = estimate_multiclass(learned, self.scored_rows(outcomes))
        return overall(whole) | self._by_class(per_class)

    def _by_class(self, figures: Mapping[str, Performance]) -> Figures:
        """Figures (cells, classes) as one (cells,) per class."""
        return {
            (metric, name): Performance(
                **{of.name: getattr(figure, of.name)[..., at] for of in fields(figure)}
            )
            for metric, figure in figures.items()
            for at, name in enumerate(self.names[: figure.value.shape[-1]])
        }

    def ratios(self, outcomes: Sequence[MulticlassOutcomes]) -> Mapping[str, Ratio]:
        """Hits, and losses."""
        counts = self.counts(outcomes)
        hits = np.trace(counts.confusion, axis1=-2, axis2=-1)
        accuracy = {"accuracy": Ratio(hits, counts.confusion.sum((-2, -1)))}
        return accuracy | loss_ratios(counts.losses, counts.unscored_labels)

    def scores(self, outcomes: Sequence[MulticlassOutcomes]) -> dict[str | None, ScoreLabelCounts]:
        """Each class against the rest."""
        if not self.bins:
            return {}
        scores = self.stacked_scores(outcomes)
        return {
            name: ScoreLabelCounts(
                scores.pos[:, at], scores.neg[:, at], scores.score_sums[:, at], self.tied[at]
            )
            for at, name in enumerate(self.names[: len(self.bins)])
        }

    def score_counts(self, outcome: MulticlassOutcomes) -> Mapping[str | None, IntArray]:
        """Each scored class; bins beyond its own are empty."""
        scored = np.array(outcome.scored, np.int64).reshape(self.by_score)
        names = self.names[: len(self.bins)]
        return {name: scored[at, : self.bins[at].bins] for at, name in enumerate(names)}

    def label_sample(self, outcomes: Sequence[MulticlassOutcomes]) -> CategorySample:
        """By class; the last one stands for all that the reference lacks."""
        rows = np.array([outcome.label_counts for outcome in outcomes], np.int64)
        nothing = np.zeros(len(rows), np.int64)
        return CategorySample(rows[:, :-1], nothing, rows[:, -1], nothing)

    def labels_by_class(self, outcome: MulticlassOutcomes) -> Mapping[str, int]:
        """In the order of the classes."""
        known = {name: n for name, n in zip(self.classes, outcome.label_counts, strict=False) if n}
        return known | outcome.other_labels

    @classmethod
    def misfits(cls, monitor: Monitor, occurring: Occurring) -> Iterator[Misfit]:
        """Of the classes that scores are named by."""
        scores = monitor.logs.score if isinstance(monitor.logs.score, Mapping) else {}
        there = {
            name: occurring.labels.get(name, 0) + occurring.predictions.get(name, 0)
            for name in {**occurring.labels, **occurring.predictions}
        }
        if not (scores and there):
            return
        scored = {class_text(name) for name in scores}
        without_score = {name: count for name, count in there.items() if name not in scored}
        absent = [name for name in scores if name not in there]
        for name in absent:
            near = nearest(name, without_score)
            hint = f"Did you mean {near!r}?" if near else "Is it called otherwise there?"
            yield Misfit(
                f"logs.score: the class {name!r} is no label and no prediction {occurring.where}: they are "
                f"{listed(there)}. {hint}",
                is_fault=len(absent) == len(scores) or same_name(name, without_score) is not None,
            )
        if without_score and not absent:
            yield Misfit(
                f"logs.score: {occurring.where} there are classes without a score: {listed(without_score)}. "
                "Name their columns: where labels are of such a class, there is no log loss",
                is_fault=False,
            )


@dataclass(frozen=True)
class _MulticlassRows:
    scores: FloatArray
    predicted: IntArray
    label: IntArray
    names: NamedRows
    task: MulticlassTask

    def of(self, start: int, stop: int) -> MulticlassOutcomes:
        outcome, every = self.task.nothing(), slice(start, stop)
        label, predicted, scores = self.label[every], self.predicted[every], self.scores[:, every]
        names = len(self.task.names)
        outcome.predictions = len(label)
        labelled = label >= 0
        outcome.labelled = int(np.count_nonzero(labelled))
        outcome.label_counts = np.bincount(label[labelled], minlength=names).tolist()
        outcome.other_labels = self.names.counted(every, self.label, otherwise=names - 1)
        decided = labelled & (predicted >= 0)
        pairs = label[decided] * names + predicted[decided]
        outcome.confusion = np.bincount(pairs, minlength=names * names).tolist()
        if not len(scores):
            return outcome
        chances, within = probabilities(scores, self.task.scale)
        finite = np.isfinite(scores)
        bad: BoolArray = np.zeros(len(label), np.bool_)
        if self.task.scale is not ScoreScale.UNBOUNDED:
            bad = np.any(finite & ~within, axis=0)
        outcome.no_probabilities = int(np.count_nonzero(labelled & bad))
        outcome.scored_no_probabilities = int(np.count_nonzero(bad))
        outcome.missing_scores = int(np.count_nonzero(labelled & ~bad & ~finite.all(axis=0)))
        for first in range(0, len(label), CHUNK):
            rows = slice(first, first + CHUNK)
            _add_ranked(
                outcome, scores[:, rows], chances[:, rows], label[rows], predicted[rows], self.task.bins
            )
            _add_losses(outcome, chances[:, rows], within[:, rows], label[rows])
        return outcome


def _add_ranked(
    outcome: MulticlassOutcomes,
    scores: FloatArray,
    chances: FloatArray,
    label: IntArray,
    predicted: IntArray,
    classes: tuple[OrderedBins, ...],
) -> None:
    """Each class against the rest, by its own finite scores (classes, n)."""
    size = max(bins.bins for bins in classes)
    for at, bins in enumerate(classes):
        finite = np.isfinite(scores[at])
        own, chance, truth, guess = (array[finite] for array in (scores[at], chances[at], label, predicted))
        # none, another class, this one
        labelled, said = ((of >= 0).astype(np.int64) + (of == at) for of in (truth, guess))
        counts = outcome.counted_by_score(bins.bin_of(own), size, labelled, said, chance)
        for name, more in counts.items():
            own_part = slice(at * size, (at + 1) * size)
            total = getattr(outcome, name)
            total[own_part] = [a + b for a, b in zip(total[own_part], more.tolist(), strict=True)]


def _add_losses(outcome: MulticlassOutcomes, chances: FloatArray, within: BoolArray, label: IntArray) -> None:
    """The losses of labelled rows with a probability for every class."""
    counted = (label >= 0) & within.all(axis=0)
    scores, label = chances[:, counted], label[counted]
    known = label < len(chances)
    of_label = np.where(known, scores[np.where(known, label, 0), np.arange(len(label))], 0.0)
    total = scores.sum(axis=0)
    share = np.divide(of_label, total, out=np.zeros(len(label)), where=total > 0)
    loss = -np.log(np.clip(share, EPSILON, 1.0 - EPSILON))
    # Σ (p - y)² = Σ p² - 2 p_label + 1
    square = np.maximum((scores**2).sum(axis=0) - 2.0 * of_label + 1.0, 0.0)
    outcome.add_losses(loss, square)
