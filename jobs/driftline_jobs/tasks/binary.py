"""Binary classification: one class is positive, all others are negative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.binary import BinaryCounts, ConfusionCounts, LabelCounts, binary_performance
from driftline_jobs.metrics.estimate import ScoreCalibration, estimate_binary
from driftline_jobs.metrics.figures import BoolArray, FloatArray, IntArray
from driftline_jobs.metrics.ranking import ScoreLabelCounts
from driftline_jobs.metrics.samples import CategorySample
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.tasks.base import Figures, Ratio, overall
from driftline_jobs.tasks.class_counts import NamedRows
from driftline_jobs.tasks.class_names import Counts, Misfit, Occurring, listed, name_it, negative_class
from driftline_jobs.tasks.outcomes import CHUNK
from driftline_jobs.tasks.scored import EPSILON, ScoredOutcomes, ScoredTask, loss_ratios
from driftline_jobs.tasks.scores import probabilities
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.monitor import Monitor
from driftline_schemas.task_specs import task_spec


@dataclass
class BinaryOutcomes(ScoredOutcomes):
    """Outcomes of a binary classifier over some rows.

    Attributes:
        label_positives: labelled rows that are positive, with a prediction or not; ``other_labels`` are those
            that are not.
        confusion: [true negatives, false positives, false negatives, true positives].
        scored_positive: (bins,) rows, labelled or not, that were predicted positive.
    """

    task: ClassVar[str] = "binary"
    predicted_by_score: ClassVar[str] = "scored_positive"
    stored_before: ClassVar[Mapping[str, str]] = {
        "other_labels": "label_positives",
        "scored_decided": "scored_positive",
    }

    confusion: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    label_positives: int = 0
    scored_positive: list[int] = field(default_factory=list)

    def unknown_labels(self, reference: Self | None) -> int | None:
        """Labelled rows that are neither of the positive class nor of the negative one."""
        negatives, others = self.labelled - self.label_positives, self.other_labels
        if negatives and not others:
            return None
        usual = {} if reference is None else reference.other_labels
        return negatives - others.get(negative_class(usual or others) or "", 0)

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """Format 1 did not know the positive labels of rows without a predicted class."""
        decided = sum(document["confusion"])
        by_score = sum(document["positives"]) if decided < document["labelled"] else 0
        positives = max(sum(document["confusion"][2:]), by_score)
        return super().upgraded(document) | {"label_positives": positives}

    def add_scored(
        self,
        bins: OrderedBins,
        scores: FloatArray,
        chance: FloatArray,
        within: BoolArray,
        truth: IntArray,
        predicted: IntArray,
    ) -> None:
        """Add rows with a finite score; at most 2**16, so that sums stay exact."""
        counts = self.counted_by_score(bins.bin_of(scores), bins.bins, truth + 1, predicted + 1, chance)
        for name, more in counts.items():
            setattr(self, name, (np.array(getattr(self, name), np.int64) + more).tolist())
        with_loss = (truth >= 0) & within
        if not with_loss.all():
            chance, truth = chance[with_loss], truth[with_loss]
        of_truth = np.clip(np.where(truth == 1, chance, 1.0 - chance), EPSILON, 1.0 - EPSILON)
        self.add_losses(-np.log(of_truth), (chance - truth) ** 2)


@dataclass(frozen=True)
class BinaryTask(ScoredTask[BinaryOutcomes]):
    """How rows of a binary task are read.

    Attributes:
        positive, positive_prediction: the positive label, and the predicted class that means it, as
            ``class_text`` writes them; every other class is negative.
        bins: of the score, in whatever ``scale`` it is; None without one.
        has_predictions: whether the log has predicted classes.
    """

    spec = task_spec("binary_classification")
    outcomes = BinaryOutcomes

    positive: str
    positive_prediction: str
    bins: OrderedBins | None
    scale: ScoreScale = ScoreScale.PROBABILITY
    has_predictions: bool = True

    @classmethod
    def planned(cls, monitor: Monitor, binning: Binning) -> Self:
        """By the bins of the score, if the log has one."""
        logs = monitor.logs
        bins = binning.columns.get(logs.score) if isinstance(logs.score, str) else None
        return cls(
            monitor.positive_class,
            monitor.positive_prediction,
            bins if isinstance(bins, OrderedBins) else None,
            logs.score_scale,
            has_predictions=logs.prediction is not None,
        )

    @property
    def by_score(self) -> tuple[int, ...]:
        """(bins,)."""
        return (self.bins.bins if self.bins else 0,)

    @property
    def tied(self) -> BoolArray:
        """See ``ScoredTask``."""
        found = np.zeros(self.by_score, np.bool_)
        if self.bins is not None:
            found[list(self.bins.single)] = True
        return found

    def nothing(self) -> BinaryOutcomes:
        """Outcomes of no rows."""
        return BinaryOutcomes(**BinaryOutcomes.nothing_by_score(*self.by_score))

    def rows(self, table: pa.Table, order: IntArray | None) -> _BinaryRows:
        """The columns of the rows, in ``order``."""
        score = np.full(table.num_rows, np.nan)
        if "score0" in table.column_names:
            score = table.column("score0").to_numpy(zero_copy_only=False)
        if order is not None:
            score = score.take(order)
        predicted = NamedRows.of(table.column("prediction"), order)
        labels = NamedRows.of(table.column("label"), order)
        return _BinaryRows(
            score,
            predicted.numbered({self.positive_prediction: 1}, otherwise=0),
            labels.numbered({self.positive: 1}, otherwise=0),
            labels,
            self,
        )

    def measure(self, outcomes: Sequence[BinaryOutcomes]) -> Figures:
        """By labels."""
        true_neg, false_pos, false_neg, true_pos = self._confusion(outcomes)
        positives = np.array([outcome.label_positives for outcome in outcomes], np.int64)
        several = np.array([len(outcome.other_labels) > 1 for outcome in outcomes], np.bool_)
        counts = BinaryCounts(
            scores=None if self.bins is None else self.stacked_scores(outcomes),
            confusion=ConfusionCounts(true_pos, false_pos, false_neg, true_neg),
            losses=None if self.bins is None else self.losses(outcomes),
            labels=LabelCounts(
                n=np.array([outcome.labelled for outcome in outcomes], np.int64),
                positives=positives,
                positive_absent=(positives == 0) & several,
            ),
        )
        return overall(binary_performance(counts))

    @staticmethod
    def _confusion(outcomes: Sequence[BinaryOutcomes]) -> tuple[IntArray, ...]:
        """True negatives, false positives, false negatives, true positives; (cells,) each."""
        return tuple(np.array([outcome.confusion for outcome in outcomes], np.int64).reshape(-1, 4).T)

    def estimate_by(self, learned: ScoreCalibration, outcomes: Sequence[BinaryOutcomes]) -> Figures:
        """Of the whole."""
        return overall(estimate_binary(learned, self.scored_rows(outcomes)))

    def ratios(self, outcomes: Sequence[BinaryOutcomes]) -> Mapping[str, Ratio]:
        """Rates of decisions, and losses."""
        right, false, missed, hit = self._confusion(outcomes)
        rates = {
            "accuracy": Ratio(hit + right, hit + right + false + missed),
            "precision": Ratio(hit, hit + false),
            "recall": Ratio(hit, hit + missed),
            "f1": Ratio(2 * hit, 2 * hit + false + missed),
        }
        return rates if self.bins is None else rates | loss_ratios(self.losses(outcomes))

    def scores(self, outcomes: Sequence[BinaryOutcomes]) -> dict[str | None, ScoreLabelCounts]:
        """The one score."""
        return {} if self.bins is None else {None: self.stacked_scores(outcomes)}

    def score_counts(self, outcome: BinaryOutcomes) -> Mapping[str | None, IntArray]:
        """The one score."""
        return {} if self.bins is None else {None: np.array(outcome.scored, np.int64)}

    def label_sample(self, outcomes: Sequence[BinaryOutcomes]) -> CategorySample:
        """Negative ones, and positive ones."""
        rows = [[outcome.labelled - outcome.label_positives, outcome.label_positives] for outcome in outcomes]
        nothing = np.zeros(len(rows), np.int64)
        return CategorySample(np.array(rows, np.int64), nothing, nothing, nothing)

    def labels_by_class(self, outcome: BinaryOutcomes) -> Mapping[str, int]:
        """The positive one first."""
        positives = outcome.label_positives
        return ({self.positive: positives} if positives else {}) | outcome.other_labels

    @classmethod
    def misfits(cls, monitor: Monitor, occurring: Occurring) -> Iterator[Misfit]:
        """Of the positive label, and of the predicted class that means it."""
        labels, predictions, where = occurring.labels, occurring.predictions, occurring.where
        positive, said = monitor.positive_class, monitor.positive_prediction
        both = {**predictions, **labels}
        if labels and positive not in labels:
            external = bool(predictions) and said not in predictions and len(both) > 1
            if len(labels) > 1 or external:
                yield Misfit(_positive_label(monitor, labels, where), is_fault=True)
                return
            yield Misfit(
                f"positive_label: none of the labels {where} is {positive!r}, all are {listed(labels)}: "
                "figures of the positive class have nothing to rest on",
                is_fault=False,
            )
        elif labels:
            yield from _third("label", positive, labels, where)
        if not predictions:
            return
        if said in predictions:
            yield from _third("predicted class", said, predictions, where)
            return
        named = monitor.logs.positive_prediction is not None
        strange = bool(labels) and not named and not predictions.keys() <= labels.keys()
        if len(predictions) > 1 or strange:
            yield Misfit(_positive_prediction(monitor, occurring), is_fault=True)


@dataclass(frozen=True)
class _BinaryRows:
    """(n,) scores, NaN where there is none; classes: 1 positive, 0 negative, -1 none."""

    score: FloatArray
    predicted: IntArray
    label: IntArray
    names: NamedRows
    task: BinaryTask

    def of(self, start: int, stop: int) -> BinaryOutcomes:
        rows, bins, scale = slice(start, stop), self.task.bins, self.task.scale
        score, predicted, label = self.score[rows], self.predicted[rows], self.label[rows]
        labelled = label >= 0
        decided = labelled & (predicted >= 0)
        outcome = self.task.nothing()
        outcome.predictions = len(label)
        outcome.labelled = int(np.count_nonzero(labelled))
        outcome.label_positives = int(np.count_nonzero(label == 1))
        outcome.other_labels = self.names.counted(rows, self.label, otherwise=0)
        outcome.confusion = np.bincount(2 * label[decided] + predicted[decided], minlength=4).tolist()
        if bins is None:
            return outcome
        scored = np.isfinite(score)
        chance, within = probabilities(score, scale)
        outcome.missing_scores = int(np.count_nonzero(labelled & ~scored))
        if scale is not ScoreScale.UNBOUNDED:
            outcome.no_probabilities = int(np.count_nonzero(labelled & scored & ~within))
            outcome.scored_no_probabilities = int(np.count_nonzero(scored & ~within))
        columns = score, chance, within, label, predicted
        if not scored.all():
            columns = score[scored], chance[scored], within[scored], label[scored], predicted[scored]
        for first in range(0, len(columns[0]), CHUNK):
            at = slice(first, first + CHUNK)
            outcome.add_scored(bins, *(column[at] for column in columns))  # type: ignore[arg-type]
        return outcome


def _positive_label(monitor: Monitor, labels: Counts, where: str) -> str:
    positive = monitor.positive_class
    given = "positive_label" in monitor.model_fields_set
    key = f"positive_label {positive!r}" if given else f"positive_label ({positive!r} where none is given)"
    step = name_it("positive_label", positive, labels)
    return f"{key} is none of the labels {where}: they are {listed(labels)}. {step}"


def _positive_prediction(monitor: Monitor, occurring: Occurring) -> str:
    said, predictions = monitor.positive_prediction, occurring.predictions
    found = f"predicted {occurring.where}: these are {listed(predictions)}"
    if monitor.logs.positive_prediction is not None:
        step = name_it("logs.positive_prediction", said, predictions)
        return f"logs.positive_prediction {said!r} is never {found}. {step}"
    step = name_it("logs.positive_prediction", said, predictions)
    if not occurring.labels:
        step += ", or positive_label where labels are called the same"
    return f"positive_label {said!r} is never {found}. {step}"


def _third(what: str, positive: str, counts: Counts, where: str) -> Iterator[Misfit]:
    others = {name: count for name, count in counts.items() if name != positive}
    if len(others) > 1:
        yield Misfit(
            f"a {what} of a binary task is {positive!r} or the one that is not, but {where} there are "
            f"{listed(others)}, which all count as negative: leave out rows that are neither, or make the "
            "task a multiclass_classification",
            is_fault=False,
        )
