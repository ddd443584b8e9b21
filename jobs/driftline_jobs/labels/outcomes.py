"""What is kept of predictions whose labels are known: integers again, merged by addition."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np

from driftline_jobs.profile.binning import OrderedBins
from driftline_jobs.profile.buckets import KEY_SHIFT, FloatArray, IntArray
from driftline_schemas.errors import DataError

FORMAT = 1
LOSS_BITS = 40
"""Losses are summed as integers of 2**-40, squares of losses of 2**-30."""
SQUARE_BITS = 30
SCORE_BITS = 34
_CHUNK = 1 << 16
_EPSILON = float(np.finfo(np.float64).eps)
Counts = int | list[int]


@dataclass
class BinaryOutcomes:
    """Outcomes of a binary classifier over some rows.

    Attributes:
        predictions: unique prediction ids; labelled: those with a label.
        confusion: labelled rows as [true negatives, false positives, false negatives, true positives];
            rows without a predicted class are in none of them.
        positives, negatives: (bins,) labelled rows per score bin and label; rows without a score in
            [0, 1] are in none of them, but in ``unscored``.
        score_sums: (bins,) scores of the labelled rows of a bin, in integers of 2**-34.
        log_loss, log_loss_squares, brier, brier_squares: exact sums over the scored labelled rows.
    """

    predictions: int = 0
    labelled: int = 0
    unscored: int = 0
    confusion: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    positives: list[int] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    score_sums: list[int] = field(default_factory=list)
    log_loss: int = 0
    log_loss_squares: int = 0
    brier: int = 0
    brier_squares: int = 0

    @classmethod
    def nothing(cls, bins: OrderedBins | None) -> Self:
        """Outcomes of no rows."""
        count = bins.bins if bins else 0
        return cls(positives=[0] * count, negatives=[0] * count, score_sums=[0] * count)

    @classmethod
    def of_rows(
        cls, score: FloatArray, predicted: IntArray, label: IntArray, bins: OrderedBins | None
    ) -> Self:
        """Outcomes of one cell.

        Args:
            score: (n,) P(positive), NaN where there is none.
            predicted, label: (n,) 1 positive, 0 negative, -1 none.
            bins: of the score; None when the model gives no score.
        """
        outcome = cls.nothing(bins)
        outcome.predictions = len(label)
        labelled = label >= 0
        outcome.labelled = int(np.count_nonzero(labelled))
        decided = labelled & (predicted >= 0)
        outcome.confusion = np.bincount(2 * label[decided] + predicted[decided], minlength=4).tolist()
        if bins is None:
            return outcome
        scored = labelled & (score >= 0.0) & (score <= 1.0)
        outcome.unscored = outcome.labelled - int(np.count_nonzero(scored))
        scores, truth = score[scored], label[scored]
        for start in range(0, len(scores), _CHUNK):
            outcome.add_scored(scores[start : start + _CHUNK], truth[start : start + _CHUNK], bins)
        return outcome

    def add_scored(self, scores: FloatArray, truth: IntArray, bins: OrderedBins) -> None:
        """Add rows with a score in [0, 1] and a label; at most 2**16, so that sums stay exact."""
        place = bin_of_values(scores, bins)
        count = bins.bins
        per_label = np.bincount(place + count * truth, minlength=2 * count)
        self.negatives = (np.array(self.negatives) + per_label[:count]).tolist()
        self.positives = (np.array(self.positives) + per_label[count:]).tolist()
        quanta = np.bincount(place, weights=np.rint(np.ldexp(scores, SCORE_BITS)), minlength=count)
        self.score_sums = [a + int(b) for a, b in zip(self.score_sums, quanta.tolist(), strict=True)]

        # scikit-learn's log_loss clips at the machine's epsilon too: equal scores then give equal figures
        chance = np.clip(np.where(truth == 1, scores, 1.0 - scores), _EPSILON, 1.0 - _EPSILON)
        loss = -np.log(chance)
        square = (scores - truth) ** 2
        self.log_loss += _exact_sum(loss, LOSS_BITS)
        self.log_loss_squares += _exact_sum(loss * loss, SQUARE_BITS)
        self.brier += _exact_sum(square, LOSS_BITS)
        self.brier_squares += _exact_sum(square * square, LOSS_BITS)

    @classmethod
    def merged(cls, several: Iterable[Self]) -> Self:
        """The outcomes of all the rows together; at least one."""
        first, *others = several
        if not others:
            return first
        total = first.counts()
        for other in others:
            for name, value in other.counts().items():
                total[name] = _plus(total[name], value)
        return cls(**total)  # type: ignore[arg-type]

    def counts(self) -> dict[str, Counts]:
        """All that it holds, by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def without(self, part: Self) -> Self:
        """These outcomes less those of ``part``, which must be among them."""
        mine, less = self.counts(), part.counts()
        return type(self)(**{name: _minus(mine[name], less[name]) for name in mine})  # type: ignore[arg-type]

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return json.dumps(
            {"format": FORMAT, "task": "binary", **self.counts()}, separators=(",", ":")
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises DataError when the bytes are of a newer format."""
        document = json.loads(data)
        if document.pop("format") != FORMAT:
            raise DataError("stored outcomes are of another format: run the window again")
        document.pop("task")
        return cls(**{item.name: document[item.name] for item in fields(cls)})


def _plus(a: Counts, b: Counts) -> Counts:
    if isinstance(a, list) and isinstance(b, list):
        return [x + y for x, y in zip(a, b, strict=True)]
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    raise TypeError(f"outcomes of two kinds: {a!r} and {b!r}")


def _minus(a: Counts, b: Counts) -> Counts:
    return _plus(a, [-x for x in b] if isinstance(b, list) else -b)


def _exact_sum(values: FloatArray, bits: int) -> int:
    # A chunk of 2**16 losses below 2**6 in units of 2**-40 stays below 2**62.
    return int(np.rint(np.ldexp(values, bits)).astype(np.int64).sum())


def bin_of_values(values: FloatArray, bins: OrderedBins) -> IntArray:
    """Bin of each finite value, by look-up in the cut buckets."""
    cuts = bins.cuts
    distance = np.ascontiguousarray(values - bins.pivot if bins.pivot else values)
    bucket = cuts.table.take(np.right_shift(distance.view(np.uint64), KEY_SHIFT).view(np.int64))
    for _ in range(cuts.passes):
        bucket = bucket + (values >= cuts.next_edge.take(bucket))
    return cuts.bin_of.take(bucket)
