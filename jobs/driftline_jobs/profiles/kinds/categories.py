"""Columns of categories: texts, truth values, classes. Counted value by value."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.metrics.samples import CategorySample
from driftline_jobs.profiles import packing
from driftline_jobs.profiles.categories import dictionary_for
from driftline_jobs.profiles.columns.arrays import DROPPED, Codes, class_name, codes, hash_texts, written
from driftline_jobs.profiles.columns.conversion import as_in_reference
from driftline_jobs.profiles.distinct import estimate
from driftline_jobs.profiles.grouped import category_runs
from driftline_jobs.profiles.kinds.base import BinsOf, Measured, Reading, Shown, distinct
from driftline_jobs.profiles.kinds.registry import column_kind
from driftline_jobs.profiles.state import CategoryProfile, Profile
from driftline_schemas.rows import canonical_json
from driftline_schemas.table_names import OTHER, table_value

if TYPE_CHECKING:
    from driftline_jobs.metrics.nature import Nature
    from driftline_jobs.profiles.cells import Grouping
    from driftline_jobs.profiles.columns.hiding import Hiding
    from driftline_jobs.profiles.kernels.workspace import Workspace

VOCABULARY = 1000
TOP_VALUES = 10
MOST_PLACES = 100
"""Values of their own in a table of columns by score; the vocabulary is in the order of their counts."""
UNSEEN_SLACK = 0.01
"""Share of rows whose value the reference does not know."""
_HEADER = struct.Struct("<2qI")
_UNSEEN = struct.Struct("<QqI")


@dataclass(frozen=True)
class CategoryBins(BinsOf[CategoryProfile, Codes]):
    """Bins of a categorical column: one per value of ``vocabulary``, then ``other`` for the values of
    the reference that did not fit in it (known by their 64-bit hashes in ``tail``), then ``unseen``.
    ``dropped``: one text stands for all values, so that only rows and nulls are counted."""

    vocabulary: tuple[str, ...]
    tail: IntArray = field(default_factory=lambda: np.empty(0, np.int64), repr=False, compare=False)
    sensitive: bool = False
    dropped: bool = False
    CODE = 2
    STATE = CategoryProfile
    SAMPLE = CategorySample
    ARROW_TYPE = pa.string()
    dictionaries = True

    @classmethod
    def learned(cls, kind: str, name: str, ranked: Sequence[str], hiding: Hiding) -> Self:
        """The bins of a column from the values that the reference has of it, the most frequent ones first."""
        if name in hiding.dropped:
            # values that come later are then no new ones: how often they are missing tells that they came
            return cls(kind, (DROPPED,), sensitive=True, dropped=True)
        tail = np.sort(hash_texts(list(ranked[VOCABULARY:])).view(np.int64))
        return cls(kind, tuple(ranked[:VOCABULARY]), tail, sensitive=name in hiding.hashed)

    @property
    def bins(self) -> int:
        """How many there are, ``other`` and ``unseen`` included."""
        return len(self.vocabulary) + 2

    @property
    def of_classes(self) -> bool:
        """See ``BinsOf``."""
        return column_kind(self.kind).codes is not None

    # of a log

    def read(self, array: pa.Array, about: Reading) -> Codes:
        """Classes, what stands for hidden values, or values, those of another type as in the reference."""
        kind = column_kind(self.kind)
        if kind.codes is not None:
            return kind.codes(array)
        if about.name in about.hiding.columns:
            return about.hiding.codes(about.name, array)
        if kind.convert is not None:
            return codes(kind.as_counted(about.name, array))
        return as_in_reference(array, about.storage, self.vocabulary)

    def unreadable(self, array: pa.Array, about: Reading) -> Codes:
        """A value that the reference cannot have, and that says what has become of the column."""
        return replace(self.read(array, about), unlike=np.ones(len(array), np.bool_))

    def tally(self, column: Codes, grouping: Grouping, workspace: Workspace) -> Sequence[CategoryProfile]:
        """See ``BinsOf``."""
        return category_runs(column, grouping, self, workspace)

    def bin_of_rows(self, column: Codes) -> IntArray:
        """See ``BinsOf``."""
        bin_of = dictionary_for(column.texts, self).bin_of
        found = bin_of[column.codes] if len(bin_of) else np.full(len(column.codes), self.bins)
        return found if column.valid is None else np.where(column.valid, found, self.bins)

    @property
    def places(self) -> IntArray:
        """See ``BinsOf``: the most frequent values have their own, the other known ones share the next."""
        bins, own = np.arange(self.bins + 1), min(len(self.vocabulary), MOST_PLACES)
        known = np.minimum(bins, own)
        return np.where(bins < self.bins - 1, known, bins - (self.bins - 1) + own + 1)

    def written(self, array: pa.Array, about: Reading) -> pa.Array:
        """See ``BinsOf``."""
        return written(self.read(array, about))

    @property
    def known_texts(self) -> tuple[str, ...]:
        """See ``BinsOf``."""
        return () if column_kind(self.kind).convert is not None else self.vocabulary

    @property
    def counts_texts(self) -> bool:
        """See ``BinsOf``: classes are compared in another form, and so is what is converted."""
        kind = column_kind(self.kind)
        return kind.codes is None and kind.convert is None

    # of profiles

    def class_counts(self, profile: CategoryProfile) -> dict[str, int]:
        """See ``BinsOf``."""
        counts: dict[str, int] = {}
        for text, count in zip(self.vocabulary, profile.bin_counts(self).tolist(), strict=False):
            counts[class_name(text)] = counts.get(class_name(text), 0) + count
        return {text: count for text, count in counts.items() if count}

    def empty(self) -> CategoryProfile:
        """See ``BinsOf``."""
        return CategoryProfile()

    def beside(self, part: CategoryProfile, every: Profile, strange: int) -> CategoryProfile:
        """See ``BinsOf``: what is strange counts as unseen."""
        if strange:
            counts = part.bin_counts(self)
            counts[-1] += strange
            values = np.flatnonzero(counts)
            part = replace(part, values=values, value_counts=counts[values])
        return replace(part, rows=every.rows, nulls=every.nulls)

    @classmethod
    def packed(cls, profile: CategoryProfile) -> list[bytes]:
        """See ``BinsOf``."""
        unseen = [
            _UNSEEN.pack(key, count, len(text.encode())) + text.encode()
            for key, (text, count) in sorted(profile.unseen_values.items())
        ]
        return [
            _HEADER.pack(profile.rows, profile.nulls, len(unseen)),
            *unseen,
            packing.steps(profile.values),
            packing.counts(profile.value_counts, profile.rows),
            packing.registers(profile.registers),
        ]

    @classmethod
    def unpacked(cls, reader: packing.Reader) -> CategoryProfile:
        """See ``BinsOf``."""
        rows, nulls, unseen_count = reader.unpack(_HEADER)
        unseen = {}
        for _ in range(unseen_count):
            key, count, length = reader.unpack(_UNSEEN)
            unseen[key] = (reader.take(length).decode(), count)
        values = reader.steps()
        counts = reader.counts(len(values), rows)
        return CategoryProfile(rows, nulls, values, counts, unseen, reader.registers())

    # of bins

    def entry(self) -> dict[str, Any]:
        """See ``BinsOf``."""
        return {
            "kind": self.kind,
            "vocabulary": self.vocabulary,
            "tail": base64.b64encode(self.tail.astype("<i8").tobytes()).decode(),
            "sensitive": self.sensitive,
        } | ({"dropped": True} if self.dropped else {})

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Self:
        """See ``BinsOf``."""
        return cls(
            kind=entry["kind"],
            vocabulary=tuple(entry["vocabulary"]),
            tail=np.frombuffer(base64.b64decode(entry["tail"]), "<i8").astype(np.int64),
            sensitive=entry["sensitive"],
            dropped=entry.get("dropped", False),
        )

    # of figures

    def sample(self, profiles: Sequence[CategoryProfile]) -> CategorySample:
        """See ``BinsOf``."""
        categories, place = distinct(profiles)
        counts = np.stack([p.bin_counts(self) for p in categories])[place]
        return CategorySample(
            counts=counts[:, :-2],
            other=counts[:, -2],
            unseen=counts[:, -1],
            missing=np.array([p.nulls for p in categories], np.int64)[place],
        )

    def described(self, profiles: Sequence[CategoryProfile]) -> dict[str, object]:
        """See ``BinsOf``."""
        if self.dropped:  # what stands for the values is one, they are not
            return {"distinct_count": None}
        return {
            "distinct_count": [estimate(profile.registers) for profile in profiles],
            "top_values": [self.top_values(profile) for profile in profiles],
        }

    def top_values(self, profile: CategoryProfile) -> str:
        """The most frequent values with their counts, as canonical JSON; unseen ones included."""
        counts = profile.bin_counts(self)
        ranked = np.argsort(-counts[:-2], kind="stable")[:TOP_VALUES].tolist()
        found = [(self.vocabulary[at], int(counts[at])) for at in ranked if counts[at]]
        found += list(profile.unseen_values.values())
        found.sort(key=lambda pair: (-pair[1], pair[0]))
        return canonical_json([{"value": value, "count": count} for value, count in found[:TOP_VALUES]])

    def checks(
        self, current: CategoryProfile, before: CategoryProfile | None, usual_nans: float
    ) -> list[Measured]:
        """The share of values that the reference does not know."""
        del before, usual_nans
        known = current.rows - current.nulls
        if not known:
            return []
        share = float(current.bin_counts(self)[-1]) / known
        return [Measured("unseen_fraction", share, UNSEEN_SLACK, share <= UNSEEN_SLACK)]

    def nature(
        self, windows: Sequence[tuple[datetime, CategoryProfile]], whole: CategoryProfile
    ) -> Nature | None:
        """See ``BinsOf``."""
        from driftline_jobs.metrics.nature import (
            MIN_ROWS,
            MIN_WINDOWS,
            NEARLY_ALL,
            Nature,
            nature_of_categories,
        )

        rows = whole.rows - whole.nulls
        if rows >= MIN_ROWS and estimate(whole.registers) >= NEARLY_ALL * rows:
            return Nature.ID
        known = [profile for _, profile in windows if profile.rows > profile.nulls]
        if len(known) < MIN_WINDOWS:
            return None
        counts = np.stack([profile.bin_counts(self) for profile in known])
        # values that are in no window twice add up to those of the whole
        each = sum(estimate(profile.registers) for profile in known)
        differ = estimate(CategoryProfile.merged(known).registers) >= NEARLY_ALL * each
        return nature_of_categories(counts[:, :-2], counts[:, -2:].sum(-1), others_differ=differ)

    # of pages

    def shown(self) -> Shown:
        """See ``BinsOf``."""
        return Shown(labels=(*map(table_value, self.vocabulary), OTHER, "__unseen__"))

    def shown_counts(self, profile: CategoryProfile) -> IntArray:
        """See ``BinsOf``."""
        return profile.bin_counts(self)
