"""Columns of texts: counted by their lengths, with how many are blank, and how many words are new."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from driftline_jobs.metrics.samples import OrderedSample, TextSample
from driftline_jobs.profiles.columns.arrays import Numbers
from driftline_jobs.profiles.columns.words import Texts, read_texts
from driftline_jobs.profiles.distinct import UIntArray
from driftline_jobs.profiles.kinds.base import Measured, Reading, distinct
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.state import OrderedProfile, TextProfile

if TYPE_CHECKING:
    from driftline_jobs.metrics.nature import Nature
    from driftline_jobs.profiles import packing
    from driftline_jobs.profiles.cells import Grouping
    from driftline_jobs.profiles.kernels.workspace import Workspace

EMPTY_SLACK = 0.05
"""How far the share of blank texts may exceed that of the reference, where no more is known of it."""
_COUNTS = struct.Struct("<4q")
_OF_LENGTHS = tuple(each.name for each in fields(OrderedProfile))


@dataclass(frozen=True)
class TextBins(OrderedBins):
    """Bins of the lengths of texts, and the words that the reference has.

    ``words`` are their hashes, ascending; ``alone`` which of them one of its windows has alone: of the words
    of a window of the reference, those are what the other windows do not have. ``limit``: where there
    were more than are kept, those of the lowest hashes are, up to this; others are not looked at. Without any
    word that is kept none is looked at. ``declared``: the monitor file says that these are texts.
    """

    words: UIntArray = field(default_factory=lambda: np.empty(0, np.uint64), repr=False, compare=False)
    alone: npt.NDArray[np.bool_] = field(
        default_factory=lambda: np.empty(0, np.bool_), repr=False, compare=False
    )
    limit: int | None = None
    declared: bool = False
    CODE = 4
    STATE = TextProfile
    SAMPLE = TextSample

    # of a log

    def read(self, array: pa.Array, about: Reading) -> Texts:
        """Lengths and words; without a value where there is none at all."""
        if array.null_count == len(array) or not len(self.words):
            return _without_words(super().read(array, about))
        return read_texts(array, about.hiding.salt_of(about.name), self.words, self.alone, self.limit)

    def unreadable(self, array: pa.Array, about: Reading) -> Texts:
        """See ``BinsOf``."""
        return _without_words(super().unreadable(array, about))

    def tally(self, column: Numbers, grouping: Grouping, workspace: Workspace) -> Sequence[TextProfile]:
        """See ``BinsOf``."""
        found = [_as_text(profile) for profile in super().tally(column, grouping, workspace)]
        if not isinstance(column, Texts) or column.words is None:
            return found
        run_of, runs = grouping.run_of, len(grouping.runs)
        for name in ("words", "unseen", "single", "blank"):
            # whole numbers as floats, of which no run has too many to be exact
            counts = np.bincount(run_of, getattr(column, name), minlength=runs).astype(np.int64).tolist()
            for profile, count in zip(found, counts, strict=True):
                setattr(profile, name, count)
        return found

    # of profiles

    def empty(self) -> TextProfile:
        """See ``BinsOf``."""
        return TextProfile()

    @classmethod
    def packed(cls, profile: OrderedProfile) -> list[bytes]:
        """See ``BinsOf``."""
        text = cast("TextProfile", profile)
        return [_COUNTS.pack(text.words, text.unseen, text.single, text.blank), *super().packed(profile)]

    @classmethod
    def unpacked(cls, reader: packing.Reader) -> TextProfile:
        """See ``BinsOf``."""
        words, unseen, single, blank = reader.unpack(_COUNTS)
        return replace(
            _as_text(super().unpacked(reader)), words=words, unseen=unseen, single=single, blank=blank
        )

    # of bins

    def entry(self) -> dict[str, Any]:
        """See ``BinsOf``."""
        return {
            **super().entry(),
            "words": base64.b64encode(self.words.astype("<u8").tobytes()).decode(),
            "words_alone": base64.b64encode(np.packbits(self.alone).tobytes()).decode(),
            "word_limit": self.limit,
            "declared": self.declared,
        }

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Self:
        """See ``BinsOf``."""
        words = np.frombuffer(base64.b64decode(entry["words"]), "<u8").astype(np.uint64)
        packed = np.frombuffer(base64.b64decode(entry["words_alone"]), np.uint8)
        return replace(
            super().of_entry(entry),
            words=words,
            alone=np.unpackbits(packed, count=len(words)).astype(np.bool_),
            limit=entry["word_limit"],
            declared=entry["declared"],
        )

    # of figures

    def sample(self, profiles: Sequence[OrderedProfile]) -> TextSample:
        """See ``BinsOf``."""
        texts, place = distinct(cast("Sequence[TextProfile]", profiles))
        by_length: OrderedSample = super().sample(profiles)

        def counts(name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
            return np.array([getattr(profile, name) for profile in texts], np.int64)[place]

        return TextSample(
            **{each.name: getattr(by_length, each.name) for each in fields(by_length)},
            blank=counts("blank"),
            words=counts("words"),
            unseen_words=counts("unseen"),
            single_words=counts("single"),
        )

    def checks(
        self, current: OrderedProfile, before: OrderedProfile | None, usual_nans: float
    ) -> list[Measured]:
        """The share of texts that are blank, beside the checks of the lengths."""
        now, then = cast("TextProfile", current), cast("TextProfile | None", before)
        usual = then.blank / then.rows if then is not None and then.rows else 0.0
        share, limit = now.blank / now.rows, usual + EMPTY_SLACK
        found = super().checks(current, before, usual_nans)
        return [*found, Measured("empty_fraction", share, limit, share <= limit)]

    def nature(
        self, windows: Sequence[tuple[datetime, OrderedProfile]], whole: OrderedProfile
    ) -> Nature | None:
        """See ``BinsOf``: what the monitor file calls texts are no ids."""
        return None if self.declared else super().nature(windows, whole)


def text_bins(
    of_lengths: OrderedBins,
    words: UIntArray,
    alone: npt.NDArray[np.bool_],
    limit: int | None,
    *,
    declared: bool,
) -> TextBins:
    """The bins of texts from those of their lengths; see ``TextBins``."""
    lengths = {each.name: getattr(of_lengths, each.name) for each in fields(OrderedBins)}
    return TextBins(**lengths, words=words, alone=alone, limit=limit, declared=declared)


def _without_words(column: Numbers) -> Texts:
    return Texts(column.values, column.valid, column.span, column.unlike, column.hashes)


def _as_text(profile: OrderedProfile) -> TextProfile:
    return TextProfile(**{name: getattr(profile, name) for name in _OF_LENGTHS})
