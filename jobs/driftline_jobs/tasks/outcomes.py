"""What profiles hold of predictions whose labels are known: integers again, merged by addition.

Each task has a module of its own (``binary``, ``multiclass``, ``regression``) with what it counts; here is
what all of them do with counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.tasks.class_counts import lowest, without_names
from driftline_jobs.tasks.exact_sums import ExactSums
from driftline_schemas.errors import DataError

CHUNK = 1 << 16
"""Rows that are summed at a time: their integer sums then stay below 2**63."""
Counts = int | list[int] | dict[str, int] | ExactSums


@dataclass
class Outcomes:
    """Counts over some rows: every field is an integer, a list of them, the counts of some names, or exact
    sums, which ``exact`` names. ``task`` and ``format`` stand in the bytes that are stored.
    ``without_labels`` are the fields that figures by labels do without.

    Attributes:
        predictions: unique prediction ids; labelled: those with a label.
    """

    task: ClassVar[str]
    format: ClassVar[int] = 1
    exact: ClassVar[frozenset[str]] = frozenset()
    without_labels: ClassVar[frozenset[str]] = frozenset()

    predictions: int = 0
    labelled: int = 0

    @property
    def without_prediction(self) -> int:
        """Labelled rows that figures leave out since nothing was predicted."""
        return 0

    @property
    def missing_scores(self) -> int:
        """Labelled rows without a finite score."""
        return 0

    @property
    def scored_no_probabilities(self) -> int:
        """Rows, labelled or not, whose score is finite and not the probability it should be."""
        return 0

    @property
    def labels_binned(self) -> bool:
        """Whether the distribution of the labels is known."""
        return True

    def unknown_labels(self, reference: Self | None) -> int | None:
        """Labelled rows of classes that there should not be; None where labels are no classes, or older
        outcomes do not tell. ``reference`` is the same cell's, None without one."""
        del reference
        return None

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
        own, less = self.counts(), part.counts()
        return type(self)(**{name: _minus(own[name], less[name]) for name in own})  # type: ignore[arg-type]

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        document = {"format": self.format, "task": self.task, **self.counts()}
        return json.dumps(document, separators=(",", ":"), default=ExactSums.to_json).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises DataError when the bytes are of a newer format or another task."""
        document = json.loads(data)
        if not 1 <= document["format"] <= cls.format or document["task"] != cls.task:
            raise DataError(
                f"stored outcomes of format {document['format']} and task {document['task']} were found, "
                f"formats up to {cls.format} and task {cls.task} expected: run the window again"
            )
        if document["format"] < cls.format:
            document |= cls.upgraded(document)
        for name in cls.exact:
            document[name] = ExactSums.from_json(document[name])
        return cls(**{item.name: document[item.name] for item in fields(cls)})

    @classmethod
    def upgraded(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """What an older format calls otherwise, or does not have."""
        raise NotImplementedError(f"{cls.__name__} has one format")


def _plus(a: Counts, b: Counts) -> Counts:
    if isinstance(a, list) and isinstance(b, list):
        return [x + y for x, y in zip(a, b, strict=True)]
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if isinstance(a, ExactSums) and isinstance(b, ExactSums):
        return a + b
    if isinstance(a, dict) and isinstance(b, dict):
        return lowest({name: a.get(name, 0) + b.get(name, 0) for name in a | b})
    raise TypeError(f"outcomes of two kinds: {a!r} and {b!r}")


def _minus(a: Counts, b: Counts) -> Counts:
    if isinstance(a, dict) and isinstance(b, dict):
        return without_names(a, b)
    return _plus(a, [-x for x in b] if isinstance(b, list) else -b)  # type: ignore[operator]


def exact_sum(values: FloatArray, bits: int) -> int:
    """The sum in units of 2**-bits, each value rounded; at most ``CHUNK`` values below 2**(46 - bits)."""
    return int(np.rint(np.ldexp(values, bits)).astype(np.int64).sum())


OutcomesByCell = dict[CellKey, Outcomes]


class OutcomeRows(Protocol):
    """Joined rows, read for one plan."""

    def of(self, start: int, stop: int) -> Outcomes:
        """The outcomes of the rows from ``start`` to ``stop``."""


class OutcomePlan(Protocol):
    """How joined rows become outcomes. Pickles."""

    def nothing(self) -> Outcomes:
        """Outcomes of no rows, in the shape that the others have."""

    def rows(self, table: pa.Table, order: IntArray | None) -> OutcomeRows:
        """The columns of the rows, in ``order``."""
